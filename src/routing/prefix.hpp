// The text that stands before every topic of an application.
#pragma once

#include "multimqtt/topic_pattern.hpp"

#include <string>
#include <string_view>

namespace multimqtt::routing {

/// A prefix such as "myprefix", kept as "myprefix/"; empty for none.
class Prefix {
public:
    /// No prefix.
    Prefix() = default;

    /// Takes `text` with or without one trailing "/"; "" and "/" mean none.
    ///
    /// Errors: `bad_topic`  it is not UTF-8, too long, has "+", "#" or U+0000, or begins a "$share/...".
    [[nodiscard]] static Result<Prefix> parse(std::string_view text);

    /// What stands before a topic: empty, or text that ends with "/".
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// The filter to subscribe to for `pattern`; "$share/{group}/" stays in front.
    ///
    /// Errors: `bad_pattern`  the filter is longer than MQTT allows.
    [[nodiscard]] Result<std::string> filter_of(const TopicPattern& pattern) const;

    /// The topic to publish to.
    [[nodiscard]] std::string topic_of(std::string_view topic) const { return text_ + std::string{topic}; }

private:
    std::string text_;
};

}  // namespace multimqtt::routing
