// A bitmap of the identifiers in use, searched a word at a time from where the last search ended.
#include "session/packet_ids.hpp"

#include <bit>

namespace multimqtt::session {

std::uint16_t PacketIds::acquire() noexcept {
    if (count_ >= largest_) {
        return 0;
    }
    unsigned id = last_ == largest_ ? 1 : last_ + 1u;
    for (;;) {
        // Zero is never an identifier; setting its bit here keeps it out of the search.
        const std::uint64_t word = used_[id / kBits] | (id / kBits == 0 ? 1 : 0);
        const std::uint64_t free_from_here = ~word >> (id % kBits);
        if (free_from_here != 0) {
            id += static_cast<unsigned>(std::countr_zero(free_from_here));
            if (id <= largest_) {
                break;
            }
            id = 1;
        } else {
            id = (id / kBits + 1) * kBits;
            if (id > largest_) {
                id = 1;
            }
        }
    }
    used_[id / kBits] |= std::uint64_t{1} << (id % kBits);
    ++count_;
    last_ = static_cast<std::uint16_t>(id);
    return last_;
}

void PacketIds::release(std::uint16_t id) noexcept {
    if (id != 0 && in_use(id)) {
        used_[id / kBits] &= ~(std::uint64_t{1} << (id % kBits));
        --count_;
    }
}

}  // namespace multimqtt::session
