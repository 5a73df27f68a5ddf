// One function for each packet that has a body: fields in their order, each with its rules.
#pragma once

#include "wire/body_reader.hpp"
#include "wire/packets.hpp"
#include "wire/property_reader.hpp"
#include "wire/reason_code_sets.hpp"

namespace multimqtt::wire {

[[nodiscard]] bool read_body(BodyReader& reader, Connect& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Connack& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Subscribe& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Suback& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Unsubscribe& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Unsuback& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Disconnect& packet) noexcept;
[[nodiscard]] bool read_body(BodyReader& reader, Auth& packet) noexcept;

/// The body of a PUBLISH whose fixed header gave QoS, DUP and RETAIN.
[[nodiscard]] bool read_body(BodyReader& reader, Publish& packet) noexcept;

/// Reads a reason code and holds it against those of the packet.
[[nodiscard]] bool read_reason_code(BodyReader& reader, ReasonCode& code) noexcept;

/// A body of two bytes means success, one of three has no properties. MQTT 5.0, section 3.4.2.1.
template <PacketType type>
[[nodiscard]] bool read_body(BodyReader& reader, Ack<type>& packet) noexcept {
    if (!reader.packet_id(packet.packet_id)) {
        return false;
    }
    if (reader.remaining() == 0) {
        return true;
    }
    if (!reader.is_v5()) {
        return reader.finished();
    }
    return read_reason_code(reader, packet.reason_code) &&
           (reader.remaining() == 0 || (read_properties(reader, packet.properties) && reader.finished()));
}

/// PINGREQ and PINGRESP have no body.
[[nodiscard]] inline bool read_body(BodyReader& reader, Pingreq&) noexcept {
    return reader.finished();
}
[[nodiscard]] inline bool read_body(BodyReader& reader, Pingresp&) noexcept {
    return reader.finished();
}

}  // namespace multimqtt::wire
