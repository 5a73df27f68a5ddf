// Validity and matching of topics.
#include "topic.hpp"

namespace multimqtt::simulation {
namespace {

// Takes the first level off `rest`; `more` says whether a separator followed it.
std::string_view take_level(std::string_view& rest, bool& more) noexcept {
    const auto slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    more = slash != std::string_view::npos;
    rest = more ? rest.substr(slash + 1) : std::string_view{};
    return level;
}

}  // namespace

bool is_topic_name(std::string_view topic) noexcept {
    return !topic.empty() && topic.size() <= 65'535 && !has_wildcard(topic);
}

bool has_wildcard(std::string_view filter) noexcept {
    return filter.find_first_of("+#") != std::string_view::npos;
}

bool is_shared(std::string_view filter) noexcept {
    return filter.starts_with("$share/");
}

std::string_view inner_filter(std::string_view filter) noexcept {
    if (!is_shared(filter)) {
        return filter;
    }
    const auto slash = filter.find('/', 7);
    return slash == std::string_view::npos ? std::string_view{} : filter.substr(slash + 1);
}

bool is_topic_filter(std::string_view filter, bool knows_shared) noexcept {
    if (knows_shared && is_shared(filter)) {
        const std::string_view inner = inner_filter(filter);
        const std::string_view name = filter.substr(7, filter.size() - inner.size() - 8);
        return !inner.empty() && !name.empty() && !has_wildcard(name) && is_topic_filter(inner, false);
    }
    if (filter.empty() || filter.size() > 65'535) {
        return false;
    }
    bool more = true;
    while (more) {
        const std::string_view level = take_level(filter, more);
        if (has_wildcard(level) && (level.size() > 1 || (level == "#" && more))) {
            return false;
        }
    }
    return true;
}

bool matches(std::string_view filter, std::string_view topic) noexcept {
    if (topic.starts_with('$') && has_wildcard(filter.substr(0, 1))) {  // v5 [MQTT-4.7.2-1]
        return false;
    }
    bool more_filter = true;
    bool more_topic = true;
    while (more_filter && more_topic) {
        const std::string_view wanted = take_level(filter, more_filter);
        if (wanted == "#") {
            return true;
        }
        if (const std::string_view level = take_level(topic, more_topic); wanted != "+" && wanted != level) {
            return false;
        }
    }
    return !more_topic && (!more_filter || filter == "#");  // "a/#" matches "a" as well.
}

}  // namespace multimqtt::simulation
