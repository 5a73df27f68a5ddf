// The routes, their filters, and what to tell the broker about them.
#include "routing/subscription_plan.hpp"

#include "routing/filter_algebra.hpp"
#include "routing/quoted.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace multimqtt::routing {
namespace {

constexpr std::uint32_t kIdentifierMax = 268'435'455;  // MQTT 5.0 section 3.8.2.1.2.

Failure no_local_conflict(const RouteSubscription& route) {
    return Failure{
        Error::bad_config,
        "The filter " + quoted(route.filter) + " is registered " + (route.no_local ? "without" : "with") +
            " no_local by another route; one filter is one subscription, so that all its routes must "
            "agree. Give them the same no_local, or different filters."};
}

}  // namespace

void SubscriptionPlan::Tally::add(const Tally& other) noexcept {
    for (std::size_t qos = 0; qos < by_qos.size(); ++qos) {
        by_qos[qos] += other.by_qos[qos];
    }
    no_local += other.no_local;
}

void SubscriptionPlan::Tally::subtract(const Tally& other) noexcept {
    for (std::size_t qos = 0; qos < by_qos.size(); ++qos) {
        by_qos[qos] -= other.by_qos[qos];
    }
    no_local -= other.no_local;
}

SubscriptionPlan::SubscriptionPlan(std::uint64_t hash_key) : hash_{hash_key}, covers_{hash_}, copies_{hash_} {
}

Result<void> SubscriptionPlan::check_route(const RouteSubscription& route) const {
    if (route.no_local && share_size(route.filter) != 0) {
        return Failure{Error::bad_config, "The shared subscription " + quoted(route.filter) +
                                              " cannot have no_local, MQTT does not allow it; leave it out."};
    }
    const auto found = filter_by_text_.find(route.filter);
    if (found != filter_by_text_.end() && (filters_[found->second].tally.no_local != 0) != route.no_local) {
        return no_local_conflict(route);
    }
    return {};
}

Result<void> SubscriptionPlan::add_route(RouteId id, const RouteSubscription& subscription) {
    if (Result<void> checked = check_route(subscription); !checked) {
        return checked;
    }
    const std::size_t index = index_of(id);
    if (index >= routes_.size()) {
        routes_.resize(std::max(index + 1, routes_.size() * 2));
    }
    assert(routes_[index].filter == kNone);
    const auto found = filter_by_text_.find(subscription.filter);
    const bool is_new = found == filter_by_text_.end();
    const std::uint32_t filter_index = is_new ? add_filter(subscription.filter) : found->second;
    Filter& filter = filters_[filter_index];
    Route& route = routes_[index];
    route = Route{filter_index, static_cast<std::uint32_t>(filter.routes.size()), 0, {}};
    route.tally.by_qos[static_cast<std::size_t>(subscription.qos)] = 1;
    route.tally.no_local = subscription.no_local ? 1 : 0;
    filter.routes.push_back(id);
    filter.tally.add(route.tally);
    if (is_new) {
        place(filter_index);
    } else {
        Unit& unit = units_[filter.unit];
        unit.tally.add(route.tally);
        unit.awaiting_retained.push_back(id);
        mark(unit.text);
    }
    return {};
}

void SubscriptionPlan::remove_route(RouteId id) {
    const std::size_t index = index_of(id);
    if (index >= routes_.size() || routes_[index].filter == kNone) {
        return;
    }
    const Route route = std::exchange(routes_[index], Route{});
    Filter& filter = filters_[route.filter];
    filter.routes[route.position] = filter.routes.back();
    routes_[index_of(filter.routes.back())].position = route.position;
    routes_[index] = Route{};  // The line above may have written to it.
    filter.routes.pop_back();
    filter.tally.subtract(route.tally);
    Unit& unit = units_[filter.unit];
    unit.tally.subtract(route.tally);
    mark(unit.text);
    if (filter.routes.empty()) {
        displace(route.filter);
        remove_filter(route.filter);
    }
}

std::uint32_t SubscriptionPlan::add_filter(const std::string& text) {
    std::uint32_t index = static_cast<std::uint32_t>(filters_.size());
    if (free_filters_.empty()) {
        filters_.emplace_back();
    } else {
        index = free_filters_.back();
        free_filters_.pop_back();
    }
    Filter& filter = filters_[index];
    filter.text = text;
    filter.shared = share_size(text) != 0;
    filter.identifier = free_identifier(text);
    filter_by_text_.emplace(text, index);
    filter_by_identifier_.emplace(filter.identifier, index);
    return index;
}

void SubscriptionPlan::remove_filter(std::uint32_t index) {
    Filter& filter = filters_[index];
    if (applied_.contains(filter.text)) {
        foreign_copies_ = true;  // Of messages that the broker sent before it heard of the end.
    }
    filter_by_identifier_.erase(filter.identifier);
    filter_by_text_.erase(filter.text);
    filter = Filter{};
    free_filters_.push_back(index);
}

// The identifier follows from the filter (FNV-1a), so that messages which a persistent session kept for a
// process that ended mean the same to the next one.
std::uint32_t SubscriptionPlan::free_identifier(std::string_view filter) const {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char character : filter) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001B3U;
    }
    auto identifier = static_cast<std::uint32_t>(1 + hash % kIdentifierMax);
    while (filter_by_identifier_.contains(identifier)) {
        identifier = identifier == kIdentifierMax ? 1 : identifier + 1;
    }
    return identifier;
}

void SubscriptionPlan::connected(SubscriptionIdentifiers identifiers, BrokerSession session) {
    copies_.reset();
    const bool rearrange = std::exchange(identifiers_, identifiers) != identifiers;
    if (session == BrokerSession::fresh) {
        made_session_ = true;
        foreign_copies_ = false;
        applied_.clear();
        for (Route& route : routes_) {
            route.generation = 0;
        }
        for (Unit& unit : units_) {
            unit.in_place_since = kNever;
            unit.in_place = false;
        }
    } else if (rearrange || !made_session_) {
        foreign_copies_ = true;
    }
    if (rearrange) {
        rebuild();
    } else if (session == BrokerSession::fresh) {
        for (Unit& unit : units_) {
            unit.awaiting_retained.clear();
            for (const std::uint32_t filter : unit.filters) {
                const std::vector<RouteId>& routes = filters_[filter].routes;
                unit.awaiting_retained.insert(unit.awaiting_retained.end(), routes.begin(), routes.end());
            }
        }
    }
    for (const auto& [text, unit] : unit_by_text_) {
        mark(text);
    }
    for (const auto& [text, subscription] : applied_) {
        mark(text);
    }
}

void SubscriptionPlan::connection_lost() {
    copies_.reset();
}

Subscription SubscriptionPlan::subscription_of(const Unit& unit) const {
    Subscription subscription{unit.text};
    for (std::size_t qos = 0; qos < unit.tally.by_qos.size(); ++qos) {
        if (unit.tally.by_qos[qos] != 0) {
            subscription.qos = static_cast<Qos>(qos);
        }
    }
    subscription.no_local = unit.tally.no_local == unit.tally.routes();
    subscription.identifier = has_identifiers() ? filters_[unit.filters.front()].identifier : 0;
    return subscription;
}

std::vector<Subscription> SubscriptionPlan::desired() const {
    std::vector<Subscription> subscriptions;
    for (const Unit& unit : units_) {
        if (!unit.filters.empty()) {
            subscriptions.push_back(subscription_of(unit));
        }
    }
    return subscriptions;
}

void SubscriptionPlan::mark(const std::string& text) {
    if (changed_set_.insert(text).second) {
        changed_.push_back(text);
    }
}

std::uint32_t SubscriptionPlan::unit_named(const std::string& text) const {
    const auto found = unit_by_text_.find(text);
    return found == unit_by_text_.end() ? kNone : found->second;
}

SubscriptionChanges SubscriptionPlan::take_changes() {
    SubscriptionChanges changes;
    for (const std::string& text : std::exchange(changed_, {})) {
        const auto applied = applied_.find(text);
        const std::uint32_t index = unit_named(text);
        if (index == kNone) {
            if (applied != applied_.end()) {
                changes.unsubscribe.push_back(text);
                applied_.erase(applied);
            }
            continue;
        }
        Unit& unit = units_[index];
        std::erase_if(unit.awaiting_retained, [&](RouteId id) {
            const Route& route = routes_[index_of(id)];
            return route.filter == kNone || filters_[route.filter].unit != index || route.generation != 0;
        });
        Subscription wanted = subscription_of(unit);
        if (applied != applied_.end() && applied->second == wanted && unit.awaiting_retained.empty()) {
            continue;
        }
        unit.generation = ++generation_;
        for (const RouteId id : std::exchange(unit.awaiting_retained, {})) {
            routes_[index_of(id)].generation = unit.generation;
        }
        applied_.insert_or_assign(text, wanted);
        changes.subscribe.push_back(std::move(wanted));
    }
    changed_set_.clear();
    if (!changes.empty()) {
        copies_.forget();  // The broker may name another subscription for the same topic from now on.
    }
    return changes;
}

void SubscriptionPlan::acknowledged(std::string_view filter) {
    const std::uint32_t index = unit_named(std::string{filter});
    if (index != kNone) {
        units_[index].seen(message_);
    }
}

void SubscriptionPlan::not_applied(std::string_view filter) {
    const std::string text{filter};
    mark(text);
    const std::uint32_t index = unit_named(text);
    if (index == kNone) {
        applied_.insert_or_assign(text, Subscription{text});
        return;
    }
    applied_.erase(text);
    Unit& unit = units_[index];
    unit.in_place_since = kNever;
    unit.in_place = false;
    for (const std::uint32_t member : unit.filters) {
        for (const RouteId id : filters_[member].routes) {
            Route& route = routes_[index_of(id)];
            if (route.generation == unit.generation) {
                route.generation = 0;
                unit.awaiting_retained.push_back(id);
            }
        }
    }
}

}  // namespace multimqtt::routing
