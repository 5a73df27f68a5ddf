// The sentences that tell a caller what is wrong with a text or a topic name.
#include "wire/validate.hpp"

#include "wire/quoted.hpp"
#include "wire/utf8.hpp"

#include <string>

namespace multimqtt::wire {
namespace {

constexpr std::size_t kTextBytesMax = 65'535;  // v5 [MQTT-4.7.3-3], and 1.5.4 for any string.

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

bool is_topic_name(std::string_view topic) noexcept {
    return !topic.empty() && topic.size() <= kTextBytesMax &&
           check_text<Wildcards::refused>(topic).problem == TextProblem::none;
}

}  // namespace

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

}  // namespace multimqtt::wire
