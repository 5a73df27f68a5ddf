// Which text MQTT takes as UTF-8, as a topic name and as a topic filter.
#pragma once

#include "multimqtt/result.hpp"

#include <string_view>

namespace multimqtt::wire {

/// Whether `text` is well-formed UTF-8 without surrogates and without U+0000.
/// Spec: v5 [MQTT-1.5.4-1], [MQTT-1.5.4-2]; v3.1.1 [MQTT-1.5.3-1], [MQTT-1.5.3-2].
[[nodiscard]] bool is_mqtt_text(std::string_view text) noexcept;

/// Whether `topic` can stand in a PUBLISH: text as above, 1 to 65,535 bytes, no "+" and no "#".
/// Spec: v5 [MQTT-3.3.2-2], [MQTT-4.7.3-1] to [MQTT-4.7.3-3].
[[nodiscard]] bool is_topic_name(std::string_view topic) noexcept;

/// What is wrong with `text` as a string of MQTT, with the byte where it is, or success.
/// Errors: `bad_value`.
[[nodiscard]] Result<void> validate_utf8(std::string_view text);

/// Errors: `bad_topic`.
[[nodiscard]] Result<void> validate_topic_name(std::string_view topic);

/// Also knows shared subscriptions, `$share/{name}/{filter}`, which only MQTT 5.0 checks.
/// Errors: `bad_pattern`.
/// Spec: v5 [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.3-1] to [MQTT-4.7.3-3], [MQTT-4.8.2-1],
///       [MQTT-4.8.2-2].
[[nodiscard]] Result<void> validate_topic_filter(std::string_view filter);

}  // namespace multimqtt::wire
