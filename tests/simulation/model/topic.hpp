// Topic names and filters: MQTT 5.0 and 3.1.1, section 4.7.
#pragma once

#include <string_view>

namespace multimqtt::simulation {

[[nodiscard]] bool is_topic_name(std::string_view topic) noexcept;
/// Whether wildcards stand where they may, and a shared subscription of 5.0 has the right form.
[[nodiscard]] bool is_topic_filter(std::string_view filter, bool knows_shared) noexcept;
[[nodiscard]] bool is_shared(std::string_view filter) noexcept;
[[nodiscard]] bool has_wildcard(std::string_view filter) noexcept;
/// `filter` without "$share/name/".
[[nodiscard]] std::string_view inner_filter(std::string_view filter) noexcept;
[[nodiscard]] bool matches(std::string_view filter, std::string_view topic) noexcept;

}  // namespace multimqtt::simulation
