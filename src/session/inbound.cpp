// The receiving side of QoS 1 and 2.
#include "session/inbound.hpp"

#include <utility>

namespace multimqtt::session {

void Inbound::connection_lost() {
    for (Entry& entry : entries_) {
        if (entry.stage == Stage::pending) {
            entry.stage = Stage::detached;
        }
        entry.counted = entry.queued = false;
    }
    pubacks_.clear();
    pubrecs_.clear();
    open_ = 0;
}

void Inbound::session_doubtful() noexcept {
    for (Entry& entry : entries_) {
        entry.doubtful = true;
    }
}

void Inbound::session_lost() {
    connection_lost();
    for (std::size_t slot = 0; slot < entries_.size(); ++slot) {
        if (entries_[slot].stage != Stage::unused) {
            free(static_cast<Slot>(slot));
        }
    }
}

Inbound::Arrival Inbound::arrived(std::uint16_t packet_id, Qos qos, bool dup) {
    if (by_packet_id_.empty()) {
        by_packet_id_.assign(65'536, kNone);
    }
    if (const Slot slot = slot_of(packet_id); slot != kNone) {
        return meets_known(slot, qos, dup);
    }
    // After PUBACK, or PUBCOMP, whatever DUP says: v5 [MQTT-4.3.2-5], [MQTT-4.3.3-12];
    // v3.1.1 [MQTT-4.3.2-2], [MQTT-4.3.3-2].
    return admit(packet_id, qos);
}

Inbound::Arrival Inbound::meets_known(Slot slot, Qos qos, bool dup) {
    Entry& entry = entries_[slot];
    const bool doubtful = std::exchange(entry.doubtful, false);
    switch (entry.stage) {
        case Stage::awaiting_pubrel:
            // A repetition has DUP and the same QoS; anything else is a message of another session.
            if (doubtful && (!dup || qos != Qos::exactly_once)) {
                return replace(slot, qos);
            }
            if (qos != Qos::exactly_once) {
                return {Verdict::identifier_in_use};
            }
            // PUBREC was lost: it is sent again, v5 [MQTT-4.3.3-10], when its turn comes.
            count(entry);
            enqueue(slot);
            return {Verdict::known};
        case Stage::pending:
            // QoS 2 allows the repetition whatever DUP says, v5 [MQTT-4.3.3-10].
            return {entry.qos == qos && (dup || qos == Qos::exactly_once) ? Verdict::known
                                                                          : Verdict::identifier_in_use};
        case Stage::detached: {
            if (!dup || entry.qos != qos) {
                // Not sent again, so the broker has given the old message up and uses its identifier anew.
                return replace(slot, qos);
            }
            count(entry);
            entry.stage = Stage::pending;
            enqueue(slot);
            return {Verdict::known};
        }
        case Stage::unused:
            break;
    }
    return {Verdict::identifier_in_use};
}

Inbound::Arrival Inbound::replace(Slot slot, Qos qos) {
    const std::uint16_t packet_id = entries_[slot].packet_id;
    free(slot);
    return admit(packet_id, qos);
}

Inbound::Arrival Inbound::admit(std::uint16_t packet_id, Qos qos) {
    if (free_.empty()) {
        free_.push_back(static_cast<Slot>(entries_.size()));
        entries_.emplace_back();
    }
    const Slot slot = free_.back();
    free_.pop_back();
    Entry& entry = entries_[slot];
    entry.packet_id = packet_id;
    entry.qos = qos;
    entry.stage = Stage::pending;
    entry.reason = ReasonCode::success;
    entry.acknowledged = false;
    entry.counted = true;
    entry.doubtful = false;
    ++open_;
    ++unacknowledged_;
    by_packet_id_[packet_id] = slot;
    enqueue(slot);
    return {Verdict::deliver, delivery_id(slot)};
}

Inbound::Release Inbound::released(std::uint16_t packet_id) {
    const Slot slot = slot_of(packet_id);
    if (slot == kNone) {
        return Release::unknown;
    }
    if (entries_[slot].stage != Stage::awaiting_pubrel) {
        return Release::not_received;
    }
    free(slot);
    return Release::completed;
}

void Inbound::acknowledge(DeliveryId delivery, ReasonCode reason) {
    const std::size_t index = delivery & 0xFFFF;
    if (index == 0 || index > entries_.size()) {
        return;
    }
    Entry& entry = entries_[index - 1];
    const bool waits = entry.stage == Stage::pending || entry.stage == Stage::detached;
    if (entry.generation != delivery >> 16 || !waits || entry.acknowledged) {
        return;
    }
    entry.acknowledged = true;
    entry.reason = reason;
    --unacknowledged_;
}

std::optional<Inbound::Ack> Inbound::next_ack(ProtocolVersion version) {
    if (auto ack = next_ack_of(Qos::at_least_once, version)) {
        return ack;
    }
    return next_ack_of(Qos::exactly_once, version);
}

std::optional<Inbound::Ack> Inbound::next_ack_of(Qos qos, ProtocolVersion version) {
    std::deque<Slot>& order = order_of(qos);
    if (order.empty() || !entries_[order.front()].acknowledged) {
        return std::nullopt;
    }
    const Slot slot = order.front();
    order.pop_front();
    Entry& entry = entries_[slot];
    entry.queued = false;
    // v5 [MQTT-2.2.1-5], [MQTT-4.3.2-4], [MQTT-4.3.3-8]; v3.1.1 [MQTT-2.3.1-6], [MQTT-4.3.2-2],
    // [MQTT-4.3.3-2].
    const Ack ack{qos, entry.packet_id, version == ProtocolVersion::v5 ? entry.reason : ReasonCode::success};
    if (qos == Qos::exactly_once && !is_failure(ack.reason)) {
        entry.stage = Stage::awaiting_pubrel;
    } else {
        free(slot);  // A PUBREC of 0x80 or more ends the exchange too, v5 [MQTT-4.3.3-9].
    }
    return ack;
}

void Inbound::count(Entry& entry) noexcept {
    if (!entry.counted) {
        entry.counted = true;
        ++open_;
    }
}

void Inbound::uncount(Entry& entry) noexcept {
    if (entry.counted) {
        entry.counted = false;
        --open_;
    }
}

void Inbound::enqueue(Slot slot) {
    Entry& entry = entries_[slot];
    if (!std::exchange(entry.queued, true)) {
        order_of(entry.qos).push_back(slot);
    }
}

void Inbound::free(Slot slot) {
    Entry& entry = entries_[slot];
    uncount(entry);
    if (std::exchange(entry.queued, false)) {
        std::erase(order_of(entry.qos), slot);  // The broker released a message that it had just repeated.
    }
    const bool waited = entry.stage == Stage::pending || entry.stage == Stage::detached;
    if (waited && !entry.acknowledged) {
        --unacknowledged_;
    }
    by_packet_id_[entry.packet_id] = kNone;
    entry.stage = Stage::unused;
    ++entry.generation;
    free_.push_back(slot);
}

}  // namespace multimqtt::session
