// The bodies of SUBSCRIBE, UNSUBSCRIBE and their acknowledgements.
#include "wire/body_decoders.hpp"

namespace multimqtt::wire {
namespace {

// MQTT 5.0 and 3.1.1, section 3.8.3.
bool check_options(BodyReader& reader, std::string_view filter, std::uint8_t options) noexcept {
    const unsigned reserved = reader.is_v5() ? 0xC0 : 0xFC;
    if ((options & reserved) != 0) {  // v5 [MQTT-3.8.3-5], v3.1.1 [MQTT-3.8.3-4]
        return reader.malformed("the Subscription Options", "have a reserved bit set", options);
    }
    if ((options & 0x03) == 3) {  // v3.1.1 [MQTT-3.8.3-4]
        return reader.is_v5() ? reader.protocol_error("the Maximum QoS of a subscription", "is 3")
                              : reader.malformed("the Requested QoS", "is 3");
    }
    if ((options & 0x30) == 0x30) {
        return reader.protocol_error("the Retain Handling", "is 3");
    }
    if ((options & 0x04) != 0 && filter.starts_with("$share/")) {  // v5 [MQTT-3.8.3-4]
        return reader.protocol_error("the No Local option", "is set for a Shared Subscription");
    }
    return true;
}

bool read_filter(BodyReader& reader, std::string_view& filter) noexcept {
    return reader.text(filter, "a Topic Filter") &&
           (!filter.empty() || reader.malformed("a Topic Filter", "is empty"));  // v5 [MQTT-4.7.3-1]
}

bool read_reason_codes(BodyReader& reader, ReasonCodes& codes) noexcept {
    codes = ReasonCodes::from_encoded(reader.rest());
    if (codes.empty()) {  // v5 [MQTT-3.8.4-6]; v3.1.1 [MQTT-3.8.4-5]
        return reader.malformed("the payload", "has no Reason Code");
    }
    for (std::size_t index = 0; index < codes.size(); ++index) {
        const ReasonCode code = codes[index];
        // The return codes of 3.1.1 are a part of the reason codes of 5.0, v3.1.1 [MQTT-3.9.3-2].
        if (!may_carry(reader.type(), code) || (!reader.is_v5() && code > ReasonCode::unspecified_error)) {
            return reader.malformed("a Reason Code", "is not one that this packet may carry",
                                    static_cast<std::uint8_t>(code));
        }
    }
    return true;
}

}  // namespace

bool read_body(BodyReader& reader, Subscribe& packet) noexcept {
    if (!reader.packet_id(packet.packet_id) ||
        (reader.is_v5() && !read_properties(reader, packet.properties))) {
        return false;
    }
    packet.subscriptions = Subscriptions::from_encoded(reader.rest());
    if (reader.remaining() == 0) {  // v5 [MQTT-3.8.3-2], v3.1.1 [MQTT-3.8.3-3]
        return reader.protocol_error("the payload", "has no Topic Filter");
    }
    while (reader.remaining() != 0) {
        std::string_view filter;
        std::uint8_t options = 0;
        if (!read_filter(reader, filter) || !reader.byte(options, "the Subscription Options") ||
            !check_options(reader, filter, options)) {
            return false;
        }
    }
    return true;
}

bool read_body(BodyReader& reader, Unsubscribe& packet) noexcept {
    if (!reader.packet_id(packet.packet_id) ||
        (reader.is_v5() && !read_properties(reader, packet.properties))) {
        return false;
    }
    packet.filters = Filters::from_encoded(reader.rest());
    if (reader.remaining() == 0) {  // v5 [MQTT-3.10.3-2], v3.1.1 [MQTT-3.10.3-2]
        return reader.protocol_error("the payload", "has no Topic Filter");
    }
    while (reader.remaining() != 0) {
        std::string_view filter;
        if (!read_filter(reader, filter)) {
            return false;
        }
    }
    return true;
}

bool read_body(BodyReader& reader, Suback& packet) noexcept {
    return reader.packet_id(packet.packet_id) &&
           (!reader.is_v5() || read_properties(reader, packet.properties)) &&
           read_reason_codes(reader, packet.reason_codes);
}

bool read_body(BodyReader& reader, Unsuback& packet) noexcept {
    if (!reader.packet_id(packet.packet_id)) {
        return false;
    }
    if (!reader.is_v5()) {
        return reader.finished();
    }
    return read_properties(reader, packet.properties) && read_reason_codes(reader, packet.reason_codes);
}

}  // namespace multimqtt::wire
