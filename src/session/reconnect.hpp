// How long to wait before the next attempt to connect.
#pragma once

#include "multimqtt/reason_code.hpp"
#include "session/time_point.hpp"

#include <cstddef>
#include <cstdint>

namespace multimqtt::session {

class Random;

enum class RetryPolicy : std::uint8_t {
    at_once,    ///< Something else is tried than before: another protocol version.
    back_off,   ///< It may pass: exponential delays with full jitter.
    permanent,  ///< Trying again is unlikely to help: the longest delay, and the user is told.
};

/// What a reason code of CONNACK or DISCONNECT says about trying again.
[[nodiscard]] RetryPolicy retry_policy(ReasonCode reason) noexcept;

/// Exponential backoff with full jitter, so that many clients of one broker do not come back together.
class Backoff {
public:
    Backoff(TimePoint min, TimePoint max, Random& random) noexcept : min_{min}, max_{max}, random_{random} {}

    /// The delay before the next attempt. `endpoints`: how many there are to try before waiting longer.
    [[nodiscard]] TimePoint next(RetryPolicy policy, std::size_t endpoints);

    /// A connection that lasted `uptime` has ended. One that lasted longer than the longest delay proves
    /// that connecting works; a broker that accepts and at once drops us does not.
    void connection_ended(TimePoint uptime) noexcept;

private:
    [[nodiscard]] TimePoint between(TimePoint low, TimePoint high);

    TimePoint min_;
    TimePoint max_;
    Random& random_;
    std::size_t failures_ = 0;
};

}  // namespace multimqtt::session
