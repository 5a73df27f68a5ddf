// What one read from the socket brought, on its way to the handlers.
#pragma once

#include "client/receipt_state.hpp"
#include "multimqtt/delivery.hpp"
#include "multimqtt/message.hpp"
#include "multimqtt/topic.hpp"
#include "session/session.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt::client {

/// Items with the same key are handled one after the other, in the order they came.
using OrderKey = std::uint64_t;

/// One thing to handle: a message for one route, or something that happened.
struct InboxItem {
    Delivery::Kind kind = Delivery::Kind::message;
    LogLevel level = LogLevel::info;
    bool acknowledge = false;  ///< Tell the session when the handler is done.
    std::uint32_t captures = 0;
    const TopicCapture* capture = nullptr;
    Topic::Route* route = nullptr;
    OrderKey key = 0;
    session::DeliveryId delivery = 0;
    ReceiptState* receipt = nullptr;  ///< The item owns one reference.
    const Failure* failure = nullptr;
    Message::Parts parts;

    /// What it counts against the limit of the inbox, in bytes.
    [[nodiscard]] std::size_t weight() const noexcept {
        const std::size_t bytes = sizeof(InboxItem) + parts.absolute_topic.size() + parts.payload.size();
        return parts.properties == nullptr ? bytes : bytes + weight_of(*parts.properties);
    }

private:
    [[nodiscard]] static std::size_t weight_of(const PublishProperties& properties) noexcept {
        const std::size_t bytes = sizeof properties + properties.content_type.size() +
                                  properties.response_topic.size() + properties.correlation_data.size();
        return std::accumulate(properties.user_properties.begin(), properties.user_properties.end(), bytes,
                               [](std::size_t sum, const auto& property) {
                                   return sum + sizeof property + property.first.size() +
                                          property.second.size();
                               });
    }
};

/// Memory that lives until the last item that looks into it is finished.
///
/// Grows by blocks, so that what was stored never moves.
class Parcel {
public:
    /// How much a parcel holds.
    struct Size {
        std::size_t items = 0;
        std::size_t bytes = 0;
    };

    Parcel() = default;
    /// Makes room for as much at once, within reason.
    explicit Parcel(const Size& expected)
        : next_block_{std::clamp(expected.bytes, kFirstBlockBytes, kBlockBytes)} {
        items.reserve(expected.items);
    }
    Parcel(const Parcel&) = delete;
    Parcel& operator=(const Parcel&) = delete;
    ~Parcel() { clear(); }

    /// Forgets everything and keeps its memory.
    void clear() {
        for (const InboxItem& item : items) {
            if (item.receipt != nullptr) {
                item.receipt->release();
            }
        }
        items.clear();
        properties_.clear();
        failures_.clear();
        block_ = used_ = filled_ = 0;
    }

    /// The largest block. One for each message that comes alone would cost much memory while handlers are
    /// slow, so that blocks begin small and double.
    static constexpr std::size_t kBlockBytes = 64 * 1'024;
    static constexpr std::size_t kFirstBlockBytes = 512;

    [[nodiscard]] Size size() const noexcept { return {items.size(), filled_ + used_}; }
    /// The memory it holds, in bytes.
    [[nodiscard]] std::size_t capacity() const noexcept {
        return std::accumulate(blocks_.begin(), blocks_.end(), items.capacity() * sizeof(InboxItem),
                               [](std::size_t sum, const Block& block) { return sum + block.size; });
    }

    [[nodiscard]] std::string_view keep(std::string_view text) {
        const auto copy = keep(std::as_bytes(std::span{text}));
        return {reinterpret_cast<const char*>(copy.data()), copy.size()};
    }
    [[nodiscard]] std::span<const std::byte> keep(std::span<const std::byte> bytes) {
        if (bytes.empty()) {
            return {};
        }
        std::byte* const place = allocate(bytes.size(), 1);
        std::memcpy(place, bytes.data(), bytes.size());
        return {place, bytes.size()};
    }
    [[nodiscard]] std::span<TopicCapture> captures(std::size_t count) {
        if (count == 0) {
            return {};
        }
        auto* const place = allocate(count * sizeof(TopicCapture), alignof(TopicCapture));
        return {new (place) TopicCapture[count], count};
    }
    [[nodiscard]] const PublishProperties* keep(PublishProperties properties) {
        return &properties_.emplace_back(std::move(properties));
    }
    [[nodiscard]] const Failure* keep(Failure failure) { return &failures_.emplace_back(std::move(failure)); }

    std::vector<InboxItem> items;

private:
    struct Block {
        std::unique_ptr<std::byte[]> memory;
        std::size_t size = 0;
    };

    [[nodiscard]] std::byte* allocate(std::size_t bytes, std::size_t alignment) {
        for (; block_ < blocks_.size(); ++block_) {
            const std::size_t start = (used_ + alignment - 1) / alignment * alignment;
            if (start + bytes <= blocks_[block_].size) {
                used_ = start + bytes;
                return blocks_[block_].memory.get() + start;
            }
            filled_ += std::exchange(used_, 0);
        }
        const std::size_t size = std::max(next_block_, bytes);
        next_block_ = std::min(2 * next_block_, kBlockBytes);
        blocks_.push_back({std::unique_ptr<std::byte[]>{new std::byte[size]}, size});
        used_ = bytes;
        return blocks_.back().memory.get();
    }

    std::vector<Block> blocks_;
    std::size_t block_ = 0;   // Those before are full.
    std::size_t used_ = 0;    // Of this block.
    std::size_t filled_ = 0;  // Of those before.
    std::size_t next_block_ = kFirstBlockBytes;
    std::deque<PublishProperties> properties_;
    std::deque<Failure> failures_;
};

}  // namespace multimqtt::client
