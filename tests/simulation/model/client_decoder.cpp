// From bytes to the packets of a client, written from the specification and strict about every rule.
#include "client_packet.hpp"
#include "topic.hpp"

#include <algorithm>
#include <iterator>

namespace multimqtt::simulation {
namespace {

constexpr Level kV3_1 = 3;
constexpr Level kV5 = 5;

[[noreturn]] void fail(Check check, std::string text) {
    throw Violation{check, std::move(text)};
}

void require(bool holds, Check check, const char* otherwise) {
    if (!holds) {
        fail(check, otherwise);
    }
}

std::uint16_t read_packet_id(OctetReader& reader) {
    const std::uint16_t packet_id = reader.two_bytes();
    require(packet_id != 0, Check::packet_id_zero, "a packet identifier is 0");  // v5 [MQTT-2.2.1-3]
    return packet_id;
}

void require_topic(std::string_view topic) {  // v5 [MQTT-3.3.2-2]
    require(is_topic_name(topic), Check::topic_invalid, "a topic name is empty or has a wildcard");
}

ReceivedWill read_will(OctetReader& reader, unsigned flags, Level level) {
    ReceivedWill will;
    will.qos = static_cast<std::uint8_t>(flags >> 3 & 3);
    will.retain = (flags & 0x20) != 0;
    require(will.qos <= 2, Check::connect_malformed, "the will has QoS 3");  // v5 [MQTT-3.1.2-12]
    if (level == kV5) {
        will.properties = read_properties(reader, PropertyPlace::will);
    }
    will.topic = reader.text();
    require_topic(will.topic);
    will.payload = reader.binary();
    return will;
}

ReceivedConnect read_connect(OctetReader& reader) {
    ReceivedConnect connect;
    const std::string_view name = reader.text();
    connect.level = reader.byte();
    require(name == (connect.level == kV3_1 ? "MQIsdp" : "MQTT") && connect.level >= kV3_1 &&
                connect.level <= kV5,
            Check::connect_malformed, "protocol name and level do not fit");  // v5 [MQTT-3.1.2-1]
    const unsigned flags = reader.byte();
    require((flags & 0x01) == 0, Check::reserved_flags,
            "a reserved connect flag is set");  // v5 [MQTT-3.1.2-3]
    const bool has_will = (flags & 0x04) != 0;
    require(has_will || (flags & 0x38) == 0, Check::connect_malformed,
            "there is no will, but its QoS or retain flag is set");  // v5 [MQTT-3.1.2-11], [MQTT-3.1.2-13]
    connect.clean_start = (flags & 0x02) != 0;
    connect.keep_alive_s = reader.two_bytes();
    if (connect.level == kV5) {
        connect.properties = read_properties(reader, PropertyPlace::connect);
        require(find(connect.properties, PropertyId::authentication_data) == nullptr ||
                    find(connect.properties, PropertyId::authentication_method) != nullptr,
                Check::property_not_allowed, "authentication data without a method");
    }
    connect.client_id = reader.text();
    if (connect.level != kV5) {  // v3.1.1 [MQTT-3.1.3-7]; 3.1 knows no empty client identifier at all.
        require(!connect.client_id.empty() || (connect.clean_start && connect.level != kV3_1),
                Check::connect_malformed, "an empty client identifier without a clean session");
    }
    if (has_will) {
        connect.will = read_will(reader, flags, connect.level);
    }
    if ((flags & 0x80) != 0) {
        connect.user_name = reader.text();
    }
    if ((flags & 0x40) != 0) {
        require(connect.level == kV5 || connect.user_name, Check::connect_malformed,
                "a password without a user name");  // v3.1.1 [MQTT-3.1.2-22]
        connect.password = reader.binary();
    }
    return connect;
}

ReceivedPublish read_publish(OctetReader& reader, unsigned flags, Level level) {
    ReceivedPublish publish;
    publish.dup = (flags & 0x08) != 0;
    publish.qos = static_cast<std::uint8_t>(flags >> 1 & 3);
    publish.retain = (flags & 0x01) != 0;
    require(publish.qos <= 2, Check::qos_3, "a PUBLISH has QoS 3");  // v5 [MQTT-3.3.1-4]
    require(publish.qos > 0 || !publish.dup, Check::dup_on_qos_0,
            "DUP is set on QoS 0");  // v5 [MQTT-3.3.1-2]
    publish.topic = reader.text();
    if (publish.qos > 0) {
        publish.packet_id = read_packet_id(reader);
    }
    if (level == kV5) {
        publish.properties = read_properties(reader, PropertyPlace::publish);
    }
    const bool has_alias = find(publish.properties, PropertyId::topic_alias) != nullptr;
    require(!publish.topic.empty() || has_alias, Check::topic_invalid,
            "a PUBLISH has neither topic nor alias");
    if (!publish.topic.empty()) {
        require_topic(publish.topic);
    }
    if (const Property* const response = find(publish.properties, PropertyId::response_topic)) {
        require_topic(response->text);  // v5 [MQTT-3.3.2-14]
    }
    publish.payload = reader.take_rest();
    return publish;
}

bool may_send(AckType type, std::uint8_t reason) noexcept {
    constexpr std::uint8_t kReceipt[] = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
    const bool receipt = type == AckType::puback || type == AckType::pubrec;
    return receipt ? std::ranges::find(kReceipt, reason) != std::end(kReceipt)
                   : reason == 0x00 || reason == 0x92;
}

ReceivedAck read_ack(OctetReader& reader, AckType type, Level level) {
    ReceivedAck ack{type, read_packet_id(reader)};
    if (level == kV5 && reader.left() > 0) {
        ack.reason = reader.byte();
        require(may_send(type, ack.reason), Check::reason_not_allowed,
                "an acknowledgement has a reason code that does not belong there");
        if (reader.left() > 0) {
            (void)read_properties(reader, PropertyPlace::acknowledgement);
        }
    }
    return ack;
}

RequestedFilter read_requested(OctetReader& reader, Level level) {
    RequestedFilter requested;
    requested.filter = reader.text();
    require(is_topic_filter(requested.filter, level == kV5), Check::filter_invalid,
            "a topic filter is not well-formed");  // v5 [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.8.2-1]
    const unsigned options = reader.byte();
    const unsigned known = level == kV5 ? 0x3F : 0x03;
    require((options & ~known) == 0, Check::reserved_flags, "reserved subscription options are set");
    requested.qos = static_cast<std::uint8_t>(options & 3);
    requested.no_local = (options & 0x04) != 0;
    requested.retain_as_published = (options & 0x08) != 0;
    requested.retain_handling = static_cast<std::uint8_t>(options >> 4 & 3);
    require(requested.qos <= 2, Check::qos_3, "a subscription asks for QoS 3");
    require(requested.retain_handling <= 2, Check::reserved_flags, "retain handling is 3");
    require(level != kV5 || !requested.no_local || !is_shared(requested.filter), Check::shared_no_local,
            "No Local on a shared subscription");  // v5 [MQTT-3.8.3-4]
    return requested;
}

ReceivedSubscribe read_subscribe(OctetReader& reader, Level level) {
    ReceivedSubscribe subscribe;
    subscribe.packet_id = read_packet_id(reader);
    if (level == kV5) {
        subscribe.properties = read_properties(reader, PropertyPlace::subscribe);
    }
    while (reader.left() > 0) {
        subscribe.filters.push_back(read_requested(reader, level));
    }
    require(!subscribe.filters.empty(), Check::filter_invalid,
            "SUBSCRIBE has no filter");  // v5 [MQTT-3.8.3-2]
    return subscribe;
}

ReceivedUnsubscribe read_unsubscribe(OctetReader& reader, Level level) {
    ReceivedUnsubscribe unsubscribe;
    unsubscribe.packet_id = read_packet_id(reader);
    if (level == kV5) {
        (void)read_properties(reader, PropertyPlace::unsubscribe);
    }
    while (reader.left() > 0) {
        unsubscribe.filters.emplace_back(reader.text());
        require(is_topic_filter(unsubscribe.filters.back(), level == kV5), Check::filter_invalid,
                "a topic filter is not well-formed");
    }
    require(!unsubscribe.filters.empty(), Check::filter_invalid, "UNSUBSCRIBE has no filter");
    return unsubscribe;
}

ReceivedDisconnect read_disconnect(OctetReader& reader, Level level) {
    constexpr std::uint8_t kAllowed[] = {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90,
                                         0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99};
    ReceivedDisconnect disconnect;
    if (level == kV5 && reader.left() > 0) {
        disconnect.reason = reader.byte();
        require(std::ranges::find(kAllowed, disconnect.reason) != std::end(kAllowed),
                Check::reason_not_allowed, "DISCONNECT has a reason code that a client may not use");
        if (reader.left() > 0) {
            disconnect.properties = read_properties(reader, PropertyPlace::disconnect);
        }
    }
    return disconnect;
}

// The packet types that a client sends, with the flags of their first byte.
constexpr unsigned kConnect = 1;
constexpr unsigned kPublish = 3;
constexpr unsigned kSubscribe = 8;
constexpr unsigned kUnsubscribe = 10;
constexpr unsigned kPingreq = 12;
constexpr unsigned kDisconnect = 14;

unsigned flags_of(unsigned type) noexcept {
    return type == static_cast<unsigned>(AckType::pubrel) || type == kSubscribe || type == kUnsubscribe ? 2
                                                                                                        : 0;
}

ClientPacket read_body(OctetReader& reader, unsigned type, unsigned flags, Level level) {
    switch (type) {
        case kConnect:
            return read_connect(reader);
        case kPublish:
            return read_publish(reader, flags, level);
        case 4:
        case 5:
        case 6:
        case 7:
            return read_ack(reader, static_cast<AckType>(type), level);
        case kSubscribe:
            return read_subscribe(reader, level);
        case kUnsubscribe:
            return read_unsubscribe(reader, level);
        case kPingreq:
            return ReceivedPingreq{};
        case kDisconnect:
            return read_disconnect(reader, level);
        default:
            fail(Check::packet_not_of_a_client, "packet type " + std::to_string(type) + " is not a client's");
    }
}

}  // namespace

std::optional<Frame> next_frame(std::string_view stream) {
    std::uint32_t remaining = 0;
    for (std::size_t i = 1; i < stream.size(); ++i) {
        const auto digit = static_cast<unsigned char>(stream[i]);
        remaining |= (digit & 0x7Fu) << (7 * (i - 1));
        if ((digit & 0x80) == 0) {
            require(digit != 0 || i == 1, Check::length_not_minimal,
                    "a remaining length is longer than needed");
            const std::size_t header = i + 1;
            if (stream.size() < header + remaining) {
                return std::nullopt;
            }
            return Frame{static_cast<std::uint8_t>(stream[0]), stream.substr(header, remaining),
                         header + remaining};
        }
        require(i < 4, Check::length_not_minimal, "a remaining length has more than four bytes");
    }
    return std::nullopt;
}

ClientPacket decode(const Frame& frame, Level level) {
    const unsigned type = frame.first_byte >> 4;
    const unsigned flags = frame.first_byte & 0x0F;
    require(type == kPublish || flags == flags_of(type), Check::reserved_flags,
            "the reserved flags of a first byte are wrong");  // v5 [MQTT-2.1.3-1]
    OctetReader reader{frame.body};
    ClientPacket packet = read_body(reader, type, flags, level);
    reader.finish();
    return packet;
}

}  // namespace multimqtt::simulation
