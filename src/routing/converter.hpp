// Which texts fit which kind of placeholder.
#pragma once

#include "multimqtt/topic_pattern.hpp"

#include <string_view>

namespace multimqtt::routing {

/// True when `text`, one level of a topic (all remaining levels for a path), fits a placeholder of `kind`.
[[nodiscard]] bool fits(PlaceholderKind kind, std::string_view text, IntRange range) noexcept;

/// What `kind` asks of a text, for messages: "an optional minus sign and digits".
[[nodiscard]] std::string_view expectation(PlaceholderKind kind) noexcept;

}  // namespace multimqtt::routing
