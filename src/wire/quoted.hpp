// Text from outside inside messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace multimqtt::wire {

/// `text` in quotes, fit for a log line: what is not UTF-8 and control characters become "?", and what
/// exceeds `bytes_max` becomes "...", without cutting a character in two.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t bytes_max = 120);

}  // namespace multimqtt::wire
