// Topic matching as the specification says it, slow and obvious: what the router is held against.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing::reference {

inline std::vector<std::string> levels_of(std::string_view text) {
    std::vector<std::string> levels(1);
    for (const char character : text) {
        if (character == '/') {
            levels.emplace_back();
        } else {
            levels.back() += character;
        }
    }
    return levels;
}

/// MQTT 5.0 section 4.7, for a filter without "$share/{group}/".
inline bool matches(std::string_view filter, std::string_view topic) {
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) {
        return false;
    }
    const std::vector<std::string> wanted = levels_of(filter);
    const std::vector<std::string> found = levels_of(topic);
    for (std::size_t index = 0; index < wanted.size(); ++index) {
        if (wanted[index] == "#") {
            return found.size() >= index;
        }
        if (index >= found.size() || (wanted[index] != "+" && wanted[index] != found[index])) {
            return false;
        }
    }
    return wanted.size() == found.size();
}

/// The filter behind "$share/{group}/".
inline std::string_view inner(std::string_view filter) {
    return filter.starts_with("$share/") ? filter.substr(filter.find('/', 7) + 1) : filter;
}

}  // namespace multimqtt::routing::reference
