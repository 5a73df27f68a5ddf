// Where the I/O thread leaves received messages for the threads that run handlers.
#pragma once

#include "client/parcel.hpp"
#include "client/worker.hpp"
#include "multimqtt/options.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace multimqtt::client {

/// A queue that keeps the order of each key, and lets no handler that is held up hold up anything else.
///
/// A worker takes a batch and begins its items one by one. While handlers are quick one worker does all of
/// it, because sharing quick work costs more than it gains. The idle ones watch: a busy worker that is held
/// up in a handler loses what it has not begun to the others. Items whose key is being handled are parked
/// until that is done.
///
/// Threads: `push` and `room` from the I/O thread; the rest from any.
class Inbox {
public:
    struct Limits {
        std::size_t messages_max = 0;
        std::size_t bytes_max = 0;
        /// A worker whose handlers take longer than this on average is given help.
        std::chrono::microseconds quick_handler = Options{}.quick_handler;
    };
    Inbox(const Limits& limits, const WorkerParts& parts);
    ~Inbox();
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    void push(std::shared_ptr<Parcel> parcel);

    struct Room {
        bool full = false;      ///< A limit is reached; then `wake` is called once, when there is ample room.
        bool ample = false;     ///< A quarter of both limits is free.
        bool brimming = false;  ///< Twice the bytes of the limit are reached.
    };
    [[nodiscard]] Room room();
    void on_room(std::function<void()> wake) { wake_ = std::move(wake); }

    /// Waits for work and takes at most `items_max`; null when there was none in time, or after `stop`.
    [[nodiscard]] std::shared_ptr<Worker> take(std::size_t items_max, std::chrono::milliseconds timeout);

    /// The same for a worker that has come to the end of its batch; returns false when there was none, and
    /// then the worker is no longer in use.
    [[nodiscard]] bool take_more(std::shared_ptr<Worker>& worker, std::size_t items_max,
                                 std::chrono::milliseconds timeout);

    /// Ends a batch: what was not begun goes back into the queue.
    void give_back(std::shared_ptr<Worker> worker);

    /// Descriptor that is readable while there may be something to take; made at the first call, -1 on
    /// failure with errno set.
    [[nodiscard]] int descriptor();

    /// `take` returns at once from now on; what is queued is dropped.
    void stop();
    [[nodiscard]] bool stopped() const;

    /// Waits until nothing is queued and no worker but `except` is busy; false when the deadline came first,
    /// or when nobody takes what is queued.
    [[nodiscard]] bool wait_idle(std::chrono::steady_clock::time_point deadline, const Worker* except);

    struct Counts {
        std::uint64_t messages = 0, bytes = 0;
    };
    [[nodiscard]] Counts counts() const;

private:
    using Lock = std::unique_lock<std::mutex>;
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Entry {
        const InboxItem* item = nullptr;
        std::shared_ptr<Parcel> parcel;
    };

    [[nodiscard]] bool has_ample_room() const noexcept;
    /// Whether the I/O thread has to be told that there is ample room again.
    [[nodiscard]] bool is_full_no_more() noexcept;
    [[nodiscard]] bool all_held_up() const noexcept;
    [[nodiscard]] bool may_take() const noexcept { return queued_ > 0 && all_held_up(); }
    /// Until the next look none of the busy workers counts as held up.
    void look_again_before_taking() noexcept;
    [[nodiscard]] bool worth_watching() const noexcept;
    [[nodiscard]] bool wait_for_work(Lock& lock, TimePoint deadline);
    void watch(Lock& lock, TimePoint deadline, std::chrono::microseconds interval);
    void look_at(Worker& worker, std::chrono::nanoseconds elapsed);
    void recall(Worker& worker);

    [[nodiscard]] Entry pop();
    void park(Entry entry);
    void unpark(const std::vector<OrderKey>& keys);
    [[nodiscard]] bool is_busy(OrderKey key) const noexcept;
    void gather(Worker& worker, std::size_t items_max);
    /// The same for the rest of the first parcel, while nobody else has work: no key can be busy.
    void gather_run(Worker& worker, std::size_t items_max);
    void settle(Worker& worker);
    void add_busy(const std::shared_ptr<Worker>& worker);
    void remove_busy(const Worker& worker);
    void signal_descriptor();
    void clear_descriptor();

    const std::size_t messages_max_;
    const std::size_t bytes_max_;
    const std::chrono::nanoseconds quick_handler_;
    const std::chrono::microseconds first_look_;
    const std::chrono::microseconds next_look_;
    const WorkerParts parts_;
    std::function<void()> wake_;

    mutable std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable settled_;
    std::deque<std::shared_ptr<Parcel>> parcels_;
    std::size_t next_item_ = 0;   // Of the first parcel.
    std::deque<Entry> returned_;  // Older than what is in `parcels_`.
    std::size_t queued_ = 0;      // In `parcels_` and `returned_`.
    std::unordered_map<OrderKey, std::deque<Entry>> parked_;
    std::vector<std::shared_ptr<Worker>> busy_;
    std::vector<std::shared_ptr<Worker>> spare_;
    std::size_t messages_ = 0;  // Pushed and not settled.
    std::size_t bytes_ = 0;
    std::uint64_t batches_ = 0;  // Taken in all.
    unsigned idle_ = 0;
    bool watched_ = false;  // One idle worker watches the busy ones.
    bool full_ = false;
    bool stopped_ = false;
    int descriptor_ = -1;
    bool descriptor_set_ = false;
};

}  // namespace multimqtt::client
