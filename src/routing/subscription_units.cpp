// How the filters of the routes gather in subscriptions: one each where messages carry identifiers, and
// otherwise in a set of filters that do not overlap.
#include "routing/filter_algebra.hpp"
#include "routing/quoted.hpp"
#include "routing/subscription_plan.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::routing {

std::uint32_t SubscriptionPlan::add_unit(std::string text, bool shared) {
    std::uint32_t index = static_cast<std::uint32_t>(units_.size());
    if (free_units_.empty()) {
        units_.emplace_back();
    } else {
        index = free_units_.back();
        free_units_.pop_back();
    }
    mark(text);
    unit_by_text_.emplace(text, index);
    if (!has_identifiers() && !shared) {
        covers_.value(text) = index;
    }
    units_[index].in_place = applied_.contains(text);  // Its last route went and another one came.
    if (units_[index].in_place || !made_session_) {
        units_[index].in_place_since = 0;
    }
    units_[index].text = std::move(text);
    units_[index].shared = shared;
    return index;
}

void SubscriptionPlan::remove_unit(std::uint32_t index) {
    Unit& unit = units_[index];
    mark(unit.text);
    unit_by_text_.erase(unit.text);
    if (!has_identifiers() && !unit.shared) {
        covers_.erase(unit.text);
    }
    unit = Unit{};
    free_units_.push_back(index);
}

void SubscriptionPlan::attach(std::uint32_t filter_index, std::uint32_t unit_index) {
    Filter& filter = filters_[filter_index];
    Unit& unit = units_[unit_index];
    filter.unit = unit_index;
    filter.position = static_cast<std::uint32_t>(unit.filters.size());
    unit.filters.push_back(filter_index);
    unit.tally.add(filter.tally);
    for (const RouteId id : filter.routes) {
        if (routes_[index_of(id)].generation == 0) {
            unit.awaiting_retained.push_back(id);
        }
    }
    mark(unit.text);
}

void SubscriptionPlan::detach(std::uint32_t filter_index) {
    Filter& filter = filters_[filter_index];
    Unit& unit = units_[filter.unit];
    unit.tally.subtract(filter.tally);
    const std::uint32_t last = unit.filters.back();
    unit.filters[filter.position] = last;
    filters_[last].position = filter.position;
    unit.filters.pop_back();
    filter.unit = kNone;
}

void SubscriptionPlan::place(std::uint32_t filter) {
    if (has_identifiers() || filters_[filter].shared) {
        attach(filter, add_unit(filters_[filter].text, filters_[filter].shared));
    } else {
        place_covered(filter);
    }
}

std::vector<std::uint32_t> SubscriptionPlan::overlapping(std::string_view filter,
                                                         std::uint32_t& covering) const {
    std::vector<std::uint32_t> found;
    covering = kNone;
    covers_.overlaps(filter, [&](std::uint32_t unit) {
        if (routing::covers(units_[unit].text, filter)) {
            covering = unit;
            return false;
        }
        found.push_back(unit);
        return true;
    });
    return found;
}

// Widens the filter until nothing overlaps it, apart from what only a filter of wildcards would cover: such a
// filter would bring every message of the broker.
void SubscriptionPlan::place_covered(std::uint32_t filter) {
    std::uint32_t covering = kNone;
    std::string cover = filters_[filter].text;
    std::vector<std::uint32_t> neighbours = overlapping(cover, covering);
    std::vector<std::uint32_t> members;
    while (covering == kNone) {
        bool widened = false;
        for (const std::uint32_t neighbour : neighbours) {
            if (!routing::covers(cover, units_[neighbour].text)) {
                std::string wider = common_cover(cover, units_[neighbour].text);
                if (!has_literal_level(wider)) {
                    continue;
                }
                cover = std::move(wider);
                widened = true;
            }
            members.insert(members.end(), units_[neighbour].filters.begin(), units_[neighbour].filters.end());
            remove_unit(neighbour);
        }
        if (!widened) {
            covering = add_unit(std::move(cover), false);
            break;
        }
        neighbours = overlapping(cover, covering);
    }
    for (const std::uint32_t member : members) {
        attach(member, covering);
    }
    attach(filter, covering);
}

void SubscriptionPlan::place_all(std::vector<std::uint32_t> filters) {
    // Wildcards first, so that literal filters find their cover ready.
    std::stable_partition(filters.begin(), filters.end(),
                          [&](std::uint32_t filter) { return has_wildcard_level(filters_[filter].text); });
    for (const std::uint32_t filter : filters) {
        place(filter);
    }
}

void SubscriptionPlan::displace(std::uint32_t filter_index) {
    const std::uint32_t index = filters_[filter_index].unit;
    detach(filter_index);
    Unit& unit = units_[index];
    if (unit.filters.empty()) {
        remove_unit(index);
        return;
    }
    // Only a filter with wildcards can have made its unit wider than the others need.
    const std::string& text = filters_[filter_index].text;
    const bool made_wider = unit.text == text || !filter_by_text_.contains(unit.text);
    if (made_wider && has_wildcard_level(text)) {
        std::vector<std::uint32_t> filters = std::move(unit.filters);
        remove_unit(index);
        place_all(std::move(filters));
    }
}

void SubscriptionPlan::rebuild() {
    covers_ = FilterTrie{hash_};
    units_.clear();
    free_units_.clear();
    unit_by_text_.clear();
    std::vector<std::uint32_t> filters;
    for (std::uint32_t index = 0; index < filters_.size(); ++index) {
        if (!filters_[index].routes.empty()) {
            filters.push_back(index);
        }
    }
    place_all(std::move(filters));
}

std::vector<std::string> SubscriptionPlan::warnings() const {
    std::vector<std::string> warnings;
    if (has_identifiers()) {
        return warnings;
    }
    for (std::uint32_t index = 0; index < units_.size() && warnings.size() < kWarningsMax; ++index) {
        const Unit& unit = units_[index];
        if (unit.filters.empty() || unit.shared) {
            continue;
        }
        if (unit.tally.no_local != 0 && unit.tally.no_local != unit.tally.routes()) {
            warnings.push_back(
                "The subscription " + quoted(unit.text) +
                " serves routes with and without no_local, so that all of them get this client's own "
                "messages; a broker with subscription identifiers would keep them apart.");
        }
        covers_.overlaps(unit.text, [&](std::uint32_t other) {
            if (other > index) {
                warnings.push_back(
                    "The filters " + quoted(unit.text) + " and " + quoted(units_[other].text) +
                    " overlap, and only a subscription to every topic would cover both: a broker that "
                    "sends one copy per subscription runs the handlers of a message that matches both "
                    "twice. Start both with a common level, or use a broker with subscription "
                    "identifiers (MQTT 5.0).");
            }
            return warnings.size() < kWarningsMax;
        });
    }
    warn_of_shared(warnings);
    return warnings;
}

void SubscriptionPlan::warn_of_shared(std::vector<std::string>& warnings) const {
    FilterTrie shared{hash_};
    for (std::uint32_t index = 0; index < units_.size(); ++index) {
        const Unit& unit = units_[index];
        if (!unit.shared || unit.filters.empty()) {
            continue;
        }
        const std::string_view inner = std::string_view{unit.text}.substr(share_size(unit.text));
        const auto warn = [&](std::uint32_t other) {
            if (warnings.size() < kWarningsMax) {
                warnings.push_back(
                    "The shared subscription " + quoted(unit.text) + " overlaps " +
                    quoted(units_[other].text) +
                    ": the broker sends a message that matches both once for each, and without "
                    "subscription identifiers (MQTT 5.0) every copy runs the handlers of both. Use "
                    "different topics.");
            }
            return false;
        };
        covers_.overlaps(inner, warn);
        shared.overlaps(inner, warn);
        if (std::uint32_t& value = shared.value(inner); value == kNone) {
            value = index;
        }
    }
}

}  // namespace multimqtt::routing
