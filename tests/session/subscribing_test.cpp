// The subscriptions that shall exist, and the requests that make them exist.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

class SubscribingTest : public testing::Test, public Script {
protected:
    void grant(const wire::Subscribe& subscribe, ReasonCode reason = ReasonCode::success) {
        const std::vector<ReasonCode> reasons(subscribe.subscriptions.size(), reason);
        broker.sends(wire::Suback{subscribe.packet_id, wire::ReasonCodes{reasons}, {}});
    }
    void subscribe_and_grant(const std::string& filter) {
        client.subscribe(filter);
        grant(broker.expects<wire::Subscribe>());
        client.reports(Kind::subscribed, {.filter = filter});
    }
    void reconnect(bool session_present, wire::Connack connack = {}) {
        network.cuts();
        client.reports(Kind::disconnected);
        connack.session_present = session_present;
        client.reconnects(connack);
    }
};

TEST_F(SubscribingTest, WhatWasAskedBeforeConnectingGoesOutTogether) {
    client.subscribe("a", Qos::at_least_once);
    client.subscribe("b/#", Qos::exactly_once);
    client.connects();
    const auto subscribe = broker.expects<wire::Subscribe>();
    std::vector<std::string> filters;
    for (const auto& subscription : subscribe.subscriptions) {
        filters.emplace_back(subscription.filter);
    }
    EXPECT_EQ(filters, (std::vector<std::string>{"a", "b/#"}));
    const ReasonCode reasons[] = {ReasonCode::granted_qos_1, ReasonCode::not_authorized};
    broker.sends(wire::Suback{subscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    client.reports(Kind::subscribed, {.reason = ReasonCode::granted_qos_1});
    const Happened failed = client.reports(Kind::subscribe_failed);
    EXPECT_EQ(failed.filter, "b/#");
    EXPECT_TRUE(failed.failure.is(Error::refused));
    EXPECT_EQ(failed.failure.reason, 0x87);
    silence();
}

TEST_F(SubscribingTest, AtMost64FiltersShareARequest) {
    for (int i = 0; i < 100; ++i) {
        client.subscribe("filter/" + std::to_string(i));
    }
    client.connects();
    EXPECT_EQ(broker.expects<wire::Subscribe>().subscriptions.size(), 64u);
    EXPECT_EQ(broker.expects<wire::Subscribe>().subscriptions.size(), 36u);
}

TEST_F(SubscribingTest, AFilterWithAnIdentifierStandsAlone) {
    client.subscribe("a");
    client.subscribe("b", Qos::at_most_once, 7);
    client.subscribe("c");
    client.connects();
    EXPECT_FALSE(broker.expects<wire::Subscribe>().properties.subscription_identifier);
    EXPECT_EQ(broker.expects<wire::Subscribe>().properties.subscription_identifier, 7u);
    EXPECT_FALSE(broker.expects<wire::Subscribe>().properties.subscription_identifier);
    silence();
}

// MQTT 5.0 section 3.2.2.3.12.
TEST_F(SubscribingTest, IdentifiersAreLeftOutWhereTheBrokerHasNone) {
    client.subscribe("b", Qos::at_most_once, 7);
    wire::Connack connack;
    connack.properties.subscription_identifier_available = false;
    client.connects(connack);
    EXPECT_FALSE(broker.expects<wire::Subscribe>().properties.subscription_identifier);
}

TEST_F(SubscribingTest, ManyRequestsAreUnderWayAtMost64AtATime) {
    for (std::uint32_t i = 1; i <= 70; ++i) {
        client.subscribe("filter/" + std::to_string(i), Qos::at_most_once, i);
    }
    client.connects();
    EXPECT_EQ(broker.heard().size(), 64u);
    grant(broker.expects<wire::Subscribe>());
    client.reports(Kind::subscribed);
    EXPECT_EQ(broker.heard().size(), 64u);
}

TEST_F(SubscribingTest, AreSplitToTheBrokersMaximumPacketSize) {
    for (int i = 0; i < 10; ++i) {
        client.subscribe(std::string(20, static_cast<char>('a' + i)));
    }
    client.subscribe(std::string(200, 'x'));
    wire::Connack connack;
    connack.properties.maximum_packet_size = 100u;
    client.connects(connack);
    std::size_t filters = 0;
    while (broker.has_heard()) {
        const auto subscribe = broker.expects<wire::Subscribe>();
        EXPECT_LE(wire::encoded_size(subscribe, ProtocolVersion::v5), 100u);  // v5 [MQTT-3.2.2-15]
        filters += subscribe.subscriptions.size();
    }
    EXPECT_EQ(filters, 10u);
    client.reports(Kind::subscribe_failed, {.error = Error::payload_too_large});
}

TEST_F(SubscribingTest, AResumedSessionAsksOnlyForWhatIsNotConfirmed) {
    client.connects();
    subscribe_and_grant("held");
    client.subscribe("cut/off");
    const auto first = broker.expects<wire::Subscribe>();
    reconnect(true);
    const auto again = broker.expects<wire::Subscribe>();
    EXPECT_EQ(again.subscriptions.begin()->filter, "cut/off");
    EXPECT_NE(again.packet_id, 0);
    silence();
    grant(first);  // A late answer to the request of the lost connection.
    grant(again);
    client.reports(Kind::subscribed);
}

// The unanswered CONNECT may have begun a new session after the broker had lost ours.
TEST_F(SubscribingTest, AsksForAllAfterAConnectWithoutAnAnswerThoughASessionIsPresent) {
    client.connects();
    subscribe_and_grant("a");
    network.cuts();
    client.reports(Kind::disconnected);
    wait(1s);
    network.opens();
    broker.expects<wire::Connect>();
    network.cuts();
    client.reports(Kind::connect_failed);
    client.reconnects(resuming());
    grant(broker.expects<wire::Subscribe>());
    client.reports(Kind::subscribed);
    reconnect(true);
    silence();
}

TEST_F(SubscribingTest, AsksAgainWhenWhatABrokerCouldNotTakeCanBeSaid) {
    client.subscribe("a", Qos::at_least_once, 7);
    wire::Connack without;
    without.properties.subscription_identifier_available = false;
    client.connects(without);
    const auto bare = broker.expects<wire::Subscribe>();
    EXPECT_FALSE(bare.properties.subscription_identifier);
    grant(bare);
    client.reports(Kind::subscribed);
    reconnect(true, without);
    silence();
    reconnect(true);
    const auto full = broker.expects<wire::Subscribe>();
    EXPECT_EQ(full.properties.subscription_identifier, 7u);
    grant(full);
    client.reports(Kind::subscribed);
    reconnect(true);
    silence();
}

TEST_F(SubscribingTest, ALostSessionAsksForAll) {
    client.connects();
    subscribe_and_grant("a");
    subscribe_and_grant("b");
    reconnect(false);
    EXPECT_EQ(broker.expects<wire::Subscribe>().subscriptions.size(), 2u);
}

TEST_F(SubscribingTest, ARefusedFilterIsTriedAgainOnTheNextConnectionOnly) {
    client.connects();
    client.subscribe("a");
    grant(broker.expects<wire::Subscribe>(), ReasonCode::not_authorized);
    client.reports(Kind::subscribe_failed);
    silence(1h);
    reconnect(true);
    grant(broker.expects<wire::Subscribe>());
    client.reports(Kind::subscribed);
}

TEST_F(SubscribingTest, AHeldFilterIsSubscribedAgainOnRequest) {
    client.connects();
    subscribe_and_grant("a");
    subscribe_and_grant("a");
}

TEST_F(SubscribingTest, UnsubscribingIsAskedForAndReported) {
    client.connects();
    subscribe_and_grant("a");
    client.unsubscribe("a");
    const auto unsubscribe = broker.expects<wire::Unsubscribe>();
    const ReasonCode reasons[] = {ReasonCode::success};
    broker.sends(wire::Unsuback{unsubscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    client.reports(Kind::unsubscribed, {.filter = "a"});
    reconnect(false);
    silence();
}

TEST_F(SubscribingTest, ARefusedUnsubscribeIsComplainedOfAndTriedAgainOnTheNextConnection) {
    client.connects();
    subscribe_and_grant("a");
    client.unsubscribe("a");
    const ReasonCode refused[] = {ReasonCode::not_authorized};
    broker.sends(wire::Unsuback{
        broker.expects<wire::Unsubscribe>().packet_id, wire::ReasonCodes{std::span{refused}}, {}});
    EXPECT_NE(client.reports(Kind::warning).failure.message.find("refused to unsubscribe \"a\""),
              std::string::npos);
    silence();
    reconnect(true);
    const ReasonCode done[] = {ReasonCode::no_subscription_existed};
    broker.sends(wire::Unsuback{
        broker.expects<wire::Unsubscribe>().packet_id, wire::ReasonCodes{std::span{done}}, {}});
    client.reports(Kind::unsubscribed, {.filter = "a"});
}

TEST_F(SubscribingTest, UnsubscribingOfflineIsMadeUpForOnAResumedSession) {
    client.connects();
    subscribe_and_grant("a");
    network.cuts();
    client.reports(Kind::disconnected);
    client.unsubscribe("a");
    client.reconnects(resuming());
    EXPECT_EQ(*broker.expects<wire::Unsubscribe>().filters.begin(), "a");
}

TEST_F(SubscribingTest, UnsubscribingOfflineNeedsNoRequestWhenTheSessionIsLost) {
    client.connects();
    subscribe_and_grant("a");
    network.cuts();
    client.reports(Kind::disconnected);
    client.unsubscribe("a");
    client.reconnects();
    client.reports(Kind::unsubscribed, {.filter = "a"});
    silence();
}

TEST_F(SubscribingTest, TheLastWordCountsWhenAnswersCross) {
    client.connects();
    client.subscribe("a");
    const auto subscribe = broker.expects<wire::Subscribe>();
    client.unsubscribe("a");
    const auto unsubscribe = broker.expects<wire::Unsubscribe>();
    grant(subscribe);
    silence();
    const ReasonCode reasons[] = {ReasonCode::success};
    broker.sends(wire::Unsuback{unsubscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    client.reports(Kind::unsubscribed);
}

// v5 [MQTT-3.8.3-4].
TEST_F(SubscribingTest, NoLocalIsLeftOutOnSharedSubscriptions) {
    client.connects();
    Subscription subscription;
    subscription.filter = "$share/group/a";
    subscription.no_local = true;
    client.subscribe(subscription);
    EXPECT_FALSE(broker.expects<wire::Subscribe>().subscriptions.begin()->no_local);
    subscription.filter = "a";
    client.subscribe(subscription);
    EXPECT_TRUE(broker.expects<wire::Subscribe>().subscriptions.begin()->no_local);
}

struct Unavailable {
    const char* name;
    std::string filter;
    bool wildcard;
    bool shared;
    bool sent;
};

class AvailabilityTest : public testing::TestWithParam<Unavailable> {};

TEST_P(AvailabilityTest, IsCheckedBeforeSending) {
    Script script;
    auto& [client, network, broker] = script.roles();
    wire::Connack connack;
    connack.properties.wildcard_subscription_available = GetParam().wildcard;
    connack.properties.shared_subscription_available = GetParam().shared;
    client.connects(connack);
    client.subscribe(GetParam().filter);
    EXPECT_EQ(broker.has_heard(), GetParam().sent);
    if (!GetParam().sent) {
        client.reports(Kind::subscribe_failed, {.error = Error::not_supported});
    }
}

INSTANTIATE_TEST_SUITE_P(Each, AvailabilityTest,
                         testing::Values(Unavailable{"plain", "a/b", false, false, true},
                                         Unavailable{"wildcard", "a/#", false, true, false},
                                         Unavailable{"single_level_wildcard", "+/b", false, true, false},
                                         Unavailable{"shared", "$share/g/a", true, false, false},
                                         Unavailable{"shared_available", "$share/g/a", true, true, true}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Subscribing311Test, KnowsNoOptionsAndUnsubackHasNoCodes) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.subscribe("a", Qos::at_least_once, 5);
    const auto subscribe = broker.expects<wire::Subscribe>();
    const ReasonCode reasons[] = {ReasonCode::granted_qos_1};
    broker.sends(wire::Suback{subscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    client.reports(Kind::subscribed);
    client.unsubscribe("a");
    broker.sends(wire::Unsuback{broker.expects<wire::Unsubscribe>().packet_id, {}, {}});
    client.reports(Kind::unsubscribed);
}

}  // namespace
}  // namespace multimqtt::session
