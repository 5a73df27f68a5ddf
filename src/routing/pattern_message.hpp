// What a person is told about a pattern or topic that cannot be used.
#pragma once

#include "multimqtt/pattern_grammar.hpp"

#include <string>
#include <string_view>

namespace multimqtt::routing {

/// A sentence that names `pattern`, the place of the problem and its cure.
[[nodiscard]] std::string message_of(const grammar::Problem& problem, std::string_view pattern);

/// The same for a topic name, a prefix or a value, which `noun` names: "topic". Knows the problems that
/// `grammar::check_text` finds.
[[nodiscard]] std::string text_problem(const grammar::Problem& problem, std::string_view noun,
                                       std::string_view text);

}  // namespace multimqtt::routing
