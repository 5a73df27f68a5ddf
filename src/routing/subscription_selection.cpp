// Which of the matched routes a message is for, by the identifiers that it carries.
#include "routing/subscription_plan.hpp"

#include <algorithm>

namespace multimqtt::routing {

template <class Predicate>
void SubscriptionPlan::choose(const Matches& matches, std::vector<std::uint32_t>& chosen,
                              Predicate predicate) {
    for (std::uint32_t position = 0; position < matches.size(); ++position) {
        if (predicate(matches[position].route)) {
            chosen.push_back(position);
        }
    }
}

void SubscriptionPlan::select(const Matches& matches, const MessageFacts& facts,
                              std::vector<std::uint32_t>& chosen) {
    chosen.clear();
    if (!has_identifiers()) {
        if (facts.retain) {
            select_retained(matches, false, chosen);
        } else {
            choose(matches, chosen, [](RouteId) { return true; });
        }
        return;
    }
    // The usual case: one route, and its own identifier.
    if (matches.size() == 1 && matches.rejected().empty() && facts.identifiers.size() == 1 && !facts.retain &&
        !foreign_copies_ &&
        filters_[routes_[index_of(matches[0].route)].filter].identifier == facts.identifiers[0]) {
        copies_.forget();
        unit_of(matches[0].route).seen(message_);
        chosen.push_back(0);
        return;
    }
    if (matches.empty()) {
        copies_.forget();
        return;
    }
    if (facts.identifiers.empty()) {
        copies_.forget();
        choose(matches, chosen, [](RouteId) { return true; });  // Nothing tells them apart.
        return;
    }
    const Census census = take_census(matches, facts);
    if (facts.retain) {
        copies_.forget();
        select_retained(matches, census.ours, chosen);
    } else {
        select_live(matches, facts, census, chosen);
    }
}

SubscriptionPlan::Census SubscriptionPlan::take_census(const Matches& matches, const MessageFacts& facts) {
    ++message_;
    Census census;
    for (const Match& match : matches) {
        unit_of(match.route).matched = message_;
    }
    for (const RouteId route : matches.rejected()) {
        unit_of(route).matched = message_;
    }
    for (const std::uint32_t identifier : facts.identifiers) {
        const auto found = filter_by_identifier_.find(identifier);
        if (found == filter_by_identifier_.end() ||
            units_[filters_[found->second].unit].matched != message_) {
            continue;
        }
        Unit& unit = units_[filters_[found->second].unit];
        unit.carried = message_;
        census.ours = true;
        census.was_in_place = census.was_in_place || unit.in_place_since < first_copy_;
        unit.seen(message_);
    }
    const auto count = [&](const Unit& unit) {
        const std::uint32_t carried = unit.carried == message_ ? 1 : 0;
        census.plain += unit.shared ? 0 : 1;
        census.plain_carried += unit.shared ? 0 : carried;
        census.shared_carried += unit.shared ? carried : 0;
    };
    for (const Match& match : matches) {
        count(unit_of(match.route));
    }
    for (const RouteId route : matches.rejected()) {
        count(unit_of(route));
    }
    return census;
}

void SubscriptionPlan::select_retained(const Matches& matches, bool by_identifier,
                                       std::vector<std::uint32_t>& chosen) {
    bool has_plain = false;
    for (const Match& match : matches) {
        has_plain = has_plain || !unit_of(match.route).shared;
    }
    choose(matches, chosen, [&](RouteId route) {
        const Unit& unit = unit_of(route);
        if (by_identifier ? unit.carried != message_ : unit.shared && has_plain) {
            return false;  // A shared subscription brings no retained messages: MQTT 5.0 section 4.8.2.
        }
        return unit.generation != 0 && routes_[index_of(route)].generation == unit.generation;
    });
}

void SubscriptionPlan::select_live(const Matches& matches, const MessageFacts& facts, const Census& census,
                                   std::vector<std::uint32_t>& chosen) {
    if (census.plain_carried == 0 && census.shared_carried != 0) {
        // The copy of a group comes alone, and may come between the other copies.
        choose(matches, chosen, [&](RouteId route) { return unit_of(route).carried == message_; });
        return;
    }
    // A subscription that was not there yet when the remembered message came cannot have brought a copy of
    // it.
    const bool is_copy = copies_.watching() && (census.ours ? census.was_in_place : foreign_copies_) &&
                         copies_.is_copy(facts.topic, facts.payload, facts.identifiers, census.ours);
    if (!is_copy) {
        first_copy_ = message_;
        const bool partial = census.ours && census.plain_carried != census.plain;
        if (foreign_copies_ || (partial && !copies_.copies_per_subscription())) {
            copies_.remember(facts.topic, facts.payload, facts.identifiers, census.ours);
        } else {
            copies_.forget();
        }
    }
    choose(matches, chosen, [&](RouteId route) {
        const Unit& unit = unit_of(route);
        return unit.served != first_copy_ && is_for(unit, census);
    });
    for (const std::uint32_t position : chosen) {
        unit_of(matches[position].route).served = first_copy_;
    }
}

// Whether a shared route gets a message is for the broker to say, so it runs for its own identifier only; so
// does one that does not want this client's own messages, which come for the other subscriptions. Before the
// broker has their subscriptions they run for what an earlier one of the session brings. All others run at
// the first copy, until the broker is known to send one for each: some send a single copy that names only one
// subscription.
bool SubscriptionPlan::is_for(const Unit& unit, const Census& census) const {
    if (unit.carried == message_) {
        return true;
    }
    if (unit.shared || unit.tally.no_local != 0) {
        return !census.ours && !unit.in_place;
    }
    return !census.ours || !copies_.copies_per_subscription();
}

}  // namespace multimqtt::routing
