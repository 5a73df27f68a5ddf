// What has to hold for any bytes: what decodes can be encoded again, and then decodes to the same packet.
#pragma once

#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace multimqtt::fuzz {

struct DecodeOutcome {
    std::size_t packets = 0;  ///< Decoded from the front of the input, one after another.
    bool failed = false;      ///< The bytes after them are not MQTT.
    std::string broken;       ///< What does not hold, empty when everything does.
};

/// Which version, sender and limit the first byte of an input stands for.
[[nodiscard]] inline wire::DecodeOptions options_of(std::byte first) noexcept {
    const auto bits = static_cast<unsigned>(first);
    return {.version = (bits & 0x01) != 0 ? ProtocolVersion::v5 : ProtocolVersion::v3_1_1,
            .sender = (bits & 0x02) != 0 ? wire::Sender::client : wire::Sender::server,
            .packet_bytes_max = (bits & 0x04) != 0 ? 64 : wire::kPacketBytesMax};
}

/// The empty string when `packet` survives another round.
[[nodiscard]] inline std::string check_round_trip(const wire::Packet& packet,
                                                  const wire::DecodeOptions& options) {
    wire::ByteBuffer buffer;
    wire::encode(packet, options.version, buffer);
    if (buffer.size() != wire::encoded_size(packet, options.version)) {
        return "encoded_size differs from what encode appended";
    }
    // Property order and short forms may make the second encoding another size; the limit was checked before.
    wire::DecodeOptions unlimited = options;
    unlimited.packet_bytes_max = wire::kPacketBytesMax;
    const wire::Decoded again = wire::decode(buffer.bytes(), unlimited);
    if (again.status != wire::DecodeStatus::packet) {
        return "the encoded packet does not decode: " + again.failure.message();
    }
    if (again.bytes != buffer.size()) {
        return "the encoded packet decodes to fewer bytes than it has";
    }
    return again.packet == packet ? "" : "the encoded packet decodes to another packet";
}

/// Decodes `input` packet by packet.
[[nodiscard]] inline DecodeOutcome decode_all(std::span<const std::byte> input,
                                              const wire::DecodeOptions& options) {
    DecodeOutcome outcome;
    while (true) {
        const wire::Decoded decoded = wire::decode(input, options);
        if (decoded.status == wire::DecodeStatus::need_more) {
            outcome.broken = decoded.bytes == 0 ? "more bytes are needed, but none is missing" : "";
            return outcome;
        }
        if (decoded.status == wire::DecodeStatus::failed) {
            outcome.failed = true;
            const wire::DecodeFailure& failure = decoded.failure;
            const bool explained = failure.error != Error::ok && is_failure(failure.reason_code) &&
                                   !failure.field.empty() && !failure.problem.empty();
            outcome.broken = explained ? "" : "a failure without an explanation";
            return outcome;
        }
        if (decoded.bytes < 2 || decoded.bytes > input.size()) {
            outcome.broken = "a packet of impossible size";
            return outcome;
        }
        outcome.broken = check_round_trip(decoded.packet, options);
        if (!outcome.broken.empty()) {
            return outcome;
        }
        ++outcome.packets;
        input = input.subspan(decoded.bytes);
    }
}

}  // namespace multimqtt::fuzz
