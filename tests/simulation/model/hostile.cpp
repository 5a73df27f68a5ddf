// The catalogue of violations.
#include "hostile.hpp"

#include "server_packet.hpp"

#include <vector>

namespace multimqtt::simulation {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr Level kV5 = 5;
constexpr auto kMalformed = "\x81"sv;
constexpr auto kProtocol = "\x82"sv;
constexpr auto kEither = "\x81\x82"sv;  // MQTT leaves open which, or authors differ.

std::string publish_with(Level level, const Properties& properties, std::string_view topic = "in/0/a") {
    const SentPublish sent{topic, "0:", 0, 0, false, false, &properties};
    return publish(level, sent);
}

// A PUBLISH of 5.0 whose property bytes are given.
std::string publish_raw(std::string_view properties) {
    OctetWriter body;
    body.binary("in/0/a");
    body.variable_integer(static_cast<std::uint32_t>(properties.size()));
    body.raw(properties);
    body.raw("0:");
    return packet(0x30, body.bytes());
}

void add_of_any_version(std::vector<Hostile>& list, Level level) {
    const std::string id_zero = packet(0x40, "\x00\x00"sv);
    list.insert(list.end(),
                {{"flags of PINGRESP", packet(0xD1, {}), kMalformed},
                 {"flags of PUBREL", packet(0x60, "\x00\x01"sv), kMalformed},
                 {"QoS 3", packet(0x36, "\x00\x01t\x00\x01"sv), kMalformed},
                 {"DUP on QoS 0", packet(0x38, level == kV5 ? "\x00\x01t\x00"sv : "\x00\x01t"sv), kEither},
                 {"packet type 0", packet(0x00, {}), kEither},
                 {"CONNECT", packet(0x10, "\x00\x04MQTT\x04\x02\x00\x00\x00\x00"sv), kEither},
                 {"SUBSCRIBE", packet(0x82, "\x00\x01\x00\x01t\x00"sv), kEither},
                 {"PINGREQ", packet(0xC0, {}), kEither},
                 {"a second CONNACK", connack(level, false, 0, {}), kProtocol},
                 {"PUBACK with identifier 0", id_zero, kEither},
                 {"PUBLISH with identifier 0",
                  packet(0x32, level == kV5 ? "\x00\x01t\x00\x00\x00"sv : "\x00\x01t\x00\x00"sv), kEither},
                 {"trailing bytes in PINGRESP", packet(0xD0, "x"), kMalformed},
                 {"a truncated topic", packet(0x30, "\x00\x09t"sv), kMalformed},
                 {"a topic with a wildcard", publish_with(level, {}, "in/+"), "\x81\x82\x90"sv},
                 {"a topic with U+0000", publish_with(level, {}, "in\0a"sv), kEither},
                 {"a topic that is no UTF-8", publish_with(level, {}, "in/\xC0\x80"sv), kEither},
                 {"a topic with a surrogate", publish_with(level, {}, "in/\xED\xA0\x80"sv), kEither},
                 {"a remaining length of five bytes", "\x30\xFF\xFF\xFF\xFF\x01"s, kMalformed},
                 {"a remaining length longer than needed", "\xD0\x80\x00"s, kMalformed}});
}

void add_of_5(std::vector<Hostile>& list, const Broker& broker) {
    const auto with = [](const Properties& properties) { return publish_with(kV5, properties); };
    const auto above = static_cast<std::uint32_t>(broker.client_alias_maximum()) + 1;
    list.insert(
        list.end(),
        {{"AUTH", packet(0xF0, {}), kEither},
         {"topic alias 0", with({{PropertyId::topic_alias, 0}}), "\x81\x82\x94"sv},
         {"a topic alias above the maximum", with({{PropertyId::topic_alias, above}}), "\x94"sv},
         {"neither topic nor alias", publish_with(kV5, {}, ""), kEither},
         {"a property twice", publish_raw("\x01\x00\x01\x00"sv), kEither},
         {"a property of another packet", publish_raw("\x21\x00\x01"sv), kEither},
         {"an unknown property", publish_raw("\x7E"sv), kEither},
         {"a truncated property", publish_raw("\x02\x00"sv), kMalformed},
         {"a payload format of 2", publish_raw("\x01\x02"sv), kEither},
         {"subscription identifier 0", publish_raw("\x0B\x00"sv), kEither},
         {"a property length beyond the packet", packet(0x30, "\x00\x01t\x09"sv), kMalformed},
         {"an unknown reason code in DISCONNECT", packet(0xE0, "\x42"sv), kEither},
         {"a session expiry in DISCONNECT", packet(0xE0, "\x00\x05\x11\x00\x00\x00\x01"sv), kEither}});
}

void add_of_the_state(std::vector<Hostile>& list, const Broker& broker, Ledger& ledger) {
    const Level level = broker.level();
    const Broker::Openings openings = broker.openings();
    if (openings.qos1_message != 0) {
        list.push_back(
            {"PUBREC for QoS 1", ack(level, AckType::pubrec, openings.qos1_message, 0, false), kProtocol});
        list.push_back(
            {"PUBCOMP for QoS 1", ack(level, AckType::pubcomp, openings.qos1_message, 0, false), kProtocol});
    }
    if (openings.qos2_message != 0) {
        if (level == kV5) {  // A session of 3.1.1 takes that for the end of the message.
            list.push_back({"PUBACK for QoS 2", ack(level, AckType::puback, openings.qos2_message, 0, false),
                            kProtocol});
        }
        list.push_back({"PUBCOMP before PUBREC",
                        ack(level, AckType::pubcomp, openings.qos2_message, 0, false), kProtocol});
    }
    if (openings.subscribe != 0) {
        const std::string codes(openings.filters + 1, '\0');
        list.push_back(
            {"a reason code too many in SUBACK", suback(level, openings.subscribe, codes), kProtocol});
    }
    if (openings.undefined_alias != 0 && level == kV5) {
        const Properties alias{{PropertyId::topic_alias, openings.undefined_alias}};
        list.push_back({"a topic alias that was not defined", publish_with(kV5, alias, ""), kProtocol});
    }
    for (const Broker::Outgoing& message : broker.outgoing()) {
        if (message.sent_here && !ledger.copy(message.copy)->acknowledged) {
            const SentPublish anew{"in/0/a", "0:", message.packet_id, 1, false, false, nullptr};
            list.push_back({"a new message with an identifier in use", publish(level, anew), kProtocol});
            list.push_back({"PUBREL without PUBREC", ack(level, AckType::pubrel, message.packet_id, 0, false),
                            kProtocol});
        }
    }
    if (broker.client_packet_bytes_max() <= 1'024) {
        const std::string payload(1'024, 'x');
        const Properties none;
        list.push_back({"a packet above our maximum",
                        publish(level, {"in/0/a", payload, 0, 0, false, false, &none}), "\x95"sv});
    }
}

}  // namespace

Hostile draw_hostile_answer(Dice& dice, const ReceivedConnect& connect) {
    const Level level = connect.level;
    std::vector<Hostile> list{
        {"PINGRESP before CONNACK", pingresp(), kProtocol},
        {"PUBLISH before CONNACK", publish_with(level, {}), kProtocol},
        {"SUBACK before CONNACK", suback(level, 1, "\0"sv), kProtocol},
        {"reserved flags of CONNACK", packet(0x20, level == kV5 ? "\x02\x00\x00"sv : "\x02\x00"sv), kEither},
        {"an unknown code in CONNACK", packet(0x20, level == kV5 ? "\x00\x42\x00"sv : "\x00\x42"sv), kEither},
        {"a truncated CONNACK", packet(0x20, "\x00"sv), kMalformed}};
    if (connect.clean_start) {
        list.push_back({"a session after a clean start", connack(level, true, 0, {}), kProtocol});
    }
    if (level == kV5) {
        for (const PropertyId id : {PropertyId::receive_maximum, PropertyId::maximum_packet_size}) {
            list.push_back({"a maximum of 0 in CONNACK", connack(level, false, 0, {{id, 0}}), kProtocol});
        }
        list.push_back({"a maximum QoS of 2 in CONNACK",
                        connack(level, false, 0, {{PropertyId::maximum_qos, 2}}), kEither});
        list.push_back({"a session with a refusal", connack(level, true, 0x88, {}), kEither});
    }
    return dice.pick(list);
}

Hostile draw_hostile(Dice& dice, const Broker& broker, Ledger& ledger) {
    std::vector<Hostile> list;
    add_of_any_version(list, broker.level());
    if (broker.level() == kV5) {
        add_of_5(list, broker);
    } else {
        list.push_back({"DISCONNECT", packet(0xE0, {}), {}});
    }
    add_of_the_state(list, broker, ledger);
    return dice.pick(list);
}

}  // namespace multimqtt::simulation
