// Messages from the broker with QoS 1 and 2: which are known, who has to acknowledge, in which order.
#pragma once

#include "multimqtt/protocol.hpp"
#include "multimqtt/reason_code.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace multimqtt::session {

using DeliveryId = std::uint64_t;

/// The receiving side of QoS 1 and 2. It is session state: it lives as long as the session does.
///
/// PUBACKs and PUBRECs are released in the order in which their PUBLISH packets came in, each kind by
/// itself, whatever the order of `acknowledge`: v5 and v3.1.1 [MQTT-4.6.0-2], [MQTT-4.6.0-3].
///
/// Time plays no part. State is kept as long as the session lasts, v5 and v3.1.1 [MQTT-4.1.0-1]; v3.1.1
/// [MQTT-4.1.0-2]; and a message that expires is acknowledged like any other, v5 [MQTT-4.3.3-13].
class Inbound {
public:
    enum class Verdict : std::uint8_t {
        deliver,            ///< New: give it to the application with `delivery`.
        known,              ///< The application has it already; `next_ack` may have something now.
        identifier_in_use,  ///< A protocol error of the broker, v5 [MQTT-2.2.1-4].
    };
    struct Arrival {
        Verdict verdict;
        DeliveryId delivery = 0;
    };

    enum class Release : std::uint8_t {
        completed,     ///< Send PUBCOMP.
        unknown,       ///< Send PUBCOMP with "packet identifier not found".
        not_received,  ///< PUBREL without a PUBREC: a protocol error of the broker.
    };

    /// An acknowledgement that may go out now.
    struct Ack {
        Qos qos;  ///< PUBACK or PUBREC.
        std::uint16_t packet_id;
        ReasonCode reason;
    };

    /// The session that the broker has may not be the one that we know. Of everything received so far only
    /// DUP will tell whether it comes again.
    void session_doubtful() noexcept;
    /// Deliveries wait for the broker to send their messages again.
    void connection_lost();
    /// The broker has forgotten the session: so do we.
    void session_lost();

    [[nodiscard]] Arrival arrived(std::uint16_t packet_id, Qos qos, bool dup);
    [[nodiscard]] Release released(std::uint16_t packet_id);

    /// Unknown and forgotten deliveries are ignored.
    void acknowledge(DeliveryId delivery, ReasonCode reason);
    /// `version` of the connection it goes out on: only 5.0 has reasons.
    [[nodiscard]] std::optional<Ack> next_ack(ProtocolVersion version);

    /// Messages that count against our Receive Maximum: not yet acknowledged by PUBACK or PUBCOMP.
    [[nodiscard]] std::size_t open() const noexcept { return open_; }

    /// Deliveries that wait for the application.
    [[nodiscard]] std::size_t unacknowledged() const noexcept { return unacknowledged_; }

private:
    enum class Stage : std::uint8_t {
        unused,
        pending,          // Delivered on this connection; waits for its turn to be acknowledged.
        detached,         // Delivered on an earlier connection; waits to be sent again.
        awaiting_pubrel,  // QoS 2, PUBREC sent.
    };
    struct Entry {
        std::uint32_t generation = 0;
        std::uint16_t packet_id = 0;
        Qos qos = Qos::at_least_once;
        Stage stage = Stage::unused;
        ReasonCode reason = ReasonCode::success;
        bool acknowledged = false;
        bool counted = false;   // Towards our Receive Maximum on this connection.
        bool doubtful = false;  // Perhaps of a session that is gone; not seen since that was known.
        bool queued = false;    // In `pubacks_` or `pubrecs_`.
    };
    using Slot = std::uint16_t;
    static constexpr Slot kNone = 65'535;

    [[nodiscard]] std::deque<Slot>& order_of(Qos qos) noexcept {
        return qos == Qos::at_least_once ? pubacks_ : pubrecs_;
    }
    [[nodiscard]] DeliveryId delivery_id(Slot slot) const noexcept {
        return (std::uint64_t{entries_[slot].generation} << 16) | (slot + 1u);
    }
    [[nodiscard]] Slot slot_of(std::uint16_t packet_id) const noexcept {
        return by_packet_id_.empty() ? kNone : by_packet_id_[packet_id];
    }
    [[nodiscard]] Arrival meets_known(Slot slot, Qos qos, bool dup);
    [[nodiscard]] Arrival replace(Slot slot, Qos qos);
    [[nodiscard]] Arrival admit(std::uint16_t packet_id, Qos qos);
    void count(Entry& entry) noexcept;
    void uncount(Entry& entry) noexcept;
    void enqueue(Slot slot);
    void free(Slot slot);
    [[nodiscard]] std::optional<Ack> next_ack_of(Qos qos, ProtocolVersion version);

    std::vector<Entry> entries_;
    std::vector<Slot> free_;
    std::vector<Slot> by_packet_id_;  // Made with the first QoS 1 or 2 message.
    std::deque<Slot> pubacks_;        // Entries of QoS 1 in the order of arrival on this connection.
    std::deque<Slot> pubrecs_;        // Likewise of QoS 2.
    std::size_t unacknowledged_ = 0;
    std::size_t open_ = 0;
};

}  // namespace multimqtt::session
