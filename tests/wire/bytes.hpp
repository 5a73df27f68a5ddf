// Bytes written as the specification prints them, and printed back.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::wire {

using ByteVector = std::vector<std::byte>;

/// Reads "30 05 'a/b' FF": hexadecimal bytes, and text between single quotes.
[[nodiscard]] inline ByteVector bytes(std::string_view notation) {
    const auto digit = [](char character) {
        return static_cast<unsigned>(character <= '9' ? character - '0' : (character & ~0x20) - 'A' + 10);
    };
    ByteVector result;
    bool quoted = false;
    for (std::size_t index = 0; index < notation.size(); ++index) {
        const char character = notation[index];
        if (character == '\'') {
            quoted = !quoted;
        } else if (quoted) {
            result.push_back(static_cast<std::byte>(character));
        } else if (character != ' ') {
            result.push_back(static_cast<std::byte>(digit(character) << 4 | digit(notation.at(index + 1))));
            ++index;
        }
    }
    return result;
}

[[nodiscard]] inline std::string hex(std::span<const std::byte> input) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (const std::byte byte : input) {
        const auto value = static_cast<std::size_t>(byte);
        text.append(text.empty() ? "" : " ") += kDigits[value >> 4];
        text += kDigits[value & 0x0F];
    }
    return text;
}

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span{text});
}

}  // namespace multimqtt::wire
