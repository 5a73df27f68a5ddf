// A growing row of bytes: filled at the back, taken from the front, its memory kept for the next use.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace multimqtt::wire {

/// One contiguous buffer for what is to be written, or was read.
///
/// New space is not zeroed. Memory is kept when the buffer empties, and given back when a burst is over:
/// once `kQuietRoundsBeforeShrink` rounds in a row used less than a quarter of it.
class ByteBuffer {
public:
    /// Kept whatever happens. Chosen to hold one read of 64 KiB.
    static constexpr std::size_t kBytesKept = 64 * 1024;
    /// Chosen so that a burst that returns every few rounds does not free and allocate each time.
    static constexpr unsigned kQuietRoundsBeforeShrink = 16;

    ByteBuffer() noexcept = default;
    explicit ByteBuffer(std::size_t capacity) { reserve(capacity); }
    ByteBuffer(ByteBuffer&& other) noexcept;
    ByteBuffer& operator=(ByteBuffer&& other) noexcept;
    ByteBuffer(const ByteBuffer&) = delete;
    ByteBuffer& operator=(const ByteBuffer&) = delete;
    ~ByteBuffer() = default;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {memory_.get() + front_, size()};
    }
    [[nodiscard]] std::size_t size() const noexcept { return back_ - front_; }
    [[nodiscard]] bool empty() const noexcept { return back_ == front_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    /// Makes sure that `count` more bytes fit without another allocation.
    void reserve(std::size_t count) {
        if (capacity_ - back_ < count) {
            make_room(count);
        }
    }

    /// Appends `count` uninitialised bytes and returns where to write them.
    [[nodiscard]] std::byte* extend(std::size_t count) {
        reserve(count);
        std::byte* const place = memory_.get() + back_;
        back_ += count;
        return place;
    }

    void append(std::span<const std::byte> bytes) {
        if (!bytes.empty()) {
            std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
        }
    }
    void append(std::string_view text) { append(std::as_bytes(std::span{text})); }

    /// Space behind the last byte to read into, at least `count` bytes; `commit` appends what was read.
    [[nodiscard]] std::span<std::byte> prepare(std::size_t count) {
        reserve(count);
        return {memory_.get() + back_, capacity_ - back_};
    }
    void commit(std::size_t count) noexcept {
        assert(count <= capacity_ - back_);
        back_ += count;
    }

    /// Drops `count` bytes from the front. Views into the rest stay valid.
    void consume(std::size_t count) noexcept {
        assert(count <= size());
        front_ += count;
        if (front_ == back_) {
            clear();
        }
    }

    /// Drops bytes from the back, until `size()` is `count`.
    void truncate(std::size_t count) noexcept {
        assert(count <= size());
        back_ = front_ + count;
    }

    void clear() noexcept;

private:
    struct Free {
        void operator()(std::byte* memory) const noexcept { std::free(memory); }
    };

    void make_room(std::size_t count);

    std::unique_ptr<std::byte[], Free> memory_;
    std::size_t capacity_ = 0;
    std::size_t front_ = 0;
    std::size_t back_ = 0;
    unsigned quiet_rounds_ = 0;
};

}  // namespace multimqtt::wire
