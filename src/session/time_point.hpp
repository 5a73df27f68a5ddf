// Time as the session sees it.
#pragma once

#include <chrono>

namespace multimqtt::session {

/// A point on the caller's monotonic clock. The session never reads a clock.
using TimePoint = std::chrono::nanoseconds;

}  // namespace multimqtt::session
