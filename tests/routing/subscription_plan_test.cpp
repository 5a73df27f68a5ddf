#include "routing/subscription_plan.hpp"

#include "routing/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::routing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A router and a plan with the same routes; ids are given in turn.
class SubscriptionPlanTest : public testing::Test {
protected:
    RouteId add(const std::string& pattern, Qos qos = Qos::at_most_once, bool no_local = false) {
        const RouteId id{next_++};
        const TopicPattern parsed = *TopicPattern::parse(pattern);
        EXPECT_TRUE(plan_.add_route(id, {parsed.filter(), qos, no_local}));
        EXPECT_TRUE(router_.add(id, parsed, Prefix{}));
        return id;
    }
    void remove(RouteId id) {
        plan_.remove_route(id);
        router_.remove(id);
    }
    void connect(SubscriptionIdentifiers identifiers, BrokerSession session = BrokerSession::fresh) {
        plan_.connected(identifiers, session);
    }
    std::vector<std::string> subscribed() {
        std::vector<std::string> filters;
        last_ = plan_.take_changes();
        for (const Subscription& subscription : last_.subscribe) {
            filters.push_back(subscription.filter);
        }
        return filters;
    }
    std::uint32_t identifier(const std::string& filter) {
        for (const Subscription& subscription : plan_.desired()) {
            if (subscription.filter == filter) {
                return subscription.identifier;
            }
        }
        return 0;
    }
    void settle() {
        for (const std::string& filter : subscribed()) {
            plan_.acknowledged(filter);
        }
    }
    // The routes that a message runs.
    std::vector<std::uint32_t> run(const std::string& topic, const std::vector<std::string>& filters,
                                   bool retain = false, const std::string& payload = "on") {
        std::vector<std::uint32_t> identifiers;
        for (const std::string& filter : filters) {
            identifiers.push_back(identifier(filter));
        }
        return run_with(topic, identifiers, retain, payload);
    }
    std::vector<std::uint32_t> run_with(const std::string& topic,
                                        const std::vector<std::uint32_t>& identifiers, bool retain = false,
                                        const std::string& payload = "on") {
        router_.match(topic, matches_);
        std::vector<std::uint32_t> chosen;
        plan_.select(matches_, {topic, payload, identifiers, retain}, chosen);
        std::vector<std::uint32_t> routes;
        for (const std::uint32_t position : chosen) {
            routes.push_back(static_cast<std::uint32_t>(matches_[position].route));
        }
        return routes;
    }

    static constexpr SubscriptionIdentifiers kWith = SubscriptionIdentifiers::available;
    static constexpr SubscriptionIdentifiers kWithout = SubscriptionIdentifiers::unavailable;

    Router router_{1};
    SubscriptionPlan plan_{1};
    Matches matches_;
    SubscriptionChanges last_;
    std::uint32_t next_ = 0;
};

TEST_F(SubscriptionPlanTest, WithIdentifiersEachDistinctFilterHasItsOwnSubscription) {
    add("a/+", Qos::at_most_once);
    add("a/<x>", Qos::exactly_once);
    add("a/b", Qos::at_least_once, true);
    connect(kWith);
    EXPECT_THAT(subscribed(), ElementsAre("a/+", "a/b"));
    EXPECT_EQ(last_.subscribe[0].qos, Qos::exactly_once);
    EXPECT_FALSE(last_.subscribe[0].no_local);
    EXPECT_TRUE(last_.subscribe[1].no_local);
    EXPECT_NE(last_.subscribe[0].identifier, last_.subscribe[1].identifier);
    for (const Subscription& subscription : last_.subscribe) {
        EXPECT_GE(subscription.identifier, 1U);
        EXPECT_LE(subscription.identifier, 268'435'455U);
    }
    EXPECT_TRUE(plan_.take_changes().empty());
}

TEST_F(SubscriptionPlanTest, AnIdentifierIsTheSameInTheNextProcess) {
    add("a/+");
    SubscriptionPlan other{99};
    ASSERT_TRUE(other.add_route(RouteId{0}, {"z"}));
    ASSERT_TRUE(other.add_route(RouteId{1}, {"a/+"}));
    EXPECT_EQ(other.desired()[1].identifier, identifier("a/+"));
}

TEST_F(SubscriptionPlanTest, RefusesRoutesOfOneFilterThatDisagreeAboutNoLocal) {
    add("a/b", Qos::at_most_once, true);
    const Result<void> conflict = plan_.check_route({"a/b", Qos::at_most_once, false});
    ASSERT_FALSE(conflict);
    EXPECT_TRUE(conflict.error().is(Error::bad_config));
    EXPECT_THAT(conflict.error().message, HasSubstr("no_local"));
    EXPECT_FALSE(plan_.add_route(RouteId{9}, {"a/b", Qos::at_most_once, false}));
    EXPECT_FALSE(plan_.check_route({"$share/g/a", Qos::at_most_once, true}));
    EXPECT_TRUE(plan_.check_route({"a/c", Qos::at_most_once, false}));
}

TEST_F(SubscriptionPlanTest, UnsubscribesWithTheLastRouteOfAFilterAndLowersItsQos) {
    connect(kWith);
    const RouteId first = add("a", Qos::exactly_once);
    const RouteId second = add("a", Qos::at_most_once);
    EXPECT_THAT(subscribed(), ElementsAre("a"));
    remove(first);
    EXPECT_THAT(subscribed(), ElementsAre("a"));
    EXPECT_EQ(last_.subscribe[0].qos, Qos::at_most_once);
    remove(second);
    EXPECT_THAT(subscribed(), IsEmpty());
    EXPECT_THAT(last_.unsubscribe, ElementsAre("a"));
}

TEST_F(SubscriptionPlanTest, ARouteThatComesAndGoesBetweenTwoChangesIsNeverSent) {
    connect(kWith);
    remove(add("a"));
    EXPECT_TRUE(plan_.take_changes().empty());
}

TEST_F(SubscriptionPlanTest, SubscribesAgainInAFreshSessionAndNotInAResumedOne) {
    add("a");
    connect(kWith);
    EXPECT_THAT(subscribed(), ElementsAre("a"));
    plan_.connection_lost();
    add("b");
    connect(kWith, BrokerSession::resumed);
    EXPECT_THAT(subscribed(), ElementsAre("b"));
    plan_.connection_lost();
    connect(kWith, BrokerSession::fresh);
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a", "b"));
}

TEST_F(SubscriptionPlanTest, WhatWasNotAppliedIsSentAgain) {
    connect(kWith);
    const RouteId route = add("a");
    EXPECT_THAT(subscribed(), ElementsAre("a"));
    plan_.not_applied("a");
    EXPECT_THAT(subscribed(), ElementsAre("a"));
    EXPECT_THAT(run("a", {"a"}, true), ElementsAre(0));
    remove(route);
    EXPECT_THAT(subscribed(), IsEmpty());
    plan_.not_applied("a");
    EXPECT_THAT(plan_.take_changes().unsubscribe, ElementsAre("a"));
}

// v5 [MQTT-3.3.4-4].
TEST_F(SubscriptionPlanTest, ABrokerThatSendsOneCopyWithOneIdentifierRunsAllRoutesOnce) {
    connect(kWith);
    add("a/+");
    add("a/b");
    settle();
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0, 1));
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0, 1)) << "the same message, published twice";
    EXPECT_THAT(run("a/b", {"a/+", "a/b"}), ElementsAre(0, 1));
    EXPECT_THAT(run("a/b", {}), ElementsAre(0, 1));
    EXPECT_THAT(run_with("a/b", {77}), ElementsAre(0, 1)) << "an identifier that is not ours";
}

// v5 [MQTT-3.3.4-5].
TEST_F(SubscriptionPlanTest, ABrokerThatSendsOneCopyPerSubscriptionRunsEachRouteOnce) {
    connect(kWith);
    add("a/+");
    add("a/b");
    add("#");
    settle();
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0, 1, 2));
    EXPECT_THAT(run("a/b", {"a/b"}), IsEmpty());
    EXPECT_THAT(run("a/b", {"#"}), IsEmpty()) << "the last copy of the first message";
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0)) << "the next message";
    EXPECT_THAT(run("a/b", {"a/b"}), ElementsAre(1));
    EXPECT_THAT(run("a/b", {"#"}), ElementsAre(2));
    plan_.connection_lost();
    connect(kWith, BrokerSession::resumed);
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0, 1, 2)) << "another broker may answer now";
}

TEST_F(SubscriptionPlanTest, AnotherMessageInBetweenIsNotACopy) {
    connect(kWith);
    add("a/+");
    add("a/b");
    settle();
    EXPECT_THAT(run("a/b", {"a/+"}, false, "on"), ElementsAre(0, 1));
    EXPECT_THAT(run("a/b", {"a/b"}, false, "off"), ElementsAre(0, 1)) << "another payload";
    EXPECT_THAT(run("a/c", {"a/+"}), ElementsAre(0));
    EXPECT_THAT(run("a/b", {"a/+"}, false, "off"), ElementsAre(0, 1)) << "no longer the message before";
}

TEST_F(SubscriptionPlanTest, ASubscriptionThatIsNotInPlaceYetTellsNothingAboutCopies) {
    connect(kWith);
    add("a/+");
    settle();
    add("a/b");
    EXPECT_THAT(subscribed(), ElementsAre("a/b"));
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0, 1)) << "before the broker has the second subscription";
    EXPECT_THAT(run("a/b", {"a/b"}), ElementsAre(0, 1)) << "one copy, with the other identifier from now on";
    EXPECT_THAT(run("a/b", {"a/b"}), ElementsAre(0, 1));
}

TEST_F(SubscriptionPlanTest, ASubscriptionThatTheBrokerRefusedDoesNotHideItsCopies) {
    connect(kWith);
    add("a/+");
    add("a/#");
    add("a/b");
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a/+", "a/#", "a/b"));
    plan_.acknowledged("a/+");
    plan_.acknowledged("a/#");
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0, 1, 2));
    EXPECT_THAT(run("a/b", {"a/#"}), IsEmpty());
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0));
    EXPECT_THAT(run("a/b", {"a/#"}), ElementsAre(1));
}

TEST_F(SubscriptionPlanTest, ARouteWithNoLocalDoesNotRunForTheCopiesOfOtherRoutes) {
    connect(kWith);
    add("a/+");
    add("a/b", Qos::at_most_once, true);
    settle();
    EXPECT_THAT(run("a/b", {"a/+"}), ElementsAre(0)) << "published by this client";
    EXPECT_THAT(run("a/b", {"a/+"}, false, "other"), ElementsAre(0)) << "published by another one";
    EXPECT_THAT(run("a/b", {"a/b"}, false, "other"), ElementsAre(1));
}

constexpr std::uint32_t kForeign = 77;  // Of a subscription that an earlier process left in the session.

TEST_F(SubscriptionPlanTest, ASubscriptionThatAnEarlierProcessLeftRunsNoRouteASecondTime) {
    connect(kWith, BrokerSession::resumed);
    add("a/b");
    settle();
    EXPECT_THAT(run("a/b", {"a/b"}), ElementsAre(0));
    EXPECT_THAT(run_with("a/b", {kForeign}), IsEmpty()) << "the same message, from the other subscription";
    EXPECT_THAT(run_with("a/b", {kForeign}), ElementsAre(0)) << "the same message, published again";
    EXPECT_THAT(run("a/b", {"a/b"}), IsEmpty());
    EXPECT_THAT(run_with("a/b", {kForeign}, false, "kept while nobody was there"), ElementsAre(0));
    EXPECT_THAT(run_with("a/b", {kForeign, identifier("a/b")}, false, "one copy for both"), ElementsAre(0));
}

TEST_F(SubscriptionPlanTest, ASharedRouteLeavesWhatAnEarlierProcessSubscribedAlone) {
    connect(kWith, BrokerSession::resumed);
    add("$share/g/a/b");
    EXPECT_THAT(run_with("a/b", {kForeign}), ElementsAre(0)) << "kept for an earlier subscription";
    settle();
    EXPECT_THAT(run_with("a/b", {kForeign}), IsEmpty());
    EXPECT_THAT(run("a/b", {"$share/g/a/b"}), ElementsAre(0));
}

TEST_F(SubscriptionPlanTest, ARouteThatRefusesTheTopicStillOwnsACopy) {
    connect(kWith);
    add("n/<int:x>");
    add("n/#");
    settle();
    EXPECT_THAT(run("n/x", {"n/#"}), ElementsAre(1));
    EXPECT_THAT(run("n/x", {"n/+"}), IsEmpty());
    EXPECT_THAT(run("n/x", {"n/+"}), IsEmpty());
    EXPECT_THAT(run("n/x", {"n/#"}), ElementsAre(1));
}

TEST_F(SubscriptionPlanTest, ASharedRouteRunsForItsOwnIdentifierOnly) {
    connect(kWith);
    add("a/b");
    add("$share/g/a/+");
    settle();
    EXPECT_THAT(run("a/b", {"a/b"}), ElementsAre(0)) << "the group gave its copy to another member";
    EXPECT_THAT(run("a/b", {"$share/g/a/+"}), ElementsAre(1));
    EXPECT_THAT(run("a/b", {"a/b", "$share/g/a/+"}), ElementsAre(0, 1));
    EXPECT_THAT(run("a/b", {}), ElementsAre(0, 1));
}

TEST_F(SubscriptionPlanTest, RetainedMessagesRunOnTheRoutesOfTheirSubscription) {
    connect(kWith);
    add("a/+");
    EXPECT_THAT(subscribed(), ElementsAre("a/+"));
    add("a/b");
    EXPECT_THAT(run("a/b", {"a/+"}, true), ElementsAre(0));
    EXPECT_THAT(subscribed(), ElementsAre("a/b"));
    EXPECT_THAT(run("a/b", {"a/b"}, true), ElementsAre(1));
    add("a/<x>");
    EXPECT_THAT(subscribed(), ElementsAre("a/+")) << "for the retained messages of the new route";
    EXPECT_THAT(run("a/b", {"a/+"}, true), ElementsAre(2));
    EXPECT_THAT(run("a/b", {"a/+", "a/b"}), ElementsAre(0, 1, 2));
}

TEST_F(SubscriptionPlanTest, WithoutIdentifiersACoveredFilterIsNotSubscribed) {
    add("a/b", Qos::exactly_once);
    add("a/+", Qos::at_least_once);
    add("a/#");
    add("b");
    connect(kWithout);
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a/#", "b"));
    for (const Subscription& subscription : last_.subscribe) {
        EXPECT_EQ(subscription.qos, subscription.filter == "b" ? Qos::at_most_once : Qos::exactly_once);
        EXPECT_EQ(subscription.identifier, 0U);
    }
    EXPECT_THAT(run_with("a/b", {}), ElementsAre(0, 1, 2));
    EXPECT_THAT(plan_.warnings(), IsEmpty());
}

TEST_F(SubscriptionPlanTest, WithoutIdentifiersOverlapsAreMergedUntilNoneIsLeft) {
    connect(kWithout);
    add("x/a/+");
    EXPECT_THAT(subscribed(), ElementsAre("x/a/+"));
    const RouteId wide = add("x/+/b");
    EXPECT_THAT(subscribed(), ElementsAre("x/+/+"));
    EXPECT_THAT(last_.unsubscribe, ElementsAre("x/a/+"));
    add("x/q/#");
    EXPECT_THAT(subscribed(), ElementsAre("x/+/#"));
    EXPECT_THAT(last_.unsubscribe, ElementsAre("x/+/+"));
    remove(wide);
    EXPECT_THAT(subscribed(), UnorderedElementsAre("x/a/+", "x/q/#"));
    EXPECT_THAT(last_.unsubscribe, ElementsAre("x/+/#"));
    EXPECT_THAT(plan_.warnings(), IsEmpty());
}

TEST_F(SubscriptionPlanTest, WithoutIdentifiersNothingIsWidenedToEveryTopic) {
    connect(kWithout);
    add("a/+");
    add("+/b");
    add("c");
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a/+", "+/b", "c"));
    EXPECT_THAT(plan_.warnings(), ElementsAre(HasSubstr("overlap")));
}

TEST_F(SubscriptionPlanTest, WithoutIdentifiersSharedFiltersStayAloneAndAWarningSaysSo) {
    connect(kWithout);
    add("a/#");
    add("$share/g/a/b");
    add("$share/h/a/+");
    add("$share/g/c");
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a/#", "$share/g/a/b", "$share/h/a/+", "$share/g/c"));
    EXPECT_GE(plan_.warnings().size(), 2U);
    for (const std::string& warning : plan_.warnings()) {
        EXPECT_THAT(warning, HasSubstr("shared subscription"));
    }
}

TEST_F(SubscriptionPlanTest, WithoutIdentifiersALateRouteGetsItsRetainedMessagesAlone) {
    connect(kWithout);
    add("a/#");
    EXPECT_THAT(subscribed(), ElementsAre("a/#"));
    EXPECT_THAT(run_with("a/b", {}, true), ElementsAre(0));
    add("a/b");
    EXPECT_THAT(subscribed(), ElementsAre("a/#"));
    EXPECT_THAT(run_with("a/b", {}, true), ElementsAre(1));
    EXPECT_THAT(run_with("a/b", {}, false), ElementsAre(0, 1));
    plan_.connection_lost();
    connect(kWithout);
    EXPECT_THAT(subscribed(), ElementsAre("a/#"));
    EXPECT_THAT(run_with("a/b", {}, true), ElementsAre(0, 1)) << "a fresh session starts over";
}

TEST_F(SubscriptionPlanTest, ChangesItsSubscriptionsWhenTheNextBrokerHasNoIdentifiers) {
    add("a/#");
    add("a/b");
    connect(kWith);
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a/#", "a/b"));
    plan_.connection_lost();
    connect(kWithout, BrokerSession::resumed);
    EXPECT_THAT(subscribed(), ElementsAre("a/#")) << "without its identifier";
    EXPECT_THAT(last_.unsubscribe, ElementsAre("a/b"));
    connect(kWith, BrokerSession::resumed);
    EXPECT_THAT(subscribed(), UnorderedElementsAre("a/#", "a/b"));
}

// A plan whose cost grew with the square of its routes would not finish this in the time of a test.
TEST(LargeSubscriptionPlanTest, CostsNoMoreThanItsRoutes) {
    constexpr std::uint32_t kRoutes = 30'000;
    for (const auto identifiers :
         {SubscriptionIdentifiers::available, SubscriptionIdentifiers::unavailable}) {
        SubscriptionPlan plan{1};
        plan.connected(identifiers, BrokerSession::fresh);
        for (std::uint32_t id = 0; id < kRoutes; ++id) {
            const std::string number = std::to_string(id);
            ASSERT_TRUE(
                plan.add_route(RouteId{id}, {(id % 2 == 0 ? "plant/" : "other/" + number + "/") + number}));
        }
        EXPECT_EQ(plan.take_changes().subscribe.size(), kRoutes);
        ASSERT_TRUE(plan.add_route(RouteId{kRoutes}, {"plant/+"}));
        EXPECT_EQ(plan.take_changes().subscribe.size(), 1U);
        for (std::uint32_t id = 0; id < kRoutes; ++id) {
            plan.remove_route(RouteId{id});
        }
        EXPECT_EQ(plan.desired().size(), 1U);
    }
}

}  // namespace
}  // namespace multimqtt::routing
