// What belongs to a session: when it is kept, and when it is gone.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;
using wire::PacketType;

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

std::string version_name(const testing::TestParamInfo<ProtocolVersion>& info) {
    return "v" + std::to_string(static_cast<int>(info.param));
}

class CleanSessionTest : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    CleanSessionTest() : Script{clean(GetParam())} {}

    static Options clean(ProtocolVersion version) {
        Options options = quiet_options(version);
        options.clean_start = true;
        options.session_expiry = 0s;
        return options;
    }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, CleanSessionTest, testing::ValuesIn(kVersions), version_name);

// v5 [MQTT-3.1.2-4]; v3.1.1 [MQTT-3.1.2-6].
TEST_P(CleanSessionTest, TakesNothingOverFromTheConnectionBefore) {
    EXPECT_TRUE(client.connects().clean_start);
    client.subscribe("a");
    broker.expects(PacketType::subscribe).replies(PacketType::suback);
    client.reports(Kind::subscribed);
    client.publish("out", "1", Qos::at_least_once);
    broker.expects(PacketType::publish, {.dup = false});
    broker.publishes("in", "old", Qos::exactly_once, 5);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects(PacketType::pubrec);
    network.cuts();
    client.reports(Kind::disconnected);

    EXPECT_TRUE(client.reconnects().clean_start);
    broker.expects(PacketType::subscribe);
    broker.expects(PacketType::publish, {.payload = "1", .dup = false});
    broker.publishes("in", "new", Qos::exactly_once, 5);
    client.reports(Kind::message, {.payload = "new"});
    silence();
}

// v5 [MQTT-3.2.2-4]; v3.1.1 [MQTT-3.2.2-1].
TEST_P(CleanSessionTest, EndsTheConnectionOfABrokerThatHasASessionAllTheSame) {
    client.start();
    network.opens();
    broker.expects(PacketType::connect, {.clean_start = true});
    broker.sends(resuming());
    client.reports(Kind::connect_failed, {.error = Error::protocol_error});
    EXPECT_NE(network.take_request(), TransportRequest::Kind::none);
}

// v5 and v3.1.1 [MQTT-4.1.0-1]; v3.1.1 [MQTT-4.1.0-2].
TEST_P(CleanSessionTest, LastsAsLongAsItsConnectionHoweverLongThatIs) {
    client.connects();
    broker.publishes("in", "x", Qos::exactly_once, 5);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects(PacketType::pubrec);
    const Token token = client.publish("out", "1", Qos::exactly_once);
    const auto publish = broker.expects(PacketType::publish);
    publish.replies(PacketType::pubrec);
    broker.expects(PacketType::pubrel);
    silence(24h);

    broker.publishes("in", "x", Qos::exactly_once, 5, true);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    broker.sends(wire::Pubrel{5, ReasonCode::success, {}});
    broker.expects(PacketType::pubcomp, {.packet_id = 5, .reason = ReasonCode::success});
    publish.replies(PacketType::pubcomp);
    client.reports(Kind::published, {.token = token});
    silence();
}

class KeptSessionTest : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    KeptSessionTest() : Script{quiet_options(GetParam()), QueueLimits{.packet_id_max = 1}} {}
};

INSTANTIATE_TEST_SUITE_P(EachVersion, KeptSessionTest, testing::ValuesIn(kVersions), version_name);

// v5 [MQTT-2.2.1-3]; v3.1.1 [MQTT-2.3.1-2], [MQTT-2.3.1-3].
TEST_P(KeptSessionTest, UsesAnIdentifierAgainAfterTheLastAcknowledgementOfItsExchange) {
    client.connects();
    client.publish("a", "1", Qos::exactly_once);
    client.publish("a", "2", Qos::at_least_once);
    const auto first = broker.expects(PacketType::publish, {.payload = "1", .packet_id = 1});
    first.replies(PacketType::pubrec);
    broker.expects(PacketType::pubrel, {.packet_id = 1});
    silence();
    first.replies(PacketType::pubcomp);
    client.reports(Kind::published);
    const auto second = broker.expects(PacketType::publish, {.payload = "2", .packet_id = 1});
    client.subscribe("b");
    silence();
    second.replies(PacketType::puback);
    client.reports(Kind::published);
    const auto subscribe = broker.expects(PacketType::subscribe, {.packet_id = 1});
    client.unsubscribe("c");
    silence();
    subscribe.replies(PacketType::suback);
    client.reports(Kind::subscribed);
    const auto unsubscribe = broker.expects(PacketType::unsubscribe, {.packet_id = 1});
    client.publish("a", "3", Qos::at_least_once);
    silence();
    unsubscribe.replies(PacketType::unsuback);
    client.reports(Kind::unsubscribed);
    broker.expects(PacketType::publish, {.payload = "3", .packet_id = 1});
    silence();
}

// v5 [MQTT-2.2.1-6]; v3.1.1 [MQTT-2.3.1-7].
TEST_P(KeptSessionTest, TakesAnAnswerForTheRequestOfItsIdentifierOnly) {
    client.connects();
    client.subscribe("a");
    const auto subscribe = broker.expects(PacketType::subscribe);
    const ReasonCode granted[] = {ReasonCode::success};
    broker.sends(wire::Suback{2, wire::ReasonCodes{std::span{granted}}, {}});
    broker.sends(wire::Unsuback{1, wire::ReasonCodes{std::span{granted}}, {}});
    silence();
    subscribe.replies(PacketType::suback);
    client.reports(Kind::subscribed, {.filter = "a"});
}

// v5 and v3.1.1 [MQTT-3.1.3-2]; v3.1.1 [MQTT-3.1.2-4].
TEST_P(KeptSessionTest, IsAskedForByTheSameClientIdentifier) {
    const auto first = client.connects();
    network.cuts();
    client.reports(Kind::disconnected);
    const auto second = client.reconnects(resuming());
    EXPECT_EQ(second.client_id, first.client_id);
    EXPECT_FALSE(second.clean_start);
}

// v5 [MQTT-4.4.0-1]: no clock makes anything be sent again.
TEST(UnansweredPublishTest, IsNotSentAgainWhileTheConnectionLasts) {
    Options options = quiet_options();
    options.keep_alive = 10s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.publish("a", "1", Qos::at_least_once);
    client.publish("a", "2", Qos::exactly_once);
    client.publish("a", "3", Qos::exactly_once);
    broker.expects(PacketType::publish);
    broker.expects(PacketType::publish);
    broker.expects(PacketType::publish).replies(PacketType::pubrec);
    broker.expects(PacketType::pubrel);
    for (int i = 0; i < 100; ++i) {
        broker.expects(PacketType::pingreq, after(9s));
        broker.sends(wire::Pingresp{});
    }
    script.silence();
}

// v5 [MQTT-4.3.3-13].
TEST(ExpiredDeliveryTest, IsAcknowledgedToTheEnd) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    wire::Publish publish{.topic = "a", .packet_id = 5, .qos = Qos::exactly_once};
    publish.properties.message_expiry_interval_s = 1;
    broker.sends(publish);
    const auto message = client.reports(Kind::message);
    script.wait(1h);
    client.acknowledge(message.delivery);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    script.wait(1h);
    broker.sends(wire::Pubrel{5, ReasonCode::success, {}});
    broker.expects(PacketType::pubcomp, {.packet_id = 5, .reason = ReasonCode::success});
    script.silence();
}

// v5 [MQTT-3.3.1-3].
TEST(DupTest, OfADeliveryHasNothingToDoWithThatOfAPublish) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", Qos::at_least_once, 5, true);
    const auto message = client.reports(Kind::message, {.payload = "x"});
    EXPECT_TRUE(message.dup);
    client.publish(message.topic, message.payload, message.qos);
    broker.expects(PacketType::publish, {.payload = "x", .dup = false});
}

}  // namespace
}  // namespace multimqtt::session
