// Waiting for the outcome of a publish, and the public handle on it.
#include "client/receipt_state.hpp"

#include "client/deadline.hpp"
#include "io/fork_guard.hpp"
#include "multimqtt/receipt.hpp"

#include <array>
#include <condition_variable>
#include <mutex>

namespace multimqtt::client {
namespace {

/// Where threads wait. Few receipts are waited for, so a handful of places is shared by all of them.
struct WaitingPlace {
    std::mutex mutex;
    std::condition_variable changed;
};

WaitingPlace& place_of(const ReceiptState* receipt) {
    // Leaked: threads may wait while the process exits.
    static auto& places = *new std::array<WaitingPlace, 16>;
    return places[(reinterpret_cast<std::uintptr_t>(receipt) >> 6) % places.size()];
}

}  // namespace

ReceiptState::ReceiptState(std::size_t outbox_bytes) noexcept
    : generation_{io::process_generation()}, outbox_bytes_{outbox_bytes} {
}

void ReceiptState::release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete this;
    }
}

bool ReceiptState::publish_outcome() noexcept {
    const std::uint8_t before = flags_.fetch_or(kDone, std::memory_order_acq_rel);
    if ((before & kWaited) != 0) {
        WaitingPlace& place = place_of(this);
        // The empty critical section lets a waiter that has checked the flag reach its wait.
        { const std::lock_guard lock{place.mutex}; }
        place.changed.notify_all();
    }
    return (before & kWatched) != 0;
}

bool ReceiptState::finish(ReasonCode reason) noexcept {
    reason_ = reason;
    return publish_outcome();
}

bool ReceiptState::finish(Failure failure) {
    reason_ = static_cast<ReasonCode>(failure.reason);
    failure_ = std::make_unique<Failure>(std::move(failure));
    return publish_outcome();
}

Result<void> ReceiptState::wait(std::optional<std::chrono::milliseconds> timeout) {
    if (!done() && generation_ != io::process_generation()) {
        return Failure{Error::inherited,
                       "this publish was made by the parent of this forked process; only the parent learns "
                       "what became of it"};
    }
    if ((flags_.fetch_or(kWaited, std::memory_order_acq_rel) & kDone) == 0) {
        WaitingPlace& place = place_of(this);
        std::unique_lock lock{place.mutex};
        if (!timeout) {
            place.changed.wait(lock, [this] { return done(); });
        } else if (!place.changed.wait_until(lock, deadline_after(*timeout), [this] { return done(); })) {
            return Failure{
                Error::timed_out,
                "the broker has not acknowledged the message in time; it is kept and still on its way"};
        }
    }
    return *outcome();
}

std::optional<Result<void>> ReceiptState::outcome() const {
    if (!done()) {
        return std::nullopt;
    }
    if (failure_ != nullptr) {
        return Result<void>{*failure_};
    }
    return Result<void>{};
}

}  // namespace multimqtt::client

namespace multimqtt {

Receipt::Receipt(Failure failure) : state_{new client::ReceiptState{0}} {
    (void)state_->finish(std::move(failure));  // Nobody can watch it yet.
}

Receipt::Receipt(const Receipt& other) noexcept : state_{other.state_} {
    if (state_ != nullptr) {
        state_->add_reference();
    }
}

Receipt::~Receipt() {
    if (state_ != nullptr) {
        state_->release();
    }
}

bool Receipt::done() const noexcept {
    return state_ == nullptr || state_->done();
}

Result<void> Receipt::wait(std::optional<std::chrono::milliseconds> timeout) const {
    return state_ == nullptr ? Result<void>{} : state_->wait(timeout);
}

std::optional<Result<void>> Receipt::outcome() const {
    return state_ == nullptr ? Result<void>{} : state_->outcome();
}

ReasonCode Receipt::reason() const noexcept {
    return state_ == nullptr ? ReasonCode::success : state_->reason();
}

bool Receipt::watch() const {
    return state_ != nullptr && state_->watch();
}

}  // namespace multimqtt
