// Seeing messages on the I/O thread; for libraries that are built on the client and wait for answers
// themselves.
#pragma once

#include "multimqtt/client.hpp"
#include "multimqtt/message.hpp"
#include "multimqtt/result.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

namespace multimqtt {

/// What an observation runs. Both run on the I/O thread, one at a time, and must neither block nor throw: for
/// as long as one of them runs the client neither reads nor writes.
struct Observer {
    std::function<void(const Message&)> message;         ///< The message carries no properties.
    std::function<void(const Failure&)> disconnected{};  ///< The connection ended; may be empty.
};

/// A subscription whose messages go to an `Observer` and not to a handler thread, so that they arrive also
/// while every handler thread is busy, and in a client that has none. It ends with this object; the client
/// stays subscribed, so that the next observation of the filter need not wait for the broker.
///
/// Threads: any. Once the destructor has returned no new call of the observer begins; one that is running may
///          still be finishing.
class Observation {
public:
    Observation() noexcept;
    Observation(Observation&&) noexcept;
    Observation& operator=(Observation&&) noexcept;
    ~Observation();

    /// Waits until the broker has answered the subscription.
    /// Errors: `refused`, `timed_out`, `closed`, `inherited`.
    [[nodiscard]] Result<void> wait_subscribed(std::chrono::milliseconds timeout) const;

private:
    friend Result<Observation> observe(const Client& client, std::string_view filter, Observer observer);
    struct State;
    explicit Observation(std::unique_ptr<State> state) noexcept;

    std::unique_ptr<State> state_;
};

/// Observes a filter, with QoS 0; the prefix is not put before it. While the inbox is full nothing is read
/// from the broker, for observers too. Errors: `bad_pattern`, `bad_config`, `inherited`.
[[nodiscard]] Result<Observation> observe(const Client& client, std::string_view filter, Observer observer);

/// True in a function of an `Observer`, where nothing may be waited for.
[[nodiscard]] bool inside_observer() noexcept;

}  // namespace multimqtt
