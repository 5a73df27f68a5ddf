// The sentences that tell a caller what is wrong with a text, a topic name or a topic filter.
#include "wire/validate.hpp"

#include "wire/utf8.hpp"

#include <string>

namespace multimqtt::wire {
namespace {

constexpr std::size_t kTextBytesMax = 65'535;  // v5 [MQTT-4.7.3-3], and 1.5.4 for any string.
constexpr std::string_view kSharePrefix = "$share/";

std::string quoted(std::string_view text) {
    // Long enough for any topic in real use, short enough for a log line.
    constexpr std::size_t kShownBytesMax = 120;
    std::string shown{"\""};
    for (const char character : text.substr(0, kShownBytesMax)) {
        shown += static_cast<unsigned char>(character) < 0x20 ? '?' : character;
    }
    return shown += text.size() > kShownBytesMax ? "...\"" : "\"";
}

std::string at_byte(std::size_t offset) {
    return " (at byte " + std::to_string(offset) + ")";
}

// Text that is not UTF-8 is not shown: a message has to be text itself.
Result<void> check(std::string_view text, std::string_view noun, Error error) {
    if (text.size() > kTextBytesMax) {
        return Failure{error, std::string{noun} + " takes " + std::to_string(text.size()) +
                                  " bytes of UTF-8; MQTT allows 65535."};
    }
    const TextCheck found = check_text<Wildcards::allowed>(text);
    if (found.problem == TextProblem::ill_formed) {
        return Failure{error, std::string{noun} + " is not well-formed UTF-8" + at_byte(found.offset) +
                                  "; surrogates and overlong forms are not allowed either."};
    }
    if (found.problem == TextProblem::null_character) {
        return Failure{error, std::string{noun} + " " + quoted(text) + " contains the character U+0000" +
                                  at_byte(found.offset) + ", which MQTT does not allow."};
    }
    return {};
}

Failure bad_filter(std::string_view filter, std::string_view problem) {
    return Failure{Error::bad_pattern,
                   "The topic filter " + quoted(filter) + " cannot be used: " + std::string{problem}};
}

// Each wildcard has to fill its level, and "#" has to be the last one.
Result<void> check_levels(std::string_view filter, std::string_view whole) {
    for (std::size_t index = 0; index < filter.size(); ++index) {
        const char character = filter[index];
        if (character != '+' && character != '#') {
            continue;
        }
        const bool starts_level = index == 0 || filter[index - 1] == '/';
        const bool ends_filter = index + 1 == filter.size();
        if (character == '#' && !(starts_level && ends_filter)) {
            return bad_filter(whole, "\"#\" has to be the last character and stand alone in its level.");
        }
        if (character == '+' && !(starts_level && (ends_filter || filter[index + 1] == '/'))) {
            return bad_filter(whole, "\"+\" has to stand alone in its level.");
        }
    }
    return {};
}

}  // namespace

bool is_mqtt_text(std::string_view text) noexcept {
    return text.size() <= kTextBytesMax && check_text<Wildcards::allowed>(text).problem == TextProblem::none;
}

bool is_topic_name(std::string_view topic) noexcept {
    return !topic.empty() && topic.size() <= kTextBytesMax &&
           check_text<Wildcards::refused>(topic).problem == TextProblem::none;
}

Result<void> validate_utf8(std::string_view text) {
    return check(text, "The text", Error::bad_value);
}

Result<void> validate_topic_name(std::string_view topic) {
    if (is_topic_name(topic)) {
        return {};
    }
    if (topic.empty()) {
        return Failure{Error::bad_topic, "The topic is empty; it needs at least one character."};
    }
    const Result<void> text = check(topic, "The topic", Error::bad_topic);
    if (!text) {
        return text.error();
    }
    const std::size_t offset = check_text<Wildcards::refused>(topic).offset;
    return Failure{Error::bad_topic, "The topic " + quoted(topic) + " contains the wildcard \"" +
                                         topic[offset] + "\"" + at_byte(offset) +
                                         "; wildcards are for subscriptions, not for messages."};
}

Result<void> validate_topic_filter(std::string_view filter) {
    if (filter.empty()) {
        return Failure{Error::bad_pattern, "The topic filter is empty; it needs at least one character."};
    }
    const Result<void> text = check(filter, "The topic filter", Error::bad_pattern);
    if (!text) {
        return text.error();
    }
    if (!filter.starts_with(kSharePrefix)) {
        return check_levels(filter, filter);
    }
    const std::string_view shared = filter.substr(kSharePrefix.size());
    const std::size_t slash = shared.find('/');
    const std::string_view group = shared.substr(0, slash);
    if (group.empty() || group.find_first_of("+#") != std::string_view::npos) {
        return bad_filter(filter,
                          "the share name after \"$share/\" needs at least one character, and none of + #.");
    }
    if (slash == std::string_view::npos || slash + 1 == shared.size()) {
        return bad_filter(filter,
                          "after \"$share/" + std::string{group} + "/\" a topic filter has to follow.");
    }
    return check_levels(shared.substr(slash + 1), filter);
}

}  // namespace multimqtt::wire
