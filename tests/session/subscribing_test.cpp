// The subscriptions that shall exist, and the requests that make them exist.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

class SubscribingTest : public testing::Test {
protected:
    void grant(const wire::Subscribe& subscribe, ReasonCode reason = ReasonCode::success) {
        const std::vector<ReasonCode> reasons(subscribe.subscriptions.size(), reason);
        script.reply(wire::Suback{subscribe.packet_id, wire::ReasonCodes{reasons}, {}});
    }
    void subscribe_and_grant(const std::string& filter) {
        script.subscribe(filter);
        grant(script.expect<wire::Subscribe>());
        EXPECT_EQ(script.expect_event(Kind::subscribed).filter, filter);
    }
    void reconnect(bool session_present, wire::Connack connack = {}) {
        script.cut();
        script.expect_event(Kind::disconnected);
        connack.session_present = session_present;
        script.reconnect(connack);
    }
    Script script;
};

TEST_F(SubscribingTest, WhatWasAskedBeforeConnectingGoesOutTogether) {
    script.subscribe("a", Qos::at_least_once);
    script.subscribe("b/#", Qos::exactly_once);
    script.connect();
    const auto subscribe = script.expect<wire::Subscribe>();
    std::vector<std::string> filters;
    for (const auto& subscription : subscribe.subscriptions) {
        filters.emplace_back(subscription.filter);
    }
    EXPECT_EQ(filters, (std::vector<std::string>{"a", "b/#"}));
    const ReasonCode reasons[] = {ReasonCode::granted_qos_1, ReasonCode::not_authorized};
    script.reply(wire::Suback{subscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    EXPECT_EQ(script.expect_event(Kind::subscribed).reason, ReasonCode::granted_qos_1);
    const Happened failed = script.expect_event(Kind::subscribe_failed);
    EXPECT_EQ(failed.filter, "b/#");
    EXPECT_TRUE(failed.failure.is(Error::refused));
    EXPECT_EQ(failed.failure.reason, 0x87);
    script.nothing_else();
}

TEST_F(SubscribingTest, AtMost64FiltersShareARequest) {
    for (int i = 0; i < 100; ++i) {
        script.subscribe("filter/" + std::to_string(i));
    }
    script.connect();
    EXPECT_EQ(script.expect<wire::Subscribe>().subscriptions.size(), 64u);
    EXPECT_EQ(script.expect<wire::Subscribe>().subscriptions.size(), 36u);
}

TEST_F(SubscribingTest, AFilterWithAnIdentifierStandsAlone) {
    script.subscribe("a");
    script.subscribe("b", Qos::at_most_once, 7);
    script.subscribe("c");
    script.connect();
    EXPECT_FALSE(script.expect<wire::Subscribe>().properties.subscription_identifier);
    EXPECT_EQ(script.expect<wire::Subscribe>().properties.subscription_identifier, 7u);
    EXPECT_FALSE(script.expect<wire::Subscribe>().properties.subscription_identifier);
    script.nothing_else();
}

// MQTT 5.0 section 3.2.2.3.12.
TEST_F(SubscribingTest, IdentifiersAreLeftOutWhereTheBrokerHasNone) {
    script.subscribe("b", Qos::at_most_once, 7);
    wire::Connack connack;
    connack.properties.subscription_identifier_available = false;
    script.connect(connack);
    EXPECT_FALSE(script.expect<wire::Subscribe>().properties.subscription_identifier);
}

TEST_F(SubscribingTest, ManyRequestsAreUnderWayAtMost64AtATime) {
    for (std::uint32_t i = 1; i <= 70; ++i) {
        script.subscribe("filter/" + std::to_string(i), Qos::at_most_once, i);
    }
    script.connect();
    EXPECT_EQ(script.sent().size(), 64u);
    grant(script.expect<wire::Subscribe>());
    script.expect_event(Kind::subscribed);
    EXPECT_EQ(script.sent().size(), 64u);
}

TEST_F(SubscribingTest, AreSplitToTheBrokersMaximumPacketSize) {
    for (int i = 0; i < 10; ++i) {
        script.subscribe(std::string(20, static_cast<char>('a' + i)));
    }
    script.subscribe(std::string(200, 'x'));
    wire::Connack connack;
    connack.properties.maximum_packet_size = 100u;
    script.connect(connack);
    std::size_t filters = 0;
    while (script.sent_anything()) {
        const auto subscribe = script.expect<wire::Subscribe>();
        EXPECT_LE(wire::encoded_size(subscribe, ProtocolVersion::v5), 100u);  // v5 [MQTT-3.2.2-15]
        filters += subscribe.subscriptions.size();
    }
    EXPECT_EQ(filters, 10u);
    EXPECT_TRUE(script.expect_event(Kind::subscribe_failed).failure.is(Error::payload_too_large));
}

TEST_F(SubscribingTest, AResumedSessionAsksOnlyForWhatIsNotConfirmed) {
    script.connect();
    subscribe_and_grant("held");
    script.subscribe("cut/off");
    const auto first = script.expect<wire::Subscribe>();
    reconnect(true);
    const auto again = script.expect<wire::Subscribe>();
    EXPECT_EQ(again.subscriptions.begin()->filter, "cut/off");
    EXPECT_NE(again.packet_id, 0);
    script.nothing_else();
    grant(first);  // A late answer to the request of the lost connection.
    grant(again);
    script.expect_event(Kind::subscribed);
}

// The unanswered CONNECT may have begun a new session after the broker had lost ours.
TEST_F(SubscribingTest, AsksForAllAfterAConnectWithoutAnAnswerThoughASessionIsPresent) {
    script.connect();
    subscribe_and_grant("a");
    script.cut();
    script.expect_event(Kind::disconnected);
    script.after(1s);
    script.open();
    script.expect<wire::Connect>();
    script.cut();
    script.expect_event(Kind::connect_failed);
    wire::Connack connack;
    connack.session_present = true;
    script.reconnect(connack);
    grant(script.expect<wire::Subscribe>());
    script.expect_event(Kind::subscribed);
    reconnect(true);
    script.nothing_else();
}

TEST_F(SubscribingTest, AsksAgainWhenWhatABrokerCouldNotTakeCanBeSaid) {
    script.subscribe("a", Qos::at_least_once, 7);
    wire::Connack without;
    without.properties.subscription_identifier_available = false;
    script.connect(without);
    const auto bare = script.expect<wire::Subscribe>();
    EXPECT_FALSE(bare.properties.subscription_identifier);
    grant(bare);
    script.expect_event(Kind::subscribed);
    reconnect(true, without);
    script.nothing_else();
    reconnect(true);
    const auto full = script.expect<wire::Subscribe>();
    EXPECT_EQ(full.properties.subscription_identifier, 7u);
    grant(full);
    script.expect_event(Kind::subscribed);
    reconnect(true);
    script.nothing_else();
}

TEST_F(SubscribingTest, ALostSessionAsksForAll) {
    script.connect();
    subscribe_and_grant("a");
    subscribe_and_grant("b");
    reconnect(false);
    EXPECT_EQ(script.expect<wire::Subscribe>().subscriptions.size(), 2u);
}

TEST_F(SubscribingTest, ARefusedFilterIsTriedAgainOnTheNextConnectionOnly) {
    script.connect();
    script.subscribe("a");
    grant(script.expect<wire::Subscribe>(), ReasonCode::not_authorized);
    script.expect_event(Kind::subscribe_failed);
    script.after(1h);
    script.nothing_else();
    reconnect(true);
    grant(script.expect<wire::Subscribe>());
    script.expect_event(Kind::subscribed);
}

TEST_F(SubscribingTest, AHeldFilterIsSubscribedAgainOnRequest) {
    script.connect();
    subscribe_and_grant("a");
    subscribe_and_grant("a");
}

TEST_F(SubscribingTest, UnsubscribingIsAskedForAndReported) {
    script.connect();
    subscribe_and_grant("a");
    script.unsubscribe("a");
    const auto unsubscribe = script.expect<wire::Unsubscribe>();
    const ReasonCode reasons[] = {ReasonCode::success};
    script.reply(wire::Unsuback{unsubscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    EXPECT_EQ(script.expect_event(Kind::unsubscribed).filter, "a");
    reconnect(false);
    script.nothing_else();
}

TEST_F(SubscribingTest, ARefusedUnsubscribeIsComplainedOfAndTriedAgainOnTheNextConnection) {
    script.connect();
    subscribe_and_grant("a");
    script.unsubscribe("a");
    const ReasonCode refused[] = {ReasonCode::not_authorized};
    script.reply(wire::Unsuback{
        script.expect<wire::Unsubscribe>().packet_id, wire::ReasonCodes{std::span{refused}}, {}});
    EXPECT_NE(script.expect_event(Kind::warning).failure.message.find("refused to unsubscribe \"a\""),
              std::string::npos);
    script.nothing_else();
    reconnect(true);
    const ReasonCode done[] = {ReasonCode::no_subscription_existed};
    script.reply(
        wire::Unsuback{script.expect<wire::Unsubscribe>().packet_id, wire::ReasonCodes{std::span{done}}, {}});
    EXPECT_EQ(script.expect_event(Kind::unsubscribed).filter, "a");
}

TEST_F(SubscribingTest, UnsubscribingOfflineIsMadeUpForOnAResumedSession) {
    script.connect();
    subscribe_and_grant("a");
    script.cut();
    script.expect_event(Kind::disconnected);
    script.unsubscribe("a");
    wire::Connack connack;
    connack.session_present = true;
    script.reconnect(connack);
    EXPECT_EQ(*script.expect<wire::Unsubscribe>().filters.begin(), "a");
}

TEST_F(SubscribingTest, UnsubscribingOfflineNeedsNoRequestWhenTheSessionIsLost) {
    script.connect();
    subscribe_and_grant("a");
    script.cut();
    script.expect_event(Kind::disconnected);
    script.unsubscribe("a");
    script.reconnect();
    EXPECT_EQ(script.expect_event(Kind::unsubscribed).filter, "a");
    script.nothing_else();
}

TEST_F(SubscribingTest, TheLastWordCountsWhenAnswersCross) {
    script.connect();
    script.subscribe("a");
    const auto subscribe = script.expect<wire::Subscribe>();
    script.unsubscribe("a");
    const auto unsubscribe = script.expect<wire::Unsubscribe>();
    grant(subscribe);
    script.nothing_else();
    const ReasonCode reasons[] = {ReasonCode::success};
    script.reply(wire::Unsuback{unsubscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    script.expect_event(Kind::unsubscribed);
}

// v5 [MQTT-3.8.3-4].
TEST_F(SubscribingTest, NoLocalIsLeftOutOnSharedSubscriptions) {
    script.connect();
    Subscription subscription;
    subscription.filter = "$share/group/a";
    subscription.no_local = true;
    script.subscribe(subscription);
    EXPECT_FALSE(script.expect<wire::Subscribe>().subscriptions.begin()->no_local);
    subscription.filter = "a";
    script.subscribe(subscription);
    EXPECT_TRUE(script.expect<wire::Subscribe>().subscriptions.begin()->no_local);
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
    wire::Connack connack;
    connack.properties.wildcard_subscription_available = GetParam().wildcard;
    connack.properties.shared_subscription_available = GetParam().shared;
    script.connect(connack);
    script.subscribe(GetParam().filter);
    EXPECT_EQ(script.sent_anything(), GetParam().sent);
    if (!GetParam().sent) {
        EXPECT_TRUE(script.expect_event(Kind::subscribe_failed).failure.is(Error::not_supported));
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
    script.connect();
    script.subscribe("a", Qos::at_least_once, 5);
    const auto subscribe = script.expect<wire::Subscribe>();
    const ReasonCode reasons[] = {ReasonCode::granted_qos_1};
    script.reply(wire::Suback{subscribe.packet_id, wire::ReasonCodes{std::span{reasons}}, {}});
    script.expect_event(Kind::subscribed);
    script.unsubscribe("a");
    script.reply(wire::Unsuback{script.expect<wire::Unsubscribe>().packet_id, {}, {}});
    script.expect_event(Kind::unsubscribed);
}

}  // namespace
}  // namespace multimqtt::session
