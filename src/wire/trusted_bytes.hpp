// Reading values from bytes whose length and content were checked before: no bounds are looked at here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace multimqtt::wire {

[[nodiscard]] inline std::uint16_t peek_two_bytes(const std::byte* from) noexcept {
    return static_cast<std::uint16_t>(static_cast<unsigned>(from[0]) << 8 | static_cast<unsigned>(from[1]));
}

inline std::uint16_t take_two_bytes(const std::byte*& cursor) noexcept {
    const std::uint16_t value = peek_two_bytes(cursor);
    cursor += 2;
    return value;
}

inline std::uint32_t take_variable(const std::byte*& cursor) noexcept {
    std::uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<std::uint32_t>(*cursor++);
        value |= (byte & 0x7F) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

[[nodiscard]] inline std::string_view as_text(const std::byte* from, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(from), size};
}

inline std::string_view take_text(const std::byte*& cursor) noexcept {
    const std::size_t size = take_two_bytes(cursor);
    const std::string_view text = as_text(cursor, size);
    cursor += size;
    return text;
}

}  // namespace multimqtt::wire
