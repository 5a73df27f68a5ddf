// Which subscriptions the routes need, and which routes a message is for.
#pragma once

#include "multimqtt/protocol.hpp"
#include "multimqtt/result.hpp"
#include "routing/copy_watch.hpp"
#include "routing/filter_trie.hpp"
#include "routing/matches.hpp"
#include "routing/route_id.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace multimqtt::routing {

/// What one route asks of the broker.
struct RouteSubscription {
    std::string filter;  ///< With prefix and "$share/{group}/": `Prefix::filter_of`.
    Qos qos = Qos::at_most_once;
    bool no_local = false;
};

/// One subscription at the broker.
struct Subscription {
    std::string filter;
    Qos qos = Qos::at_most_once;
    bool no_local = false;
    std::uint32_t identifier = 0;  ///< 1..268,435,455; 0 for none.

    friend bool operator==(const Subscription&, const Subscription&) = default;
};

/// What to send, SUBSCRIBE before UNSUBSCRIBE, so that no message falls between the old and the new filters.
struct SubscriptionChanges {
    std::vector<Subscription> subscribe;
    std::vector<std::string> unsubscribe;

    [[nodiscard]] bool empty() const noexcept { return subscribe.empty() && unsubscribe.empty(); }
};

/// Whether this connection has subscription identifiers: MQTT 5.0, and the broker did not say otherwise.
enum class SubscriptionIdentifiers : std::uint8_t { unavailable, available };

/// Whether the broker still has the subscriptions of the last connection (Session Present).
enum class BrokerSession : std::uint8_t { fresh, resumed };

/// What a PUBLISH says beside its topic's matches. The retain flag must mean "sent because of a SUBSCRIBE":
/// the subscriptions are made without Retain As Published.
struct MessageFacts {
    std::string_view topic;
    std::string_view payload;
    std::span<const std::uint32_t> identifiers;
    bool retain = false;
};

/// Desired state: the routes on one side, the broker's subscriptions on the other.
///
/// With identifiers there is one subscription for each distinct filter, and a message runs the routes whose
/// identifiers it carries. Without them the filters are merged until no two overlap, so that the broker sends
/// every message once, and all matching routes run.
///
/// Retained messages, which the broker sends after every SUBSCRIBE, run only on the routes for which that
/// SUBSCRIBE was made: those that are new since the one before. Send the next changes when the last SUBSCRIBE
/// is acknowledged, so that the retained messages of two of them do not mix.
///
/// Shared subscriptions are never merged; what they deliver is for their own routes.
///
/// A session that the broker kept for an earlier process may have subscriptions that no route knows. What
/// they bring runs all matching routes, unless it is a further copy of what ran them. Without identifiers
/// copies cannot be told from messages: start such a session afresh when the routes have changed.
///
/// Threads: for one thread at a time; the I/O thread owns it.
/// Spec:    MQTT 5.0 sections 3.3.4, 3.8.4, 4.8.2; MQTT 3.1.1 section 3.3.5.
class SubscriptionPlan {
public:
    /// `hash_key` should come from a random source.
    explicit SubscriptionPlan(std::uint64_t hash_key);

    /// Whether `route` may be added.
    ///
    /// Errors: `bad_config`  routes of the same filter disagree about no_local, or a shared subscription asks
    /// for
    ///                       it, v5 [MQTT-3.8.3-4].
    [[nodiscard]] Result<void> check_route(const RouteSubscription& route) const;

    /// Adds a route whose id is not in use. Errors: those of `check_route`; nothing is added then.
    [[nodiscard]] Result<void> add_route(RouteId id, const RouteSubscription& route);

    /// Removes a route; does nothing when there is none with this id.
    void remove_route(RouteId id);

    /// A connection is up. With a fresh session everything is to be subscribed again.
    void connected(SubscriptionIdentifiers identifiers, BrokerSession session);

    /// The connection is gone, and what was learned about the broker's copies with it.
    void connection_lost();

    /// All subscriptions that the routes need.
    [[nodiscard]] std::vector<Subscription> desired() const;

    /// What differs from what was taken before; the caller sends it, so that it counts as done from now on.
    [[nodiscard]] SubscriptionChanges take_changes();

    /// The broker acknowledged the SUBSCRIBE for `filter`. Only when all subscriptions of a message are known
    /// to be in place do its copies tell how the broker delivers.
    void acknowledged(std::string_view filter);

    /// A SUBSCRIBE or UNSUBSCRIBE for `filter` did not succeed; it becomes part of the next changes again.
    void not_applied(std::string_view filter);

    /// Fills `chosen` with the positions in `matches` of the routes to run. Call it for every PUBLISH, in
    /// order, also when nothing matches. A message that runs no route is acknowledged all the same. `matches`
    /// comes from a router with the same routes.
    void select(const Matches& matches, const MessageFacts& facts, std::vector<std::uint32_t>& chosen);

    /// Sentences for people: overlaps that cannot be planned away, at most `kWarningsMax`. Without
    /// identifiers only.
    [[nodiscard]] std::vector<std::string> warnings() const;

    /// Chosen: enough to act on, short enough to log.
    static constexpr std::size_t kWarningsMax = 20;

private:
    static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

    // How many routes ask for what.
    struct Tally {
        std::array<std::uint32_t, 3> by_qos{};
        std::uint32_t no_local = 0;

        void add(const Tally& other) noexcept;
        void subtract(const Tally& other) noexcept;
        [[nodiscard]] std::uint32_t routes() const noexcept { return by_qos[0] + by_qos[1] + by_qos[2]; }
    };
    struct Route {
        std::uint32_t filter = kNone;  // kNone when the id is free.
        std::uint32_t position = 0;    // In the filter's routes.
        std::uint64_t generation = 0;  // Of the SUBSCRIBE that brings its retained messages; 0 before.
        Tally tally;
    };
    // A distinct filter of the routes.
    struct Filter {
        std::string text;
        std::vector<RouteId> routes;
        Tally tally;
        std::uint32_t identifier = 0;
        std::uint32_t unit = kNone;
        std::uint32_t position = 0;  // In the unit's filters.
        bool shared = false;
    };
    // A subscription, with the filters of the routes that it serves.
    struct Unit {
        std::string text;
        std::vector<std::uint32_t> filters;
        std::vector<RouteId> awaiting_retained;
        Tally tally;
        std::uint64_t generation = 0;  // Of its last SUBSCRIBE.
        std::uint64_t carried = 0;     // The last message that carried its identifier.
        std::uint64_t matched = 0;     // The last message that matched one of its routes.
        std::uint64_t served = 0;      // The first copy of the last message that its routes ran for.
        // The message before it was acknowledged or seen to deliver; 0 for one that may be there from before.
        std::uint64_t in_place_since = kNever;
        bool in_place = false;  // Acknowledged, or seen to deliver.
        bool shared = false;

        void seen(std::uint64_t message) noexcept {
            in_place_since = std::min(in_place_since, message);
            in_place = true;
        }
    };

    [[nodiscard]] bool has_identifiers() const noexcept {
        return identifiers_ == SubscriptionIdentifiers::available;
    }
    [[nodiscard]] Subscription subscription_of(const Unit& unit) const;
    [[nodiscard]] Unit& unit_of(RouteId route) {
        return units_[filters_[routes_[index_of(route)].filter].unit];
    }
    [[nodiscard]] std::uint32_t unit_named(const std::string& text) const;
    void mark(const std::string& text);

    std::uint32_t add_filter(const std::string& text);
    void remove_filter(std::uint32_t filter);
    [[nodiscard]] std::uint32_t free_identifier(std::string_view filter) const;

    // subscription_units.cpp: how filters gather in units.
    std::uint32_t add_unit(std::string text, bool shared);
    void remove_unit(std::uint32_t unit);
    void attach(std::uint32_t filter, std::uint32_t unit);
    void detach(std::uint32_t filter);
    void place(std::uint32_t filter);
    void place_covered(std::uint32_t filter);
    void place_all(std::vector<std::uint32_t> filters);
    void displace(std::uint32_t filter);
    [[nodiscard]] std::vector<std::uint32_t> overlapping(std::string_view filter,
                                                         std::uint32_t& covering) const;
    void rebuild();
    void warn_of_shared(std::vector<std::string>& warnings) const;

    // subscription_selection.cpp: which routes a message is for.
    // The routes whose filters match, rejected ones included, held against the identifiers of a message.
    struct Census {
        std::uint32_t plain = 0;  // Routes that are not shared.
        std::uint32_t plain_carried = 0;
        std::uint32_t shared_carried = 0;
        bool ours = false;          // An identifier is of a subscription of ours that matches.
        bool was_in_place = false;  // Such a subscription was there before the message at `first_copy_`.
    };
    [[nodiscard]] Census take_census(const Matches& matches, const MessageFacts& facts);
    void select_retained(const Matches& matches, bool by_identifier, std::vector<std::uint32_t>& chosen);
    void select_live(const Matches& matches, const MessageFacts& facts, const Census& census,
                     std::vector<std::uint32_t>& chosen);
    [[nodiscard]] bool is_for(const Unit& unit, const Census& census) const;
    template <class Predicate>
    void choose(const Matches& matches, std::vector<std::uint32_t>& chosen, Predicate predicate);

    KeyedHash hash_;
    SubscriptionIdentifiers identifiers_ = SubscriptionIdentifiers::available;
    std::vector<Route> routes_;  // By route id.
    std::vector<Filter> filters_;
    std::vector<std::uint32_t> free_filters_;
    std::unordered_map<std::string, std::uint32_t> filter_by_text_;
    std::unordered_map<std::uint32_t, std::uint32_t> filter_by_identifier_;
    std::vector<Unit> units_;
    std::vector<std::uint32_t> free_units_;
    std::unordered_map<std::string, std::uint32_t> unit_by_text_;
    FilterTrie covers_;  // The units that may be merged; only without identifiers.
    std::unordered_map<std::string, Subscription> applied_;
    std::vector<std::string> changed_;  // Filters to look at in `take_changes`.
    std::unordered_set<std::string> changed_set_;
    std::uint64_t generation_ = 0;
    std::uint64_t message_ = 0;     // Counts messages, apart from the usual case.
    std::uint64_t first_copy_ = 0;  // The message of which later ones may be copies.
    CopyWatch copies_;
    // Whether the broker may have subscriptions of this session that the routes do not know.
    bool foreign_copies_ = false;
    bool made_session_ = false;  // The session has only subscriptions that were made here.
};

}  // namespace multimqtt::routing
