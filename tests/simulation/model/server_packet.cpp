// Encoding the packets of a server.
#include "server_packet.hpp"

namespace multimqtt::simulation {
namespace {

constexpr Level kV5 = 5;

void properties_if_v5(OctetWriter& writer, Level level, const Properties& properties) {
    if (level == kV5) {
        write_properties(writer, properties);
    }
}

}  // namespace

std::string to_string(const Notice& notice) {
    constexpr const char* kNames[] = {"CONNACK", "PUBLISH", "PUBACK",   "PUBREC",     "PUBREL",
                                      "PUBCOMP", "SUBACK",  "UNSUBACK", "DISCONNECT", "a packet"};
    std::string text = kNames[static_cast<unsigned>(notice.kind)];
    text += notice.packet_id == 0 ? "" : " id " + std::to_string(notice.packet_id);
    text += notice.reason == 0 ? "" : " reason " + std::to_string(notice.reason);
    return notice.copy == 0 ? text : text + " delivery " + std::to_string(notice.copy);
}

std::string packet(unsigned first_byte, std::string_view body) {
    OctetWriter writer;
    writer.byte(first_byte);
    writer.variable_integer(static_cast<std::uint32_t>(body.size()));
    writer.raw(body);
    return writer.bytes();
}

std::string connack(Level level, bool session_present, std::uint8_t code, const Properties& properties) {
    OctetWriter body;
    body.byte(session_present ? 1 : 0);
    body.byte(code);
    properties_if_v5(body, level, properties);
    return packet(0x20, body.bytes());
}

std::string publish(Level level, const SentPublish& publish) {
    OctetWriter body;
    body.binary(publish.topic);
    if (publish.qos > 0) {
        body.two_bytes(publish.packet_id);
    }
    properties_if_v5(body, level, publish.properties != nullptr ? *publish.properties : Properties{});
    body.raw(publish.payload);
    const unsigned flags =
        (publish.dup ? 8u : 0u) | static_cast<unsigned>(publish.qos << 1) | (publish.retain ? 1u : 0u);
    return packet(0x30 | flags, body.bytes());
}

std::string ack(Level level, AckType type, std::uint16_t packet_id, std::uint8_t reason,
                bool explicit_reason) {
    OctetWriter body;
    body.two_bytes(packet_id);
    if (level == kV5 && (reason != 0 || explicit_reason)) {
        body.byte(reason);
        if (explicit_reason) {
            write_properties(body, {{PropertyId::reason_string, 0, "because"}});
        }
    }
    return packet(static_cast<unsigned>(type) << 4 | (type == AckType::pubrel ? 2u : 0u), body.bytes());
}

std::string suback(Level level, std::uint16_t packet_id, std::string_view codes) {
    OctetWriter body;
    body.two_bytes(packet_id);
    properties_if_v5(body, level, {});
    body.raw(codes);
    return packet(0x90, body.bytes());
}

std::string unsuback(Level level, std::uint16_t packet_id, std::string_view codes) {
    OctetWriter body;
    body.two_bytes(packet_id);
    if (level == kV5) {
        write_properties(body, {});
        body.raw(codes);
    }
    return packet(0xB0, body.bytes());
}

std::string pingresp() {
    return packet(0xD0, {});
}

std::string disconnect(std::uint8_t reason, const Properties& properties) {
    OctetWriter body;
    body.byte(reason);
    if (!properties.empty()) {
        write_properties(body, properties);
    }
    return packet(0xE0, body.bytes());
}

}  // namespace multimqtt::simulation
