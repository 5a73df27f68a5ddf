// Bytes to packets: strict, without allocation, in the place where the bytes are.
#pragma once

#include "multimqtt/protocol.hpp"
#include "multimqtt/reason_code.hpp"
#include "multimqtt/result.hpp"
#include "wire/packets.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace multimqtt::wire {

/// The largest packet that MQTT can express: five bytes of fixed header and 268,435,455 more.
inline constexpr std::uint32_t kPacketBytesMax = 268'435'460;

/// Which side of the connection wrote the bytes.
enum class Sender : std::uint8_t {
    client,
    server,
};

struct DecodeOptions {
    /// CONNECT carries its own version; all other packets are read as this one.
    ProtocolVersion version = ProtocolVersion::v5;
    /// Packets that only the other side may send are protocol errors.
    Sender sender = Sender::server;
    /// The receiver's Maximum Packet Size, fixed header included. A larger packet is refused as soon as
    /// its fixed header is there.
    std::uint32_t packet_bytes_max = kPacketBytesMax;
    /// Take acknowledgements with reason codes that MQTT does not allow there; `may_carry` tells which.
    bool any_acknowledgement_code = false;
};

enum class DecodeStatus : std::uint8_t {
    packet,     ///< One packet was decoded.
    need_more,  ///< The bytes end before the packet does.
    failed,     ///< The bytes are not MQTT; the connection has to be closed.
};

/// Why bytes were refused.
struct DecodeFailure {
    Error error = Error::ok;                       ///< `malformed_packet`, `protocol_error`, ...
    ReasonCode reason_code = ReasonCode::success;  ///< What a 5.0 DISCONNECT, or CONNACK, should say.
    PacketType packet_type = PacketType{};         ///< The packet that was refused.
    std::string_view field;                        ///< Such as "the Topic Name".
    std::string_view problem;                      ///< What is wrong with it: "is not well-formed UTF-8".
    std::int64_t value = -1;                       ///< The offending number, or -1.

    /// A sentence such as "PUBLISH is malformed: the Topic Name is not well-formed UTF-8."
    [[nodiscard]] std::string message() const;
    [[nodiscard]] Failure failure() const;
};

struct Decoded {
    // Not constexpr, so that the packet is not zeroed before it is read.
    Decoded() noexcept {}  // NOLINT(modernize-use-equals-default)

    DecodeStatus status = DecodeStatus::need_more;
    /// `packet`: how many bytes it took from the front of the input.
    /// `need_more`: how many bytes, at least, are missing.
    std::size_t bytes = 0;
    Packet packet;          ///< Valid when `status` is `packet`, as long as the input is.
    DecodeFailure failure;  ///< Set when `status` is `failed`.
};

/// Takes one packet from the front of `input`.
///
/// The answer does not depend on how the stream was cut: bytes that can become a packet need more,
/// and the same bytes are refused for the same reason however many follow.
///
/// Errors: `malformed_packet`, `protocol_error`, `packet_too_large`, `topic_alias_invalid` (it is 0), and
///         `not_supported` for a CONNECT of an unknown version.
/// Spec:   MQTT 5.0 and 3.1.1, sections 1.5, 2 and 3.
[[nodiscard]] Decoded decode(std::span<const std::byte> input, const DecodeOptions& options) noexcept;

}  // namespace multimqtt::wire
