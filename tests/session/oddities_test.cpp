// Real brokers that break the specification: the session bears it, and says so once.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

void expect_warning(Script& script, std::string_view part) {
    const std::string text = script.expect_event(Kind::warning).failure.message;
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

// RabbitMQ 3.10.
TEST(OddityTest, APubackEndsAQos2MessageOf311) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    script.connect();
    for (int round = 0; round < 2; ++round) {
        const Token token = script.publish("a", "x", Qos::exactly_once);
        script.reply(wire::Puback{script.expect<wire::Publish>().packet_id, ReasonCode::success, {}});
        if (round == 0) {
            expect_warning(script, "treats QoS 2 as QoS 1");
        }
        EXPECT_EQ(script.expect_event(Kind::published).token, token);
    }
    script.nothing_else();
}

// Mosquitto 2.0 closes the connection when more are in flight than it allows, which 3.1.1 cannot tell.
TEST(OddityTest, OnlyTwentyQos2MessagesAreInFlightToABrokerOf311) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    script.connect();
    std::vector<std::uint16_t> packet_ids;
    for (int i = 0; i < 21; ++i) {
        script.publish("a", "x", Qos::exactly_once);
    }
    for (int i = 0; i < 20; ++i) {
        packet_ids.push_back(script.expect<wire::Publish>().packet_id);
    }
    script.nothing_else();
    script.reply(wire::Pubrec{packet_ids[0], ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    script.nothing_else();

    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    script.reconnect(connack);
    script.expect<wire::Pubrel>();
    for (int i = 1; i < 20; ++i) {
        EXPECT_EQ(script.expect<wire::Publish>().packet_id, packet_ids[static_cast<std::size_t>(i)]);
    }
    script.nothing_else();
    script.reply(wire::Pubcomp{packet_ids[0], ReasonCode::success, {}});
    script.expect_event(Kind::published);
    EXPECT_FALSE(script.expect<wire::Publish>().dup) << "the last one";
    script.nothing_else();
}

struct OddAnswer {
    const char* name;
    int code;
    Kind outcome;
};

class OddPubackTest : public testing::TestWithParam<OddAnswer> {};

// mochi 2.7 sends the granted QoS.
TEST_P(OddPubackTest, EndsTheMessageAndIsSaidOnce) {
    Script script;
    script.connect();
    for (int round = 0; round < 2; ++round) {
        const Token token = script.publish("a", "x", Qos::at_least_once);
        const int packet_id = script.expect<wire::Publish>().packet_id;
        script.reply_bytes({0x40, 0x03, 0x00, packet_id, GetParam().code});
        if (round == 0) {
            expect_warning(script, "PUBACK with reason code " + std::to_string(GetParam().code));
        }
        EXPECT_EQ(script.expect_event(GetParam().outcome).token, token);
    }
    script.nothing_else();
}

INSTANTIATE_TEST_SUITE_P(Codes, OddPubackTest,
                         testing::Values(OddAnswer{"granted_qos_1", 0x01, Kind::published},
                                         OddAnswer{"undefined_success", 0x7F, Kind::published},
                                         OddAnswer{"not_of_puback", 0x92, Kind::publish_failed},
                                         OddAnswer{"undefined_failure", 0xFF, Kind::publish_failed}),
                         [](const auto& row) { return row.param.name; });

TEST(OddityTest, ASubackOf311WithACodeOf5IsARefusal) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    script.connect();
    script.subscribe("a");
    const int packet_id = script.expect<wire::Subscribe>().packet_id;
    script.reply_bytes({0x90, 0x03, 0x00, packet_id, 0x87});
    expect_warning(script, "SUBACK with reason code 135");
    EXPECT_EQ(script.expect_event(Kind::subscribe_failed).filter, "a");
    script.nothing_else();
}

class DisputedIdentifierTest : public testing::TestWithParam<ProtocolVersion> {};

// mochi 2.7 takes the identifiers of its own messages for ours.
TEST_P(DisputedIdentifierTest, OfASubscribeIsReplacedByOneFarAwayOnce) {
    Script script{quiet_options(GetParam())};
    script.connect();
    script.subscribe("a");
    const auto refuse = [&](std::uint16_t packet_id) {
        const auto high = static_cast<int>(packet_id >> 8);
        const auto low = static_cast<int>(packet_id & 0xFF);
        if (GetParam() == ProtocolVersion::v5) {
            script.reply_bytes({0x90, 0x04, high, low, 0x00, 0x91});
        } else {
            script.reply_bytes({0x90, 0x03, high, low, 0x91});
        }
    };
    refuse(script.expect<wire::Subscribe>().packet_id);
    expect_warning(script, "sent again with another one");
    const std::uint16_t second = script.expect<wire::Subscribe>().packet_id;
    EXPECT_EQ(second, 0x8001);
    const ReasonCode granted[] = {ReasonCode::granted_qos_0};
    script.reply(wire::Suback{second, wire::ReasonCodes{std::span{granted}}, {}});
    EXPECT_EQ(script.expect_event(Kind::subscribed).filter, "a");

    script.subscribe("b");
    refuse(script.expect<wire::Subscribe>().packet_id);
    while (script.events().front().kind == Kind::warning) {
        script.expect_event(Kind::warning);  // That 3.1.1 has no such code.
    }
    EXPECT_EQ(script.expect_event(Kind::subscribe_failed).filter, "b") << "and not again and again";
    script.nothing_else();
}

INSTANTIATE_TEST_SUITE_P(EachVersion, DisputedIdentifierTest,
                         testing::Values(ProtocolVersion::v3_1_1, ProtocolVersion::v5),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

}  // namespace
}  // namespace multimqtt::session
