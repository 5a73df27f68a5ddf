// The fixed header, the way to the right body, and the sentence for a failure.
#include "wire/decode.hpp"

#include "wire/body_decoders.hpp"

#include <array>

namespace multimqtt::wire {
namespace {

// What the first byte of a packet may be.
struct TypeRules {
    bool from_client;
    bool from_server;
    bool only_v5;
    std::uint8_t flags;  // The lower four bits; those of PUBLISH vary.
};

// By packet type. MQTT 5.0, tables 2-1 and 2-2.
constexpr std::array<TypeRules, 16> kTypeRules = {{
    {},                            // Reserved.
    {true, false, false, 0},       // CONNECT
    {false, true, false, 0},       // CONNACK
    {true, true, false, 0},        // PUBLISH
    {true, true, false, 0},        // PUBACK
    {true, true, false, 0},        // PUBREC
    {true, true, false, 0b0010},   // PUBREL
    {true, true, false, 0},        // PUBCOMP
    {true, false, false, 0b0010},  // SUBSCRIBE
    {false, true, false, 0},       // SUBACK
    {true, false, false, 0b0010},  // UNSUBSCRIBE
    {false, true, false, 0},       // UNSUBACK
    {true, false, false, 0},       // PINGREQ
    {false, true, false, 0},       // PINGRESP
    {true, true, false, 0},        // DISCONNECT
    {true, true, true, 0},         // AUTH
}};

constexpr unsigned kDup = 0x08;
constexpr unsigned kRetain = 0x01;

bool check_publish_flags(BodyReader& reader, unsigned first) noexcept {
    const unsigned qos = first >> 1 & 0x03;
    if (qos == 3) {  // v5 [MQTT-3.3.1-4], v3.1.1 [MQTT-3.3.1-4]
        return reader.malformed("the QoS", "is 3");
    }
    if (qos == 0 && (first & kDup) != 0) {  // v5 [MQTT-3.3.1-2], v3.1.1 [MQTT-3.3.1-2]
        return reader.malformed("the DUP flag", "is set though the QoS is 0");
    }
    return true;
}

// Everything that the first byte alone can be wrong about.
bool check_first_byte(BodyReader& reader, unsigned first) noexcept {
    const TypeRules& rules = kTypeRules[first >> 4];
    if ((!rules.from_client && !rules.from_server) || (rules.only_v5 && !reader.is_v5())) {
        return reader.malformed("the packet type", "is reserved", first >> 4);
    }
    // A server of 3.1.1 does not say goodbye.
    const bool from_server = rules.from_server && (reader.is_v5() || reader.type() != PacketType::disconnect);
    if (reader.sender() == Sender::client ? !rules.from_client : !from_server) {
        return reader.protocol_error("the packet", reader.sender() == Sender::client
                                                       ? "is not one that a client may send"
                                                       : "is not one that a server may send");
    }
    if (reader.type() == PacketType::publish) {
        return check_publish_flags(reader, first);
    }
    // v5 [MQTT-2.1.3-1], [MQTT-3.14.1-1], [MQTT-3.15.1-1]; v3.1.1 [MQTT-2.2.2-1], [MQTT-2.2.2-2].
    return (first & 0x0F) == rules.flags ||
           reader.malformed("the flags of the fixed header", "are not as reserved", first & 0x0F);
}

// The Remaining Length, as far as it is there.
struct RemainingLength {
    DecodeStatus status = DecodeStatus::need_more;
    std::uint32_t value = 0;
    std::uint32_t size = 0;  // Bytes that it takes itself.
};

RemainingLength read_remaining_length(std::span<const std::byte> input) noexcept {
    RemainingLength length;
    for (std::size_t index = 1; index < input.size() && index <= 4; ++index) {
        const auto byte = static_cast<std::uint32_t>(input[index]);
        length.value |= (byte & 0x7F) << 7 * (index - 1);
        length.size = static_cast<std::uint32_t>(index);
        if (byte < 0x80) {
            const bool shortest = byte != 0 || index == 1;
            length.status = shortest ? DecodeStatus::packet : DecodeStatus::failed;
            return length;
        }
    }
    if (length.size == 4) {
        length.status = DecodeStatus::failed;
    }
    return length;
}

// Converts to an empty packet. Written as `T()` or `T{}` the packet would first be zeroed as a whole, which
// takes longer than decoding a small PUBLISH; this sets only what needs a value.
template <class AnyPacket>
struct Fresh {
    // NOLINTNEXTLINE(google-explicit-constructor): being converted is all it is for.
    operator AnyPacket() const noexcept {
        AnyPacket packet;
        return packet;
    }
};

// Constructs the packet in its place and reads its body.
template <class AnyPacket>
bool read_into(BodyReader& reader, Packet& packet) noexcept {
    return read_body(reader, packet.emplace<AnyPacket>(Fresh<AnyPacket>{}));
}

// Makes a PUBLISH with what stands in the first byte.
Publish& make_publish(unsigned first, Packet& packet) noexcept {
    Publish& publish = packet.emplace<Publish>(Fresh<Publish>{});
    publish.qos = static_cast<Qos>(first >> 1 & 0x03);
    publish.dup = (first & kDup) != 0;
    publish.retain = (first & kRetain) != 0;
    return publish;
}

bool read_packet(BodyReader& reader, unsigned first, Packet& packet) noexcept {
    switch (reader.type()) {
        case PacketType::connect:
            return read_into<Connect>(reader, packet);
        case PacketType::connack:
            return read_into<Connack>(reader, packet);
        case PacketType::publish:
            return read_body(reader, make_publish(first, packet));
        case PacketType::puback:
            return read_into<Puback>(reader, packet);
        case PacketType::pubrec:
            return read_into<Pubrec>(reader, packet);
        case PacketType::pubrel:
            return read_into<Pubrel>(reader, packet);
        case PacketType::pubcomp:
            return read_into<Pubcomp>(reader, packet);
        case PacketType::subscribe:
            return read_into<Subscribe>(reader, packet);
        case PacketType::suback:
            return read_into<Suback>(reader, packet);
        case PacketType::unsubscribe:
            return read_into<Unsubscribe>(reader, packet);
        case PacketType::unsuback:
            return read_into<Unsuback>(reader, packet);
        case PacketType::pingreq:
            return read_into<Pingreq>(reader, packet);
        case PacketType::pingresp:
            return read_into<Pingresp>(reader, packet);
        case PacketType::disconnect:
            return read_into<Disconnect>(reader, packet);
        case PacketType::auth:
            return read_into<Auth>(reader, packet);
    }
    return false;
}

// Decodes any packet, and finds out what is wrong with a bad one.
void decode_with_care(std::span<const std::byte> input, const DecodeOptions& options,
                      Decoded& decoded) noexcept {
    if (input.empty()) {
        decoded.bytes = 2;
        return;
    }
    const auto first = static_cast<unsigned>(input[0]);
    const auto type = static_cast<PacketType>(first >> 4);
    BodyReader header{type, options.version, options.sender, {}, decoded.failure};
    if (!check_first_byte(header, first)) {
        decoded.status = DecodeStatus::failed;
        return;
    }
    const RemainingLength length = read_remaining_length(input);
    if (length.status == DecodeStatus::need_more) {
        decoded.bytes = 1;
        return;
    }
    decoded.status = DecodeStatus::failed;
    if (length.status == DecodeStatus::failed) {  // v5 [MQTT-1.5.5-1]
        const bool goes_on = input[length.size] >= std::byte{0x80};
        header.malformed("the Remaining Length", goes_on ? "takes more than four bytes"
                                                         : "is not encoded in as few bytes as possible");
        return;
    }
    const std::size_t size = 1 + std::size_t{length.size} + length.value;
    // v5 [MQTT-3.1.2-24].
    if (size > options.packet_bytes_max) {
        header.fail(Error::packet_too_large, ReasonCode::packet_too_large, "its size",
                    "exceeds our Maximum Packet Size", static_cast<std::int64_t>(size));
        return;
    }
    if (input.size() < size) {
        decoded.status = DecodeStatus::need_more;
        decoded.bytes = size - input.size();
        return;
    }
    BodyReader body{type, options.version, options.sender, input.subspan(1 + length.size, length.value),
                    decoded.failure};
    if (read_packet(body, first, decoded.packet)) {
        decoded.status = DecodeStatus::packet;
        decoded.bytes = size;
    }
}

// Most of the traffic: a complete PUBLISH below 16 KiB, its properties empty. Everything else, and
// everything that is wrong, is left to `decode_with_care`, which gives the same answer.
bool decode_plain_publish(std::span<const std::byte> input, const DecodeOptions& options,
                          Decoded& decoded) noexcept {
    if (input.size() < 4) {
        return false;
    }
    const auto first = static_cast<unsigned>(input[0]);
    const unsigned qos = first >> 1 & 0x03;
    if (first >> 4 != static_cast<unsigned>(PacketType::publish) || qos == 3 ||
        (qos == 0 && (first & kDup) != 0)) {
        return false;
    }
    std::size_t length = static_cast<std::size_t>(input[1]);
    const std::byte* cursor = input.data() + 2;
    if (length >= 0x80) {
        const auto high = static_cast<std::size_t>(*cursor++);
        if (high == 0 || high >= 0x80) {
            return false;
        }
        length = (length & 0x7F) | high << 7;
    }
    const std::byte* const end = cursor + length;
    const auto size = static_cast<std::size_t>(end - input.data());
    if (size > options.packet_bytes_max || size > input.size() || length < 2) {
        return false;
    }
    const bool v5 = options.version == ProtocolVersion::v5;
    const std::size_t topic_size = take_two_bytes(cursor);
    const std::size_t after_topic = (qos != 0 ? 2U : 0U) + (v5 ? 1U : 0U);
    if (topic_size == 0 || length < 2 + topic_size + after_topic) {
        return false;
    }
    const std::string_view topic = as_text(cursor, topic_size);
    cursor += topic_size;
    const std::uint16_t packet_id = qos != 0 ? take_two_bytes(cursor) : std::uint16_t{0};
    if ((qos != 0 && packet_id == 0) || (v5 && *cursor++ != std::byte{0}) ||
        check_text<Wildcards::refused>(topic).problem != TextProblem::none) {
        return false;
    }
    Publish& publish = make_publish(first, decoded.packet);
    publish.topic = topic;
    publish.packet_id = packet_id;
    publish.payload = std::span{cursor, end};
    decoded.status = DecodeStatus::packet;
    decoded.bytes = size;
    return true;
}

std::string_view verdict(Error error) noexcept {
    switch (error) {
        case Error::malformed_packet:
            return " is malformed: ";
        case Error::packet_too_large:
            return " is too large: ";
        case Error::not_supported:
            return " cannot be served: ";
        default:
            return " breaks the protocol: ";
    }
}

}  // namespace

Decoded decode(std::span<const std::byte> input, const DecodeOptions& options) noexcept {
    Decoded decoded;
    if (!decode_plain_publish(input, options, decoded)) {
        decode_with_care(input, options, decoded);
    }
    return decoded;
}

std::string DecodeFailure::message() const {
    std::string text{packet_type == PacketType{} ? "The packet" : name(packet_type)};
    text.append(verdict(error)).append(field).append(" ").append(problem);
    if (value >= 0) {
        constexpr std::string_view kDigits = "0123456789ABCDEF";
        text.append(" (").append(std::to_string(value));
        if (value > 9 && value <= 0xFF) {
            const auto byte = static_cast<std::size_t>(value);
            text.append(", 0x") += kDigits[byte >> 4];
            text += kDigits[byte & 0x0F];
        }
        text += ')';
    }
    return text += '.';
}

Failure DecodeFailure::failure() const {
    return {error, message(), static_cast<std::uint8_t>(reason_code)};
}

}  // namespace multimqtt::wire
