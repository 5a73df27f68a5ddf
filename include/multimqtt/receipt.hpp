// What became of one publish.
#pragma once

#include "multimqtt/reason_code.hpp"
#include "multimqtt/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace multimqtt {

namespace client {
class ReceiptState;
}

/// A handle on one publish, which ends exactly once: well, or with a failure.
///
///     auto receipt = mqtt.publish("pump", "on", {.qos = multimqtt::Qos::at_least_once});
///     if (auto delivered = receipt.wait(2s); !delivered) { std::cerr << delivered.error(); }
///
/// QoS 0 has no acknowledgement: its receipt is done as soon as the client has taken the message over.
/// A publish that was refused at once (wrong topic, full outbox) has a receipt that has failed already.
///
/// Threads: any thread may use any receipt, and copies of it, at any time.
class Receipt {
public:
    Receipt() noexcept = default;
    /// A receipt of something that has failed at once.
    explicit Receipt(Failure failure);
    explicit Receipt(client::ReceiptState* adopted) noexcept : state_{adopted} {}
    Receipt(const Receipt& other) noexcept;
    Receipt(Receipt&& other) noexcept : state_{std::exchange(other.state_, nullptr)} {}
    Receipt& operator=(Receipt other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~Receipt();

    /// True once the outcome is known.
    [[nodiscard]] bool done() const noexcept;

    /// Waits for the outcome.
    ///
    /// Errors: `timed_out`  the outcome is not known yet; the message is still on its way.
    ///         otherwise    why the publish failed, with the broker's reason code in `Failure::reason`.
    Result<void> wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt) const;

    /// The outcome, or nothing while it is not known.
    [[nodiscard]] std::optional<Result<void>> outcome() const;

    /// The broker's reason code of a publish that ended well; `no_matching_subscribers` tells that nobody
    /// listens (MQTT 5.0).
    [[nodiscard]] ReasonCode reason() const noexcept;

    /// Asks for a `Delivery::Kind::receipt` when this receipt is done, so that its end can be pulled like
    /// everything else. Returns false when it is done already; then nothing will come.
    bool watch() const;

    /// For a binding: the shared state, null for QoS 0.
    [[nodiscard]] client::ReceiptState* state() const noexcept { return state_; }

private:
    client::ReceiptState* state_ = nullptr;  // Null: done, and well.
};

}  // namespace multimqtt
