// The byte by byte check of text, by the table of well-formed sequences of the Unicode standard.
#include "wire/utf8.hpp"

namespace multimqtt::wire {

std::size_t character_size(std::string_view text, std::size_t offset) noexcept {
    const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
    const std::uint8_t lead = byte(offset);
    if (lead < 0x80) {
        return 1;
    }
    std::size_t size = 0;
    // Only the second byte has a narrower range: it rules out overlong forms, surrogates and what lies
    // above U+10FFFF. The Unicode Standard, table 3-7.
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        size = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        size = 3;
        second_min = lead == 0xE0 ? 0xA0 : second_min;
        second_max = lead == 0xED ? 0x9F : second_max;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4;
        second_min = lead == 0xF0 ? 0x90 : second_min;
        second_max = lead == 0xF4 ? 0x8F : second_max;
    }
    if (size == 0 || text.size() - offset < size || byte(offset + 1) < second_min ||
        byte(offset + 1) > second_max) {
        return 0;
    }
    for (std::size_t index = offset + 2; index < offset + size; ++index) {
        if ((byte(index) & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

TextCheck check_slowly(std::string_view text, std::size_t offset, Wildcards wildcards) noexcept {
    while (offset < text.size()) {
        const auto byte = static_cast<std::uint8_t>(text[offset]);
        if (byte == 0) {
            return {TextProblem::null_character, offset};
        }
        if (byte < 0x80) {
            if (wildcards == Wildcards::refused && (byte == '+' || byte == '#')) {
                return {TextProblem::wildcard, offset};
            }
            ++offset;
            continue;
        }
        const std::size_t size = character_size(text, offset);
        if (size == 0) {
            return {TextProblem::ill_formed, offset};
        }
        offset += size;
    }
    return {};
}

}  // namespace multimqtt::wire
