// Real brokers that break the specification: the session bears it, and says so once.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

void expect_warning(Script& script, std::string_view part) {
    const std::string text = script.client.reports(Kind::warning).failure.message;
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

// RabbitMQ 3.10.
TEST(OddityTest, APubackEndsAQos2MessageOf311) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    auto& [client, network, broker] = script.roles();
    client.connects();
    for (int round = 0; round < 2; ++round) {
        const Token token = client.publish("a", "x", Qos::exactly_once);
        broker.sends(wire::Puback{broker.expects<wire::Publish>().packet_id, ReasonCode::success, {}});
        if (round == 0) {
            expect_warning(script, "treats QoS 2 as QoS 1");
        }
        EXPECT_EQ(client.reports(Kind::published).token, token);
    }
    script.silence();
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
    auto& [client, network, broker] = script.roles();
    client.connects();
    for (int round = 0; round < 2; ++round) {
        const Token token = client.publish("a", "x", Qos::at_least_once);
        const int packet_id = broker.expects<wire::Publish>().packet_id;
        broker.sends_bytes({0x40, 0x03, 0x00, packet_id, GetParam().code});
        if (round == 0) {
            expect_warning(script, "PUBACK with reason code " + std::to_string(GetParam().code));
        }
        EXPECT_EQ(client.reports(GetParam().outcome).token, token);
    }
    script.silence();
}

INSTANTIATE_TEST_SUITE_P(Codes, OddPubackTest,
                         testing::Values(OddAnswer{"granted_qos_1", 0x01, Kind::published},
                                         OddAnswer{"undefined_success", 0x7F, Kind::published},
                                         OddAnswer{"not_of_puback", 0x92, Kind::publish_failed},
                                         OddAnswer{"undefined_failure", 0xFF, Kind::publish_failed}),
                         [](const auto& row) { return row.param.name; });

TEST(OddityTest, ASubackOf311WithACodeOf5IsARefusal) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.subscribe("a");
    const int packet_id = broker.expects<wire::Subscribe>().packet_id;
    broker.sends_bytes({0x90, 0x03, 0x00, packet_id, 0x87});
    expect_warning(script, "SUBACK with reason code 135");
    EXPECT_EQ(client.reports(Kind::subscribe_failed).filter, "a");
    script.silence();
}

class DisputedIdentifierTest : public testing::TestWithParam<ProtocolVersion> {};

// mochi 2.7 takes the identifiers of its own messages for ours.
TEST_P(DisputedIdentifierTest, OfASubscribeIsReplacedByOneFarAwayOnce) {
    Script script{quiet_options(GetParam())};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.subscribe("a");
    const auto refuse = [&](std::uint16_t packet_id) {
        const auto high = static_cast<int>(packet_id >> 8);
        const auto low = static_cast<int>(packet_id & 0xFF);
        if (GetParam() == ProtocolVersion::v5) {
            broker.sends_bytes({0x90, 0x04, high, low, 0x00, 0x91});
        } else {
            broker.sends_bytes({0x90, 0x03, high, low, 0x91});
        }
    };
    refuse(broker.expects<wire::Subscribe>().packet_id);
    expect_warning(script, "sent again with another one");
    const std::uint16_t second = broker.expects<wire::Subscribe>().packet_id;
    EXPECT_GT(second, 0x8000);
    const ReasonCode granted[] = {ReasonCode::granted_qos_0};
    broker.sends(wire::Suback{second, wire::ReasonCodes{std::span{granted}}, {}});
    EXPECT_EQ(client.reports(Kind::subscribed).filter, "a");

    client.subscribe("b");
    refuse(broker.expects<wire::Subscribe>().packet_id);
    while (client.events().front().kind == Kind::warning) {
        client.reports(Kind::warning);  // That 3.1.1 has no such code.
    }
    EXPECT_EQ(client.reports(Kind::subscribe_failed).filter, "b") << "and not again and again";
    script.silence();
}

INSTANTIATE_TEST_SUITE_P(EachVersion, DisputedIdentifierTest,
                         testing::Values(ProtocolVersion::v3_1_1, ProtocolVersion::v5),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

}  // namespace
}  // namespace multimqtt::session
