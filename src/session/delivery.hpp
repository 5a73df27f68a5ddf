// The life of one outbound QoS 1 or QoS 2 message, from PUBLISH to its last acknowledgement.
#pragma once

#include <cstdint>
#include <string_view>

namespace multimqtt::session {

enum class DeliveryState : std::uint8_t {
    awaiting_puback,   ///< QoS 1, PUBLISH sent.
    awaiting_pubrec,   ///< QoS 2, PUBLISH sent.
    awaiting_pubcomp,  ///< QoS 2, PUBREL sent.
    finished,          ///< The packet identifier is free again.
};

/// "Refused" is an acknowledgement with a reason code of 0x80 or more; MQTT 3.1.1 has none.
enum class DeliveryEvent : std::uint8_t {
    puback,
    puback_refused,
    pubrec,
    pubrec_refused,
    pubcomp,
};

enum class DeliveryAction : std::uint8_t {
    send_pubrel,
    report_delivered,
    report_refused,
    close_connection,  ///< The peer broke the protocol.
};

struct DeliveryStep {
    DeliveryState next;
    DeliveryAction action;

    friend bool operator==(const DeliveryStep&, const DeliveryStep&) = default;
};

/// Returns what `event` does to a message in `state`.
///
/// Pure: no socket, no clock, no allocation. Total: every pair has an answer, and a pair that
/// MQTT does not allow closes the connection.
///
/// Spec: MQTT 5.0 sections 4.3.2, 4.3.3 and 4.4.
[[nodiscard]] DeliveryStep advance(DeliveryState state, DeliveryEvent event) noexcept;

/// The name of the enumerator, for logs and test names.
[[nodiscard]] std::string_view to_string(DeliveryState state) noexcept;
[[nodiscard]] std::string_view to_string(DeliveryEvent event) noexcept;

}  // namespace multimqtt::session
