// A broker that sends the shortest form of every packet and nothing that MQTT leaves to it.
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

class PlainBrokerTest : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    PlainBrokerTest() : Script{GetParam()} {}

    /// Sends the bytes that are right for the version.
    void sends(const char* in_3_1_1, const char* in_5) {
        broker.sends_bytes(bytes(GetParam() == ProtocolVersion::v5 ? in_5 : in_3_1_1));
    }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, PlainBrokerTest,
                         testing::Values(ProtocolVersion::v3_1_1, ProtocolVersion::v5),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

// v3.1.1 [MQTT-7.0.0-2].
TEST_P(PlainBrokerTest, IsEnoughForEverything) {
    client.start();
    network.opens();
    broker.expects(PacketType::connect);
    sends("20 02 00 00", "20 03 00 00 00");
    client.reports(Kind::connected);

    client.subscribe("a", Qos::exactly_once);
    broker.expects(PacketType::subscribe, {.packet_id = 1});
    sends("90 03 00 01 02", "90 04 00 01 00 02");
    client.reports(Kind::subscribed, {.reason = ReasonCode::granted_qos_2});

    client.publish("a", "0");
    broker.expects(PacketType::publish, {.qos = Qos::at_most_once});
    client.reports(Kind::published);
    client.publish("a", "1", Qos::at_least_once);
    broker.expects(PacketType::publish, {.packet_id = 2});
    broker.sends_bytes(bytes("40 02 00 02"));
    client.reports(Kind::published);
    client.publish("a", "2", Qos::exactly_once);
    broker.expects(PacketType::publish, {.packet_id = 3});
    broker.sends_bytes(bytes("50 02 00 03"));
    broker.expects(PacketType::pubrel, {.packet_id = 3});
    broker.sends_bytes(bytes("70 02 00 03"));
    client.reports(Kind::published);

    sends("34 06 00 01 'a' 00 01 'x'", "34 07 00 01 'a' 00 01 00 'x'");
    client.acknowledge(client.reports(Kind::message, {.topic = "a", .payload = "x"}).delivery);
    broker.expects(PacketType::pubrec, {.packet_id = 1});
    broker.sends_bytes(bytes("62 02 00 01"));
    broker.expects(PacketType::pubcomp, {.packet_id = 1});

    client.unsubscribe("a");
    broker.expects(PacketType::unsubscribe, {.packet_id = 4});
    sends("B0 02 00 04", "B0 04 00 04 00 00");
    client.reports(Kind::unsubscribed);
    client.close();
    broker.expects(PacketType::disconnect);
    network.cuts();
    client.reports(Kind::disconnected);
    client.reports(Kind::closed);
    silence();
}

}  // namespace
}  // namespace multimqtt::session
