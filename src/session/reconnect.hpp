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
    give_way,   ///< Another client has the session: twice as long each time, and the user is told.
};

/// What a reason code of CONNACK or DISCONNECT says about trying again.
[[nodiscard]] RetryPolicy retry_policy(ReasonCode reason) noexcept;

/// Exponential backoff with full jitter, so that many clients of one broker do not come back together.
///
/// Two clients with one client identifier take the session from each other. Each gives way for twice as long
/// as the time before, so that they do so less and less often; and when one has gone, the other is back after
/// no longer than they were in each other's way.
class Backoff {
public:
    /// Longer than anybody looks away from an error in a log.
    static constexpr TimePoint kGiveWayMax = std::chrono::hours{24};

    Backoff(TimePoint min, TimePoint max, Random& random) noexcept : min_{min}, max_{max}, random_{random} {}

    /// The delay before the next attempt. `endpoints`: how many there are to try before waiting longer.
    [[nodiscard]] TimePoint next(RetryPolicy policy, std::size_t endpoints);

    /// A connection that lasted `uptime` has ended. One that lasted longer than the longest delay proves
    /// that connecting works; a broker that accepts and at once drops us does not. One that lasted much
    /// longer than way was given for proves that the other client has gone.
    void connection_ended(TimePoint uptime) noexcept;

private:
    [[nodiscard]] TimePoint between(TimePoint low, TimePoint high);

    TimePoint min_;
    TimePoint max_;
    Random& random_;
    std::size_t failures_ = 0;
    TimePoint way_given_{0};  ///< The last time, 0 when there was none.
};

}  // namespace multimqtt::session
