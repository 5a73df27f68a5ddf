// Whether messages are read while the inbox is full.
#pragma once

#include "session/time_point.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace multimqtt::client {

/// Decides before each read what happens to messages.
///
/// A full inbox pauses reading, so that the broker slows down. But then nothing that stands behind those
/// messages is read either, such as the acknowledgement that a handler waits for before it makes room. So
/// when no handler has begun for `kStall` and the broker owes an answer, reading goes on until the inbox has
/// emptied by a quarter: messages of QoS 1 and 2 are kept, up to twice the bytes of the inbox (a broker may
/// disregard our Receive Maximum, or send large messages), and those of QoS 0 are given up.
///
/// Threads: none; the I/O thread owns it.
class Intake {
public:
    enum class Mode : std::uint8_t {
        open,      ///< Read, and keep everything.
        paused,    ///< Do not read.
        shedding,  ///< Read, and give up QoS 0.
    };

    /// Chosen far above a round trip to a broker, and below the patience of whoever waits for a receipt.
    static constexpr session::TimePoint kStall = std::chrono::milliseconds{500};

    struct Situation {
        bool full = false;           ///< A limit of the inbox is reached.
        bool ample = false;          ///< A quarter of it is free.
        bool brimming = false;       ///< It holds twice its bytes: nothing more is read, come what may.
        bool answers_owed = false;   ///< The broker has not answered a publish or a subscription.
        std::uint64_t progress = 0;  ///< Handlers begun so far.
    };

    Mode decide(const Situation& situation, session::TimePoint now) noexcept;
    [[nodiscard]] Mode mode() const noexcept { return mode_; }

    /// When to decide again although nothing happens.
    [[nodiscard]] std::optional<session::TimePoint> deadline() const noexcept { return stalled_at_; }

private:
    Mode mode_ = Mode::open;
    std::uint64_t progress_ = 0;
    std::optional<session::TimePoint> stalled_at_;
};

}  // namespace multimqtt::client
