// A doubly linked list through messages that are kept elsewhere.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace multimqtt::session {

class MessageList;

/// The part of a message that lists use.
struct MessageLink {
    std::uint32_t previous = 0xFFFF'FFFF;
    std::uint32_t next = 0xFFFF'FFFF;
    const MessageList* list = nullptr;  ///< The list it is in.
};

/// Messages are named by their slot in a container; a message is in one list at most.
class MessageList {
public:
    using Slot = std::uint32_t;
    static constexpr Slot kNone = 0xFFFF'FFFF;

    MessageList() = default;
    MessageList(const MessageList&) = delete;  // Its messages point to it.
    MessageList& operator=(const MessageList&) = delete;

    [[nodiscard]] Slot front() const noexcept { return front_; }
    [[nodiscard]] Slot back() const noexcept { return back_; }
    [[nodiscard]] bool empty() const noexcept { return front_ == kNone; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    template <class Messages>
    void push_back(Messages& messages, Slot slot) noexcept {
        auto& message = messages[slot];
        assert(message.list == nullptr);
        message.list = this;
        message.previous = back_;
        message.next = kNone;
        (back_ == kNone ? front_ : messages[back_].next) = slot;
        back_ = slot;
        ++size_;
    }

    template <class Messages>
    void push_front(Messages& messages, Slot slot) noexcept {
        auto& message = messages[slot];
        assert(message.list == nullptr);
        message.list = this;
        message.previous = kNone;
        message.next = front_;
        (front_ == kNone ? back_ : messages[front_].previous) = slot;
        front_ = slot;
        ++size_;
    }

    template <class Messages>
    void remove(Messages& messages, Slot slot) noexcept {
        auto& message = messages[slot];
        assert(message.list == this);
        (message.previous == kNone ? front_ : messages[message.previous].next) = message.next;
        (message.next == kNone ? back_ : messages[message.next].previous) = message.previous;
        message.list = nullptr;
        message.previous = message.next = kNone;
        --size_;
    }

private:
    Slot front_ = kNone;
    Slot back_ = kNone;
    std::size_t size_ = 0;
};

}  // namespace multimqtt::session
