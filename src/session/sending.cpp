// sending.cpp: messages, requests and acknowledgements on their way to the broker.
#include "session/parts.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace multimqtt::session {
namespace {

// More than any PUBLISH without properties needs beside its topic and payload.
constexpr std::size_t kPublishHeaderBytesMax = 16;
// A broker of 3.1.1 cannot say how many QoS 2 messages it allows at a time. Mosquitto 2.0 closes the
// connection above its `max_inflight_messages`, whose default this is; with a clean session all of them are
// lost.
constexpr std::size_t kQos2InflightMaxBefore5 = 20;
// A topic alias takes three bytes and may lengthen two length fields.
constexpr std::size_t kAliasBytesMax = 5;

wire::BytesView bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

Failure expired() {
    return {Error::expired, "The message expiry interval ended before the message could be sent."};
}

bool ran_out(const PublishProperties* properties, TimePoint accepted_at, TimePoint now) {
    return properties != nullptr && properties->expiry && now - accepted_at >= *properties->expiry;
}

// The size of the packet, exact only where that matters: near the limit, or with properties.
std::size_t size_for(const wire::Publish& publish, bool has_properties, std::size_t bytes_max,
                     ProtocolVersion version) {
    const std::size_t at_most = publish.topic.size() + publish.payload.size() + kPublishHeaderBytesMax;
    return has_properties || at_most > bytes_max ? wire::encoded_size(publish, version) : at_most;
}

}  // namespace

bool Session::Parts::accepts_publish() const noexcept {
    return !closing && outbound.queue().size() < limits.messages_max && outbound.bytes() < limits.bytes_max &&
           (phase != Phase::connected || output.waiting() < Output::kHighWaterBytes);
}

Result<void> Session::Parts::check(const wire::Publish& publish, bool has_properties) const {
    const std::size_t bytes = size_for(publish, has_properties, packet_bytes_max, grants.version);
    if (bytes > packet_bytes_max) {
        return Failure{Error::payload_too_large, "The PUBLISH packet would have " + std::to_string(bytes) +
                                                     " bytes; at most " + std::to_string(packet_bytes_max) +
                                                     " are allowed here."};
    }
    if (phase != Phase::connected) {
        return {};  // What the next broker offers is not known yet.
    }
    if (publish.qos > grants.maximum_qos) {  // v5 [MQTT-3.2.2-11]
        return Failure{Error::not_supported, "This broker takes PUBLISH up to QoS " +
                                                 std::to_string(static_cast<int>(grants.maximum_qos)) +
                                                 " only."};
    }
    if (publish.retain && !grants.retain_available) {  // v5 [MQTT-3.2.2-14]
        return Failure{Error::not_supported, "This broker does not take retained messages."};
    }
    return {};
}

Result<void> Session::Parts::publish(Token token, const OutboundMessage& message, TimePoint now) {
    if (closing) {
        return Failure{Error::closed, "The session is closed."};
    }
    if (!accepts_publish()) {
        return Failure{Error::would_block, "The queue is full."};
    }
    if (ran_out(message.properties, message.accepted_at, now)) {
        return expired();
    }
    wire::Publish view;
    view.topic = message.topic;
    view.payload = message.payload;
    view.qos = message.qos;
    view.retain = message.retain;
    const bool has_properties = message.properties != nullptr && grants.version == ProtocolVersion::v5;
    if (has_properties) {
        fill(view.properties, *message.properties, message.accepted_at, now);
    }
    if (auto checked = check(view, has_properties); !checked) {
        return checked;
    }
    const bool at_once = phase == Phase::connected && !outbound.waiting();
    if (message.qos == Qos::at_most_once && at_once) {
        write_publish(view, has_properties, message.payload_owner);
        if (token != 0) {
            output.watch(token);
        }
        return {};
    }
    const Outbound::Slot slot = outbound.add(token, message);
    if (at_once && begin_delivery(slot)) {
        send_kept(slot, now);
    } else {
        outbound.enqueue(slot);
        watch_expiry(outbound[slot]);
    }
    return {};
}

bool Session::Parts::may_deliver(Qos qos) const noexcept {
    return outbound.counted() < inflight_limit &&  // v5 [MQTT-4.9.0-2]
           (qos != Qos::exactly_once || grants.version == ProtocolVersion::v5 ||
            outbound.counted_qos_2() < kQos2InflightMaxBefore5);
}

bool Session::Parts::begin_delivery(Outbound::Slot slot) {
    if (!may_deliver(outbound[slot].qos)) {
        return false;
    }
    const std::uint16_t packet_id = packet_ids.acquire();
    if (packet_id == 0) {
        return false;
    }
    outbound.begin_delivery(slot, packet_id);
    return true;
}

void Session::Parts::pump(TimePoint now) {
    if (phase != Phase::connected) {
        return;
    }
    send_requests();
    while (outbound.waiting() && output.waiting() < Output::kHighWaterBytes) {
        const Outbound::Slot resend = outbound.first_to_resend();
        if (resend == Outbound::kNone) {
            if (!send_front_of_queue(now)) {
                break;
            }
        } else if (may_deliver(outbound[resend].qos)) {
            send_kept(resend, now);
        } else {
            break;
        }
    }
}

bool Session::Parts::send_front_of_queue(TimePoint now) {
    const Outbound::Slot slot = outbound.queue().front();
    Outbound::Message& message = outbound[slot];
    if (ran_out(message.properties.get(), message.accepted_at, now)) {
        give_up(slot, expired());
        return true;
    }
    if (message.qos != Qos::at_most_once) {
        if (!begin_delivery(slot)) {
            return false;
        }
        send_kept(slot, now);
        return true;
    }
    wire::Publish view = view_of(message, now);
    write_publish(view, message.properties != nullptr, message.payload_owner);
    if (message.token != 0) {
        output.watch(message.token);
    }
    outbound.remove(slot);
    return true;
}

void Session::Parts::send_kept(Outbound::Slot slot, TimePoint now) {
    const Outbound::Message& message = outbound[slot];
    counters.retransmissions += message.handed_over ? 1 : 0;
    outbound.sent(slot, output.position());
    wire::Publish view = view_of(message, now);
    write_publish(view, message.properties != nullptr, message.payload_owner);
}

wire::Publish Session::Parts::view_of(const Outbound::Message& message, TimePoint now) {
    wire::Publish view;
    view.topic = message.topic;
    view.payload = message.payload;
    view.packet_id = message.packet_id;
    view.qos = message.qos;
    view.dup = message.handed_over;
    view.retain = message.retain;
    if (message.properties) {
        fill(view.properties, *message.properties, message.accepted_at, now);
    }
    return view;
}

void Session::Parts::fill(wire::PublishProperties& view, const PublishProperties& properties,
                          TimePoint accepted_at, TimePoint now) {
    if (properties.expiry) {
        // The broker counts from now on, so what the message has waited here is taken off. What has been
        // sent before does not expire here any more, v5 [MQTT-4.3.3-7].
        const TimePoint waited = std::max(now - accepted_at, TimePoint{0});
        const auto left = *properties.expiry - std::chrono::floor<std::chrono::seconds>(waited);
        view.message_expiry_interval_s =
            static_cast<std::uint32_t>(std::max(left, std::chrono::seconds{1}).count());
    }
    if (properties.text) {
        view.payload_format_indicator =
            *properties.text ? wire::PayloadFormat::utf8 : wire::PayloadFormat::bytes;
    }
    if (!properties.content_type.empty()) {
        view.content_type = properties.content_type;
    }
    if (!properties.response_topic.empty()) {
        view.response_topic = properties.response_topic;
    }
    if (!properties.correlation_data.empty()) {
        view.correlation_data = bytes_of(properties.correlation_data);
    }
    user_properties.clear();
    for (const auto& [name, value] : properties.user_properties) {
        user_properties.push_back({name, value});
    }
    view.user_properties = wire::UserProperties{user_properties};
}

void Session::Parts::write_publish(wire::Publish& publish, bool has_properties,
                                   const std::shared_ptr<const void>& owner) {
    if (outbound_aliases.enabled() &&
        size_for(publish, has_properties, packet_bytes_max, grants.version) + kAliasBytesMax <=
            packet_bytes_max) {
        const OutboundAliases::Use use = outbound_aliases.use(publish.topic);
        if (use.alias != 0) {
            publish.properties.topic_alias = use.alias;
        }
        if (!use.with_topic) {
            publish.topic = {};
        }
    }
    ++counters.packets_out;
    if (owner && publish.payload.size() >= Output::kReferenceBytesMin) {
        wire::encode_header(publish, grants.version, output.buffer());
        output.append_reference(publish.payload, owner);
    } else {
        wire::encode(publish, grants.version, output.buffer());
    }
}

void Session::Parts::send_acks() {
    while (phase == Phase::connected) {
        const auto ack = inbound.next_ack();
        if (!ack) {
            break;
        }
        if (ack->qos == Qos::at_least_once) {
            write(wire::Puback{ack->packet_id, ack->reason, {}});
        } else {
            write(wire::Pubrec{ack->packet_id, ack->reason, {}});
        }
    }
}

void Session::Parts::watch_expiry(const Outbound::Message& message) noexcept {
    if (const auto expires_at = message.expires_at()) {
        next_expiry = next_expiry ? std::min(*next_expiry, *expires_at) : *expires_at;
    }
}

void Session::Parts::drop_expired(TimePoint now) {
    if (!next_expiry || now < *next_expiry) {
        return;
    }
    next_expiry.reset();
    for (Outbound::Slot slot = outbound.queue().front(); slot != Outbound::kNone;) {
        const Outbound::Slot next = outbound.next(slot);
        if (ran_out(outbound[slot].properties.get(), outbound[slot].accepted_at, now)) {
            give_up(slot, expired());
        } else {
            watch_expiry(outbound[slot]);
        }
        slot = next;
    }
}

void Session::Parts::finish(Outbound::Slot slot, ReasonCode reason) {
    events.published(outbound[slot].token, reason);
    packet_ids.release(outbound[slot].packet_id);
    outbound.remove(slot);
}

void Session::Parts::give_up(Outbound::Slot slot, Failure failure) {
    events.publish_failed(outbound[slot].token, std::move(failure));
    packet_ids.release(outbound[slot].packet_id);
    outbound.remove(slot);
}

void Session::Parts::report_left() {
    while (const Token token = output.next_left()) {
        events.published(token, ReasonCode::success);
    }
}

}  // namespace multimqtt::session
