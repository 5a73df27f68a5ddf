// A PUBLISH with everything that it may have, and the farewell.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;
using wire::PacketType;

// v5 [MQTT-3.3.4-6].
TEST(SentPublishTest, HasThePropertiesOfTheApplicationAndNoSubscriptionIdentifier) {
    PublishProperties properties;
    properties.expiry = 60s;
    properties.text = true;
    properties.content_type = "text/plain";
    properties.response_topic = "answers";
    properties.correlation_data = "7";
    properties.user_properties = {{"k", "1"}, {"k", "2"}};
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.subscribe("a", Qos::at_most_once, 9);
    broker.expects(PacketType::subscribe);
    ASSERT_TRUE(client.try_publish(client.token(), "a", "x", Qos::at_least_once, false, &properties));
    for (const bool again : {false, true}) {
        const auto publish = broker.expects<wire::Publish>();
        EXPECT_EQ(publish.dup, again);
        EXPECT_TRUE(publish.properties.subscription_identifiers.empty());
        EXPECT_TRUE(publish.properties.message_expiry_interval_s);
        EXPECT_EQ(publish.properties.payload_format_indicator, wire::PayloadFormat::utf8);
        EXPECT_EQ(publish.properties.content_type, "text/plain");
        EXPECT_EQ(publish.properties.response_topic, "answers");
        ASSERT_TRUE(publish.properties.correlation_data);
        EXPECT_EQ(publish.properties.user_properties.size(), 2u);
        if (!again) {
            network.cuts();
            client.reports(Kind::disconnected);
            client.reconnects(resuming());
            broker.expects(PacketType::subscribe);
        }
    }
}

// v5 [MQTT-4.6.0-1]: what is sent again keeps its place, also before new messages that need no quota.
TEST(PublishOrderTest, NothingNewOvertakesWhatWaitsForQuota) {
    wire::Connack narrow = resuming();
    narrow.properties.receive_maximum = std::uint16_t{1};
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    for (const char* payload : {"1", "2"}) {
        client.publish("a", payload, Qos::at_least_once);
        broker.expects(PacketType::publish);
    }
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects(narrow);
    const auto first = broker.expects(PacketType::publish, {.payload = "1", .dup = true});
    client.publish("a", "3");
    client.publish("a", "4", Qos::at_least_once);
    client.publish("a", "5");
    script.silence();
    first.replies(PacketType::puback);
    client.reports(Kind::published);
    const auto second = broker.expects(PacketType::publish, {.payload = "2", .dup = true});
    broker.expects(PacketType::publish, {.payload = "3"});
    client.reports(Kind::published);
    script.silence();
    second.replies(PacketType::puback);
    client.reports(Kind::published);
    broker.expects(PacketType::publish, {.payload = "4"});
    broker.expects(PacketType::publish, {.payload = "5"});
    client.reports(Kind::published);
    script.silence();
}

// v5 [MQTT-3.4.2-1], [MQTT-3.5.2-1].
TEST(AcknowledgementReasonTest, IsOneOfItsPacketWhateverTheApplicationSays) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    for (unsigned code = 0; code < 256; ++code) {
        const auto reason = static_cast<ReasonCode>(code);
        broker.publishes("a", "x", Qos::at_least_once, 1);
        client.acknowledge(client.reports(Kind::message).delivery, reason);
        // The script decodes what the client sends, and fails at a code that the packet may not carry.
        EXPECT_EQ(is_failure(broker.expects<wire::Puback>().reason_code), is_failure(reason)) << code;
        broker.publishes("a", "x", Qos::exactly_once, 2);
        client.acknowledge(client.reports(Kind::message).delivery, reason);
        const auto pubrec = broker.expects<wire::Pubrec>();
        EXPECT_EQ(is_failure(pubrec.reason_code), is_failure(reason)) << code;
        if (!is_failure(pubrec.reason_code)) {
            broker.sends(wire::Pubrel{2, ReasonCode::success, {}});
            broker.expects(PacketType::pubcomp);
        }
    }
    script.silence();
}

// 0x04 asks for the will to be published; MQTT 5.0, section 3.14.2.1.
TEST(FarewellTest, SaysThatTheWillIsWanted) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.close(2s, ReasonCode::disconnect_with_will_message);
    broker.expects(PacketType::disconnect, {.reason = ReasonCode::disconnect_with_will_message});
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    script.silence();
}

}  // namespace
}  // namespace multimqtt::session
