// What a client counts.
#pragma once

#include <cstdint>

namespace multimqtt {

/// Counters since the client was made, and gauges of the moment.
struct Statistics {
    // Counters.
    std::uint64_t messages_received = 0;  ///< PUBLISH packets accepted from the broker.
    std::uint64_t messages_unrouted = 0;  ///< Of these, no route matched.
    /// Of these, QoS 0 and given up because the inbox was full while handlers may have been waiting for the
    /// broker's answers behind them.
    std::uint64_t messages_dropped = 0;
    std::uint64_t handlers_run = 0;        ///< Handler calls that were begun.
    std::uint64_t handlers_failed = 0;     ///< Of these, ended with an exception.
    std::uint64_t publishes_accepted = 0;  ///< Taken into the outbox.
    std::uint64_t publishes_done = 0;      ///< QoS 0 handed to the session; QoS 1 and 2 acknowledged.
    std::uint64_t publishes_failed = 0;    ///< Ended with a failure after they were accepted.
    std::uint64_t publishes_dropped = 0;   ///< Of these, given up to make room.
    std::uint64_t publishes_refused = 0;   ///< Never accepted: wrong input or a full outbox.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::uint64_t connects = 0;
    std::uint64_t connects_failed = 0;
    std::uint64_t disconnects = 0;
    std::uint64_t retransmissions = 0;
    std::uint64_t protocol_errors = 0;
    // Gauges.
    std::uint64_t outbox_messages = 0;  ///< Accepted and not finished.
    std::uint64_t outbox_bytes = 0;
    std::uint64_t inbox_messages = 0;  ///< Received, and their handler has not returned.
    std::uint64_t inbox_bytes = 0;
    std::uint64_t inflight = 0;  ///< Sent with QoS 1 or 2 and not acknowledged.
    std::uint64_t routes = 0;
    std::uint64_t subscriptions = 0;  ///< Filters granted by the broker.
};

}  // namespace multimqtt
