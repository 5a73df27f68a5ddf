// What MQTT forbids in the packets of a client, written down from its text and not from the code.
#pragma once

#include "multimqtt/protocol.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace multimqtt::support {

/// What is wrong with one packet, said in words; empty when a client may send it.
///
/// `version` is that of the connection; CONNECT has to be of that version.
/// Spec: MQTT 5.0 and 3.1.1, sections 1.5, 2, 3 and 4.7.
[[nodiscard]] std::string complaint(std::span<const std::byte> packet, ProtocolVersion version);

}  // namespace multimqtt::support
