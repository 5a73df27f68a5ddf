// What a broken or evil broker may send, and how a client has to answer.
#pragma once

#include "broker.hpp"
#include "dice.hpp"

#include <string>
#include <string_view>

namespace multimqtt::simulation {

/// One violation of the protocol.
struct Hostile {
    std::string_view name;
    std::string bytes;
    std::string_view reasons;  ///< What DISCONNECT of 5.0 may say, one byte each.
};

/// A violation that fits the state of `broker`, which is connected and owes nothing to the link.
[[nodiscard]] Hostile draw_hostile(Dice& dice, const Broker& broker, Ledger& ledger);

}  // namespace multimqtt::simulation
