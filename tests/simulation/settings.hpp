// What one run is like: everything is drawn from its seed.
#pragma once

#include "multimqtt/options.hpp"
#include "session/session.hpp"
#include "simulation/model/broker.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace multimqtt::simulation {

/// What the world may do in one step.
enum class Act : std::uint8_t {
    publish,
    publish_elsewhere,  ///< Another client publishes what this one has subscribed.
    acknowledge,        ///< The application acknowledges a delivery, in any order.
    answer,             ///< The broker sends one of the answers that it owes.
    move_up,            ///< Bytes reach the broker.
    move_down,          ///< Bytes reach the client.
    write,              ///< The client's transport takes bytes.
    pass,               ///< Time passes.
    open,               ///< An attempt to connect succeeds, or fails.
    subscribe,          ///< The application changes its subscriptions.
    pause,              ///< The application stops reading, or goes on.
    cut,                ///< The connection breaks.
    black_hole,         ///< From now on nothing arrives, and nobody is told.
    hold_reading,       ///< The broker stops reading, or goes on.
    hold_pings,         ///< The broker stops answering pings, or goes on.
    stray,
    goodbye,
    forget,   ///< The broker restarts without its sessions.
    crash,    ///< The client restarts without its memory.
    jump,     ///< The clock jumps: the machine was asleep.
    hostile,  ///< The broker breaks the protocol.
    last_,
};

struct Settings {
    std::uint64_t seed = 0;
    Options options;
    session::QueueLimits limits;
    BrokerSettings broker;
    std::array<unsigned, static_cast<std::size_t>(Act::last_)> weights{};
    unsigned steps = 0;
    std::size_t kernel_bytes = 0;   ///< What the client's transport takes before the broker reads.
    std::size_t segment_bytes = 0;  ///< How much arrives at once, at most.
    bool heals = true;              ///< Otherwise the client is closed in mid-flight.

    /// One line that tells how this run differs from others.
    [[nodiscard]] std::string describe() const;
};

[[nodiscard]] Settings settings_of(std::uint64_t seed);

}  // namespace multimqtt::simulation
