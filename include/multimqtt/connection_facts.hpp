// What holds on the connection of the moment.
#pragma once

#include "multimqtt/protocol.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace multimqtt {

/// What client and broker have agreed on, with the defaults of MQTT where the broker said nothing.
/// Spec: MQTT 5.0 section 3.2.2.3, and 3.1.1 section 3.2.
struct ConnectionFacts {
    std::string endpoint;  ///< The address in use, without user name and password.
    ProtocolVersion version = ProtocolVersion::v5;
    std::string client_id;         ///< Ours, or the one that the broker assigned.
    bool session_present = false;  ///< The broker had kept the session of an earlier connection.
    std::chrono::seconds session_expiry{0};
    std::chrono::seconds keep_alive{0};   ///< 0: off.
    Qos maximum_qos = Qos::exactly_once;  ///< Largest that the broker takes in a publish.
    bool retain_available = true;
    std::uint16_t receive_maximum = 65'535;  ///< Unacknowledged publishes that the broker allows.
    std::uint32_t packet_bytes_max = 0;      ///< Largest packet that the broker takes.
    std::uint16_t topic_alias_maximum = 0;   ///< Aliases that the broker allows us.
    bool wildcard_subscriptions = true;      ///< Whether the broker offers them.
    bool subscription_identifiers = false;   ///< Whether the broker offers them.
    bool shared_subscriptions = true;        ///< What the broker says; 3.1.1 brokers say nothing.
};

}  // namespace multimqtt
