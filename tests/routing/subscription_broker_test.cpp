// The router and the plan together against model brokers: each matching route runs exactly once per message,
// however the broker delivers messages that match several subscriptions.
#include "routing/reference_matcher.hpp"
#include "routing/router.hpp"
#include "routing/subscription_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
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

    std::vector<Copy> apply(const SubscriptionChanges& changes) {
        std::vector<Copy> copies;
        for (const Subscription& subscription : changes.subscribe) {
            subscriptions_[subscription.filter] = subscription;
            for (const std::string& topic : retained_) {
                if (!shared(subscription) && reference::matches(subscription.filter, topic)) {
                    copies.push_back({topic, "kept", identifiers_of({subscription}), true});
                }
            }
        }
        for (const std::string& filter : changes.unsubscribe) {
            EXPECT_EQ(subscriptions_.erase(filter), 1U) << filter;
        }
        return copies;
    }

    // `takes_share(filter)` says whether the group gives its copy to this client.
    template <class TakesShare>
    std::vector<Copy> publish(const std::string& topic, const std::string& payload, TakesShare takes_share) {
        std::vector<Subscription> plain;
        std::vector<Copy> copies;
        for (const auto& [filter, subscription] : subscriptions_) {
            if (!reference::matches(reference::inner(filter), topic)) {
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

    void change_routes() {
        const auto id = static_cast<std::uint32_t>(random_() % 12);
        if (const auto found = routes_.find(id); found != routes_.end()) {
            plan_.remove_route(RouteId{id});
            router_.remove(RouteId{id});
            routes_.erase(found);
            return;
        }
        const TopicPattern added = *TopicPattern::parse(pattern());
        ASSERT_TRUE(
            plan_.add_route(RouteId{id}, {added.filter(), Qos{static_cast<std::uint8_t>(random_() % 3)}}));
        ASSERT_TRUE(router_.add(RouteId{id}, added, Prefix{}));
        routes_.emplace(id, added);
        new_routes_.insert_or_assign(id, added);
    }

    Runs feed(const std::vector<Copy>& copies) {
        Runs runs;
        for (const Copy& copy : copies) {
            router_.match(copy.topic, matches_);
            plan_.select(matches_, {copy.topic, copy.payload, copy.identifiers, copy.retain}, chosen_);
            for (const std::uint32_t position : chosen_) {
                ++runs[static_cast<std::uint32_t>(matches_[position].route)];
            }
        }
        return runs;
    }

    // Sends the changes; the routes that are new since the last time get the retained messages, once each.
    void synchronise() {
        Runs expected;
        for (const auto& [id, route] : new_routes_) {
            const auto found = routes_.find(id);
            for (const std::string& topic : retained_) {
                if (found != routes_.end() && route.share_group().empty() && found->second.match(topic)) {
                    ++expected[id];
                }
            }
        }
        new_routes_.clear();
        const SubscriptionChanges changes = plan_.take_changes();
        ASSERT_EQ(feed(broker_.apply(changes)), expected);
        for (const Subscription& subscription : changes.subscribe) {
            plan_.acknowledged(subscription.filter);
        }
        ASSERT_TRUE(has_identifiers() || plan_.warnings().empty());
    }

    void publish() {
        const std::string sent = topic();
        std::map<std::string, bool> taken;
        const auto takes_share = [&](const std::string& filter) {
            return taken[filter] = random_() % 2 == 0;
        };
        const std::vector<Copy> copies = broker_.publish(sent, pick({"on", "off"}), takes_share);
        Runs expected;
        for (const auto& [id, route] : routes_) {
            if (route.match(sent) && (route.share_group().empty() || taken[route.filter()])) {
                expected[id] = 1;
            }
        }
        ASSERT_EQ(feed(copies), expected) << sent;
    }

    void reconnect() {
        const bool fresh = random_() % 2 == 0;
        plan_.connection_lost();
        plan_.connected(std::get<1>(GetParam()), fresh ? BrokerSession::fresh : BrokerSession::resumed);
        if (fresh) {
            broker_.clear();
            new_routes_ = routes_;
        }
        synchronise();
    }

    std::mt19937_64 random_{std::get<2>(GetParam())};
    ModelBroker broker_{std::get<0>(GetParam())};
    Router router_{random_()};
    SubscriptionPlan plan_{random_()};
    std::map<std::uint32_t, TopicPattern> routes_;
    std::map<std::uint32_t, TopicPattern> new_routes_;
    std::vector<std::string> retained_;
    Matches matches_;
    std::vector<std::uint32_t> chosen_;
};

TEST_P(SubscriptionBrokerTest, EachMatchingRouteRunsExactlyOncePerMessage) {
    for (const std::string topic : {"a", "a/b", "1/a", "p/a", "p/1", "p/a/1", "p/b/a/b"}) {
        retained_.push_back(topic);
        broker_.retain(topic);
    }
    plan_.connected(std::get<1>(GetParam()), BrokerSession::fresh);
    for (int step = 0; step < 300; ++step) {
        SCOPED_TRACE("seed " + std::to_string(std::get<2>(GetParam())) + ", step " + std::to_string(step));
        for (std::uint64_t changes = random_() % 3; changes > 0; --changes) {
            change_routes();
        }
        synchronise();
        for (int message = 0; message < 4; ++message) {
            publish();
        }
        if (random_() % 20 == 0) {
            reconnect();
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
                                          testing::Range(0U, 15U)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(WithoutIdentifiers, SubscriptionBrokerTest,
                         testing::Combine(testing::Values(Delivery::merged_with_all_identifiers,
                                                          Delivery::one_copy_per_subscription),
                                          testing::Values(SubscriptionIdentifiers::unavailable),
                                          testing::Range(0U, 15U)),
                         name_of);

}  // namespace
}  // namespace multimqtt::routing
