// Which topic filters contain which others, and the least filter that contains two.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace multimqtt::routing {

/// Where the filter inside "$share/{group}/" begins; 0 when `filter` is not shared.
[[nodiscard]] std::size_t share_size(std::string_view filter) noexcept;

/// True when every topic that matches `narrow` matches `wide` too. Both without "$share/{group}/".
[[nodiscard]] bool covers(std::string_view wide, std::string_view narrow) noexcept;

/// The least filter that covers both of two filters which overlap: "x/+/+" for "x/a/+" and "x/+/b".
[[nodiscard]] std::string common_cover(std::string_view left, std::string_view right);

/// True when a level is neither "+" nor "#".
[[nodiscard]] bool has_literal_level(std::string_view filter) noexcept;

/// True when a level is "+" or "#".
[[nodiscard]] bool has_wildcard_level(std::string_view filter) noexcept;

}  // namespace multimqtt::routing
