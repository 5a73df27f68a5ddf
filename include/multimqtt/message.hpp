// A message as a handler sees it.
#pragma once

#include "multimqtt/protocol.hpp"
#include "multimqtt/publish.hpp"
#include "multimqtt/reason_code.hpp"
#include "multimqtt/result.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace multimqtt {

/// How a message is acknowledged by hand; the client gives it to messages of routes with `AckMode::manual`.
class Acknowledger {
public:
    Acknowledger() = default;
    Acknowledger(const Acknowledger&) = delete;
    Acknowledger& operator=(const Acknowledger&) = delete;
    virtual ~Acknowledger() = default;

    /// Only the first call counts. Threads: any.
    virtual void acknowledge(ReasonCode reason) = 0;
};

/// One received message.
///
/// A handler gets it by reference and may read it until it returns. A copy stands on its own: it owns
/// what it shows and may be kept as long as you like.
///
/// Threads: immutable; any thread may read it.
class Message {
public:
    /// The parts of a message, as views; for whoever makes one (the client, and tests).
    struct Parts {
        std::string_view absolute_topic;
        std::size_t prefix_bytes = 0;  ///< How much of `absolute_topic` is the prefix with its slash.
        std::span<const std::byte> payload;
        const PublishProperties* properties = nullptr;  ///< Null: none.
        Qos qos = Qos::at_most_once;
        bool retain = false;
        bool dup = false;
        std::uint16_t packet_id = 0;
    };

    Message() noexcept = default;
    /// Borrows the parts.
    explicit Message(const Parts& parts, std::shared_ptr<Acknowledger> acknowledger = nullptr) noexcept
        : parts_{parts}, acknowledger_{std::move(acknowledger)} {}
    /// Owns a copy of the parts.
    Message(const Message& other);
    Message(Message&& other) noexcept;
    Message& operator=(const Message& other);
    Message& operator=(Message&& other) noexcept;
    ~Message() = default;

    /// The topic without the client's prefix.
    [[nodiscard]] std::string_view topic() const noexcept {
        return parts_.absolute_topic.substr(parts_.prefix_bytes);
    }
    /// The topic as the broker knows it.
    [[nodiscard]] std::string_view absolute_topic() const noexcept { return parts_.absolute_topic; }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return parts_.payload; }
    /// The payload as text; not checked to be UTF-8.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(parts_.payload.data()), parts_.payload.size()};
    }
    /// The payload parsed as JSON.
    /// Errors: `bad_payload` with the place where it stops being JSON.
    [[nodiscard]] Result<boost::json::value> json() const;
    [[nodiscard]] Qos qos() const noexcept { return parts_.qos; }
    /// True for a message that the broker had kept and sent because of a new subscription.
    [[nodiscard]] bool retain() const noexcept { return parts_.retain; }
    /// True when the broker may have sent this message before.
    [[nodiscard]] bool dup() const noexcept { return parts_.dup; }
    /// The packet identifier, 0 with QoS 0.
    [[nodiscard]] std::uint16_t mid() const noexcept { return parts_.packet_id; }
    /// The MQTT 5.0 properties; empty on 3.1.1.
    [[nodiscard]] const PublishProperties& properties() const noexcept;

    /// Acknowledges the message to the broker, for a route with `AckMode::manual`; for others it does
    /// nothing. A copy of the message can be kept, and do it later. Only the first call counts. A reason of
    /// 0x80 or more refuses the message (MQTT 5.0; on 3.1.1 it is acknowledged).
    void ack(ReasonCode reason = ReasonCode::success) const {
        if (acknowledger_ != nullptr) {
            acknowledger_->acknowledge(reason);
        }
    }

private:
    struct Owned;
    void own();

    Parts parts_;
    std::shared_ptr<const Owned> owned_;  // Null while the parts are borrowed.
    std::shared_ptr<Acknowledger> acknowledger_;
};

}  // namespace multimqtt
