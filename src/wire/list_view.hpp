// A list inside a packet: either items that the caller holds, or the bytes they were decoded from.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>

namespace multimqtt::wire {

/// Bytes that someone else holds, comparable by content.
class BytesView : public std::span<const std::byte> {
public:
    using std::span<const std::byte>::span;
    constexpr BytesView() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a span of bytes is exactly what this is.
    constexpr BytesView(std::span<const std::byte> bytes) noexcept : std::span<const std::byte>{bytes} {}

    friend bool operator==(const BytesView& left, const BytesView& right) noexcept;
};

/// A list of `Item` that allocates nothing in either direction.
///
/// To encode, make it from the items; a decoded packet makes it from its own bytes and reads them again
/// each time they are asked for. Both compare equal when their items do.
///
/// `Reader::next(const std::byte*& cursor, const std::byte* end, Item& item)` moves to the next item of
/// bytes that were validated before, and returns false when there is none.
template <class Item, class Reader>
class ListView {
public:
    class Iterator {
    public:
        using value_type = Item;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using pointer = const Item*;
        using reference = const Item&;

        Iterator() = default;
        [[nodiscard]] const Item& operator*() const noexcept { return item_; }
        [[nodiscard]] const Item* operator->() const noexcept { return &item_; }
        Iterator& operator++() noexcept {
            advance();
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            advance();
            return before;
        }
        [[nodiscard]] friend bool operator==(const Iterator& iterator, std::default_sentinel_t) noexcept {
            return iterator.done_;
        }

    private:
        friend class ListView;
        explicit Iterator(const ListView& list) noexcept
            : items_{list.items_},
              cursor_{list.encoded_.data()},
              end_{list.encoded_.data() + list.encoded_.size()},
              done_{false} {
            advance();
        }
        void advance() noexcept {
            if (!items_.empty()) {
                item_ = items_.front();
                items_ = items_.subspan(1);
            } else {
                done_ = cursor_ == end_ || !Reader::next(cursor_, end_, item_);
            }
        }

        std::span<const Item> items_;
        const std::byte* cursor_ = nullptr;
        const std::byte* end_ = nullptr;
        Item item_{};
        bool done_ = true;
    };

    // Not constexpr: GCC would turn every packet that holds a list into one constant and zero all of it.
    ListView() noexcept {}  // NOLINT(modernize-use-equals-default)
    // NOLINTNEXTLINE(google-explicit-constructor): items are what a list is made of.
    ListView(std::span<const Item> items) noexcept : items_{items} {}
    template <class Items>
    requires std::constructible_from < std::span<const Item>,
    const Items& >
        // NOLINTNEXTLINE(google-explicit-constructor): the same for an array or a vector of them.
        ListView(const Items& items) noexcept : items_{std::span<const Item>{items}} {}

    /// A list over bytes that the decoder, or the encoder of this library, has made sure of.
    [[nodiscard]] static ListView from_encoded(std::span<const std::byte> bytes) noexcept {
        ListView list;
        list.encoded_ = bytes;
        return list;
    }

    [[nodiscard]] Iterator begin() const noexcept { return Iterator{*this}; }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

    [[nodiscard]] bool empty() const noexcept {
        return items_.empty() && (encoded_.empty() || begin() == end());
    }

    /// Counts the items; linear for a decoded list.
    [[nodiscard]] std::size_t size() const noexcept {
        std::size_t count = items_.size();
        if (!encoded_.empty()) {
            for (auto iterator = begin(); iterator != end(); ++iterator) {
                ++count;
            }
        }
        return count;
    }

    friend bool operator==(const ListView& left, const ListView& right) noexcept {
        auto a = left.begin();
        auto b = right.begin();
        while (a != left.end() && b != right.end()) {
            if (!(*a == *b)) {
                return false;
            }
            ++a;
            ++b;
        }
        return a == left.end() && b == right.end();
    }

private:
    std::span<const Item> items_;  // Empty when `encoded_` is in use, and the other way round.
    std::span<const std::byte> encoded_;
};

}  // namespace multimqtt::wire
