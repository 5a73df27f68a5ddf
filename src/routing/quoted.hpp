// Topics and patterns inside error messages: in quotes, printable, and not too long.
#pragma once

#include "multimqtt/pattern_grammar.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace multimqtt::routing {

/// Longest quotation in a message, in bytes; chosen so that a message stays readable in a log line.
inline constexpr std::size_t kQuotedBytesMax = 120;

/// `text` in quotes. Control characters and ill-formed UTF-8 become "\xHH"; the end of a long text "...".
[[nodiscard]] inline std::string quoted(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string result{'"'};
    while (!text.empty() && result.size() < kQuotedBytesMax) {
        std::size_t size = grammar::utf8_character_size(text);
        const auto first = static_cast<unsigned char>(text.front());
        if (size == 0 || first < 0x20 || first == 0x7F) {
            size = 1;
            result.append("\\x").append(1, kDigits[first >> 4U]).append(1, kDigits[first & 0xFU]);
        } else {
            result.append(text.substr(0, size));
        }
        text.remove_prefix(size);
    }
    return result.append(text.empty() ? "\"" : "...\"");
}

}  // namespace multimqtt::routing
