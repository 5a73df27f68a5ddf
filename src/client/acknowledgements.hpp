// Where handler threads leave what they have finished for the I/O thread.
#pragma once

#include "io/fork_guard.hpp"
#include "multimqtt/message.hpp"
#include "multimqtt/reason_code.hpp"
#include "session/session.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace multimqtt::client {

struct Acknowledgement {
    session::DeliveryId delivery = 0;
    ReasonCode reason = ReasonCode::success;
};

/// Threads: `add` and `wake` from any thread, `take` from the I/O thread.
class Acknowledgements : public std::enable_shared_from_this<Acknowledgements> {
public:
    explicit Acknowledgements(std::function<void()> wake) : wake_{std::move(wake)} {}

    /// Adds one without waking the I/O thread, so that those of a batch leave in one write.
    void add(Acknowledgement acknowledgement) {
        if (inherited()) {
            return;
        }
        const std::lock_guard lock{mutex_};
        waiting_.push_back(acknowledgement);
        some_.store(true, std::memory_order_relaxed);
    }
    /// Wakes the I/O thread if there is something for it.
    void wake() {
        if (some_.load(std::memory_order_relaxed) && !inherited()) {
            const std::lock_guard lock{wake_mutex_};
            if (wake_) {
                wake_();
            }
        }
    }
    /// The client is going: whoever still keeps a delivery wakes nobody any more.
    void detach() {
        const std::lock_guard lock{wake_mutex_};
        wake_ = nullptr;
    }
    /// Swaps what waits into `taken`, which must be empty.
    void take(std::vector<Acknowledgement>& taken) {
        if (some_.load(std::memory_order_relaxed)) {
            const std::lock_guard lock{mutex_};
            taken.swap(waiting_);
            some_.store(false, std::memory_order_relaxed);
        }
    }

private:
    /// A forked child has nothing to acknowledge, and may have got the locks in their locked state.
    [[nodiscard]] bool inherited() const noexcept { return generation_ != io::process_generation(); }

    const std::uint32_t generation_ = io::process_generation();
    std::mutex mutex_;
    std::vector<Acknowledgement> waiting_;
    std::atomic<bool> some_{false};
    std::mutex wake_mutex_;
    std::function<void()> wake_;
};

/// One message that is acknowledged by hand. A message that goes has been given up by its handler, and stays
/// unacknowledged.
class ManualAcknowledgement final : public Acknowledger {
public:
    ManualAcknowledgement(std::shared_ptr<Acknowledgements> acknowledgements,
                          session::DeliveryId delivery) noexcept
        : acknowledgements_{std::move(acknowledgements)}, delivery_{delivery} {}

    void acknowledge(ReasonCode reason) override {
        if (!done_.exchange(true, std::memory_order_relaxed)) {
            acknowledgements_->add({delivery_, reason});
            acknowledgements_->wake();  // Nobody knows when its handler will end, or has ended.
        }
    }

private:
    const std::shared_ptr<Acknowledgements> acknowledgements_;
    const session::DeliveryId delivery_;
    std::atomic<bool> done_{false};
};

}  // namespace multimqtt::client
