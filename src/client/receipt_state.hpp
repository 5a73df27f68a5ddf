// The outcome of one publish, shared by the thread that waits and the thread that learns it.
#pragma once

#include "multimqtt/reason_code.hpp"
#include "multimqtt/result.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace multimqtt::client {

/// Counted by hand because its address travels through the session as the token of the publish.
///
/// Threads: any; `finish` is called once.
class ReceiptState {
public:
    /// With one reference, which belongs to the caller.
    explicit ReceiptState(std::size_t outbox_bytes) noexcept;

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    /// Ends the publish, well with a reason or badly with a failure. Returns true when somebody has asked
    /// by `watch` to be told through the inbox.
    [[nodiscard]] bool finish(ReasonCode reason) noexcept;
    [[nodiscard]] bool finish(Failure failure);

    [[nodiscard]] bool done() const noexcept { return (flags_.load(std::memory_order_acquire) & kDone) != 0; }
    [[nodiscard]] Result<void> wait(std::optional<std::chrono::milliseconds> timeout);
    [[nodiscard]] std::optional<Result<void>> outcome() const;
    [[nodiscard]] ReasonCode reason() const noexcept { return done() ? reason_ : ReasonCode::success; }
    [[nodiscard]] bool watch() noexcept {
        return (flags_.fetch_or(kWatched, std::memory_order_acq_rel) & kDone) == 0;
    }

    /// What the message occupies in the outbox until it is finished, in bytes.
    [[nodiscard]] std::size_t outbox_bytes() const noexcept { return outbox_bytes_; }

private:
    static constexpr std::uint8_t kDone = 1;
    static constexpr std::uint8_t kWaited = 2;
    static constexpr std::uint8_t kWatched = 4;

    [[nodiscard]] bool publish_outcome() noexcept;

    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint8_t> flags_{0};
    ReasonCode reason_ = ReasonCode::success;
    std::uint32_t generation_;
    std::size_t outbox_bytes_;
    std::unique_ptr<Failure> failure_;
};

}  // namespace multimqtt::client
