// The end of a connection from either side, in each state and with each reason code.
#include "client_state.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

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

// The end comes once in every state, whatever the network was about to do.
TEST(CloseExchange, EndsOnceInEveryState) {
    for (const auto& [state, name] : states()) {
        SCOPED_TRACE(name);
        Script script{state_options(ProtocolVersion::v5)};
        auto& [client, network, broker] = script.roles();
        reach(state, script);
        client.close(0s);
        network.cuts();
        broker.heard().clear();
        const auto ends = std::ranges::count(client.events(), closed, &Happened::kind);
        EXPECT_EQ(ends, state == State::closed ? 0 : 1);
        client.events().clear();
        client.close();
        client.start();
        script.silence(1h);
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::none);
        EXPECT_FALSE(script.session().deadline());
        EXPECT_TRUE(client.try_publish(9, "a", "x", Qos::at_least_once).error().is(Error::closed));
    }
}

// A message under way is waited for, and fails once when its time is over.
TEST(CloseExchange, FailsWhatIsUnfinishedOnceInEveryState) {
    constexpr Token kToken = 99;
    for (const auto& [state, name] : states()) {
        if (state == State::disconnecting || state == State::closed) {
            continue;  // Nothing is taken any more.
        }
        SCOPED_TRACE(name);
        Script script{state_options(ProtocolVersion::v5)};
        auto& [client, network, broker] = script.roles();
        reach(state, script);
        ASSERT_TRUE(client.try_publish(kToken, "a", "x", Qos::at_least_once));
        client.close(1s);
        EXPECT_EQ(std::ranges::count(client.events(), kToken, &Happened::token), 0);
        script.wait(1s);
        network.cuts();
        const auto failed = std::ranges::find(client.events(), kToken, &Happened::token);
        ASSERT_NE(failed, client.events().end());
        EXPECT_TRUE(failed->kind == publish_failed && failed->failure.is(Error::closed)) << failed->failure;
        EXPECT_EQ(std::ranges::count(client.events(), kToken, &Happened::token), 1);
        EXPECT_EQ(client.events().back().kind, closed);
    }
}

}  // namespace
}  // namespace multimqtt::session
