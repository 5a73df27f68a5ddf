// Which of the numbered messages of a run have arrived, how often, and when.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

/// The size of the message number at the beginning of each payload, most significant byte first.
inline constexpr std::size_t kNumberBytes = 8;

inline std::uint64_t load_number(const void* payload) noexcept {
    std::uint64_t number = 0;
    std::memcpy(&number, payload, sizeof number);
    return __builtin_bswap64(number);
}

inline void store_number(void* payload, std::uint64_t number) noexcept {
    number = __builtin_bswap64(number);
    std::memcpy(payload, &number, sizeof number);
}

/// Counts the messages of one run. The clock runs from message number `warmup` to the last one that arrives,
/// so that connecting, first allocations and the filling of buffers are left out.
///
/// Threads: one at a time.
class Sequence {
public:
    Sequence(std::uint64_t count, std::uint64_t warmup)
        : count_{count}, warmup_{warmup}, seen_(count / 64 + 1) {}

    /// Notes one message; true when it was the last that was missing.
    bool arrived(std::uint64_t number) noexcept {
        if (number >= count_) {
            ++foreign_;
            return false;
        }
        const std::uint64_t bit = std::uint64_t{1} << (number % 64);
        std::uint64_t& word = seen_[number / 64];
        if ((word & bit) != 0) {
            ++duplicates_;
            return false;
        }
        word |= bit;
        ++distinct_;
        if (distinct_ == warmup_ + 1) started_ = Clock::now();
        if (distinct_ != count_) return false;
        ended_ = Clock::now();
        return true;
    }

    /// The same for a payload, whose first bytes are the number.
    bool arrived(const void* payload, std::size_t size) noexcept {
        if (size < kNumberBytes) {
            ++foreign_;
            return false;
        }
        return arrived(load_number(payload));
    }

    [[nodiscard]] bool complete() const noexcept { return distinct_ == count_; }
    [[nodiscard]] std::uint64_t distinct() const noexcept { return distinct_; }
    [[nodiscard]] std::uint64_t lost() const noexcept { return count_ - distinct_; }
    [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }
    [[nodiscard]] std::uint64_t foreign() const noexcept { return foreign_; }

    /// The messages that the clock covers.
    [[nodiscard]] std::uint64_t timed() const noexcept { return complete() ? count_ - warmup_ - 1 : 0; }
    [[nodiscard]] double seconds() const noexcept {
        return complete() ? std::chrono::duration<double>(ended_ - started_).count() : 0.0;
    }

private:
    std::uint64_t count_;
    std::uint64_t warmup_;
    std::uint64_t distinct_ = 0;
    std::uint64_t duplicates_ = 0;
    std::uint64_t foreign_ = 0;
    std::vector<std::uint64_t> seen_;
    Clock::time_point started_{};
    Clock::time_point ended_{};
};

}  // namespace bench
