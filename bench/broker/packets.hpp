// The little of MQTT 3.1.1 and 5.0 that the bench broker speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// The packet types, as they stand in the upper four bits of the first byte.
enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,
};

/// One packet within a receive buffer.
struct Frame {
    std::uint8_t first = 0;
    const std::uint8_t* body = nullptr;
    std::size_t body_bytes = 0;
    std::size_t total_bytes = 0;

    [[nodiscard]] PacketType type() const noexcept { return static_cast<PacketType>(first >> 4); }
};

/// A PUBLISH; the views end with the receive buffer.
struct Publish {
    std::string_view topic;
    std::string_view payload;
    std::uint16_t packet_id = 0;
    int qos = 0;
};

enum class FrameState : std::uint8_t { complete, incomplete, malformed };

inline std::uint16_t load_u16(const std::uint8_t* bytes) noexcept {
    return static_cast<std::uint16_t>((bytes[0] << 8) | bytes[1]);
}

/// Reads a variable byte integer at `at` and moves `at` behind it; nothing when it does not end before `end`.
inline std::optional<std::uint32_t> load_variable(const std::uint8_t*& at, const std::uint8_t* end) noexcept {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 28 && at < end; shift += 7) {
        const std::uint8_t byte = *at++;
        value |= static_cast<std::uint32_t>(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
}

/// Finds the packet that starts at `data`.
inline FrameState next_frame(const std::uint8_t* data, std::size_t size, Frame& frame) noexcept {
    if (size < 2) return FrameState::incomplete;
    const std::uint8_t* at = data + 1;
    const auto remaining = load_variable(at, data + size);
    if (!remaining) return size >= 5 ? FrameState::malformed : FrameState::incomplete;
    const std::size_t header_bytes = static_cast<std::size_t>(at - data);
    if (size - header_bytes < *remaining) return FrameState::incomplete;
    frame = Frame{data[0], at, *remaining, header_bytes + *remaining};
    return FrameState::complete;
}

/// Takes a PUBLISH apart; false when it is malformed.
inline bool read_publish(const Frame& frame, bool version5, Publish& publish) noexcept {
    const std::uint8_t* at = frame.body;
    const std::uint8_t* const end = at + frame.body_bytes;
    if (end - at < 2) return false;
    const std::size_t topic_bytes = load_u16(at);
    at += 2;
    publish.qos = (frame.first >> 1) & 3;
    if (static_cast<std::size_t>(end - at) < topic_bytes + (publish.qos > 0 ? 2U : 0U)) return false;
    publish.topic = {reinterpret_cast<const char*>(at), topic_bytes};
    at += topic_bytes;
    if (publish.qos > 0) {
        publish.packet_id = load_u16(at);
        at += 2;
    }
    if (version5) {
        const auto properties_bytes = load_variable(at, end);
        if (!properties_bytes || static_cast<std::size_t>(end - at) < *properties_bytes) return false;
        at += *properties_bytes;
    }
    publish.payload = {reinterpret_cast<const char*>(at), static_cast<std::size_t>(end - at)};
    return true;
}

void append_u16(std::string& out, std::size_t value);
void append_variable(std::string& out, std::size_t value);
void append_text(std::string& out, std::string_view text);

/// Appends a packet of a type byte and two bytes of packet identifier: PUBACK, PUBREC, PUBREL or PUBCOMP.
inline void append_answer(std::string& out, PacketType type, std::uint16_t packet_id) {
    const char flags = type == PacketType::pubrel ? 2 : 0;
    const char bytes[4] = {static_cast<char>((static_cast<int>(type) << 4) | flags), 2,
                           static_cast<char>(packet_id >> 8), static_cast<char>(packet_id & 0xFF)};
    out.append(bytes, sizeof bytes);
}

void append_publish(std::string& out, const Publish& publish, bool version5);

/// Whether a topic name falls under a topic filter with "+" and "#".
bool matches(std::string_view filter, std::string_view topic);

}  // namespace bench
