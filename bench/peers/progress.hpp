// What the C and C++ drivers of this folder share: waiting for a window, for the end, and the round trips.
#pragma once

#include "arguments.hpp"
#include "percentiles.hpp"
#include "sequence.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace bench {

/// How long a driver waits for progress before it gives the run up as lost.
inline constexpr std::chrono::seconds kPatience{20};

/// Lets a publisher run ahead of the acknowledgements by a window, and counts them. A publisher that has
/// filled the window is woken when half of it is free, so that the measurement is not one of wake-ups.
///
/// Threads: `enter` in the publishing thread, `leave` in the thread of the client library.
class Window {
public:
    Window(std::uint64_t count, std::uint64_t warmup, std::uint64_t size)
        : size_{size}, count_{count}, sequence_{count, warmup} {}

    /// Waits for room; false when there was none for too long.
    [[nodiscard]] bool enter() {
        if (entered_ - left_.load(std::memory_order_acquire) >= size_) {
            std::unique_lock lock{mutex_};
            waiting_ = true;
            wake_at_ = entered_ - size_ / 2;
            const bool room =
                changed_.wait_for(lock, kPatience, [&] { return entered_ - left_.load() <= size_ / 2; });
            waiting_ = false;
            if (!room) return false;
        }
        ++entered_;
        return true;
    }

    void leave() {
        const std::uint64_t number = left_.load(std::memory_order_relaxed);
        if (number >= count_) return;
        sequence_.arrived(number);
        const std::lock_guard lock{mutex_};
        left_.store(number + 1, std::memory_order_release);
        if (waiting_ && wake_at_ <= number + 1) changed_.notify_one();
    }

    /// Waits until every message has left.
    void drain() {
        std::unique_lock lock{mutex_};
        waiting_ = true;
        wake_at_ = count_;
        for (std::uint64_t before = left_.load(); before < count_; before = left_.load()) {
            if (!changed_.wait_for(lock, kPatience, [&] { return left_.load() != before; })) return;
        }
    }

    [[nodiscard]] const Sequence& sequence() const noexcept { return sequence_; }

private:
    std::uint64_t size_;
    std::uint64_t count_;
    std::uint64_t entered_ = 0;
    std::atomic<std::uint64_t> left_{0};
    std::uint64_t wake_at_ = 0;
    bool waiting_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    Sequence sequence_;
};

/// Says once that something has happened.
class Event {
public:
    void set() {
        const std::lock_guard lock{mutex_};
        is_set_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool wait(std::chrono::seconds patience = kPatience) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, patience, [&] { return is_set_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_set_ = false;
};

/// Sends one message at a time to ourselves and notes how long it took to come back.
///
/// Threads: `measure` in the publishing thread, `returned` in the thread of the client library.
class RoundTrips {
public:
    template <typename Send>
    void measure(const Run& run, Send&& send) {
        std::vector<double> times_us;
        times_us.reserve(run.count);
        for (std::uint64_t number = 0; number < run.count; ++number) {
            const auto sent = Clock::now();
            send(number);
            std::unique_lock lock{mutex_};
            if (!changed_.wait_for(lock, kPatience, [&] { return returned_ > number; })) break;
            if (number >= run.warmup)
                times_us.push_back(std::chrono::duration<double, std::micro>(at_ - sent).count());
        }
        const std::uint64_t lost = run.count - run.warmup - times_us.size();
        print_percentiles(run, std::move(times_us), lost);
    }

    void returned(const void* payload) {
        {
            const std::lock_guard lock{mutex_};
            at_ = Clock::now();
            returned_ = load_number(payload) + 1;
        }
        changed_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t returned_ = 0;
    Clock::time_point at_{};
};

/// Long enough for a client library to send the acknowledgement of the last message before it is closed.
inline constexpr std::chrono::milliseconds kLastAcknowledgement{100};

}  // namespace bench
