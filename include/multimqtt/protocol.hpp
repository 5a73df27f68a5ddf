// The words of MQTT that the whole library speaks: versions and qualities of service.
#pragma once

#include <cstdint>
#include <string_view>

namespace multimqtt {

/// A version of MQTT; the values are the protocol levels of the CONNECT packet.
enum class ProtocolVersion : std::uint8_t {
    v3_1 = 3,    ///< MQTT 3.1, whose protocol name is "MQIsdp". Apart from CONNECT it is treated as 3.1.1.
    v3_1_1 = 4,  ///< MQTT 3.1.1.
    v5 = 5,      ///< MQTT 5.0.
};

/// How hard both sides try to deliver one message.
enum class Qos : std::uint8_t {
    at_most_once = 0,
    at_least_once = 1,
    exactly_once = 2,
};

/// "MQTT 3.1", "MQTT 3.1.1" or "MQTT 5.0".
[[nodiscard]] std::string_view to_string(ProtocolVersion version) noexcept;

/// The name of the enumerator, such as "at_least_once".
[[nodiscard]] std::string_view to_string(Qos qos) noexcept;

}  // namespace multimqtt
