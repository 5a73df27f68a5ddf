// Whether a CONNECT says what the options ask for.
#pragma once

#include "multimqtt/options.hpp"
#include "simulation/model/check.hpp"
#include "simulation/model/client_packet.hpp"

#include <optional>
#include <string>

namespace multimqtt::simulation {

/// What the next CONNECT has to say beside the options.
struct ExpectedConnect {
    bool connected_before = false;         ///< In this life of the client.
    bool holds_session = false;            ///< It was connected before, and that session can still exist.
    std::optional<std::string> client_id;  ///< The one that it was connected with.
};

void check_connect(const ReceivedConnect& connect, const Options& options, const ExpectedConnect& expected,
                   Verdict& verdict);

}  // namespace multimqtt::simulation
