// The steps between reading, pausing and shedding.
#include "client/intake.hpp"

namespace multimqtt::client {

Intake::Mode Intake::decide(const Situation& situation, session::TimePoint now) noexcept {
    const bool has_room = mode_ == Mode::shedding ? situation.ample : !situation.full;
    if (has_room) {
        mode_ = Mode::open;
    } else if (mode_ == Mode::open || situation.brimming) {
        mode_ = Mode::paused;
    }
    if (mode_ != Mode::paused || !situation.answers_owed || situation.brimming) {
        stalled_at_.reset();
    } else if (!stalled_at_ || situation.progress != progress_) {
        progress_ = situation.progress;
        stalled_at_ = now + kStall;
    } else if (now >= *stalled_at_) {
        mode_ = Mode::shedding;
        stalled_at_.reset();
    }
    return mode_;
}

}  // namespace multimqtt::client
