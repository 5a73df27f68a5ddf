// Text from outside inside messages: in quotes, printable, and not too long.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace multimqtt {

/// Longest quotation in a message, in bytes; chosen so that a message stays readable in a log line.
inline constexpr std::size_t kQuotedBytesMax = 120;

/// `text` in quotes, fit for a log line. Control characters and ill-formed UTF-8 become "\xHH", and what
/// exceeds `bytes_max` becomes "...", without cutting a character in two.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t bytes_max = kQuotedBytesMax);

}  // namespace multimqtt
