// From a length of time to a point in time.
#pragma once

#include <chrono>

namespace multimqtt::client {

/// Later than anything happens, with room left to add to it.
inline constexpr std::chrono::steady_clock::time_point kEndOfTime =
    std::chrono::steady_clock::time_point::max() - std::chrono::hours{24};

/// `timeout` from now; the end of time when that is too far away to be counted in nanoseconds.
[[nodiscard]] inline std::chrono::steady_clock::time_point deadline_after(
    std::chrono::milliseconds timeout) noexcept {
    using std::chrono::milliseconds;
    const auto now = std::chrono::steady_clock::now();
    const auto most = std::chrono::duration_cast<milliseconds>(kEndOfTime - now);
    return timeout < most ? now + timeout : kEndOfTime;
}

}  // namespace multimqtt::client
