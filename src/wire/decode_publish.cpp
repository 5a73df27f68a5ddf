// The body of PUBLISH, and the reason code that its acknowledgements share with other packets.
#include "wire/body_decoders.hpp"

namespace multimqtt::wire {

bool read_body(BodyReader& reader, Publish& packet) noexcept {
    if (!reader.topic_name(packet.topic, "the Topic Name")) {  // v5 [MQTT-3.3.2-2], v3.1.1 [MQTT-3.3.2-2]
        return false;
    }
    if (packet.qos != Qos::at_most_once && !reader.packet_id(packet.packet_id)) {
        return false;
    }
    if (reader.is_v5() && !read_properties(reader, packet.properties)) {
        return false;
    }
    if (packet.topic.empty()) {
        if (!reader.is_v5()) {  // v3.1.1 [MQTT-4.7.3-1]
            return reader.malformed("the Topic Name", "is empty");
        }
        if (!packet.properties.topic_alias.has_value()) {
            return reader.protocol_error("the Topic Name", "is empty and no Topic Alias stands for it");
        }
    }
    packet.payload = reader.rest();
    return true;
}

bool read_reason_code(BodyReader& reader, ReasonCode& code) noexcept {
    std::uint8_t value = 0;
    if (!reader.byte(value, "the Reason Code")) {
        return false;
    }
    code = static_cast<ReasonCode>(value);
    return may_carry(reader.type(), code) || reader.takes_any_reason_code() ||
           reader.malformed("the Reason Code", "is not one that this packet may carry", value);
}

}  // namespace multimqtt::wire
