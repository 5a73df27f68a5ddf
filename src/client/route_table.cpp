// Registering routes and finding them again.
#include "client/route_table.hpp"

#include "client/observer_list.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::client {
namespace {

/// With and without prefix, the same text is two different patterns.
std::string key_of(std::string_view pattern, bool no_prefix) {
    return std::string{no_prefix ? "=" : "+"}.append(pattern);
}

}  // namespace

Result<RouteTable::RoutePointer> RouteTable::same_route(const RoutePointer& route,
                                                        const TopicOptions& options) const {
    if (route->options != options) {
        return Failure{Error::bad_config,
                       "the topic '" + route->pattern.text() +
                           "' is registered already with other options; a topic has one QoS, one "
                           "name and one way of acknowledging"};
    }
    return route;
}

Result<RouteTable::RoutePointer> RouteTable::find_or_add(
    std::string_view pattern, TopicOptions options,
    const std::function<Result<void>(const RoutePointer&)>& added) {
    if (options.name.empty()) {
        options.name = pattern;
    }
    const std::string key = key_of(pattern, options.no_prefix);
    const std::lock_guard lock{mutex_};
    if (const auto found = by_pattern_.find(key); found != by_pattern_.end()) {
        return same_route(found->second, options);
    }
    if (by_name_.contains(options.name)) {
        return Failure{Error::bad_config, "the route name '" + options.name + "' belongs to the topic '" +
                                              by_name_.at(options.name)->pattern.text() +
                                              "' already; give '" + std::string{pattern} + "' another name"};
    }
    Result<TopicPattern> parsed = TopicPattern::parse(pattern, options.int_range);
    if (!parsed) {
        return parsed.error();
    }
    const auto& placeholders = parsed->placeholders();
    const auto ordered_by =
        std::find_if(placeholders.begin(), placeholders.end(),
                     [&](const Placeholder& placeholder) { return placeholder.name == options.ordered_by; });
    if (!options.ordered_by.empty() && ordered_by == placeholders.end()) {
        return Failure{Error::bad_config, "ordered_by names '" + options.ordered_by + "', which the topic '" +
                                              std::string{pattern} + "' has no placeholder for"};
    }
    const auto position = static_cast<std::size_t>(ordered_by - placeholders.begin());
    auto route = std::make_shared<Topic::Route>(last_id_ + 1, *std::move(parsed), std::move(options));
    route->ordered_by = position;
    if (auto accepted = added(route); !accepted) {
        return accepted.error();
    }
    ++last_id_;
    by_pattern_.emplace(key, route);
    by_name_.emplace(route->options.name, route);
    return route;
}

Result<RouteTable::RoutePointer> RouteTable::find_or_add_observed(
    std::string_view filter, const std::function<Result<void>(const RoutePointer&)>& added) {
    const std::lock_guard lock{mutex_};
    if (const auto found = observed_.find(std::string{filter}); found != observed_.end()) {
        return found->second;
    }
    Result<TopicPattern> parsed = TopicPattern::parse(filter);
    if (!parsed) {
        return parsed.error();
    }
    TopicOptions options;
    options.no_prefix = true;
    options.name = filter;
    auto route = std::make_shared<Topic::Route>(last_id_ + 1, *std::move(parsed), std::move(options));
    route->observers = std::make_shared<ObserverList>();
    if (auto accepted = added(route); !accepted) {
        return accepted.error();
    }
    ++last_id_;
    observed_.emplace(filter, route);
    return route;
}

Result<std::string> RouteTable::topic_for(std::string_view name, std::span<const TopicArgument> values,
                                          const routing::Prefix* prefix) const {
    RoutePointer route;
    {
        const std::lock_guard lock{mutex_};
        const auto found = by_name_.find(std::string{name});
        if (found == by_name_.end()) {
            return Failure{Error::unknown_route,
                           "no topic is registered under the name '" + std::string{name} + "'"};
        }
        route = found->second;
    }
    Result<std::string> topic = route->pattern.topic_for(values);
    if (topic && prefix != nullptr && !route->options.no_prefix) {
        return prefix->topic_of(*topic);
    }
    return topic;
}

}  // namespace multimqtt::client

namespace multimqtt {

Topic& Topic::on_message(Handler handler) {
    route_->add(std::move(handler));
    return *this;
}

RouteId Topic::id() const noexcept {
    return route_->id;
}

const TopicPattern& Topic::pattern() const noexcept {
    return route_->pattern;
}

const TopicOptions& Topic::options() const noexcept {
    return route_->options;
}

std::string_view Topic::name() const noexcept {
    return route_->options.name;
}

}  // namespace multimqtt
