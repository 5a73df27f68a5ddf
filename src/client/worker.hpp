// One thread's share of the inbox: a batch, and the delivery that is being handled.
#pragma once

#include "client/acknowledgements.hpp"
#include "client/parcel.hpp"
#include "multimqtt/delivery.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace multimqtt::client {

/// The handler-side counters, kept by the client.
struct HandlerCounts {
    std::atomic<std::uint64_t> run{0};
    std::atomic<std::uint64_t> failed{0};
};

class Worker;

/// Runs what the application registered for a delivery; implemented by the client.
class DeliveryHandler {
public:
    virtual ~DeliveryHandler() = default;
    virtual void handle(Worker& worker, Delivery& delivery) = 0;
};

/// What all workers of a client share.
struct WorkerParts {
    Acknowledgements& acknowledgements;
    HandlerCounts& counts;
    DeliveryHandler& handler;
};

/// Threads: the owner begins and finishes; the inbox, under its lock, fills and takes back.
class Worker {
public:
    explicit Worker(const WorkerParts& parts) : parts_{parts} {}

    /// Finishes the current delivery and begins the next of the batch; null at the end.
    [[nodiscard]] Delivery* next();
    void finish_current();
    /// Runs the handlers of the current delivery.
    void run();
    void mark_failed() noexcept { parts_.counts.failed.fetch_add(1, std::memory_order_relaxed); }
    /// The worker whose delivery this thread is handling, or null.
    [[nodiscard]] static Worker* of_this_thread() noexcept;
    [[nodiscard]] const InboxItem* current() const noexcept { return current_; }

private:
    friend class Inbox;

    /// The batch's begun and unbegun parts in one word, so that beginning one and taking the rest back
    /// exclude each other without a lock: the index of the next item in the upper half, the end in the lower.
    [[nodiscard]] static constexpr std::uint64_t range(std::uint32_t next, std::uint32_t end) noexcept {
        return (std::uint64_t{next} << 32) | end;
    }

    [[nodiscard]] bool has_unbegun() const noexcept {
        const std::uint64_t range = range_.load(std::memory_order_relaxed);
        return (range >> 32) < static_cast<std::uint32_t>(range);
    }
    void begin(const InboxItem& item);
    /// Null for a message that is not acknowledged by hand.
    [[nodiscard]] std::shared_ptr<Acknowledger> acknowledger_of(const InboxItem& item) const;
    struct Withdrawn {
        std::uint32_t begin = 0, end = 0;  ///< Indexes; `begin` is also how many the owner has begun.
    };
    /// Keeps the owner from beginning anything more.
    Withdrawn withdraw() noexcept;

    const WorkerParts parts_;
    std::atomic<std::uint64_t> range_{0};
    /// Deliveries begun in all; only ever grows, so that progress shows.
    std::atomic<std::uint64_t> begun_{0};
    std::vector<const InboxItem*> items_;
    std::vector<std::shared_ptr<Parcel>> parcels_;  // What the items look into.
    const InboxItem* current_ = nullptr;
    Delivery delivery_;
    std::chrono::steady_clock::time_point woken_at_{};

    // Guarded by the inbox.
    std::vector<OrderKey> keys_;    // Of the items that may be begun; nobody else may begin these keys.
    std::uint64_t seen_begun_ = 0;  // What the watcher saw last.
    bool held_up_ = false;          // It made no, or slow, progress since `seen_begun_`.
};

}  // namespace multimqtt::client
