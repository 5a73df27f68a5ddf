// How a pattern becomes a filter, and how a topic is held against it.
#include "multimqtt/topic_pattern.hpp"

#include "routing/converter.hpp"
#include "routing/pattern_message.hpp"
#include "routing/topic_builder.hpp"
#include "values/quoted.hpp"

#include <unordered_set>
#include <utility>

namespace multimqtt {

using grammar::Fault;
using grammar::Level;
using grammar::LevelKind;
using grammar::Problem;

struct TopicPattern::Parts {
    std::string text;
    std::string filter;
    std::size_t inner_offset = 0;  // Where `filter` goes on behind "$share/{group}/".
    IntRange range = IntRange::any;
    bool has_raw_wildcards = false;
    std::vector<Placeholder> placeholders;
};

TopicPattern::TopicPattern(std::shared_ptr<const Parts> parts) : parts_{std::move(parts)} {
}

Result<TopicPattern> TopicPattern::parse(std::string_view text, IntRange range) {
    auto parts = std::make_shared<Parts>();
    parts->range = range;
    std::size_t level_count = 0;
    std::unordered_set<std::string_view> names;
    std::optional<std::string_view> repeated;
    std::string inner;
    const auto add_level = [&](const Level& level) {
        inner.append(level_count == 0 ? "" : "/");
        switch (level.kind) {
            case LevelKind::placeholder:
                inner += level.placeholder == PlaceholderKind::path ? '#' : '+';
                parts->placeholders.push_back({std::string{level.name}, level.placeholder, level_count});
                if (!names.insert(level.name).second && !repeated) {
                    repeated = level.name;
                }
                break;
            case LevelKind::any_level:
            case LevelKind::any_rest:
                parts->has_raw_wildcards = true;
                [[fallthrough]];
            case LevelKind::literal:
                inner.append(level.text);
                break;
        }
        ++level_count;
    };
    Problem problem = grammar::read_pattern(text, add_level);
    if (problem.fault == Fault::none && repeated) {
        problem = {Fault::duplicate_name, static_cast<std::size_t>(repeated->data() - text.data()),
                   repeated->size()};
    }
    if (problem.fault != Fault::none) {
        return Failure{Error::bad_pattern, routing::message_of(problem, text)};
    }
    static_cast<void>(grammar::read_share(text, parts->inner_offset));
    parts->text = text;
    parts->filter = std::string{text.substr(0, parts->inner_offset)} + inner;
    return TopicPattern{std::move(parts)};
}

const std::string& TopicPattern::text() const noexcept {
    return parts_->text;
}
const std::string& TopicPattern::filter() const noexcept {
    return parts_->filter;
}
const std::vector<Placeholder>& TopicPattern::placeholders() const noexcept {
    return parts_->placeholders;
}
IntRange TopicPattern::int_range() const noexcept {
    return parts_->range;
}

std::string_view TopicPattern::inner_filter() const noexcept {
    return std::string_view{parts_->filter}.substr(parts_->inner_offset);
}

std::string_view TopicPattern::share_group() const noexcept {
    if (parts_->inner_offset == 0) {
        return {};
    }
    const std::size_t start = grammar::kSharePrefix.size();
    return std::string_view{parts_->filter}.substr(start, parts_->inner_offset - 1 - start);
}

bool TopicPattern::has_wildcards() const noexcept {
    return parts_->has_raw_wildcards || !parts_->placeholders.empty();
}

std::optional<TopicCaptures> TopicPattern::match(std::string_view topic) const {
    std::string_view filter = inner_filter();
    if (topic.empty() || (topic.front() == '$' && (filter.front() == '+' || filter.front() == '#'))) {
        return std::nullopt;  // v5 and v3.1.1 [MQTT-4.7.2-1].
    }
    TopicCaptures captures;
    auto next = parts_->placeholders.begin();
    const auto take = [&](std::size_t level, std::string_view text) {
        if (next == parts_->placeholders.end() || next->level != level) {
            return true;
        }
        captures.push_back({next->kind, text});
        return routing::fits((next++)->kind, text, parts_->range);
    };
    for (std::size_t level = 0;; ++level) {
        const std::size_t filter_end = filter.find('/');
        const std::size_t topic_end = topic.find('/');
        const std::string_view wanted = filter.substr(0, filter_end);
        const std::string_view found = topic.substr(0, topic_end);
        if (wanted == "#") {
            return take(level, topic) ? std::optional{std::move(captures)} : std::nullopt;
        }
        // Byte by byte, v5 and v3.1.1 [MQTT-4.7.3-4].
        if (wanted == "+" ? !take(level, found) : wanted != found) {
            return std::nullopt;
        }
        if (topic_end == std::string_view::npos) {
            // "sport/#" matches "sport" too, but a path would be empty there.
            const std::string_view rest =
                filter_end == std::string_view::npos ? std::string_view{} : filter.substr(filter_end);
            const bool ends = rest.empty() || (rest == "/#" && next == parts_->placeholders.end());
            return ends ? std::optional{std::move(captures)} : std::nullopt;
        }
        if (filter_end == std::string_view::npos) {
            return std::nullopt;
        }
        filter.remove_prefix(filter_end + 1);
        topic.remove_prefix(topic_end + 1);
    }
}

Result<std::string> TopicPattern::topic_for(std::span<const TopicArgument> values) const {
    if (parts_->has_raw_wildcards) {
        return Failure{Error::bad_pattern,
                       "No topic can be built from the pattern " + quoted(parts_->text) +
                           ": its \"+\" or \"#\" has no name to give a value to; use <name> or <path:name>."};
    }
    return routing::build_topic(*this, values);
}

Result<std::string> TopicPattern::topic_for(std::initializer_list<TopicArgument> values) const {
    return topic_for(std::span<const TopicArgument>{values.begin(), values.size()});
}

}  // namespace multimqtt
