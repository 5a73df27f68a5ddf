// Brokers that break the rules, in the bytes that they send: the connection ends, and a broker of 5.0 is told
// why.
#include "support/script.hpp"
#include "wire/bytes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using wire::bytes;
using Kind = Event::Kind;
using wire::PacketType;
using enum ProtocolVersion;

struct BadBytes {
    const char* name;
    ProtocolVersion version;
    const char* bytes;
    ReasonCode reason = ReasonCode::malformed_packet;
};

std::ostream& operator<<(std::ostream& stream, const BadBytes& row) {
    return stream << row.name;
}

class BadBytesTest : public testing::TestWithParam<BadBytes> {
protected:
    static Options options() {
        Options options = quiet_options(GetParam().version);
        options.topic_alias_maximum = 0;
        return options;
    }
    Script script{options()};
};

// v5 [MQTT-4.13.2-1]; v3.1.1 [MQTT-4.8.0-1].
TEST_P(BadBytesTest, EndTheConnection) {
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.sends_bytes(bytes(GetParam().bytes));
    while (!client.events().empty() && client.events().front().kind == Kind::message) {
        client.reports(Kind::message);
    }
    client.reports(Kind::disconnected);
    if (GetParam().version == v5) {
        broker.expects(PacketType::disconnect, {.reason = GetParam().reason});
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    } else {
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    }
    script.silence();
}

const BadBytes kBadBytes[] = {
    // v3.1.1 [MQTT-1.5.3-1].
    {"topic_not_utf8_3_1_1", v3_1_1, "30 04 00 01 FF 'x'"},
    {"topic_surrogate_3_1_1", v3_1_1, "30 06 00 03 ED A0 80 'x'"},
    // v3.1.1 [MQTT-1.5.3-2].
    {"topic_null_3_1_1", v3_1_1, "30 04 00 01 00 'x'"},
    // v3.1.1 [MQTT-2.2.2-2].
    {"flags_of_puback_3_1_1", v3_1_1, "41 02 00 01"},
    // v3.1.1 [MQTT-3.6.1-1].
    {"flags_of_pubrel_3_1_1", v3_1_1, "60 02 00 01"},
    // v3.1.1 [MQTT-3.3.1-4].
    {"qos_3_3_1_1", v3_1_1, "36 05 00 01 'a' 00 01"},
    // v3.1.1 [MQTT-2.3.1-4].
    {"identifier_in_use_3_1_1", v3_1_1, "32 05 00 01 'a' 00 01 32 05 00 01 'b' 00 01"},
    // v3.1.1 [MQTT-4.7.1-1].
    {"wildcard_in_topic_3_1_1", v3_1_1, "30 04 00 01 '#' 'x'"},
    // v5 [MQTT-1.5.4-1].
    {"topic_not_utf8_5", v5, "30 05 00 01 FF 00 'x'"},
    // v5 [MQTT-1.5.4-2].
    {"topic_null_5", v5, "30 05 00 01 00 00 'x'"},
    // v5 [MQTT-1.5.5-1].
    {"long_length_5", v5, "D0 80 00"},
    // v5 [MQTT-3.6.1-1].
    {"flags_of_pubrel_5", v5, "60 02 00 01"},
    // v5 [MQTT-3.14.1-1].
    {"flags_of_disconnect_5", v5, "E1 00"},
    // v5 [MQTT-3.15.1-1].
    {"flags_of_auth_5", v5, "F1 00"},
    // v5 [MQTT-4.12.0-6], [MQTT-4.12.0-7].
    {"auth_5", v5, "F0 06 18 04 15 00 01 'm'", ReasonCode::protocol_error},
    // v5 [MQTT-2.2.1-4].
    {"identifier_0_5", v5, "32 06 00 01 'a' 00 00 00", ReasonCode::protocol_error},
    {"identifier_in_use_5", v5, "32 06 00 01 'a' 00 01 00 32 06 00 01 'b' 00 01 00",
     ReasonCode::protocol_error},
    // v5 [MQTT-3.1.2-27].
    {"alias_without_an_offer_5", v5, "30 07 00 01 'a' 03 23 00 01", ReasonCode::topic_alias_invalid},
    // v5 [MQTT-3.14.2-2].
    {"expiry_in_disconnect_5", v5, "E0 07 00 05 11 00 00 00 01", ReasonCode::protocol_error},
};

INSTANTIATE_TEST_SUITE_P(Each, BadBytesTest, testing::ValuesIn(kBadBytes),
                         [](const auto& row) { return std::string{row.param.name}; });

struct Early {
    const char* name;
    ProtocolVersion version;
    const char* bytes;
};

std::ostream& operator<<(std::ostream& stream, const Early& row) {
    return stream << row.name;
}

class EarlyPacketTest : public testing::TestWithParam<Early> {};

// v5 and v3.1.1 [MQTT-3.2.0-1].
TEST_P(EarlyPacketTest, BeforeConnackEndsTheAttempt) {
    Script script{GetParam().version};
    auto& [client, network, broker] = script.roles();
    client.start();
    network.opens();
    broker.expects(PacketType::connect);
    broker.sends_bytes(bytes(GetParam().bytes));
    client.reports(Kind::connect_failed, {.error = Error::protocol_error});
    EXPECT_NE(network.take_request(), TransportRequest::Kind::none);
}

INSTANTIATE_TEST_SUITE_P(Each, EarlyPacketTest,
                         testing::Values(Early{"publish_3_1_1", v3_1_1, "30 04 00 01 'a' 'x'"},
                                         Early{"publish_5", v5, "30 05 00 01 'a' 00 'x'"},
                                         Early{"puback_5", v5, "40 02 00 01"},
                                         Early{"pingresp_3_1_1", v3_1_1, "D0 00"},
                                         Early{"auth_5", v5, "F0 06 18 04 15 00 01 'm'"}),
                         [](const auto& row) { return std::string{row.param.name}; });

// v3.1.1 [MQTT-3.8.4-5].
TEST(SubackTest, OfAnotherNumberOfCodesEndsTheConnection) {
    Script script{v3_1_1};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.subscribe("a");
    broker.expects(PacketType::subscribe, {.packet_id = 1});
    broker.sends_bytes(bytes("90 04 00 01 00 00"));
    client.reports(Kind::disconnected, {.error = Error::protocol_error});
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
}

// v3.1.1 [MQTT-4.8.0-2].
TEST(DeafBrokerTest, IsLeftBeforeItsAnswersFillTheMemory) {
    Options options = quiet_options(v3_1_1);
    options.packet_bytes_max = 1'024;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.sticks();
    wire::ByteBuffer chunk;
    while (chunk.size() < 65'536) {
        wire::encode(wire::Pubrel{1, ReasonCode::success, {}}, v3_1_1, chunk);  // Each asks for a PUBCOMP.
    }
    std::size_t sent = 0;
    while (client.events().empty() && sent < 64u * 1'024 * 1'024) {
        broker.sends_bytes(chunk.bytes());
        sent += chunk.size();
    }
    client.reports(Kind::disconnected, {.error = Error::connection_lost});
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    EXPECT_LT(sent, 10u * 1'024 * 1'024);
}

}  // namespace
}  // namespace multimqtt::session
