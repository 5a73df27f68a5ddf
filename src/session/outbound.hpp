// Messages to the broker that are kept: those that wait to be sent, and those that wait to be acknowledged.
#pragma once

#include "multimqtt/publish.hpp"
#include "session/delivery.hpp"
#include "session/message_list.hpp"
#include "session/session.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace multimqtt::session {

/// The sending side of QoS 1 and 2, and what could not be sent yet of any QoS.
///
/// Three lists: `queue` (no packet identifier yet), `publishes` (PUBLISH unacknowledged, in the order of
/// first sending) and `releases` (PUBREL unacknowledged, in the order of the PUBRECs). A message keeps its
/// full topic, never an alias, because it may have to be sent again on another connection, v5 [MQTT-3.3.2-7].
/// v5 [MQTT-4.3.2-3], [MQTT-4.3.3-3], [MQTT-4.3.3-5]; v5 and v3.1.1 [MQTT-4.6.0-1], [MQTT-4.6.0-4].
///
/// Every step on a message costs the same however many there are.
class Outbound {
public:
    using Slot = MessageList::Slot;
    static constexpr Slot kNone = MessageList::kNone;

    struct Message : MessageLink {
        Token token = 0;
        TimePoint accepted_at{0};
        std::string topic;
        std::string copied_payload;
        std::shared_ptr<const void> payload_owner;
        std::span<const std::byte> payload;
        std::unique_ptr<const PublishProperties> properties;
        std::uint64_t position = 0;  ///< In the output of this connection, where its PUBLISH begins.
        std::size_t cost = 0;        ///< Bytes it keeps, towards the limit.
        std::uint16_t packet_id = 0;
        Qos qos = Qos::at_most_once;
        DeliveryState state = DeliveryState::finished;
        ReasonCode reason = ReasonCode::success;  ///< Of PUBREC; QoS 2 ends with it.
        bool retain = false;
        bool handed_over = false;  ///< Some transport has taken bytes of its PUBLISH: the next one says DUP.
        bool counted = false;      ///< Towards the Receive Maximum of this connection.

        /// When the message may not be sent any more, or nothing.
        [[nodiscard]] std::optional<TimePoint> expires_at() const noexcept {
            return properties && properties->expiry ? std::optional{accepted_at + *properties->expiry}
                                                    : std::nullopt;
        }
    };

    Outbound();

    [[nodiscard]] Message& operator[](Slot slot) noexcept { return messages_[slot]; }
    [[nodiscard]] const Message& operator[](Slot slot) const noexcept { return messages_[slot]; }

    /// Keeps a copy of `message`, in no list yet.
    [[nodiscard]] Slot add(Token token, const OutboundMessage& message);
    /// Forgets a message, whichever list it is in.
    void remove(Slot slot);

    void enqueue(Slot slot) { queue_.push_back(messages_, slot); }
    /// Moves a message from the queue, or from no list, to the end of `publishes`.
    void begin_delivery(Slot slot, std::uint16_t packet_id);
    /// PUBREC has come: moves a message to the end of `releases`.
    void begin_release(Slot slot);
    /// A message of `publishes` is encoded on this connection, from `position` on.
    void sent(Slot slot, std::uint64_t position) noexcept;

    /// The message with this packet identifier, or `kNone`.
    [[nodiscard]] Slot find(std::uint16_t packet_id) const noexcept { return by_packet_id_[packet_id]; }

    [[nodiscard]] const MessageList& queue() const noexcept { return queue_; }
    [[nodiscard]] const MessageList& publishes() const noexcept { return publishes_; }
    [[nodiscard]] const MessageList& releases() const noexcept { return releases_; }
    [[nodiscard]] Slot next(Slot slot) const noexcept { return messages_[slot].next; }

    /// The first message of `publishes` that was not sent on this connection, or `kNone`.
    [[nodiscard]] Slot first_to_resend() const noexcept { return first_to_resend_; }
    /// Messages that count towards the broker's Receive Maximum.
    [[nodiscard]] std::size_t counted() const noexcept { return counted_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool idle() const noexcept {
        return queue_.empty() && publishes_.empty() && releases_.empty();
    }
    /// Whether a new message would overtake one that waits.
    [[nodiscard]] bool waiting() const noexcept { return !queue_.empty() || first_to_resend_ != kNone; }

    /// The connection is gone; its transport had taken bytes up to `written`. What it had not begun with was
    /// never sent: such messages go back to the front of the queue. Returns their packet identifiers.
    [[nodiscard]] std::vector<std::uint16_t> connection_lost(std::uint64_t written);
    /// All of `releases` will be sent again at once and count again; `publishes` follow as the quota allows.
    void session_resumed();
    /// Moves `publishes` back to the front of the queue, in order, as messages that were never sent. Returns
    /// their packet identifiers.
    [[nodiscard]] std::vector<std::uint16_t> publish_again();

private:
    [[nodiscard]] std::uint16_t take_back(Slot slot) noexcept;
    void uncount(Message& message) noexcept;
    void forget_packet_id(Message& message) noexcept;

    std::deque<Message> messages_;  // References stay valid while it grows.
    std::vector<Slot> free_;
    std::vector<Slot> by_packet_id_;
    MessageList queue_;
    MessageList publishes_;
    MessageList releases_;
    Slot first_to_resend_ = kNone;
    std::size_t counted_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace multimqtt::session
