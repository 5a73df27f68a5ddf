// An open-addressing table from hashes to indices; the entries themselves live with the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace multimqtt::routing {

/// "No index", wherever an index may be missing.
inline constexpr std::uint32_t kNone = 0xFFFFFFFFU;

/// Maps the hash of a key to the index of the entry that has this key. Linear probing, at most half full.
class HashIndex {
public:
    /// The index for which `is_equal(index)` holds, or `kNone`.
    template <class IsEqual>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, IsEqual is_equal) const {
        if (slots_.empty()) {
            return kNone;
        }
        const auto tag = tag_of(hash);
        for (std::size_t position = tag & mask();; position = (position + 1) & mask()) {
            const Slot& slot = slots_[position];
            if (slot.index == kNone) {
                return kNone;
            }
            if (slot.tag == tag && is_equal(slot.index)) {
                return slot.index;
            }
        }
    }

    /// Adds an entry; there must be none with the same key.
    void insert(std::uint64_t hash, std::uint32_t index) {
        if ((size_ + 1) * 2 > slots_.size()) {
            grow();
        }
        place({tag_of(hash), index});
        ++size_;
    }

    /// Gives the entry `index` a new place under the same key.
    void replace(std::uint64_t hash, std::uint32_t index, std::uint32_t successor) {
        slots_[position_of(tag_of(hash), index)].index = successor;
    }

    /// Removes an entry that is present.
    void erase(std::uint64_t hash, std::uint32_t index) {
        std::size_t hole = position_of(tag_of(hash), index);
        // Moves later entries of the run back, so that no marker of a removed entry has to stay.
        for (std::size_t position = (hole + 1) & mask(); slots_[position].index != kNone;
             position = (position + 1) & mask()) {
            const std::size_t home = slots_[position].tag & mask();
            if (((position - home) & mask()) >= ((position - hole) & mask())) {
                slots_[hole] = slots_[position];
                hole = position;
            }
        }
        slots_[hole] = Slot{};
        --size_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t index = kNone;
    };

    [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
    static std::uint32_t tag_of(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
    }
    [[nodiscard]] std::size_t position_of(std::uint32_t tag, std::uint32_t index) const {
        std::size_t position = tag & mask();
        while (slots_[position].index != index) {
            position = (position + 1) & mask();
        }
        return position;
    }
    void place(Slot slot) {
        std::size_t position = slot.tag & mask();
        while (slots_[position].index != kNone) {
            position = (position + 1) & mask();
        }
        slots_[position] = slot;
    }
    void grow() {
        std::vector<Slot> old =
            std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : slots_.size() * 2));
        for (const Slot& slot : old) {
            if (slot.index != kNone) {
                place(slot);
            }
        }
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

}  // namespace multimqtt::routing
