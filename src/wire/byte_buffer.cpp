// How the buffer grows, moves its content to the front, and shrinks.
#include "wire/byte_buffer.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace multimqtt::wire {

ByteBuffer::ByteBuffer(ByteBuffer&& other) noexcept
    : memory_{std::move(other.memory_)},
      capacity_{std::exchange(other.capacity_, 0)},
      front_{std::exchange(other.front_, 0)},
      back_{std::exchange(other.back_, 0)},
      quiet_rounds_{std::exchange(other.quiet_rounds_, 0)} {
}

ByteBuffer& ByteBuffer::operator=(ByteBuffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = std::exchange(other.capacity_, 0);
    front_ = std::exchange(other.front_, 0);
    back_ = std::exchange(other.back_, 0);
    quiet_rounds_ = std::exchange(other.quiet_rounds_, 0);
    return *this;
}

void ByteBuffer::clear() noexcept {
    // `back_` is as far as this round reached.
    quiet_rounds_ = back_ < capacity_ / 4 ? quiet_rounds_ + 1 : 0;
    front_ = 0;
    back_ = 0;
    if (capacity_ > kBytesKept && quiet_rounds_ >= kQuietRoundsBeforeShrink) {
        memory_.reset();
        capacity_ = 0;
        quiet_rounds_ = 0;
    }
}

void ByteBuffer::make_room(std::size_t count) {
    const std::size_t used = size();
    // Moving is worth it only when it frees half of the memory; otherwise each call could move everything.
    if (front_ >= capacity_ / 2 && capacity_ - used >= count) {
        if (used != 0) {
            std::memmove(memory_.get(), memory_.get() + front_, used);
        }
        front_ = 0;
        back_ = used;
        return;
    }
    if (count > PTRDIFF_MAX - used) {
        throw std::bad_alloc{};
    }
    const std::size_t larger = std::max({used + count, capacity_ * 2, std::size_t{4096}});
    std::unique_ptr<std::byte[], Free> memory{static_cast<std::byte*>(std::malloc(larger))};
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    if (used != 0) {
        std::memcpy(memory.get(), memory_.get() + front_, used);
    }
    memory_ = std::move(memory);
    capacity_ = larger;
    front_ = 0;
    back_ = used;
}

}  // namespace multimqtt::wire
