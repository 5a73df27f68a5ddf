// The states that a session can be in, and the shortest exchange that leads into each.
#pragma once

#include "support/script.hpp"

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace multimqtt::session {

enum class State : std::uint8_t {
    not_started,
    opening,  ///< The network is to open a transport.
    connect_sent,
    idle,            ///< Connected; nothing is open.
    publish_1_sent,  ///< QoS 1, PUBACK awaited.
    publish_2_sent,  ///< QoS 2, PUBREC awaited.
    pubrel_sent,     ///< PUBCOMP awaited.
    subscribe_sent,
    unsubscribe_sent,
    message_1_taken,  ///< QoS 1, the application has not acknowledged it.
    message_2_taken,  ///< QoS 2, likewise.
    pubrec_sent,      ///< PUBREL awaited.
    ping_sent,
    dropping,       ///< The broker broke the protocol, and has been told.
    disconnecting,  ///< DISCONNECT is sent.
    waiting,        ///< For the next attempt.
    closed,
};

/// All of them, with their names.
[[nodiscard]] const std::vector<std::pair<State, const char*>>& states();
/// Those between CONNACK and the end of the connection, but for some.
[[nodiscard]] std::vector<State> connected_except(std::initializer_list<State> exceptions);

/// What `reach` needs: quiet, but with a keep-alive.
[[nodiscard]] Options state_options(ProtocolVersion version);
/// Brings the client into the state; what it has done on the way is forgotten. What is open has packet
/// identifier 1.
void reach(State state, support::Script& script);

}  // namespace multimqtt::session
