// Which of the matched routes a message is for, by the identifiers that it carries.
#include "routing/subscription_plan.hpp"

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
    const auto everything = [](RouteId) { return true; };
    if (!has_identifiers()) {
        if (facts.retain) {
            select_retained(matches, false, chosen);
        } else {
            choose(matches, chosen, everything);
        }
        return;
    }
    // The usual case: one route, and its own identifier.
    if (matches.size() == 1 && matches.rejected().empty() && facts.identifiers.size() == 1 && !facts.retain &&
        filters_[routes_[index_of(matches[0].route)].filter].identifier == facts.identifiers[0]) {
        copies_.forget();
        unit_of(matches[0].route).in_place = true;
        chosen.push_back(0);
        return;
    }
    if (matches.empty() || facts.identifiers.empty()) {
        copies_.forget();
        choose(matches, chosen, everything);
        return;
    }
    const Census census = take_census(matches, facts);
    if (!census.any_known) {
        copies_.forget();  // Identifiers of somebody else, such as an earlier owner of the session: no help.
        choose(matches, chosen, everything);
    } else if (facts.retain) {
        copies_.forget();
        select_retained(matches, true, chosen);
    } else {
        select_partial(matches, facts, census, chosen);
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
        if (found == filter_by_identifier_.end()) {
            const bool retired = retired_identifiers_.contains(identifier);
            census.any_known = census.any_known || retired;
            census.only_retired = census.only_retired && retired;
            census.all_matched = false;
            continue;
        }
        Unit& unit = units_[filters_[found->second].unit];
        unit.carried = message_;
        unit.in_place = true;
        census.any_known = true;
        census.only_retired = false;
        census.all_matched = census.all_matched && unit.matched == message_;
    }
    const auto count = [&](const Unit& unit) {
        const std::uint32_t carried = unit.carried == message_ ? 1 : 0;
        census.all_in_place = census.all_in_place && unit.in_place;
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

// Whether a shared route gets a message is for the broker to say, so it runs for its own identifier only. The
// other routes run together: with all identifiers, with one for all, or with one per copy.
void SubscriptionPlan::select_partial(const Matches& matches, const MessageFacts& facts, const Census& census,
                                      std::vector<std::uint32_t>& chosen) {
    const auto carried = [&](RouteId route) { return unit_of(route).carried == message_; };
    if (census.plain_carried == 0 && census.shared_carried != 0) {
        choose(matches, chosen, carried);
        return;
    }
    if (census.plain_carried == census.plain && census.plain != 0) {
        copies_.forget();
        choose(matches, chosen, carried);
        return;
    }
    if (copies_.watching() && census.all_matched &&
        copies_.is_copy(facts.topic, facts.payload, facts.identifiers)) {
        choose(matches, chosen, [&](RouteId route) { return unit_of(route).shared && carried(route); });
        return;
    }
    copies_.forget();
    if (copies_.copies_per_subscription() && (census.plain_carried != 0 || census.only_retired)) {
        choose(matches, chosen, carried);
        return;
    }
    if (census.plain_carried != 0 && census.all_in_place) {
        copies_.remember(facts.topic, facts.payload, facts.identifiers);
    }
    choose(matches, chosen,
           [&](RouteId route) { return !unit_of(route).shared || carried(route) || census.plain == 0; });
}

}  // namespace multimqtt::routing
