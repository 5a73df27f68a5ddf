// What can be said about a message beside its topic and payload.
#pragma once

#include "multimqtt/options.hpp"
#include "multimqtt/protocol.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace multimqtt {

/// The MQTT 5.0 properties of a PUBLISH. On 3.1.1 they are not sent.
/// Spec: MQTT 5.0 section 3.3.2.3.
struct PublishProperties {
    std::optional<std::chrono::seconds> expiry;  ///< Message Expiry Interval, 1..4,294,967,295 s.
    std::optional<bool> text;                    ///< Payload Format Indicator: true promises UTF-8.
    std::string content_type;                    ///< Empty: none.
    std::string response_topic;                  ///< Empty: none; no wildcards.
    std::string correlation_data;                ///< Empty: none.
    UserProperties user_properties;

    [[nodiscard]] bool empty() const noexcept {
        return !expiry && !text && content_type.empty() && response_topic.empty() &&
               correlation_data.empty() && user_properties.empty();
    }
};

/// How to publish one message.
struct PublishOptions {
    Qos qos = Qos::at_most_once;
    bool retain = false;
    bool no_prefix = false;  ///< Take the topic as it is, as for "$CONTROL/...".
    /// Whether this call may wait for room as `Options::outbox_full` allows; false: `queue_full` at once.
    bool block = true;
    PublishProperties properties{};
};

}  // namespace multimqtt
