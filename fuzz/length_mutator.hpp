// Changes one packet of a stream, and keeps the lengths in it true.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace multimqtt::fuzz {

/// Where a packet stands in a stream: its first byte, its body, and the byte behind it.
struct PacketPlace {
    std::size_t begin = 0;
    std::size_t body = 0;
    std::size_t end = 0;
};

/// A variable byte integer and how long it was; nothing when it never ends.
struct Length {
    std::size_t value = 0;
    std::size_t bytes = 0;
};
[[nodiscard]] inline std::optional<Length> length_at(std::span<const std::uint8_t> bytes) noexcept {
    Length length;
    for (; length.bytes < std::min<std::size_t>(4, bytes.size()); ++length.bytes) {
        length.value |= (bytes[length.bytes] & 0x7FU) << (7 * length.bytes);
        if ((bytes[length.bytes] & 0x80U) == 0) {
            ++length.bytes;
            return length;
        }
    }
    return std::nullopt;
}

inline void append_length(std::vector<std::uint8_t>& bytes, std::size_t value) {
    do {
        bytes.push_back(static_cast<std::uint8_t>((value & 0x7FU) | (value > 0x7F ? 0x80U : 0U)));
        value >>= 7U;
    } while (value != 0);
}

/// The packets of a stream, as far as their lengths lead.
[[nodiscard]] inline std::vector<PacketPlace> packets_in(std::span<const std::uint8_t> stream,
                                                         std::size_t from) {
    std::vector<PacketPlace> places;
    while (from + 2 <= stream.size()) {
        const auto length = length_at(stream.subspan(from + 1));
        if (!length) {
            break;
        }
        const std::size_t body = from + 1 + length->bytes;
        const std::size_t end = std::min(stream.size(), body + length->value);
        places.push_back({from, body, end});
        from = end;
    }
    return places;
}

/// Makes the property length at `at` reach to the end of `body`, as it does in every packet without a
/// payload.
inline void stretch_properties(std::vector<std::uint8_t>& body, std::size_t at) {
    if (at >= body.size()) {
        return;
    }
    const auto length = length_at(std::span{body}.subspan(at));
    const std::size_t old = length ? length->bytes : 1;
    std::vector<std::uint8_t> longer{body.begin(), body.begin() + static_cast<std::ptrdiff_t>(at)};
    append_length(longer, body.size() - at - std::min(old, body.size() - at));
    longer.insert(longer.end(), body.begin() + static_cast<std::ptrdiff_t>(std::min(at + old, body.size())),
                  body.end());
    body = std::move(longer);
}

/// Where the property length of a packet without payload stands, or nothing.
[[nodiscard]] inline std::optional<std::size_t> properties_at(std::uint8_t first) noexcept {
    switch (first >> 4U) {
        case 2:  // CONNACK: flags and reason code stand before.
            return 2;
        case 4:
        case 5:
        case 6:
        case 7:  // The acknowledgements: packet identifier and reason code.
            return 3;
        case 14:
        case 15:  // DISCONNECT and AUTH: the reason code.
            return 1;
        default:
            return std::nullopt;
    }
}

/// What libFuzzer's own mutator does to bytes.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

/// Mutates or doubles one packet of the stream that begins at `from` in `data`, of which `size` bytes are in
/// use. Returns the new size.
[[nodiscard]] inline std::size_t mutate_packet(std::span<std::uint8_t> data, std::size_t size,
                                               std::size_t from, unsigned seed, bool v5) {
    const std::span<const std::uint8_t> stream = data.first(size);
    const std::vector<PacketPlace> places = packets_in(stream, from);
    if (places.empty()) {
        return LLVMFuzzerMutate(data.data(), size, data.size());
    }
    const PacketPlace place = places[seed / 8 % places.size()];
    std::vector<std::uint8_t> body{stream.begin() + static_cast<std::ptrdiff_t>(place.body),
                                   stream.begin() + static_cast<std::ptrdiff_t>(place.end)};
    std::uint8_t first = stream[place.begin];
    if (seed % 8 == 0) {
        first = static_cast<std::uint8_t>(first ^ (1U << (seed / 64 % 8)));
    } else if (seed % 8 > 1) {
        const std::size_t before = body.size();
        body.resize(before + 32);
        body.resize(LLVMFuzzerMutate(body.data(), before, body.size()));
    }
    if (const auto at = properties_at(first); v5 && at && seed % 2 == 0) {
        stretch_properties(body, *at);
    }
    std::vector<std::uint8_t> changed{stream.begin(),
                                      stream.begin() + static_cast<std::ptrdiff_t>(place.begin)};
    const std::size_t copies = seed % 8 == 1 ? 2 : 1;
    for (std::size_t copy = 0; copy < copies; ++copy) {
        changed.push_back(first);
        append_length(changed, body.size());
        changed.insert(changed.end(), body.begin(), body.end());
    }
    changed.insert(changed.end(), stream.begin() + static_cast<std::ptrdiff_t>(place.end), stream.end());
    changed.resize(std::min(changed.size(), data.size()));
    std::copy(changed.begin(), changed.end(), data.begin());
    return changed.size();
}

/// The mutator of a target whose input is a stream behind `from` bytes of options, the first of which has its
/// lowest bit set for 5.0. Three quarters of the inputs get their lengths right, because a packet whose
/// remaining length is wrong says nothing about what stands in it.
[[nodiscard]] inline std::size_t mutate_stream(std::uint8_t* data, std::size_t size, std::size_t size_max,
                                               std::size_t from, unsigned seed) {
    if (seed % 4 == 0 || size < from + 2) {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    return mutate_packet({data, size_max}, size, from, seed / 4, (data[0] & 1U) != 0);
}

}  // namespace multimqtt::fuzz
