// Reconnect policy and backoff.
#include "session/reconnect.hpp"

#include "session/random.hpp"

#include <algorithm>

namespace multimqtt::session {

RetryPolicy retry_policy(ReasonCode reason) noexcept {
    switch (reason) {
        case ReasonCode::unsupported_protocol_version:
        case ReasonCode::client_identifier_not_valid:
        case ReasonCode::bad_user_name_or_password:
        case ReasonCode::not_authorized:
        case ReasonCode::banned:
        case ReasonCode::bad_authentication_method:
        case ReasonCode::topic_name_invalid:
        case ReasonCode::qos_not_supported:     // Of the will: it will not be supported later either.
        case ReasonCode::retain_not_supported:  // Likewise.
        case ReasonCode::server_moved:
            return RetryPolicy::permanent;
        case ReasonCode::session_taken_over:
            return RetryPolicy::give_way;
        default:
            return RetryPolicy::back_off;
    }
}

TimePoint Backoff::next(RetryPolicy policy, std::size_t endpoints) {
    if (policy == RetryPolicy::at_once) {
        return TimePoint{0};
    }
    const std::size_t doublings = failures_ / std::max<std::size_t>(endpoints, 1);
    ++failures_;
    if (policy == RetryPolicy::permanent) {
        return between(max_, max_ + max_ / 4);
    }
    if (policy == RetryPolicy::give_way) {
        way_given_ = std::max(max_, std::min(2 * way_given_, kGiveWayMax));
        return between(way_given_, way_given_ + way_given_ / 4);
    }
    TimePoint ceiling = min_;
    for (std::size_t i = 0; i < doublings && ceiling < max_; ++i) {
        ceiling *= 2;
    }
    return between(TimePoint{0}, std::min(ceiling, max_));
}

void Backoff::connection_ended(TimePoint uptime) noexcept {
    if (uptime >= max_) {
        failures_ = 0;
    }
    constexpr int kMuchLonger = 4;
    if (uptime >= kMuchLonger * way_given_) {
        way_given_ = TimePoint{0};
    }
}

TimePoint Backoff::between(TimePoint low, TimePoint high) {
    const auto width = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + TimePoint{static_cast<TimePoint::rep>(random_.next() % width)};
}

}  // namespace multimqtt::session
