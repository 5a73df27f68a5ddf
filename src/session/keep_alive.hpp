// When to send PINGREQ, and when silence means that the broker is gone.
#pragma once

#include "session/time_point.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace multimqtt::session {

/// Watches one connection.
///
/// PINGREQ is due 0.9 keep-alives after the end of the last write: received bytes do not postpone it,
/// and bytes that are stuck do not count as sent, v5 [MQTT-3.1.2-20]; v3.1.1 [MQTT-3.1.2-23]. It is also due
/// 0.9 keep-alives after the broker was last heard, however much is written: a transport takes bytes for long
/// on a connection that leads nowhere, and QoS 0 asks for no answer.
///
/// The broker has half a keep-alive, at most `kAnswerMax`, to let anything be heard after a PINGREQ has
/// left. So a dead peer is found within 0.9 + 0.5 = 1.4 keep-alives, before a broker would give up on us.
///
/// While the reader pauses only a write can find a connection that is gone, and it takes two: the first is
/// still accepted, and answered by a reset. So PINGREQ is due twice as often then.
class KeepAlive {
public:
    enum class Due : std::uint8_t {
        nothing,
        ping,    ///< Send PINGREQ and call `ping_queued`.
        silent,  ///< The peer does not answer, or takes nothing: close.
    };

    /// Longer waits only delay finding out. Chosen above any round trip seen in practice.
    static constexpr TimePoint kAnswerMax = std::chrono::seconds{10};

    /// `interval`: the keep-alive that is in force; 0 is off. The CONNECT has been written before.
    void start(TimePoint interval, TimePoint now) noexcept;
    void stop() noexcept { interval_ = TimePoint{0}; }

    /// All bytes up to the end of a packet have been taken by the transport.
    void packet_written(TimePoint now) noexcept {
        last_write_ = now;
        last_progress_ = now;
    }
    /// Some bytes have been taken by the transport.
    void progress(TimePoint now) noexcept { last_progress_ = now; }

    void ping_queued() noexcept { ping_waits_ = true; }
    void ping_written(TimePoint now) noexcept;

    /// Any bytes have been received, or the other side has made room for more of ours.
    void heard(TimePoint now) noexcept;
    void pingresp(TimePoint now) noexcept;

    /// While the reader pauses, an answer cannot be seen, and its absence proves nothing.
    void pause() noexcept { paused_ = true; }
    void resume(TimePoint now) noexcept;

    [[nodiscard]] Due due(TimePoint now) const noexcept;
    /// When to ask `due` again.
    [[nodiscard]] std::optional<TimePoint> deadline() const noexcept;

private:
    [[nodiscard]] TimePoint ping_at() const noexcept;
    [[nodiscard]] TimePoint answer_within() const noexcept { return std::min(interval_ / 2, kAnswerMax); }
    [[nodiscard]] std::optional<TimePoint> silent_at() const noexcept;

    TimePoint interval_{0};
    TimePoint last_write_{0};
    TimePoint last_progress_{0};
    TimePoint last_heard_{0};
    TimePoint answer_by_{0};
    std::uint32_t unanswered_ = 0;  // More than one only while the reader pauses or other packets come in.
    bool ping_waits_ = false;       // Queued, not written.
    bool paused_ = false;
};

}  // namespace multimqtt::session
