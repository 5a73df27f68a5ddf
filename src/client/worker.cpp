// Beginning and finishing deliveries, and the public handles on them.
#include "client/worker.hpp"

#include "client/route.hpp"

#include <algorithm>

namespace multimqtt::client {
namespace {

/// How long finished deliveries may wait for company before the I/O thread is woken to acknowledge them.
/// Chosen below a round trip through a broker, and far above the time of a quick handler.
constexpr std::chrono::microseconds kGatherAcknowledgements{200};

thread_local Worker* worker_of_this_thread = nullptr;

}  // namespace

Worker* Worker::of_this_thread() noexcept {
    return worker_of_this_thread;
}

Delivery* Worker::next() {
    finish_current();
    std::uint64_t range_now = range_.load(std::memory_order_acquire);
    std::uint32_t index = 0;
    do {
        index = static_cast<std::uint32_t>(range_now >> 32);
        const auto end = static_cast<std::uint32_t>(range_now);
        if (index >= end) {
            parts_.acknowledgements.wake();
            return nullptr;
        }
    } while (!range_.compare_exchange_weak(range_now, range_now + range(1, 0), std::memory_order_acq_rel));
    begin(*items_[index]);
    return &delivery_;
}

Worker::Withdrawn Worker::withdraw() noexcept {
    std::uint64_t range_now = range_.load(std::memory_order_acquire);
    while (true) {
        const auto next = static_cast<std::uint32_t>(range_now >> 32);
        const auto end = static_cast<std::uint32_t>(range_now);
        if (next >= end ||
            range_.compare_exchange_weak(range_now, range(next, next), std::memory_order_acq_rel)) {
            return {next, std::max(next, end)};
        }
    }
}

std::shared_ptr<Acknowledger> Worker::acknowledger_of(const InboxItem& item) const {
    if (item.acknowledge || item.delivery == 0) {
        return nullptr;
    }
    return std::make_shared<ManualAcknowledgement>(parts_.acknowledgements.shared_from_this(), item.delivery);
}

void Worker::begin(const InboxItem& item) {
    begun_.store(begun_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    current_ = &item;
    worker_of_this_thread = this;
    delivery_.kind_ = item.kind;
    if (item.kind == Delivery::Kind::message) {
        parts_.counts.run.fetch_add(1, std::memory_order_relaxed);
        delivery_.route_ = item.route->id;
        delivery_.message_ = Message{item.parts, acknowledger_of(item)};
        delivery_.captures_ = {item.capture, item.captures};
        return;
    }
    // Nothing of the message before, whose memory may be gone.
    delivery_.route_ = 0;
    delivery_.message_ = Message{};
    delivery_.captures_ = {};
    delivery_.level_ = item.level;
    delivery_.receipt_ = item.receipt;
    delivery_.failure_ = item.failure != nullptr ? *item.failure : Failure{};
}

void Worker::finish_current() {
    if (current_ == nullptr) {
        return;
    }
    if (current_->acknowledge) {
        parts_.acknowledgements.add({current_->delivery, ReasonCode::success});
        const auto now = std::chrono::steady_clock::now();
        if (now - woken_at_ > kGatherAcknowledgements) {
            woken_at_ = now;
            parts_.acknowledgements.wake();
        }
    }
    current_ = nullptr;
    worker_of_this_thread = nullptr;
}

void Worker::run() {
    if (current_ != nullptr) {
        parts_.handler.handle(*this, delivery_);
    }
}

}  // namespace multimqtt::client
