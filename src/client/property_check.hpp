// Which MQTT 5.0 properties a PUBLISH may carry.
#pragma once

#include "multimqtt/publish.hpp"
#include "multimqtt/result.hpp"

namespace multimqtt::client {

/// Errors: `bad_value`, naming the property; `bad_topic` for the response topic.
/// Spec: MQTT 5.0 section 3.3.2.3; v5 [MQTT-3.3.2-13], [MQTT-3.3.2-14], [MQTT-3.3.2-19], [MQTT-1.5.4-1],
///       [MQTT-1.5.7-1].
[[nodiscard]] Result<void> check_properties(const PublishProperties& properties);

}  // namespace multimqtt::client
