// The bodies of the packets that open and close a connection: CONNECT, CONNACK, AUTH and DISCONNECT.
#include "wire/body_decoders.hpp"

namespace multimqtt::wire {
namespace {

// Bits of the connect flags. MQTT 5.0 and 3.1.1, section 3.1.2.3.
constexpr unsigned kReserved = 0x01;
constexpr unsigned kCleanStart = 0x02;
constexpr unsigned kWill = 0x04;
constexpr unsigned kWillQosShift = 3;
constexpr unsigned kWillRetain = 0x20;
constexpr unsigned kPassword = 0x40;
constexpr unsigned kUserName = 0x80;

bool read_version(BodyReader& reader, ProtocolVersion& version) noexcept {
    std::string_view protocol;
    std::uint8_t level = 0;
    if (!reader.text(protocol, "the Protocol Name") || !reader.byte(level, "the Protocol Version")) {
        return false;
    }
    if ((protocol == "MQTT" && (level == 4 || level == 5)) || (protocol == "MQIsdp" && level == 3)) {
        version = static_cast<ProtocolVersion>(level);
        reader.adopt(version);
        return true;
    }
    // v5 [MQTT-3.1.2-1], [MQTT-3.1.2-2]; v3.1.1 [MQTT-3.1.2-1], [MQTT-3.1.2-2].
    return reader.fail(Error::not_supported, ReasonCode::unsupported_protocol_version, "the Protocol Version",
                       "is not 3.1, 3.1.1 or 5.0", level);
}

bool check_flags(BodyReader& reader, unsigned flags) noexcept {
    const unsigned will_qos = flags >> kWillQosShift & 0x03;
    if ((flags & kReserved) != 0) {  // v5 [MQTT-3.1.2-3], v3.1.1 [MQTT-3.1.2-3]
        return reader.malformed("the reserved Connect Flag", "is set");
    }
    if ((flags & kWill) == 0 && will_qos != 0) {  // v5 [MQTT-3.1.2-11], v3.1.1 [MQTT-3.1.2-13]
        return reader.malformed("the Will QoS", "is not 0 though there is no will", will_qos);
    }
    if ((flags & kWill) == 0 && (flags & kWillRetain) != 0) {  // v5 [MQTT-3.1.2-13], v3.1.1 [MQTT-3.1.2-15]
        return reader.malformed("the Will Retain flag", "is set though there is no will");
    }
    if (will_qos == 3) {  // v5 [MQTT-3.1.2-12], v3.1.1 [MQTT-3.1.2-14]
        return reader.malformed("the Will QoS", "is 3");
    }
    if (!reader.is_v5() && (flags & kPassword) != 0 && (flags & kUserName) == 0) {  // v3.1.1 [MQTT-3.1.2-22]
        return reader.malformed("the Password Flag", "is set though there is no user name");
    }
    return true;
}

bool read_will(BodyReader& reader, unsigned flags, Will& will) noexcept {
    will.qos = static_cast<Qos>(flags >> kWillQosShift & 0x03);
    will.retain = (flags & kWillRetain) != 0;
    if (reader.is_v5() && !read_properties(reader, will.properties)) {
        return false;
    }
    return reader.topic_name(will.topic, "the Will Topic") &&
           (!will.topic.empty() || reader.malformed("the Will Topic", "is empty")) &&
           reader.binary(will.payload, "the Will Payload");
}

// What a server of 3.1.1 answers to a CONNECT that it cannot read is itself in the form of 3.1.1: two
// bytes, where 5.0 has at least three. MQTT 3.1.1, section 3.2.2.3.
bool is_refusal_of_older_server(const BodyReader& reader) noexcept {
    const auto body = reader.rest();
    return body.size() == 2 && body[0] == std::byte{0} && body[1] >= std::byte{1} && body[1] <= std::byte{5};
}

}  // namespace

bool read_body(BodyReader& reader, Connect& packet) noexcept {
    std::uint8_t flags = 0;
    if (!read_version(reader, packet.version) || !reader.byte(flags, "the Connect Flags") ||
        !check_flags(reader, flags) || !reader.two_bytes(packet.keep_alive_s, "the Keep Alive")) {
        return false;
    }
    packet.clean_start = (flags & kCleanStart) != 0;
    if (reader.is_v5()) {
        if (!read_properties(reader, packet.properties)) {
            return false;
        }
        if (packet.properties.authentication_data && !packet.properties.authentication_method) {
            return reader.protocol_error("the Authentication Data", "comes without an Authentication Method");
        }
    }
    // v5 [MQTT-3.1.3-1], v3.1.1 [MQTT-3.1.3-1]: the order of the payload.
    if (!reader.text(packet.client_id, "the Client Identifier")) {
        return false;
    }
    if ((flags & kWill) != 0 && !read_will(reader, flags, packet.will.emplace())) {
        return false;
    }
    if ((flags & kUserName) != 0 && !reader.text(packet.user_name.emplace(), "the User Name")) {
        return false;
    }
    if ((flags & kPassword) != 0 && !reader.binary(packet.password.emplace(), "the Password")) {
        return false;
    }
    return reader.finished();
}

bool read_body(BodyReader& reader, Connack& packet) noexcept {
    const bool older_form = !reader.is_v5() || is_refusal_of_older_server(reader);
    std::uint8_t flags = 0;
    if (!reader.byte(flags, "the Connect Acknowledge Flags")) {
        return false;
    }
    if (flags > 1) {  // v5 [MQTT-3.2.2-1]; 3.1.1, section 3.2.2.1
        return reader.malformed("the Connect Acknowledge Flags", "have a reserved bit set", flags);
    }
    packet.session_present = flags == 1;
    if (older_form) {
        std::uint8_t return_code = 0;
        if (!reader.byte(return_code, "the Connect Return code")) {
            return false;
        }
        const auto reason = reason_of_return_code(return_code);
        if (!reason) {
            return reader.malformed("the Connect Return code", "is reserved", return_code);
        }
        packet.reason_code = *reason;
    } else if (!read_reason_code(reader, packet.reason_code) || !read_properties(reader, packet.properties)) {
        return false;
    }
    if (packet.session_present && packet.reason_code != ReasonCode::success) {
        // v5 [MQTT-3.2.2-6], v3.1.1 [MQTT-3.2.2-4]
        return reader.protocol_error("the Session Present flag", "is set though the connection is refused");
    }
    return reader.finished();
}

bool read_body(BodyReader& reader, Disconnect& packet) noexcept {
    if (!reader.is_v5() || reader.remaining() == 0) {
        return reader.finished();
    }
    if (!read_reason_code(reader, packet.reason_code)) {
        return false;
    }
    // A body of one byte has no Property Length. MQTT 5.0, section 3.14.2.2.1.
    if (reader.remaining() != 0 && !read_properties(reader, packet.properties)) {
        return false;
    }
    if (reader.sender() == Sender::server && packet.properties.session_expiry_interval_s) {
        // v5 [MQTT-3.14.2-2]
        return reader.protocol_error("the Session Expiry Interval", "may not come from a server");
    }
    return reader.finished();
}

bool read_body(BodyReader& reader, Auth& packet) noexcept {
    if (reader.remaining() != 0) {
        if (!read_reason_code(reader, packet.reason_code)) {
            return false;
        }
        if (reader.remaining() != 0 && !read_properties(reader, packet.properties)) {
            return false;
        }
    }
    // MQTT 5.0, table 3-13: a server never starts a re-authentication, a client never ends one.
    const ReasonCode impossible =
        reader.sender() == Sender::server ? ReasonCode::reauthenticate : ReasonCode::success;
    if (packet.reason_code == impossible) {
        return reader.protocol_error("the Reason Code", "is not one that this side may send",
                                     static_cast<std::uint8_t>(packet.reason_code));
    }
    const AuthProperties& properties = packet.properties;
    const bool bare_success = packet.reason_code == ReasonCode::success && properties == AuthProperties{};
    if (!properties.authentication_method && !bare_success) {  // Section 3.15.2.2.2.
        return reader.protocol_error("the Authentication Method", "is missing");
    }
    return reader.finished();
}

}  // namespace multimqtt::wire
