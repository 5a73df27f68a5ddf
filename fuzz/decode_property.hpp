// What has to hold for any bytes: what decodes can be encoded again, and then decodes to the same packet; and
// where a stream is cut does not matter.
#pragma once

#include "instructions.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace multimqtt::fuzz {

struct DecodeOutcome {
    std::size_t packets = 0;  ///< Decoded from the front of the input, one after another.
    bool failed = false;      ///< The bytes after them are not MQTT.
    std::string broken;       ///< What does not hold, empty when everything does.
};

/// Which version, sender and limit the first byte of an input stands for.
[[nodiscard]] inline wire::DecodeOptions options_of(std::byte first) noexcept {
    const auto bits = static_cast<unsigned>(first);
    const bool v3_1 = (bits & 0x08) != 0;
    return {.version = (bits & 0x01) != 0 ? ProtocolVersion::v5
                       : v3_1             ? ProtocolVersion::v3_1
                                          : ProtocolVersion::v3_1_1,
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

/// The empty string when every beginning of `packet` (of which no byte is missing) asks for more, and never
/// for more than there is.
[[nodiscard]] inline std::string check_beginnings(Input packet, const wire::DecodeOptions& options) {
    // All beginnings of short packets, and as many of long ones, so that the work does not grow with the
    // square.
    constexpr std::size_t kBeginnings = 96;
    for (std::size_t count = 0; count < packet.size();
         count += std::max<std::size_t>(1, packet.size() / kBeginnings)) {
        // A copy of exactly this size lets the address sanitizer see every read behind it.
        const std::vector<std::byte> beginning{packet.begin(),
                                               packet.begin() + static_cast<std::ptrdiff_t>(count)};
        const wire::Decoded decoded = wire::decode(beginning, options);
        if (decoded.status != wire::DecodeStatus::need_more) {
            return "a beginning of a packet is not told to be one";
        }
        if (decoded.bytes == 0 || decoded.bytes > packet.size() - count) {
            return "a beginning of a packet asks for more bytes than the packet has, or for none";
        }
    }
    return {};
}

/// The empty string when no beginning of bytes that are refused is refused for another reason, or decodes.
[[nodiscard]] inline std::string check_refusal(Input refused, const wire::DecodeFailure& failure,
                                               const wire::DecodeOptions& options) {
    constexpr std::size_t kBytesMax = 64;  // Far more than the headers, where most refusals come from.
    for (std::size_t count = 0; count < std::min(refused.size(), kBytesMax); ++count) {
        const std::vector<std::byte> beginning{refused.begin(),
                                               refused.begin() + static_cast<std::ptrdiff_t>(count)};
        const wire::Decoded decoded = wire::decode(beginning, options);
        if (decoded.status == wire::DecodeStatus::packet) {
            return "a beginning of what is refused decodes";
        }
        if (decoded.status == wire::DecodeStatus::failed && decoded.failure.message() != failure.message()) {
            return "a beginning of what is refused is refused otherwise: " + decoded.failure.message();
        }
    }
    return {};
}

/// Decodes `input` packet by packet.
[[nodiscard]] inline DecodeOutcome decode_all(Input input, const wire::DecodeOptions& options) {
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
                                   !failure.field.empty() && !failure.problem.empty() &&
                                   !failure.message().empty();
            outcome.broken =
                explained ? check_refusal(input, failure, options) : "a failure without an explanation";
            return outcome;
        }
        if (decoded.bytes < 2 ||
            decoded.bytes > std::min<std::size_t>(input.size(), options.packet_bytes_max)) {
            outcome.broken = "a packet of impossible size";
            return outcome;
        }
        outcome.broken = check_round_trip(decoded.packet, options);
        if (outcome.broken.empty()) {
            outcome.broken = check_beginnings(input.first(decoded.bytes), options);
        }
        if (!outcome.broken.empty()) {
            return outcome;
        }
        ++outcome.packets;
        input = input.subspan(decoded.bytes);
    }
}

/// The property of the target "decode": one byte of options, then a stream of packets.
[[nodiscard]] inline std::string check_decode(Input input) {
    return input.empty() ? "" : decode_all(input.subspan(1), options_of(input.front())).broken;
}

}  // namespace multimqtt::fuzz
