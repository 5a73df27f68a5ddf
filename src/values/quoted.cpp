// Character by character through a text that may hold anything.
#include "values/quoted.hpp"

#include "multimqtt/pattern_grammar.hpp"

namespace multimqtt {

std::string quoted(std::string_view text, std::size_t bytes_max) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string result{'"'};
    while (!text.empty()) {
        const std::size_t size = grammar::utf8_character_size(text);
        const auto first = static_cast<unsigned char>(text.front());
        const bool shown = size != 0 && first >= 0x20 && first != 0x7F;
        constexpr std::size_t kEscapeBytes = 4;
        if (result.size() - 1 + (shown ? size : kEscapeBytes) > bytes_max) {
            return result.append("...\"");
        }
        if (shown) {
            result.append(text.substr(0, size));
        } else {
            result.append("\\x").append(1, kDigits[first >> 4U]).append(1, kDigits[first & 0xFU]);
        }
        text.remove_prefix(shown ? size : 1);
    }
    return result.append("\"");
}

}  // namespace multimqtt
