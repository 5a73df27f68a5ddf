// Which reason codes each packet may carry, and what the return codes of a 3.1.1 CONNACK mean.
#pragma once

#include "multimqtt/reason_code.hpp"
#include "wire/packets.hpp"

#include <cstdint>
#include <optional>

namespace multimqtt::wire {

/// Spec: MQTT 5.0, table 2-6, with v5 [MQTT-3.2.2-8], [MQTT-3.4.2-1], [MQTT-3.5.2-1], [MQTT-3.6.2-1],
///       [MQTT-3.7.2-1], [MQTT-3.9.3-2], [MQTT-3.11.3-2], and [MQTT-3.14.2-1].
[[nodiscard]] bool may_carry(PacketType type, ReasonCode code) noexcept;

/// What a return code of 3.1.1 means, or nothing when it is reserved.
/// Spec: MQTT 3.1.1, table 3.1.
[[nodiscard]] std::optional<ReasonCode> reason_of_return_code(std::uint8_t return_code) noexcept;

/// The return code of 3.1.1 that comes closest.
[[nodiscard]] std::uint8_t return_code_of_reason(ReasonCode code) noexcept;

}  // namespace multimqtt::wire
