// Which text MQTT takes as UTF-8 and as a topic name.
#pragma once

#include "multimqtt/result.hpp"

#include <string_view>

namespace multimqtt::wire {

/// What is wrong with `text` as a string of MQTT, with the byte where it is, or success: well-formed UTF-8 of
/// at most 65,535 bytes, without surrogates and without U+0000.
/// Errors: `bad_value`.
/// Spec: v5 [MQTT-1.5.4-1], [MQTT-1.5.4-2]; v3.1.1 [MQTT-1.5.3-1], [MQTT-1.5.3-2].
[[nodiscard]] Result<void> validate_utf8(std::string_view text);

/// The same for what can stand in a PUBLISH: 1 to 65,535 bytes, neither "+" nor "#".
/// Errors: `bad_topic`.
/// Spec: v5 [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.0-1], [MQTT-4.7.3-1] to [MQTT-4.7.3-3];
///       v3.1.1 [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.1-1], [MQTT-4.7.3-1] to [MQTT-4.7.3-3].
[[nodiscard]] Result<void> validate_topic_name(std::string_view topic);

}  // namespace multimqtt::wire
