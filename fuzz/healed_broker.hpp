// A broker that keeps the rules, and grants and acknowledges everything.
#pragma once

#include "multimqtt/protocol.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/encode.hpp"
#include "wire/packets.hpp"

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

namespace multimqtt::fuzz {

/// Answers each packet of the client, from a new session on.
class HealedBroker {
public:
    void take(const wire::Packet& packet, ProtocolVersion version) {
        if (std::holds_alternative<wire::Connect>(packet)) {
            answers_.clear();
            put(wire::Connack{}, version);
        } else if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
            if (publish->qos == Qos::at_least_once) {
                put(wire::Puback{publish->packet_id, ReasonCode::success, {}}, version);
            } else if (publish->qos == Qos::exactly_once) {
                put(wire::Pubrec{publish->packet_id, ReasonCode::success, {}}, version);
            }
        } else if (const auto* pubrel = std::get_if<wire::Pubrel>(&packet)) {
            put(wire::Pubcomp{pubrel->packet_id, ReasonCode::success, {}}, version);
        } else if (const auto* subscribe = std::get_if<wire::Subscribe>(&packet)) {
            const std::vector<ReasonCode> codes(subscribe->subscriptions.size(), ReasonCode::success);
            put(wire::Suback{subscribe->packet_id, codes, {}}, version);
        } else if (const auto* unsubscribe = std::get_if<wire::Unsubscribe>(&packet)) {
            const std::vector<ReasonCode> codes(unsubscribe->filters.size(), ReasonCode::success);
            put(wire::Unsuback{unsubscribe->packet_id, codes, {}}, version);
        } else if (std::holds_alternative<wire::Pingreq>(packet)) {
            put(wire::Pingresp{}, version);
        }
    }

    /// What it has to say, once.
    [[nodiscard]] std::vector<std::byte> answers() { return std::exchange(answers_, {}); }

private:
    template <class AnyPacket>
    void put(const AnyPacket& packet, ProtocolVersion version) {
        wire::ByteBuffer buffer;
        wire::encode(packet, version, buffer);
        answers_.insert(answers_.end(), buffer.bytes().begin(), buffer.bytes().end());
    }

    std::vector<std::byte> answers_;
};

}  // namespace multimqtt::fuzz
