// The router and the plan together against model brokers: each matching route runs exactly once per message,
// however the broker delivers messages that match several subscriptions.
#include "routing/filter_algebra.hpp"
#include "routing/reference_matcher.hpp"
#include "routing/router.hpp"
#include "routing/subscription_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace multimqtt::routing {
namespace {

enum class Delivery : std::uint8_t {
    merged_with_all_identifiers,
    merged_with_one_identifier,
    one_copy_per_subscription,
};

struct Copy {
    std::string topic;
    std::string payload;
    std::vector<std::uint32_t> identifiers;
    bool retain = false;
};

// What MQTT brokers do with overlapping subscriptions, MQTT 5.0 section 3.3.4 and MQTT 3.1.1 section 3.3.5.
class ModelBroker {
public:
    explicit ModelBroker(Delivery delivery) : delivery_{delivery} {}

    void clear() { subscriptions_.clear(); }
    void retain(const std::string& topic) { retained_.push_back(topic); }
    bool has(const std::string& filter) const { return subscriptions_.contains(filter); }
    bool takes(const std::string& filter, bool own) const {
        const auto found = subscriptions_.find(filter);
        return found != subscriptions_.end() && !(own && found->second.no_local);
    }

    // Some filters nobody may have.
    static bool refuses(const std::string& filter) { return filter.ends_with("/b"); }

    std::vector<Copy> apply(const SubscriptionChanges& changes) {
        std::vector<Copy> copies;
        for (const Subscription& subscription : changes.subscribe) {
            if (refuses(subscription.filter)) {
                continue;
            }
            subscriptions_[subscription.filter] = subscription;
            for (const std::string& topic : retained_) {
                if (!shared(subscription) && reference::matches(subscription.filter, topic)) {
                    copies.push_back({topic, "kept", identifiers_of({subscription}), true});
                }
            }
        }
        for (const std::string& filter : changes.unsubscribe) {
            EXPECT_TRUE(subscriptions_.erase(filter) == 1 || refuses(filter)) << filter;
        }
        return copies;
    }

    // `takes_share(filter)` says whether the group gives its copy to this client; `own`, whether this client
    // is the one that publishes.
    template <class TakesShare>
    std::vector<Copy> publish(const std::string& topic, const std::string& payload, bool own,
                              TakesShare takes_share) {
        std::vector<Subscription> plain;
        std::vector<Copy> copies;
        for (const auto& [filter, subscription] : subscriptions_) {
            if (!reference::matches(reference::inner(filter), topic) || (own && subscription.no_local)) {
                continue;
            }
            if (!shared(subscription)) {
                plain.push_back(subscription);
            } else if (takes_share(filter)) {
                copies.push_back({topic, payload, identifiers_of({subscription}), false});
            }
        }
        if (plain.empty()) {
            return copies;
        }
        if (delivery_ == Delivery::one_copy_per_subscription) {
            if (topic.ends_with('1')) {
                std::ranges::reverse(plain);  // No order is promised.
            }
            for (const Subscription& subscription : plain) {
                copies.push_back({topic, payload, identifiers_of({subscription}), false});
            }
            return copies;
        }
        if (delivery_ == Delivery::merged_with_one_identifier) {
            plain.resize(1);
        }
        copies.push_back({topic, payload, identifiers_of(plain), false});
        return copies;
    }

    // For failures: which subscriptions brought which copy.
    std::string describe(const std::vector<Copy>& copies) const {
        std::string text;
        for (const Copy& copy : copies) {
            text.append(text.empty() ? "" : "; ").append(copy.topic + " " + copy.payload + " for");
            for (const auto& [filter, subscription] : subscriptions_) {
                if (std::ranges::find(copy.identifiers, subscription.identifier) != copy.identifiers.end()) {
                    text.append(" ").append(filter);
                }
            }
        }
        return text;
    }

private:
    static bool shared(const Subscription& subscription) {
        return subscription.filter.starts_with("$share/");
    }
    static std::vector<std::uint32_t> identifiers_of(const std::vector<Subscription>& subscriptions) {
        std::vector<std::uint32_t> identifiers;
        for (const Subscription& subscription : subscriptions) {
            if (subscription.identifier != 0) {
                identifiers.push_back(subscription.identifier);
            }
        }
        return identifiers;
    }

    Delivery delivery_;
    std::map<std::string, Subscription> subscriptions_;
    std::vector<std::string> retained_;
};

using Parameter = std::tuple<Delivery, SubscriptionIdentifiers, std::uint32_t>;
using Runs = std::map<std::uint32_t, int>;

class SubscriptionBrokerTest : public testing::TestWithParam<Parameter> {
protected:
    bool has_identifiers() const { return std::get<1>(GetParam()) == SubscriptionIdentifiers::available; }
    std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }

    // Without identifiers a common first level keeps all overlaps mergeable, and no group is shared.
    std::string pattern() {
        std::string text = has_identifiers() && random_() % 5 == 0 ? pick({"$share/g/", "$share/h/"}) : "";
        text += has_identifiers() ? "" : "p/";
        const std::uint64_t depth = 1 + random_() % 3;
        for (std::uint64_t level = 0; level < depth; ++level) {
            const std::string name = "x" + std::to_string(level);
            text.append(level == 0 ? "" : "/");
            if (level + 1 == depth && random_() % 5 == 0) {
                return text.append(random_() % 2 == 0 ? "#" : "<path:rest>");
            }
            text.append(pick({"a", "b", "1", "+", "<" + name + ">", "<int:" + name + ">"}));
        }
        return text;
    }
    std::string topic() {
        std::string text = has_identifiers() ? "" : "p/";
        const std::uint64_t depth = 1 + random_() % 3;
        for (std::uint64_t level = 0; level < depth; ++level) {
            text.append(level == 0 ? "" : "/").append(pick({"a", "b", "1"}));
        }
        return text;
    }

    struct Registered {
        TopicPattern pattern;
        bool no_local = false;
    };

    // A broker that names one subscription for all would withhold what another one should get.
    bool may_use_no_local() const {
        return has_identifiers() && std::get<0>(GetParam()) != Delivery::merged_with_one_identifier;
    }

    void change_routes() {
        const auto id = static_cast<std::uint32_t>(random_() % 12);
        if (const auto found = routes_.find(id); found != routes_.end()) {
            plan_->remove_route(RouteId{id});
            router_->remove(RouteId{id});
            routes_.erase(found);
            return;
        }
        const TopicPattern added = *TopicPattern::parse(pattern());
        const bool no_local = may_use_no_local() && random_() % 3 == 0;
        const RouteSubscription asked{added.filter(), Qos{static_cast<std::uint8_t>(random_() % 3)},
                                      no_local};
        if (!plan_->check_route(asked)) {
            return;
        }
        ASSERT_TRUE(plan_->add_route(RouteId{id}, asked));
        ASSERT_TRUE(router_->add(RouteId{id}, added, Prefix{}));
        routes_.emplace(id, Registered{added, no_local});
        new_routes_.insert_or_assign(id, added);
    }

    Runs feed(const std::vector<Copy>& copies) {
        Runs runs;
        for (const Copy& copy : copies) {
            router_->match(copy.topic, matches_);
            plan_->select(matches_, {copy.topic, copy.payload, copy.identifiers, copy.retain}, chosen_);
            for (const std::uint32_t position : chosen_) {
                ++runs[static_cast<std::uint32_t>(matches_[position].route)];
            }
        }
        return runs;
    }

    // Sends the changes; the routes that are new since the last time get the retained messages, once each.
    void synchronise() {
        const SubscriptionChanges changes = plan_->take_changes();
        // The broker has not heard of them yet. One that names one subscription for all cannot be told from
        // one that sends copies while it changes which one it names.
        if (std::get<0>(GetParam()) != Delivery::merged_with_one_identifier) {
            publish("new " + std::to_string(++number_));
            publish("new " + std::to_string(++number_));
        }
        const std::vector<Copy> copies = broker_.apply(changes);
        Runs expected;
        for (const auto& [id, route] : new_routes_) {
            const auto found = routes_.find(id);
            for (const std::string& topic : retained_) {
                if (found != routes_.end() && route.share_group().empty() && has_subscription(route, false) &&
                    found->second.pattern.match(topic)) {
                    ++expected[id];
                }
            }
        }
        new_routes_.clear();
        ASSERT_EQ(feed(copies), expected);
        for (const std::string& filter : changes.unsubscribe) {
            acknowledged_.erase(filter);
        }
        for (const Subscription& subscription : changes.subscribe) {
            if (broker_.has(subscription.filter)) {
                plan_->acknowledged(subscription.filter);
                acknowledged_.insert(subscription.filter);
            }
        }
        ASSERT_TRUE(has_identifiers() || plan_->warnings().empty());
    }

    bool may_run_for_others(const Registered& route) const {
        return (route.no_local || !route.pattern.share_group().empty()) &&
               !(acknowledged_.contains(route.pattern.filter()) &&
                 broker_.takes(route.pattern.filter(), true) == !route.no_local);
    }

    // Whether the broker has a subscription that brings what the route is for.
    bool has_subscription(const TopicPattern& route, bool own) const {
        if (has_identifiers()) {
            return broker_.takes(route.filter(), own);
        }
        return std::ranges::any_of(plan_->desired(), [&](const Subscription& subscription) {
            return covers(subscription.filter, route.filter()) && broker_.takes(subscription.filter, own);
        });
    }

    void publish(const std::string& payload) {
        const std::string sent = topic();
        const bool own = random_() % 3 == 0;
        std::map<std::string, bool> taken;
        const auto takes_share = [&](const std::string& filter) {
            return taken[filter] = random_() % 2 == 0;
        };
        const std::vector<Copy> copies = broker_.publish(sent, payload, own, takes_share);
        SCOPED_TRACE(broker_.describe(copies) + (own ? ", published by this client" : ""));
        Runs runs = feed(copies);
        for (const auto& [id, route] : routes_) {
            const int count = std::exchange(runs[id], 0);
            const bool wanted = route.pattern.match(sent) && !(own && route.no_local) &&
                                (route.pattern.share_group().empty() || taken[route.pattern.filter()]);
            if (wanted && has_subscription(route.pattern, own)) {
                ASSERT_GE(count, 1) << sent << " for " << route.pattern.text();
            }
            // Until its subscription is in place a route also runs for the copies of others, which do not
            // tell what its own would say.
            if (route.pattern.match(sent) && may_run_for_others(route)) {
                continue;
            }
            ASSERT_LE(count, wanted ? 1 : 0) << sent << " for " << route.pattern.text();
        }
        for (const auto& [id, count] : runs) {
            ASSERT_EQ(count, 0) << "route " << id << " is gone";
        }
    }

    void reconnect() {
        const bool fresh = random_() % 2 == 0;
        plan_->connection_lost();
        connect(fresh ? BrokerSession::fresh : BrokerSession::resumed);
    }

    // Another process takes over the session, which may have subscriptions that this one does not know.
    void restart() {
        acknowledged_.clear();
        router_.emplace(random_());
        plan_.emplace(random_());
        routes_.clear();
        for (std::uint64_t changes = random_() % 12; changes > 0; --changes) {
            change_routes();
        }
        connect(BrokerSession::resumed);
    }

    void connect(BrokerSession session) {
        plan_->connected(std::get<1>(GetParam()), session);
        if (session == BrokerSession::fresh) {
            broker_.clear();
            acknowledged_.clear();
            new_routes_.clear();
            for (const auto& [id, route] : routes_) {
                new_routes_.insert_or_assign(id, route.pattern);
            }
        }
        synchronise();
    }

    std::mt19937_64 random_{std::get<2>(GetParam())};
    ModelBroker broker_{std::get<0>(GetParam())};
    std::optional<Router> router_{std::in_place, random_()};
    std::optional<SubscriptionPlan> plan_{std::in_place, random_()};
    std::map<std::uint32_t, Registered> routes_;
    std::set<std::string> acknowledged_;
    std::map<std::uint32_t, TopicPattern> new_routes_;
    std::vector<std::string> retained_;
    int number_ = 0;
    Matches matches_;
    std::vector<std::uint32_t> chosen_;
};

TEST_P(SubscriptionBrokerTest, EachMatchingRouteRunsExactlyOncePerMessage) {
    for (const std::string topic : {"a", "a/b", "1/a", "p/a", "p/1", "p/a/1", "p/b/a/b"}) {
        retained_.push_back(topic);
        broker_.retain(topic);
    }
    connect(BrokerSession::fresh);
    for (int step = 0; step < 300; ++step) {
        SCOPED_TRACE("seed " + std::to_string(std::get<2>(GetParam())) + ", step " + std::to_string(step));
        for (std::uint64_t changes = random_() % 3; changes > 0; --changes) {
            change_routes();
        }
        synchronise();
        for (int message = 0; message < 4; ++message) {
            publish(pick({"on", "off"}));
        }
        if (random_() % 20 == 0) {
            reconnect();
        }
        if (has_identifiers() && random_() % 20 == 0) {
            restart();
        }
        if (HasFatalFailure()) {
            return;
        }
    }
}

std::string name_of(const testing::TestParamInfo<Parameter>& row) {
    constexpr const char* kNames[] = {"MergedWithAllIdentifiers", "MergedWithOneIdentifier",
                                      "OneCopyPerSubscription"};
    const auto [delivery, identifiers, seed] = row.param;
    return std::string{kNames[static_cast<std::size_t>(delivery)]}
        .append(identifiers == SubscriptionIdentifiers::available ? "_V5_" : "_V3_")
        .append(std::to_string(seed));
}

INSTANTIATE_TEST_SUITE_P(WithIdentifiers, SubscriptionBrokerTest,
                         testing::Combine(testing::Values(Delivery::merged_with_all_identifiers,
                                                          Delivery::merged_with_one_identifier,
                                                          Delivery::one_copy_per_subscription),
                                          testing::Values(SubscriptionIdentifiers::available),
                                          testing::Range(0U, 40U)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(WithoutIdentifiers, SubscriptionBrokerTest,
                         testing::Combine(testing::Values(Delivery::merged_with_all_identifiers,
                                                          Delivery::one_copy_per_subscription),
                                          testing::Values(SubscriptionIdentifiers::unavailable),
                                          testing::Range(0U, 40U)),
                         name_of);

}  // namespace
}  // namespace multimqtt::routing
