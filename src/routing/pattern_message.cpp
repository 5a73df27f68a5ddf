// The sentences about patterns and topics that cannot be used.
#include "routing/pattern_message.hpp"

#include "multimqtt/topic_pattern.hpp"
#include "values/quoted.hpp"

#include <algorithm>

namespace multimqtt::routing {

using grammar::Fault;
using grammar::Problem;

namespace {

std::string sentence(const Problem& problem, std::string_view pattern) {
    const std::string part = quoted(pattern.substr(problem.offset, problem.size));
    switch (problem.fault) {
        case Fault::share_incomplete:
            return "a shared subscription needs a group and a pattern; write \"$share/{group}/{pattern}\".";
        case Fault::share_name:
            return "the group " + part +
                   " of the shared subscription needs at least one character and none of + # < >.";
        case Fault::unclosed:
            return "the \"<\" of " + part + " is never closed in its level; add the \">\".";
        case Fault::not_whole_level:
            return "the placeholder " + part + " must fill its level; put a \"/\" on both sides of it.";
        case Fault::unknown_converter:
            return "there is no converter " + part + "; use str, int, float, uuid or path.";
        case Fault::bad_name:
            return "the name " + part +
                   " is not an identifier; use letters, digits and \"_\", not starting with a digit.";
        case Fault::duplicate_name:
            return "the name " + part + " occurs twice; rename one of them.";
        case Fault::plus_inside_level:
            return "\"+\" must fill its level, as in \"a/+/b\".";
        case Fault::hash_inside_level:
            return "\"#\" must fill the last level, as in \"a/#\".";
        case Fault::hash_not_last:
            return "\"#\" must be the last level; use \"+\" for one level.";
        case Fault::path_not_last:
            return part + " must be the last level; use <str:name> for one level.";
        default:
            return {};
    }
}

}  // namespace

std::string text_problem(const Problem& problem, std::string_view noun, std::string_view text) {
    const std::string subject = "The " + std::string{noun} + " ";
    const std::string place = " at byte " + std::to_string(problem.offset);
    switch (problem.fault) {
        case Fault::empty:
            return subject + "is empty; it needs at least one character.";
        case Fault::too_long:
            return subject + quoted(text) + " has " + std::to_string(text.size()) +
                   " bytes; MQTT allows at most 65535.";
        case Fault::null_character:
            return subject + quoted(text) + " has a U+0000" + place +
                   ", which MQTT does not allow; remove it.";
        case Fault::not_utf8:
            return subject + quoted(text) + " is not well-formed UTF-8" + place + "; encode it as UTF-8.";
        default:
            return subject + quoted(text) + " cannot be used.";
    }
}

std::string message_of(const Problem& problem, std::string_view pattern) {
    std::string text = sentence(problem, pattern);
    if (text.empty()) {
        return text_problem(problem, "pattern", pattern);
    }
    const auto level =
        1 + std::count(pattern.begin(), pattern.begin() + static_cast<std::ptrdiff_t>(problem.offset), '/');
    return "The pattern " + quoted(pattern) + " cannot be used: at byte " + std::to_string(problem.offset) +
           " (level " + std::to_string(level) + ") " + text;
}

}  // namespace multimqtt::routing

namespace multimqtt {

using grammar::Fault;
using grammar::Problem;

Result<void> check_topic(std::string_view topic) {
    const Problem problem = grammar::check_text(topic);
    if (problem.fault != Fault::none) {
        return Failure{Error::bad_topic, routing::text_problem(problem, "topic", topic)};
    }
    const std::size_t wildcard = topic.find_first_of("+#");
    if (wildcard != std::string_view::npos) {
        return Failure{Error::bad_topic, "The topic " + quoted(topic) + " has the wildcard " +
                                             quoted(topic.substr(wildcard, 1)) + " at byte " +
                                             std::to_string(wildcard) +
                                             "; a message is published to one topic, without wildcards."};
    }
    return {};
}

}  // namespace multimqtt
