// The number of one route.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multimqtt::routing {

/// Names one route of a client. Small and dense: the router and the plan use it as an index. The number of
/// a removed route may be given to a new one.
enum class RouteId : std::uint32_t {};

[[nodiscard]] constexpr std::size_t index_of(RouteId route) noexcept {
    return static_cast<std::size_t>(route);
}

}  // namespace multimqtt::routing
