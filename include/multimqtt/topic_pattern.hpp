// Topic patterns with typed placeholders, such as "plant/<int:line>/<sensor>".
#pragma once

#include "multimqtt/pattern_grammar.hpp"
#include "multimqtt/result.hpp"
#include "multimqtt/topic_value.hpp"

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt {

/// Which integers `<int:...>` takes.
enum class IntRange : std::uint8_t {
    any,    ///< Up to 4,300 digits, the most that Python takes; for handlers whose integers are unbounded.
    int64,  ///< Those that fit `std::int64_t`; a larger one is not a match.
};

/// One placeholder of a pattern.
struct Placeholder {
    std::string name;
    PlaceholderKind kind = PlaceholderKind::text;
    std::size_t level = 0;  ///< Counted from 0 in `TopicPattern::inner_filter()`.

    friend bool operator==(const Placeholder&, const Placeholder&) = default;
};

using TopicCaptures = std::vector<TopicCapture>;

/// A topic pattern in Flask's own notation.
///
///     "plant/<int:line>/<sensor>"    subscribes to   "plant/+/+"
///     "logs/<path:rest>"             subscribes to   "logs/#"
///     "$share/workers/jobs/<job>"    subscribes to   "$share/workers/jobs/+"
///
/// A placeholder takes a whole level: `<name>` or `<str:name>` one level that is not empty, `<int:name>`,
/// `<float:name>`, `<uuid:name>` what their names say, `<path:name>` all levels to the end. MQTT's own
/// "+" and "#" may stand beside them; they match without giving a value.
///
/// Threads: immutable after `parse`, cheap to copy; any thread may use it at any time.
/// Spec:    MQTT 5.0 and 3.1.1, section 4.7, Topic Names and Topic Filters; MQTT 5.0, 4.8.2.
class TopicPattern {
public:
    /// Longest pattern, filter and topic, in bytes of UTF-8.
    /// Spec: v5 [MQTT-4.7.3-3].
    static constexpr std::size_t kSizeBytesMax = grammar::kTopicBytesMax;

    /// Parses `text`.
    ///
    /// Errors: `bad_pattern`, with a sentence that names the pattern, the place and the cure. `text` is
    /// empty,
    ///         too long, not UTF-8 or has a U+0000; a "<" never closes or does not begin its level; a
    ///         converter is unknown; a name is not an identifier or occurs twice; "+" or "#" shares its
    ///         level; "#" or
    ///         `<path:...>` is not last; "$share/" has no group or no filter.
    [[nodiscard]] static Result<TopicPattern> parse(std::string_view text, IntRange range = IntRange::any);

    /// The pattern as it was written.
    [[nodiscard]] const std::string& text() const noexcept;

    /// The topic filter to subscribe to, with "+" and "#" in place of the placeholders; "$share/{group}/" is
    /// kept.
    [[nodiscard]] const std::string& filter() const noexcept;

    /// The filter that topics are matched against: `filter()` without "$share/{group}/".
    [[nodiscard]] std::string_view inner_filter() const noexcept;

    /// The group of a shared subscription, empty when the pattern is not shared.
    [[nodiscard]] std::string_view share_group() const noexcept;

    /// The placeholders in the order of the pattern.
    [[nodiscard]] const std::vector<Placeholder>& placeholders() const noexcept;

    /// True when a topic other than `inner_filter()` can match.
    [[nodiscard]] bool has_wildcards() const noexcept;

    [[nodiscard]] IntRange int_range() const noexcept;

    /// The captures of `topic` in the order of `placeholders()`, or nothing when it does not match.
    ///
    /// "plant/x/temperature" does not match `<int:line>`: a value that does not fit its placeholder is a
    /// non-match, never an error, so that a broader pattern can still take the message. `logs/<path:rest>`
    /// does not match "logs", although its filter "logs/#" does. The first level of a topic that begins with
    /// "$" is matched by the same literal only, v5 [MQTT-4.7.2-1].
    ///
    /// The captures are views into `topic`.
    [[nodiscard]] std::optional<TopicCaptures> match(std::string_view topic) const;

    /// The topic with `values` in place of the placeholders; without "$share/{group}/".
    ///
    /// A value given as text must fit its placeholder as it would in a topic that matches.
    ///
    /// Errors: `bad_value`   a name is unknown, missing or given twice; a value has "+", "#" or U+0000, or
    /// "/"
    ///                       where the placeholder is not a path; it is empty, not UTF-8, or does not fit the
    ///                       placeholder; it puts a "$" at the start of the topic; the topic gets too long.
    ///         `bad_pattern` the pattern has "+" or "#", for which there is no value.
    [[nodiscard]] Result<std::string> topic_for(std::span<const TopicArgument> values) const;
    [[nodiscard]] Result<std::string> topic_for(std::initializer_list<TopicArgument> values) const;

private:
    struct Parts;

    explicit TopicPattern(std::shared_ptr<const Parts> parts);

    std::shared_ptr<const Parts> parts_;  // Shared by all copies; never changes.
};

/// True when MQTT allows `topic` in a PUBLISH: 1 to 65,535 bytes of UTF-8 without "+", "#" and U+0000.
///
/// Errors: `bad_topic`, with a sentence that names the topic, the place and the cure.
/// Spec:   v5 [MQTT-3.3.2-2], v5 [MQTT-4.7.3-1], v5 [MQTT-4.7.3-2], v5 [MQTT-4.7.3-3].
[[nodiscard]] Result<void> check_topic(std::string_view topic);

}  // namespace multimqtt
