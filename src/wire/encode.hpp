// Packets to bytes.
//
// What the session has to check before (topic names, filters, limits of the broker) is only asserted.
#pragma once

#include "multimqtt/protocol.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/packets.hpp"

#include <cstddef>
#include <cstdint>

namespace multimqtt::wire {

/// The size of the packet in bytes, fixed header and payload included, without encoding it: what is
/// compared with the peer's Maximum Packet Size, v5 [MQTT-3.2.2-15]. It may exceed what MQTT can express.
[[nodiscard]] std::size_t encoded_size(const Connect& packet) noexcept;
[[nodiscard]] std::size_t encoded_size(const Connack& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Publish& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Puback& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Pubrec& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Pubrel& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Pubcomp& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Subscribe& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Suback& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Unsubscribe& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Unsuback& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Pingreq& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Pingresp& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Disconnect& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Auth& packet, ProtocolVersion version) noexcept;
[[nodiscard]] std::size_t encoded_size(const Packet& packet, ProtocolVersion version) noexcept;

/// Appends the packet to `buffer`. CONNECT is encoded in its own version.
void encode(const Connect& packet, ByteBuffer& buffer);
void encode(const Connack& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Publish& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Puback& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Pubrec& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Pubrel& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Pubcomp& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Subscribe& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Suback& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Unsubscribe& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Unsuback& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Pingreq& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Pingresp& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Disconnect& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Auth& packet, ProtocolVersion version, ByteBuffer& buffer);
void encode(const Packet& packet, ProtocolVersion version, ByteBuffer& buffer);

/// Appends everything of a PUBLISH up to its payload, whose size is counted; the caller writes
/// `packet.payload` right after, from where it is.
void encode_header(const Publish& packet, ProtocolVersion version, ByteBuffer& buffer);

}  // namespace multimqtt::wire
