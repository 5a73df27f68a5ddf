// Brokers that take small packets only, and requests that do not fit.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;
using wire::PacketType;

// Fixed header, packet identifier and reason code.
constexpr std::uint32_t kAcknowledgementBytes = 5;

wire::Connack taking_packets_up_to(std::uint32_t bytes) {
    wire::Connack connack;
    connack.properties.maximum_packet_size = bytes;
    return connack;
}

class SmallPacketsTest : public testing::Test, public Script {
protected:
    /// The next packet fits, since it has neither a Reason String nor User Properties.
    template <class AnyPacket>
    AnyPacket expects_small() {
        const auto packet = broker.expects<AnyPacket>();
        EXPECT_LE(wire::encoded_size(packet, ProtocolVersion::v5), kAcknowledgementBytes);
        EXPECT_TRUE(packet.properties == decltype(packet.properties){});
        return packet;
    }
};

// v5 [MQTT-3.2.2-15], [MQTT-3.4.2-2], [MQTT-3.4.2-3], [MQTT-3.5.2-2], [MQTT-3.5.2-3].
TEST_F(SmallPacketsTest, PubackAndPubrecFit) {
    client.connects(taking_packets_up_to(kAcknowledgementBytes));
    broker.publishes("a", "x", Qos::at_least_once, 1);
    client.acknowledge(client.reports(Kind::message).delivery, ReasonCode::not_authorized);
    EXPECT_EQ(expects_small<wire::Puback>().reason_code, ReasonCode::not_authorized);
    broker.publishes("a", "x", Qos::exactly_once, 2);
    client.acknowledge(client.reports(Kind::message).delivery, ReasonCode::not_authorized);
    EXPECT_EQ(expects_small<wire::Pubrec>().reason_code, ReasonCode::not_authorized);
}

// v5 [MQTT-3.6.2-1] to [MQTT-3.6.2-3], [MQTT-3.7.2-1] to [MQTT-3.7.2-3].
TEST_F(SmallPacketsTest, PubrelAndPubcompFit) {
    client.connects();
    client.publish("a", "x", Qos::exactly_once);
    const auto publish = broker.expects(PacketType::publish);
    publish.replies(PacketType::pubrec);
    broker.expects(PacketType::pubrel);
    network.cuts();
    client.reports(Kind::disconnected);
    wire::Connack connack = taking_packets_up_to(kAcknowledgementBytes);
    connack.session_present = true;
    client.reconnects(connack);
    EXPECT_EQ(expects_small<wire::Pubrel>().reason_code, ReasonCode::success);
    broker.sends(wire::Pubrec{77, ReasonCode::success, {}});
    EXPECT_EQ(expects_small<wire::Pubrel>().reason_code, ReasonCode::packet_identifier_not_found);
    broker.sends(wire::Pubrel{78, ReasonCode::success, {}});
    EXPECT_EQ(expects_small<wire::Pubcomp>().reason_code, ReasonCode::packet_identifier_not_found);
}

// v5 [MQTT-3.14.2-1], [MQTT-3.14.2-3], [MQTT-3.14.2-4].
TEST_F(SmallPacketsTest, DisconnectFits) {
    client.connects(taking_packets_up_to(kAcknowledgementBytes));
    broker.sends_bytes({0x00, 0x00});
    client.reports(Kind::disconnected);
    EXPECT_EQ(expects_small<wire::Disconnect>().reason_code, ReasonCode::malformed_packet);
}

TEST_F(SmallPacketsTest, AKeepAliveGoesOn) {
    wire::Connack connack = taking_packets_up_to(kAcknowledgementBytes);
    connack.properties.server_keep_alive_s = std::uint16_t{10};
    client.connects(connack);
    broker.expects(PacketType::pingreq, after(9s));
}

// v5 [MQTT-3.2.2-15].
TEST_F(SmallPacketsTest, ABrokerThatTakesNoAcknowledgementIsNoBroker) {
    client.start();
    network.opens();
    broker.expects(PacketType::connect);
    broker.sends(taking_packets_up_to(kAcknowledgementBytes - 1));
    const auto failed =
        client.reports(Kind::connect_failed, {.error = Error::not_supported, .permanent = true});
    EXPECT_NE(failed.failure.message.find("Maximum Packet Size of 4"), std::string::npos) << failed.failure;
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    silence();
}

class LongFilterTest : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    LongFilterTest() : Script{small(GetParam())} {}

    static Options small(ProtocolVersion version) {
        Options options = quiet_options(version);
        options.packet_bytes_max = 50;
        return options;
    }
    const std::string filter = std::string(60, 'x');
};

INSTANTIATE_TEST_SUITE_P(EachVersion, LongFilterTest,
                         testing::Values(ProtocolVersion::v3_1_1, ProtocolVersion::v5),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

// v5 [MQTT-3.8.3-2]; v3.1.1 [MQTT-3.8.3-3].
TEST_P(LongFilterTest, LeavesNoSubscribeWithoutAFilter) {
    client.connects();
    client.subscribe(filter);
    client.reports(Kind::subscribe_failed, {.error = Error::payload_too_large});
    silence();
}

// v5 and v3.1.1 [MQTT-3.10.3-2].
TEST_P(LongFilterTest, LeavesNoUnsubscribeWithoutAFilter) {
    client.connects();
    client.unsubscribe(filter);
    client.reports(Kind::warning);
    silence();
}

}  // namespace
}  // namespace multimqtt::session
