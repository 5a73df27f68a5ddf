// Keep-alive arithmetic.
#include "session/keep_alive.hpp"

#include <algorithm>

namespace multimqtt::session {

void KeepAlive::start(TimePoint interval, TimePoint now) noexcept {
    interval_ = interval;
    last_progress_ = now;
    last_heard_ = now;
    unanswered_ = 0;
    ping_waits_ = false;
}

void KeepAlive::ping_written(TimePoint now) noexcept {
    ping_waits_ = false;
    last_write_ = now;  // It is a packet, whatever is stuck behind it.
    if (unanswered_++ == 0) {
        answer_by_ = now + answer_within();
    }
}

void KeepAlive::heard(TimePoint now) noexcept {
    last_heard_ = now;
    if (unanswered_ > 0) {
        answer_by_ = now + answer_within();
    }
}

void KeepAlive::pingresp(TimePoint now) noexcept {
    if (unanswered_ > 0 && --unanswered_ > 0) {
        answer_by_ = now + answer_within();
    }
}

void KeepAlive::resume(TimePoint now) noexcept {
    paused_ = false;
    heard(now);
}

TimePoint KeepAlive::ping_at() const noexcept {
    if (paused_) {
        return last_write_ + interval_ * 9 / 20;
    }
    // An unanswered PINGREQ asks already.
    const TimePoint since = unanswered_ > 0 ? last_write_ : std::min(last_write_, last_heard_);
    return since + interval_ * 9 / 10;
}

std::optional<TimePoint> KeepAlive::silent_at() const noexcept {
    if (ping_waits_) {
        // The PINGREQ cannot leave: once the broker may give up on us, so may we on it.
        return last_progress_ + interval_ * 3 / 2;
    }
    if (unanswered_ > 0 && !paused_) {
        return answer_by_;
    }
    return std::nullopt;
}

KeepAlive::Due KeepAlive::due(TimePoint now) const noexcept {
    if (interval_ == TimePoint{0}) {
        return Due::nothing;
    }
    if (const auto silent = silent_at(); silent && now >= *silent) {
        return Due::silent;
    }
    return !ping_waits_ && now >= ping_at() ? Due::ping : Due::nothing;
}

std::optional<TimePoint> KeepAlive::deadline() const noexcept {
    if (interval_ == TimePoint{0}) {
        return std::nullopt;
    }
    const auto silent = silent_at();
    if (ping_waits_) {
        return silent;
    }
    return silent ? std::min(*silent, ping_at()) : ping_at();
}

}  // namespace multimqtt::session
