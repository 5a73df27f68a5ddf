// Character by character through a text that may hold anything.
#include "wire/quoted.hpp"

#include "wire/utf8.hpp"

#include <algorithm>

namespace multimqtt::wire {

std::string quoted(std::string_view text, std::size_t bytes_max) {
    std::string result{'"'};
    std::size_t offset = 0;
    while (offset < text.size()) {
        const std::size_t size = character_size(text, offset);
        const std::size_t step = std::max<std::size_t>(size, 1);
        if (offset + step > bytes_max) {
            return result += "...\"";
        }
        const auto first = static_cast<unsigned char>(text[offset]);
        const bool shown = size != 0 && first >= 0x20 && first != 0x7F;
        result.append(shown ? text.substr(offset, size) : "?");
        offset += step;
    }
    return result += '"';
}

}  // namespace multimqtt::wire
