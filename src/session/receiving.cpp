// receiving.cpp: packets from the broker, and what each does.
#include "session/parts.hpp"
#include "wire/reason_code_sets.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace multimqtt::session {
namespace {

// A broker that floods us and reads none of our acknowledgements must not fill our memory, v3.1.1
// [MQTT-4.8.0-2]. Chosen as far
// more than one round trip of acknowledgements.
constexpr std::size_t kUnreadBytesMax = 8u * 1'024 * 1'024;

// Tells apart messages that come with the same packet identifier. The beginning of a payload has to do, so
// that a large one costs no more.
std::size_t fingerprint_of(std::string_view topic, wire::BytesView payload) noexcept {
    constexpr std::size_t kBytesMax = 64;
    constexpr std::size_t kOdd = 0x9E37'79B9;
    const std::string_view text{reinterpret_cast<const char*>(payload.data()), payload.size()};
    const std::hash<std::string_view> hash;
    return (hash(topic) * kOdd + hash(text.substr(0, kBytesMax))) * kOdd + payload.size();
}

Failure refused_by_broker(ReasonCode reason) {
    std::string text{"The broker refused the message: "};
    text.append(to_string(reason)).append(". ").append(description(reason));
    return {Error::refused, std::move(text), static_cast<std::uint8_t>(reason)};
}

}  // namespace

std::size_t Session::Parts::receive(std::span<const std::byte> bytes, TimePoint now) {
    inbound_aliases.forget_replaced();
    const auto reading = [this] { return phase == Phase::connected || phase == Phase::handshaking; };
    if (!reading()) {
        return bytes.size();  // The connection is as good as gone: nothing more is processed.
    }
    if (bytes.empty()) {
        return 0;
    }
    keep_alive.heard(now);
    std::size_t consumed = 0;
    while (!paused ||
           phase == Phase::handshaking) {  // A pause must not keep a new connection from coming up.
        const wire::Decoded decoded = wire::decode(bytes.subspan(consumed), decode_options);
        if (decoded.status == wire::DecodeStatus::need_more) {
            bytes_needed = bytes.size() - consumed + decoded.bytes;
            break;
        }
        if (decoded.status == wire::DecodeStatus::failed) {
            fail_protocol(decoded.failure.failure(), decoded.failure.reason_code, now);
            return bytes.size();
        }
        consumed += decoded.bytes;
        ++counters.packets_in;
        handle(decoded.packet, now);
        if (!reading()) {
            return bytes.size();
        }
    }
    counters.bytes_in += consumed;
    if (output.waiting() > kUnreadBytesMax + options.packet_bytes_max) {
        fail({Error::connection_lost, "The broker sends without reading what it is sent."}, now);
        return bytes.size();
    }
    pump(now);
    go_on_closing(now);
    return consumed;
}

void Session::Parts::handle(const wire::Packet& packet, TimePoint now) {
    if (const auto* publish = std::get_if<wire::Publish>(&packet); publish && phase == Phase::connected) {
        handle(*publish, now);
        return;
    }
    if (const auto* connack = std::get_if<wire::Connack>(&packet)) {
        handle(*connack, now);
        return;
    }
    if (const auto* disconnect = std::get_if<wire::Disconnect>(&packet)) {
        handle(*disconnect, now);
        return;
    }
    // v5 and v3.1.1 [MQTT-3.2.0-1].
    if (phase == Phase::handshaking) {
        protocol_error("The broker sent " + std::string{name(type_of(packet))} + " before CONNACK.", now);
        return;
    }
    std::visit(
        [&](const auto& other) {
            using Other = std::decay_t<decltype(other)>;
            if constexpr (requires { handle_known(other, now); }) {
                handle_known(other, now);
            } else if constexpr (std::is_same_v<Other, wire::Pingresp>) {
                keep_alive.pingresp(now);
            } else {
                // AUTH too, which is never answered with another: v5 [MQTT-4.12.0-6], [MQTT-4.12.0-7].
                protocol_error(
                    "The broker sent " + std::string{name(type_of(packet))} + ", which it may not send here.",
                    now);
            }
        },
        packet);
}

void Session::Parts::handle(const wire::Publish& publish, TimePoint now) {
    std::string_view topic = publish.topic;
    if (publish.properties.topic_alias) {
        const std::uint16_t alias = *publish.properties.topic_alias;
        // v5 [MQTT-3.1.2-27], [MQTT-3.3.2-11].
        if (!inbound_aliases.allows(alias)) {
            fail_protocol({Error::topic_alias_invalid, "The broker used topic alias " +
                                                           std::to_string(alias) + " above our maximum of " +
                                                           std::to_string(options.topic_alias_maximum) + "."},
                          ReasonCode::topic_alias_invalid, now);
            return;
        }
        if (!topic.empty()) {
            inbound_aliases.define(alias, topic);
        } else if (const auto known = inbound_aliases.topic(alias)) {
            topic = *known;
        } else {
            protocol_error("The broker used topic alias " + std::to_string(alias) + " without defining it.",
                           now);
            return;
        }
    }
    if (publish.qos == Qos::at_most_once) {
        events.message(publish, topic, 0);
    } else {
        handle_kept(publish, topic, now);
    }
}

void Session::Parts::handle_kept(const wire::Publish& publish, std::string_view topic, TimePoint now) {
    // v5 [MQTT-2.2.1-4]; v3.1.1 [MQTT-2.3.1-4].
    const Inbound::Arrival arrival =
        inbound.arrived(publish.packet_id, publish.qos, publish.dup, fingerprint_of(topic, publish.payload));
    switch (arrival.verdict) {
        case Inbound::Verdict::deliver:
            events.message(publish, topic, arrival.delivery);
            look_for_overrun();
            return;
        case Inbound::Verdict::known:
            look_for_overrun();
            send_acks();  // It may have been acknowledged before the connection was lost, or while it was
                          // away.
            return;
        case Inbound::Verdict::identifier_in_use:
            protocol_error("The broker sent a new message with packet identifier " +
                               std::to_string(publish.packet_id) + ", which is in use.",
                           now);
            return;
    }
}

// v5 [MQTT-3.3.4-9]. Mosquitto 2.0 sends two messages for each acknowledgement once its quota is used up.
// Packet identifiers bound what can be open, and the inbox what is kept of it, so that a complaint is better
// than a disconnection, which would lose the messages of a clean session.
void Session::Parts::look_for_overrun() {
    if (!overrun_reported && inbound.open() > options.receive_maximum) {
        overrun_reported = true;
        events.warning("The broker sends more unacknowledged messages than our Receive Maximum of " +
                       std::to_string(options.receive_maximum) + " allows; they are accepted.");
    }
}

void Session::Parts::handle_known(const wire::Puback& ack, TimePoint now) {
    if (const Outbound::Slot slot = outbound.find(ack.packet_id); slot != Outbound::kNone) {
        const ReasonCode reason = understood(ack.reason_code, wire::PacketType::puback);
        if (takes_qos_2_for_1(slot)) {
            finish(slot, reason);
            return;
        }
        step(slot, is_failure(reason) ? DeliveryEvent::puback_refused : DeliveryEvent::puback, reason, now);
    }
}

// RabbitMQ before 3.13 answers a QoS 2 message with PUBACK. Closing the connection would not help: the
// message would be sent, and answered so, again and again.
bool Session::Parts::takes_qos_2_for_1(Outbound::Slot slot) {
    const bool so =
        outbound[slot].state == DeliveryState::awaiting_pubrec && grants.version != ProtocolVersion::v5;
    if (so) {
        complain(Oddity::qos_2_acknowledged_as_1,
                 "The broker answered a QoS 2 message with PUBACK: it treats QoS 2 as QoS 1, so that such a "
                 "message may arrive more than once.");
    }
    return so;
}

// mochi 2.7 answers with the granted QoS where a reason belongs, and with codes of 5.0 in 3.1.1. Closing the
// connection would only have the same asked and answered again.
ReasonCode Session::Parts::understood(ReasonCode reason, wire::PacketType type) {
    const bool allowed = wire::may_carry(type, reason) &&
                         (grants.version == ProtocolVersion::v5 || reason <= ReasonCode::unspecified_error);
    if (allowed) {
        return reason;
    }
    complain(Oddity::reason_code_not_allowed,
             "The broker sent " + std::string{name(type)} + " with reason code " +
                 std::to_string(static_cast<int>(reason)) + ", which it may not carry; it is taken for " +
                 (is_failure(reason) ? "a refusal." : "success."));
    return is_failure(reason) ? reason : ReasonCode::success;
}

void Session::Parts::complain(Oddity oddity, std::string text) {
    if (!complained.test(static_cast<std::size_t>(oddity))) {
        complained.set(static_cast<std::size_t>(oddity));
        events.warning(std::move(text));
    }
}

void Session::Parts::handle_known(const wire::Pubrec& ack, TimePoint now) {
    const Outbound::Slot slot = outbound.find(ack.packet_id);
    const ReasonCode reason = understood(ack.reason_code, wire::PacketType::pubrec);
    if (slot != Outbound::kNone) {
        step(slot, is_failure(reason) ? DeliveryEvent::pubrec_refused : DeliveryEvent::pubrec, reason, now);
    } else if (!is_failure(reason)) {
        // Of a session that we do not know; PUBREL lets the broker finish.
        write(wire::Pubrel{ack.packet_id, ReasonCode::packet_identifier_not_found, {}});
    }
}

void Session::Parts::handle_known(const wire::Pubrel& pubrel, TimePoint now) {
    switch (inbound.released(pubrel.packet_id)) {
        // Without properties, so that it fits any packet size: v5 [MQTT-3.7.2-2], [MQTT-3.7.2-3].
        // v5 [MQTT-2.2.1-5], [MQTT-4.3.3-11]; v3.1.1 [MQTT-4.3.3-2].
        case Inbound::Release::completed:
            write(wire::Pubcomp{pubrel.packet_id, ReasonCode::success, {}});
            return;
        case Inbound::Release::unknown:
            write(wire::Pubcomp{pubrel.packet_id, ReasonCode::packet_identifier_not_found, {}});
            return;
        case Inbound::Release::not_received:
            protocol_error("The broker sent PUBREL for packet identifier " +
                               std::to_string(pubrel.packet_id) + " without our PUBREC.",
                           now);
            return;
    }
}

void Session::Parts::handle_known(const wire::Pubcomp& ack, TimePoint now) {
    if (const Outbound::Slot slot = outbound.find(ack.packet_id); slot != Outbound::kNone) {
        // "Packet identifier not found" only says that the broker had finished before.
        step(slot, DeliveryEvent::pubcomp, outbound[slot].reason, now);
    }
}

void Session::Parts::step(Outbound::Slot slot, DeliveryEvent event, ReasonCode reason, TimePoint now) {
    Outbound::Message& message = outbound[slot];
    const std::uint16_t packet_id = message.packet_id;
    switch (advance(message.state, event).action) {
        case DeliveryAction::report_delivered:
            finish(slot, reason);
            return;
        case DeliveryAction::report_refused:
            give_up(slot, refused_by_broker(reason));
            return;
        case DeliveryAction::send_pubrel:
            message.reason = reason;
            outbound.begin_release(slot);
            // Without properties, so that it fits any packet size: v5 [MQTT-3.6.2-2], [MQTT-3.6.2-3].
            // v5 [MQTT-2.2.1-5], [MQTT-4.3.3-4]; v3.1.1 [MQTT-2.3.1-6]; v5 and v3.1.1 [MQTT-4.6.0-4].
            write(wire::Pubrel{packet_id, ReasonCode::success, {}});
            return;
        case DeliveryAction::close_connection:
            protocol_error("The broker sent " + std::string{to_string(event)} + " for packet identifier " +
                               std::to_string(packet_id) + " in state " +
                               std::string{to_string(message.state)} + ".",
                           now);
            return;
    }
}

void Session::Parts::handle(const wire::Disconnect& disconnect, TimePoint now) {
    version_choice.settle();  // Brokers of 3.1.1 do not say goodbye.
    fail(farewell(disconnect), now, retry_policy(disconnect.reason_code));
}

void Session::Parts::protocol_error(std::string text, TimePoint now) {
    fail_protocol({Error::protocol_error, std::move(text)}, ReasonCode::protocol_error, now);
}

}  // namespace multimqtt::session
