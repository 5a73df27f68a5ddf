// The routes that the application has registered, by pattern and by name.
#pragma once

#include "client/route.hpp"
#include "multimqtt/result.hpp"
#include "multimqtt/topic_pattern.hpp"
#include "routing/prefix.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace multimqtt::client {

/// Threads: any.
class RouteTable {
public:
    using RoutePointer = std::shared_ptr<Topic::Route>;

    /// The route of `pattern`, made when it is not there yet; `added` is called for a new one, before another
    /// thread can find it.
    /// Errors: see `Client::register_topic`.
    Result<RoutePointer> find_or_add(std::string_view pattern, TopicOptions options,
                                     const std::function<Result<void>(const RoutePointer&)>& added);

    /// The route of the observers of `filter`, which has no name and is no route of the application.
    /// Errors: `bad_pattern`, and those of `added`.
    Result<RoutePointer> find_or_add_observed(std::string_view filter,
                                              const std::function<Result<void>(const RoutePointer&)>& added);

    /// Errors: `unknown_route`, `bad_value`, `bad_pattern`.
    [[nodiscard]] Result<std::string> topic_for(std::string_view name, std::span<const TopicArgument> values,
                                                const routing::Prefix* prefix) const;

private:
    [[nodiscard]] Result<RoutePointer> same_route(const RoutePointer& route,
                                                  const TopicOptions& options) const;

    mutable std::mutex mutex_;
    std::unordered_map<std::string, RoutePointer> by_pattern_;
    std::unordered_map<std::string, RoutePointer> by_name_;
    std::unordered_map<std::string, RoutePointer> observed_;
    RouteId last_id_ = 0;
};

}  // namespace multimqtt::client
