// Fast checks of MQTT text: plain ASCII eight bytes at a time, everything else byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace multimqtt::wire {

enum class TextProblem : std::uint8_t {
    none,
    ill_formed,      ///< Not UTF-8, overlong forms and surrogates included.
    null_character,  ///< U+0000.
    wildcard,        ///< "+" or "#", where they are not allowed.
};

enum class Wildcards : std::uint8_t {
    allowed,
    refused,
};

struct TextCheck {
    TextProblem problem = TextProblem::none;
    std::size_t offset = 0;  ///< Of the first byte that is wrong.
};

/// The size of the character that starts at `offset`, or 0 when it is ill-formed.
[[nodiscard]] std::size_t character_size(std::string_view text, std::size_t offset) noexcept;

/// Reads `text` byte by byte from `offset` on.
[[nodiscard]] TextCheck check_slowly(std::string_view text, std::size_t offset, Wildcards wildcards) noexcept;

/// Whether eight bytes are all ASCII, not 0, and neither "+" nor "#" where wildcards are refused.
template <Wildcards wildcards>
[[nodiscard]] inline bool is_plain(std::uint64_t word) noexcept {
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
    constexpr std::uint64_t kHighBits = 0x80 * kOnes;
    constexpr std::uint64_t kLowBits = 0x7F * kOnes;
    // As long as no byte has its high bit set, adding 0x7F sets it in exactly those that are not 0.
    std::uint64_t good = ~word & (word + kLowBits);
    if constexpr (wildcards == Wildcards::refused) {
        // "+" and "#" differ in one bit; set, it makes both of them "+".
        constexpr std::uint64_t kDifference = ('+' ^ '#') * kOnes;
        good &= ((word | kDifference) ^ ('+' * kOnes)) + kLowBits;
    }
    return (good & kHighBits) == kHighBits;
}

template <Wildcards wildcards>
[[nodiscard]] inline TextCheck check_text(std::string_view text) noexcept {
    const char* const data = text.data();
    const std::size_t size = text.size();
    std::size_t offset = 0;
    std::uint64_t word = 0;
    for (; size - offset >= sizeof word; offset += sizeof word) {
        std::memcpy(&word, data + offset, sizeof word);
        if (!is_plain<wildcards>(word)) {
            return check_slowly(text, offset, wildcards);
        }
    }
    if (offset == size) {
        return {};
    }
    if (size >= sizeof word) {
        // The last word overlaps the one before: no byte is read outside, none is left over.
        std::memcpy(&word, data + size - sizeof word, sizeof word);
        if (is_plain<wildcards>(word)) {
            return {};
        }
    }
    return check_slowly(text, offset, wildcards);
}

}  // namespace multimqtt::wire
