// The checks that keep a value from changing the meaning of the topic it becomes a part of.
#include "routing/topic_builder.hpp"

#include "routing/converter.hpp"
#include "routing/pattern_message.hpp"
#include "values/quoted.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace multimqtt::routing {
namespace {

// MQTT does not allow "+" in topics, so that 1e+20 is written 1e20.
std::string without_plus(std::string text) {
    std::erase(text, '+');
    return text;
}

std::string text_of(double number) {
    std::array<char, 32> buffer{};
    const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return without_plus({buffer.data(), written.ptr});
}

std::string text_of(const TopicValue& value, PlaceholderKind kind) {
    struct Render {
        PlaceholderKind kind;
        std::string operator()(const std::string& text) const {
            const bool is_number = kind == PlaceholderKind::floating && fits(kind, text, IntRange::any);
            return is_number ? without_plus(text) : text;
        }
        std::string operator()(std::int64_t number) const { return std::to_string(number); }
        std::string operator()(double number) const { return text_of(number); }
        std::string operator()(const Uuid& uuid) const { return uuid.text(); }
    };
    return std::visit(Render{kind}, value.variant());
}

std::string about(const TopicPattern& pattern, const std::string& name) {
    return quoted(name) + " of the pattern " + quoted(pattern.text());
}

Failure bad_value(std::string text) {
    return Failure{Error::bad_value, std::move(text)};
}

std::string known_names(const TopicPattern& pattern) {
    if (pattern.placeholders().empty()) {
        return "it has no placeholders";
    }
    std::string names;
    for (const Placeholder& placeholder : pattern.placeholders()) {
        names.append(names.empty() ? "its placeholders are " : ", ").append(placeholder.name);
    }
    return names;
}

Result<void> check_names(const TopicPattern& pattern, std::span<const TopicArgument> values) {
    for (std::size_t index = 0; index < values.size(); ++index) {
        const std::string& name = values[index].name;
        const auto has_name = [&](const auto& named) { return named.name == name; };
        if (std::ranges::none_of(pattern.placeholders(), has_name)) {
            return bad_value("The pattern " + quoted(pattern.text()) + " has no placeholder " + quoted(name) +
                             "; " + known_names(pattern) + ".");
        }
        if (std::ranges::any_of(values.first(index), has_name)) {
            return bad_value("The value " + about(pattern, name) + " is given twice; give it once.");
        }
    }
    return {};
}

Result<void> check_value(const TopicPattern& pattern, const Placeholder& placeholder, std::string_view text) {
    const std::string subject = "The value " + quoted(text) + " for " + about(pattern, placeholder.name);
    const grammar::Problem problem = grammar::check_text(text);
    if (problem.fault == grammar::Fault::empty) {
        return bad_value(subject + " is empty; give " + std::string{expectation(placeholder.kind)} + ".");
    }
    if (problem.fault != grammar::Fault::none) {
        return bad_value(text_problem(problem, "value for " + about(pattern, placeholder.name) + ",", text));
    }
    const bool path = placeholder.kind == PlaceholderKind::path;
    const std::size_t forbidden = text.find_first_of(path ? "+#" : "/+#");
    if (forbidden != std::string_view::npos) {
        return bad_value(subject + " has a " + quoted(text.substr(forbidden, 1)) +
                         (text[forbidden] == '/'
                              ? ", but the placeholder is one level; use <path:...> for several levels."
                              : ", which no topic may have; remove it."));
    }
    if (!fits(placeholder.kind, text, pattern.int_range())) {
        return bad_value(subject + " does not fit <" + std::string{to_string(placeholder.kind)} + ":" +
                         placeholder.name + ">; give " + std::string{expectation(placeholder.kind)} +
                         (pattern.int_range() == IntRange::int64 ? ", within 64 bits." : "."));
    }
    if (placeholder.level == 0 && text.front() == '$') {
        return bad_value(subject +
                         " would begin the topic with \"$\", which is the broker's own space; write " +
                         "the \"$\" level into the pattern.");
    }
    return {};
}

Result<std::string> value_text(const TopicPattern& pattern, const Placeholder& placeholder,
                               std::span<const TopicArgument> values) {
    const auto found = std::ranges::find(values, placeholder.name, &TopicArgument::name);
    if (found == values.end()) {
        return bad_value("The value " + about(pattern, placeholder.name) + " is missing; give " +
                         std::string{expectation(placeholder.kind)} + ".");
    }
    std::string text = text_of(found->value, placeholder.kind);
    if (Result<void> checked = check_value(pattern, placeholder, text); !checked) {
        return std::move(checked).error();
    }
    return text;
}

}  // namespace

Result<std::string> build_topic(const TopicPattern& pattern, std::span<const TopicArgument> values) {
    if (Result<void> checked = check_names(pattern, values); !checked) {
        return std::move(checked).error();
    }
    std::string topic;
    std::string_view rest = pattern.inner_filter();
    for (const Placeholder& placeholder : pattern.placeholders()) {
        const std::size_t mark = rest.find_first_of("+#");
        topic.append(rest.substr(0, mark));
        rest.remove_prefix(mark + 1);
        Result<std::string> text = value_text(pattern, placeholder, values);
        if (!text) {
            return text;
        }
        topic.append(*text);
    }
    topic.append(rest);
    if (topic.size() > TopicPattern::kSizeBytesMax) {
        return bad_value("The topic built from the pattern " + quoted(pattern.text()) + " has " +
                         std::to_string(topic.size()) +
                         " bytes; MQTT allows at most 65535; give shorter values.");
    }
    return topic;
}

}  // namespace multimqtt::routing
