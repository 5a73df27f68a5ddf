// The end of a connection from either side, in each state and with each reason code.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <iterator>
#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;
using enum wire::PacketType;

// MQTT 5.0, section 3.14.2.1: what a broker may say; "permanent" where coming back soon does not help.
struct Farewell {
    ReasonCode reason;
    bool permanent;
};
constexpr Farewell kFarewells[] = {
    {ReasonCode::normal_disconnection, false},
    {ReasonCode::unspecified_error, false},
    {ReasonCode::malformed_packet, false},
    {ReasonCode::protocol_error, false},
    {ReasonCode::implementation_specific_error, false},
    {ReasonCode::not_authorized, true},
    {ReasonCode::server_busy, false},
    {ReasonCode::server_shutting_down, false},
    {ReasonCode::keep_alive_timeout, false},
    {ReasonCode::session_taken_over, true},
    {ReasonCode::topic_filter_invalid, false},
    {ReasonCode::topic_name_invalid, true},
    {ReasonCode::receive_maximum_exceeded, false},
    {ReasonCode::topic_alias_invalid, false},
    {ReasonCode::packet_too_large, false},
    {ReasonCode::message_rate_too_high, false},
    {ReasonCode::quota_exceeded, false},
    {ReasonCode::administrative_action, false},
    {ReasonCode::payload_format_invalid, false},
    {ReasonCode::retain_not_supported, true},
    {ReasonCode::qos_not_supported, true},
    {ReasonCode::use_another_server, false},
    {ReasonCode::server_moved, true},
    {ReasonCode::shared_subscriptions_not_supported, false},
    {ReasonCode::connection_rate_exceeded, false},
    {ReasonCode::maximum_connect_time, false},
    {ReasonCode::subscription_identifiers_not_supported, false},
    {ReasonCode::wildcard_subscriptions_not_supported, false},
};

// v5 [MQTT-4.13.2-1]; the messages under way wait for the next connection.
TEST(DisconnectExchange, OfTheBrokerIsReportedWithoutAnAnswerAndLosesNothing) {
    ASSERT_EQ(std::size(kFarewells), 28U);
    for (const Farewell& farewell : kFarewells) {
        SCOPED_TRACE(to_string(farewell.reason));
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        client.publish("a", "x", Qos::at_least_once);
        broker.expects(publish).replies(wire::PacketType::disconnect, farewell.reason);
        client.reports(disconnected,
                       {.error = Error::refused, .reason = farewell.reason, .permanent = farewell.permanent});
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
        client.publish("a", "y", Qos::at_least_once);
        script.silence();
        network.cuts();
        const TimePoint wait = script.session().deadline().value() - script.now();
        EXPECT_EQ(wait >= 1s, farewell.permanent);
        client.reconnects(resuming());
        broker.expects(publish, {.payload = "x", .dup = true}).replies(puback);
        broker.expects(publish, {.payload = "y", .dup = false}).replies(puback);
        client.reports(published);
        client.reports(published);
        script.silence(1h);
    }
}

// v5 [MQTT-3.14.4-1], [MQTT-3.14.4-2], [MQTT-3.14.2-1]; v3.1.1 [MQTT-3.14.4-1], [MQTT-3.14.4-2]. 0x04 keeps
// the will.
TEST(DisconnectExchange, OfOursSaysWhyAndIsTheLastPacket) {
    for (const ReasonCode reason :
         {ReasonCode::normal_disconnection, ReasonCode::disconnect_with_will_message}) {
        for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
            Script script{version};
            auto& [client, network, broker] = script.roles();
            client.connects();
            broker.publishes("a", "x", Qos::at_least_once, 1);
            const DeliveryId delivery = client.reports(message).delivery;
            client.close(2s, reason);
            broker.expects(wire::PacketType::disconnect,
                           {.reason = version == ProtocolVersion::v5 ? reason : ReasonCode::success});
            EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
            client.acknowledge(delivery);
            client.subscribe("b");
            broker.publishes("a", "y");
            broker.sends(wire::Pingresp{});
            script.silence();
            network.cuts();
            client.reports(disconnected);
            client.reports(closed);
            script.silence(1h);
        }
    }
}

// A network that does not close by itself is closed: v5 [MQTT-3.14.4-2]; v3.1.1 [MQTT-3.14.4-1].
TEST(DisconnectExchange, EndsWithTheConnectionThoughTheBrokerKeepsIt) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.close(0s);
    broker.expects(wire::PacketType::disconnect);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    script.silence(1s);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    network.cuts();
    client.reports(disconnected);
    client.reports(closed);
    script.silence(1h);
}

// Closing in every state that a session can be in; the network does what it is asked for, and the end comes
// once.
struct Start {
    const char* state;
    std::function<void(Script&)> reach;
    bool says_goodbye;
    bool was_connected;  // The end of the connection is then reported too.
};

const std::vector<Start> kStarts = {
    {"not started", [](Script&) {}, false, false},
    {"opening", [](Script& script) { script.client.start(); }, false, false},
    {"connect sent",
     [](Script& script) {
         script.client.start();
         script.network.opens();
         script.broker.expects(connect);
     },
     false, false},
    {"connected", [](Script& script) { script.client.connects(); }, true, true},
    {"message taken",
     [](Script& script) {
         script.client.connects();
         script.broker.publishes("a", "x", Qos::exactly_once, 1);
         script.client.reports(message);
     },
     true, true},
    {"subscribing",
     [](Script& script) {
         script.client.connects();
         script.client.subscribe("a");
         script.broker.expects(subscribe);
     },
     true, true},
    {"broken protocol",
     [](Script& script) {
         script.client.connects();
         script.broker.sends_bytes({0, 0});
         script.client.reports(disconnected);
         script.broker.expects(wire::PacketType::disconnect);
     },
     false, false},
    {"broker said goodbye",
     [](Script& script) {
         script.client.connects();
         script.broker.sends(wire::Disconnect{ReasonCode::server_busy, {}});
         script.client.reports(disconnected);
     },
     false, false},
    {"waiting",
     [](Script& script) {
         script.client.connects();
         script.network.cuts();
         script.client.reports(disconnected);
     },
     false, false},
    {"opening again",
     [](Script& script) {
         script.client.connects();
         script.network.cuts();
         script.client.reports(disconnected);
         script.wait(1s);
     },
     false, false},
};

TEST(CloseExchange, EndsOnceInEveryState) {
    for (const auto& [state, reach, says_goodbye, was_connected] : kStarts) {
        SCOPED_TRACE(state);
        Script script;
        auto& [client, network, broker] = script.roles();
        reach(script);
        client.close(1s);
        if (says_goodbye) {
            broker.expects(wire::PacketType::disconnect);
        }
        if (network.take_request() != TransportRequest::Kind::none) {
            network.cuts();
        }
        if (was_connected) {
            client.reports(disconnected);
        }
        client.reports(closed);
        client.close();
        client.start();
        script.silence(1h);
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::none);
        EXPECT_FALSE(script.session().deadline());
        EXPECT_TRUE(client.try_publish(9, "a", "x", Qos::at_least_once).error().is(Error::closed));
    }
}

// A message under way is waited for, and fails once when its time is over: in every state.
TEST(CloseExchange, FailsWhatIsUnfinishedOnceInEveryState) {
    for (const auto& [state, reach, says_goodbye, was_connected] : kStarts) {
        SCOPED_TRACE(state);
        Script script;
        auto& [client, network, broker] = script.roles();
        reach(script);
        const Token token = client.publish("a", "x", Qos::at_least_once);
        broker.heard().clear();
        client.close(1s);
        script.wait(1s);
        broker.heard().clear();
        if (client.events().empty()) {
            network.cuts();
        }
        if (was_connected) {
            client.reports(disconnected);
        }
        while (!client.events().empty() && client.events().front().kind == connect_failed) {
            client.events().pop_front();
        }
        client.reports(publish_failed, {.token = token, .error = Error::closed});
        client.reports(closed);
        script.silence(1h);
    }
}

}  // namespace
}  // namespace multimqtt::session
