// A queue of bytes in rows of a bounded size, so that a long queue is neither copied as it grows nor kept.
#pragma once

#include "wire/byte_buffer.hpp"

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace multimqtt::client {

/// Entries are appended to the last row and taken row by row from the front. Rows that have been used up are
/// filled again: while the taker keeps pace the same few stay in the cache of the processor.
///
/// Threads: none of its own.
class RowQueue {
public:
    /// Chosen to fit into the second cache of a core several times.
    static constexpr std::size_t kRowBytes = 128u * 1'024;
    /// How many used rows are kept.
    static constexpr std::size_t kSparesMax = 4;

    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
    [[nodiscard]] std::size_t rows() const noexcept { return rows_.size(); }
    /// The oldest row. There must be one.
    [[nodiscard]] wire::ByteBuffer& front() noexcept { return rows_.front(); }

    /// Where to write an entry of `count` bytes, which are not divided between rows.
    [[nodiscard]] std::byte* extend(std::size_t count) {
        if (rows_.empty() || rows_.back().size() + count > kRowBytes) {
            add_row();
        }
        return rows_.back().extend(count);
    }

    /// Drops bytes from the front of the oldest row.
    void consume(std::size_t count) {
        rows_.front().consume(count);
        if (rows_.front().empty()) {
            recycle(take());
        }
    }

    /// Takes the oldest row away. There must be one.
    [[nodiscard]] wire::ByteBuffer take() {
        wire::ByteBuffer row = std::move(rows_.front());
        rows_.pop_front();
        return row;
    }
    /// Puts back what was taken and not used up.
    void put_back(wire::ByteBuffer row) { rows_.push_front(std::move(row)); }
    /// Gives an empty row back for later use.
    void recycle(wire::ByteBuffer row) {
        if (row.capacity() != 0 && row.capacity() <= 2 * kRowBytes && spares_.size() < kSparesMax) {
            spares_.push_back(std::move(row));
        }
    }

private:
    void add_row() {
        rows_.emplace_back();
        if (!spares_.empty()) {
            rows_.back() = std::move(spares_.back());
            spares_.pop_back();
        }
    }

    std::deque<wire::ByteBuffer> rows_;
    std::vector<wire::ByteBuffer> spares_;
};

}  // namespace multimqtt::client
