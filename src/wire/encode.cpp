// Each packet in two steps: how large its body is, and what it holds.
#include "wire/encode.hpp"

#include "wire/body_writer.hpp"
#include "wire/reason_code_sets.hpp"

#include <cassert>

namespace multimqtt::wire {
namespace {

constexpr bool is_v5(ProtocolVersion version) noexcept {
    return version == ProtocolVersion::v5;
}

constexpr std::size_t packet_size(std::size_t body_size) noexcept {
    return 1 + variable_size(body_size) + body_size;
}

// The flags are those of table 2-2, v5 [MQTT-2.1.3-1]; v3.1.1 [MQTT-2.2.2-1].
constexpr unsigned first_byte(PacketType type, unsigned flags = 0) noexcept {
    return static_cast<unsigned>(type) << 4 | flags;
}

// How many bytes a block of properties takes with its Property Length, which is there even when it is 0,
// v5 [MQTT-2.2.2-1]. None in 3.1.1.
struct PropertyBlock {
    template <class Properties>
    PropertyBlock(const Properties& properties, ProtocolVersion version) noexcept
        : present{is_v5(version)}, content{present ? properties_size(properties) : 0} {}

    [[nodiscard]] std::size_t size() const noexcept { return present ? variable_size(content) + content : 0; }

    template <class Properties>
    void write(BodyWriter& writer, const Properties& properties) const noexcept {
        if (present) {
            write_properties(writer, properties, content);
        }
    }

    bool present;
    std::size_t content;
};

// Takes the memory for a packet, writes its fixed header, and has `write_body` do the rest.
template <class WriteBody>
void append_packet(ByteBuffer& buffer, unsigned first, std::size_t body_size, WriteBody&& write_body) {
    assert(packet_size(body_size) <= 268'435'460);
    const std::size_t size = packet_size(body_size);
    std::byte* const start = buffer.extend(size);
    BodyWriter writer{start};
    writer.byte(first);
    writer.variable(body_size);
    write_body(writer);
    assert(writer.place() == start + size);
}

// CONNECT.

std::string_view protocol_name(ProtocolVersion version) noexcept {
    return version == ProtocolVersion::v3_1 ? "MQIsdp" : "MQTT";
}

// A flag is set for just what the payload has: v5 [MQTT-3.1.2-9], [MQTT-3.1.2-11] to [MQTT-3.1.2-13],
// [MQTT-3.1.2-16] to [MQTT-3.1.2-19]; v3.1.1 [MQTT-3.1.2-9], [MQTT-3.1.2-11], [MQTT-3.1.2-13],
// [MQTT-3.1.2-14], [MQTT-3.1.2-15], [MQTT-3.1.2-18] to [MQTT-3.1.2-21].
unsigned connect_flags(const Connect& packet) noexcept {
    unsigned flags = packet.clean_start ? 0x02 : 0;
    if (packet.will) {
        flags |= 0x04 | static_cast<unsigned>(packet.will->qos) << 3 | (packet.will->retain ? 0x20 : 0);
    }
    return flags | (packet.password ? 0x40 : 0) | (packet.user_name ? 0x80 : 0);
}

std::size_t body_size(const Connect& packet) noexcept {
    constexpr std::size_t kLevelFlagsAndKeepAlive = 4;
    std::size_t size = field_size(protocol_name(packet.version).size()) + kLevelFlagsAndKeepAlive +
                       PropertyBlock{packet.properties, packet.version}.size() +
                       field_size(packet.client_id.size());
    if (packet.will) {
        size += PropertyBlock{packet.will->properties, packet.version}.size() +
                field_size(packet.will->topic.size()) + field_size(packet.will->payload.size());
    }
    size += packet.user_name ? field_size(packet.user_name->size()) : 0;
    size += packet.password ? field_size(packet.password->size()) : 0;
    return size;
}

// The acknowledgements of PUBLISH. A reason code of success without properties is left out.
// MQTT 5.0, sections 3.4.2.1, 3.5.2.1, 3.6.2.1 and 3.7.2.1.
struct AckShape {
    template <PacketType type>
    AckShape(const Ack<type>& packet, ProtocolVersion version) noexcept
        : properties{packet.properties, version},
          with_properties{properties.content != 0},
          with_reason{is_v5(version) && (with_properties || packet.reason_code != ReasonCode::success)} {}

    [[nodiscard]] std::size_t body_size() const noexcept {
        return 2 + (with_reason ? std::size_t{1} : 0) + (with_properties ? properties.size() : 0);
    }

    PropertyBlock properties;
    bool with_properties;
    bool with_reason;
};

template <PacketType type>
void append_ack(const Ack<type>& packet, ProtocolVersion version, ByteBuffer& buffer) {
    assert(packet.packet_id != 0);
    const AckShape shape{packet, version};
    // v5 and v3.1.1 [MQTT-3.6.1-1].
    constexpr unsigned kFlags = type == PacketType::pubrel ? 0b0010 : 0;
    append_packet(buffer, first_byte(type, kFlags), shape.body_size(), [&](BodyWriter& writer) {
        writer.two_bytes(packet.packet_id);
        if (shape.with_reason) {
            writer.byte(static_cast<unsigned>(packet.reason_code));
        }
        if (shape.with_properties) {
            shape.properties.write(writer, packet.properties);
        }
    });
}

// SUBSCRIBE and UNSUBSCRIBE.

// The bits that are reserved stay 0: v5 [MQTT-3.8.3-5]; v3.1.1 [MQTT-3.8.3-4].
unsigned subscription_options(const Subscription& subscription, ProtocolVersion version) noexcept {
    const auto qos = static_cast<unsigned>(subscription.qos);
    if (!is_v5(version)) {
        return qos;
    }
    return qos | (subscription.no_local ? 0x04 : 0) | (subscription.retain_as_published ? 0x08 : 0) |
           static_cast<unsigned>(subscription.retain_handling) << 4;
}

std::size_t body_size(const Subscribe& packet, ProtocolVersion version) noexcept {
    std::size_t size = 2 + PropertyBlock{packet.properties, version}.size();
    for (const Subscription& subscription : packet.subscriptions) {
        size += field_size(subscription.filter.size()) + 1;
    }
    return size;
}

std::size_t body_size(const Unsubscribe& packet, ProtocolVersion version) noexcept {
    std::size_t size = 2 + PropertyBlock{packet.properties, version}.size();
    for (const std::string_view filter : packet.filters) {
        size += field_size(filter.size());
    }
    return size;
}

// SUBACK and UNSUBACK. An UNSUBACK of 3.1.1 has no payload.
template <class AnyPacket>
std::size_t answers_size(const AnyPacket& packet, ProtocolVersion version, bool with_codes) noexcept {
    return 2 + PropertyBlock{packet.properties, version}.size() +
           (with_codes ? packet.reason_codes.size() : 0);
}

// DISCONNECT and AUTH. A reason code of 0 without properties is left out; DISCONNECT may leave out the
// properties alone, AUTH may not. MQTT 5.0, sections 3.14.2.2.1 and 3.15.2.1.
struct FarewellShape {
    FarewellShape(const Disconnect& packet, ProtocolVersion version) noexcept
        : properties{packet.properties, version},
          with_properties{properties.content != 0},
          with_reason{is_v5(version) && (with_properties || packet.reason_code != ReasonCode::success)} {}
    FarewellShape(const Auth& packet, ProtocolVersion version) noexcept
        : properties{packet.properties, version},
          with_properties{properties.content != 0 || packet.reason_code != ReasonCode::success},
          with_reason{with_properties} {}

    [[nodiscard]] std::size_t body_size() const noexcept {
        return (with_reason ? std::size_t{1} : 0) + (with_properties ? properties.size() : 0);
    }

    PropertyBlock properties;
    bool with_properties;
    bool with_reason;
};

template <class AnyPacket>
void append_farewell(const AnyPacket& packet, PacketType type, ProtocolVersion version, ByteBuffer& buffer) {
    const FarewellShape shape{packet, version};
    append_packet(buffer, first_byte(type), shape.body_size(), [&](BodyWriter& writer) {
        if (shape.with_reason) {
            writer.byte(static_cast<unsigned>(packet.reason_code));
        }
        if (shape.with_properties) {
            shape.properties.write(writer, packet.properties);
        }
    });
}

// PUBLISH.

unsigned publish_first_byte(const Publish& packet) noexcept {
    return first_byte(PacketType::publish, (packet.dup ? 0x08U : 0U) |
                                               static_cast<unsigned>(packet.qos) << 1 |
                                               (packet.retain ? 0x01U : 0U));
}

std::size_t publish_body_size(const Publish& packet, const PropertyBlock& properties) noexcept {
    return field_size(packet.topic.size()) + (packet.qos == Qos::at_most_once ? 0 : 2) + properties.size() +
           packet.payload.size();
}

// Takes the memory for the packet less `payload_elsewhere` bytes, and writes all but the payload.
BodyWriter append_publish(const Publish& packet, ProtocolVersion version, ByteBuffer& buffer,
                          std::size_t payload_elsewhere) {
    assert((packet.qos == Qos::at_most_once) == (packet.packet_id == 0));
    assert(!packet.topic.empty() || (is_v5(version) && packet.properties.topic_alias));
    const PropertyBlock properties{packet.properties, version};
    const std::size_t body = publish_body_size(packet, properties);
    assert(packet_size(body) <= 268'435'460);
    BodyWriter writer{buffer.extend(packet_size(body) - payload_elsewhere)};
    writer.byte(publish_first_byte(packet));
    writer.variable(body);
    // v5 and v3.1.1 [MQTT-3.3.2-1].
    writer.text(packet.topic);
    // v5 [MQTT-2.2.1-2]; v3.1.1 [MQTT-2.3.1-5].
    if (packet.qos != Qos::at_most_once) {
        writer.two_bytes(packet.packet_id);
    }
    properties.write(writer, packet.properties);
    return writer;
}

}  // namespace

std::size_t encoded_size(const Connect& packet) noexcept {
    return packet_size(body_size(packet));
}

void encode(const Connect& packet, ByteBuffer& buffer) {
    // v3.1.1 [MQTT-3.1.2-22]
    assert(is_v5(packet.version) || packet.user_name || !packet.password);
    append_packet(buffer, first_byte(PacketType::connect), body_size(packet), [&](BodyWriter& writer) {
        writer.text(protocol_name(packet.version));
        writer.byte(static_cast<unsigned>(packet.version));
        writer.byte(connect_flags(packet));
        writer.two_bytes(packet.keep_alive_s);
        PropertyBlock{packet.properties, packet.version}.write(writer, packet.properties);
        // The order of the payload, v5 and v3.1.1 [MQTT-3.1.3-1], [MQTT-3.1.3-3].
        writer.text(packet.client_id);
        if (packet.will) {
            PropertyBlock{packet.will->properties, packet.version}.write(writer, packet.will->properties);
            writer.text(packet.will->topic);
            writer.binary(packet.will->payload);
        }
        if (packet.user_name) {
            writer.text(*packet.user_name);
        }
        if (packet.password) {
            writer.binary(*packet.password);
        }
    });
}

std::size_t encoded_size(const Connack& packet, ProtocolVersion version) noexcept {
    return packet_size(2 + PropertyBlock{packet.properties, version}.size());
}

void encode(const Connack& packet, ProtocolVersion version, ByteBuffer& buffer) {
    const PropertyBlock properties{packet.properties, version};
    append_packet(buffer, first_byte(PacketType::connack), 2 + properties.size(), [&](BodyWriter& writer) {
        writer.byte(packet.session_present ? 1 : 0);
        writer.byte(is_v5(version) ? static_cast<unsigned>(packet.reason_code)
                                   : return_code_of_reason(packet.reason_code));
        properties.write(writer, packet.properties);
    });
}

std::size_t encoded_size(const Publish& packet, ProtocolVersion version) noexcept {
    return packet_size(publish_body_size(packet, PropertyBlock{packet.properties, version}));
}

void encode(const Publish& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_publish(packet, version, buffer, 0).raw(packet.payload.data(), packet.payload.size());
}

void encode_header(const Publish& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_publish(packet, version, buffer, packet.payload.size());
}

std::size_t encoded_size(const Puback& packet, ProtocolVersion version) noexcept {
    return packet_size(AckShape{packet, version}.body_size());
}
std::size_t encoded_size(const Pubrec& packet, ProtocolVersion version) noexcept {
    return packet_size(AckShape{packet, version}.body_size());
}
std::size_t encoded_size(const Pubrel& packet, ProtocolVersion version) noexcept {
    return packet_size(AckShape{packet, version}.body_size());
}
std::size_t encoded_size(const Pubcomp& packet, ProtocolVersion version) noexcept {
    return packet_size(AckShape{packet, version}.body_size());
}

void encode(const Puback& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_ack(packet, version, buffer);
}
void encode(const Pubrec& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_ack(packet, version, buffer);
}
void encode(const Pubrel& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_ack(packet, version, buffer);
}
void encode(const Pubcomp& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_ack(packet, version, buffer);
}

std::size_t encoded_size(const Subscribe& packet, ProtocolVersion version) noexcept {
    return packet_size(body_size(packet, version));
}

void encode(const Subscribe& packet, ProtocolVersion version, ByteBuffer& buffer) {
    assert(packet.packet_id != 0 && !packet.subscriptions.empty());
    // v5 and v3.1.1 [MQTT-3.8.1-1].
    const unsigned first = first_byte(PacketType::subscribe, 0b0010);
    append_packet(buffer, first, body_size(packet, version), [&](BodyWriter& writer) {
        writer.two_bytes(packet.packet_id);
        PropertyBlock{packet.properties, version}.write(writer, packet.properties);
        for (const Subscription& subscription : packet.subscriptions) {
            writer.text(subscription.filter);
            writer.byte(subscription_options(subscription, version));
        }
    });
}

std::size_t encoded_size(const Unsubscribe& packet, ProtocolVersion version) noexcept {
    return packet_size(body_size(packet, version));
}

void encode(const Unsubscribe& packet, ProtocolVersion version, ByteBuffer& buffer) {
    assert(packet.packet_id != 0 && !packet.filters.empty());
    // v5 and v3.1.1 [MQTT-3.10.1-1].
    const unsigned first = first_byte(PacketType::unsubscribe, 0b0010);
    append_packet(buffer, first, body_size(packet, version), [&](BodyWriter& writer) {
        writer.two_bytes(packet.packet_id);
        PropertyBlock{packet.properties, version}.write(writer, packet.properties);
        // One straight behind the other, v3.1.1 [MQTT-3.10.3-1].
        for (const std::string_view filter : packet.filters) {
            writer.text(filter);
        }
    });
}

std::size_t encoded_size(const Suback& packet, ProtocolVersion version) noexcept {
    return packet_size(answers_size(packet, version, true));
}

void encode(const Suback& packet, ProtocolVersion version, ByteBuffer& buffer) {
    assert(packet.packet_id != 0 && !packet.reason_codes.empty());
    const std::size_t size = answers_size(packet, version, true);
    append_packet(buffer, first_byte(PacketType::suback), size, [&](BodyWriter& writer) {
        writer.two_bytes(packet.packet_id);
        PropertyBlock{packet.properties, version}.write(writer, packet.properties);
        for (std::size_t index = 0; index < packet.reason_codes.size(); ++index) {
            const ReasonCode code = packet.reason_codes[index];
            // 3.1.1 has one code for all failures.
            writer.byte(is_failure(code) && !is_v5(version) ? 0x80 : static_cast<unsigned>(code));
        }
    });
}

std::size_t encoded_size(const Unsuback& packet, ProtocolVersion version) noexcept {
    return packet_size(answers_size(packet, version, is_v5(version)));
}

void encode(const Unsuback& packet, ProtocolVersion version, ByteBuffer& buffer) {
    assert(packet.packet_id != 0 && (!is_v5(version) || !packet.reason_codes.empty()));
    const std::size_t size = answers_size(packet, version, is_v5(version));
    append_packet(buffer, first_byte(PacketType::unsuback), size, [&](BodyWriter& writer) {
        writer.two_bytes(packet.packet_id);
        PropertyBlock{packet.properties, version}.write(writer, packet.properties);
        if (is_v5(version)) {
            writer.raw(packet.reason_codes.bytes().data(), packet.reason_codes.size());
        }
    });
}

std::size_t encoded_size(const Pingreq&, ProtocolVersion) noexcept {
    return packet_size(0);
}
std::size_t encoded_size(const Pingresp&, ProtocolVersion) noexcept {
    return packet_size(0);
}

void encode(const Pingreq&, ProtocolVersion, ByteBuffer& buffer) {
    append_packet(buffer, first_byte(PacketType::pingreq), 0, [](BodyWriter&) {});
}
void encode(const Pingresp&, ProtocolVersion, ByteBuffer& buffer) {
    append_packet(buffer, first_byte(PacketType::pingresp), 0, [](BodyWriter&) {});
}

std::size_t encoded_size(const Disconnect& packet, ProtocolVersion version) noexcept {
    return packet_size(FarewellShape{packet, version}.body_size());
}
std::size_t encoded_size(const Auth& packet, ProtocolVersion version) noexcept {
    return packet_size(FarewellShape{packet, version}.body_size());
}

void encode(const Disconnect& packet, ProtocolVersion version, ByteBuffer& buffer) {
    append_farewell(packet, PacketType::disconnect, version, buffer);
}
void encode(const Auth& packet, ProtocolVersion version, ByteBuffer& buffer) {
    assert(is_v5(version));
    append_farewell(packet, PacketType::auth, version, buffer);
}

std::size_t encoded_size(const Packet& packet, ProtocolVersion version) noexcept {
    return std::visit(
        [&]<class AnyPacket>(const AnyPacket& any) {
            if constexpr (std::same_as<AnyPacket, Connect>) {
                return encoded_size(any);
            } else {
                return encoded_size(any, version);
            }
        },
        packet);
}

void encode(const Packet& packet, ProtocolVersion version, ByteBuffer& buffer) {
    std::visit(
        [&]<class AnyPacket>(const AnyPacket& any) {
            if constexpr (std::same_as<AnyPacket, Connect>) {
                encode(any, buffer);
            } else {
                encode(any, version, buffer);
            }
        },
        packet);
}

}  // namespace multimqtt::wire
