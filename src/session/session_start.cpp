// session_start.cpp: CONNACK, and what it means for everything that is kept.
#include "session/parts.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace multimqtt::session {
namespace {

// PUBACK, PUBREC, PUBREL and PUBCOMP with a reason code, the largest packets that cannot be made smaller.
constexpr std::uint32_t kAcknowledgementBytes = 5;

// What a SUBSCRIBE can say: 0: filter and QoS; 1: the options of 5.0 as well; 2: and an identifier.
std::uint8_t subscribe_terms(const Grants& grants) noexcept {
    return grants.version != ProtocolVersion::v5 ? 0 : grants.subscription_identifiers_available ? 2 : 1;
}

}  // namespace

void Session::Parts::handle(const wire::Connack& connack, TimePoint now) {
    if (phase != Phase::handshaking) {
        protocol_error("The broker sent a second CONNACK.", now);  // v5 [MQTT-3.2.0-2]
        return;
    }
    answered_connect = true;
    if (connack.reason_code != ReasonCode::success) {
        refused(connack, now);
        return;
    }
    // v5 [MQTT-3.2.2-4]; v3.1.1 [MQTT-3.2.2-1].
    if (connack.session_present && greeting.clean_start) {
        protocol_error("The broker says that a session is present, though a clean start was asked for.", now);
        return;
    }
    version_choice.settle();
    grants = grants_of(connack, options, greeting);
    if (grants.packet_bytes_max < kAcknowledgementBytes) {  // v5 [MQTT-3.2.2-15]
        fail({Error::not_supported, "The broker's Maximum Packet Size of " +
                                        std::to_string(grants.packet_bytes_max) +
                                        " bytes leaves no room for acknowledgements."},
             now, RetryPolicy::permanent);
        session_doubtful = true;  // It may have begun a new session.
        return;
    }
    if (grants.version == ProtocolVersion::v3_1 && !greeting.clean_start) {
        grants.session_present = session_doubtful = true;  // 3.1 does not tell.
    }
    // So that an assigned one finds its session again: v5 [MQTT-3.1.3-7]; v5 and v3.1.1 [MQTT-3.1.3-2].
    greeting.client_id = grants.client_id;
    apply_grants(now);
    ++counters.connects;
    counters.reconnects += connected_before ? 1 : 0;
    if (!connected_before && grants.session_present) {
        // The process that had this session may have left QoS 2 messages unreleased. To the broker a new
        // message with such an identifier is the old one, v5 [MQTT-4.3.3-10], so we keep away from where it
        // began.
        packet_ids.go_on_at(random.next());
    }
    connected_before = true;
    session_ends_at.reset();
    phase = Phase::connected;
    established = true;
    connected_at = now;
    events.connection(Event::Kind::connected);
    if (!grants.session_present) {
        lose_session(now);
    }
    if (session_doubtful) {
        inbound.session_doubtful();
    }
    // What could not be said when the subscriptions were made is said now.
    const std::uint8_t terms = subscribe_terms(grants);
    const bool more_to_say = terms > std::exchange(last_subscribe_terms, terms);
    const auto kept = !grants.session_present           ? Subscriptions::Kept::nothing
                      : session_doubtful || more_to_say ? Subscriptions::Kept::unknown
                                                        : Subscriptions::Kept::all;
    for (std::string& filter : subscriptions.connection_opened(kept)) {
        events.subscription(Event::Kind::unsubscribed, std::move(filter), ReasonCode::success);
    }
    session_doubtful = false;
    check_kept_messages();
    send_requests();
    resume_releases();
    pump(now);
}

void Session::Parts::refused(const wire::Connack& connack, TimePoint now) {
    Failure failure = refusal(connack, greeting.version);
    RetryPolicy policy = retry_policy(connack.reason_code);
    if (connack.reason_code == ReasonCode::unsupported_protocol_version && version_choice.open()) {
        policy = try_other_version(VersionChoice::Evidence::stated, failure);
    }
    fail(std::move(failure), now, policy);
}

void Session::Parts::apply_grants(TimePoint now) {
    const bool v5 = grants.version == ProtocolVersion::v5;
    packet_bytes_max = std::min(options.packet_bytes_max, grants.packet_bytes_max);
    // v5 [MQTT-3.3.4-7], [MQTT-4.9.0-1]. Neither is ever 0.
    inflight_limit = std::min(options.inflight_max, grants.receive_maximum);
    overrun_reported = !v5;  // 3.1.1 has no Receive Maximum.
    // v5 [MQTT-3.3.2-10].
    inbound_aliases.reset(v5 ? options.topic_alias_maximum : 0);
    // v5 [MQTT-3.2.2-17], [MQTT-3.2.2-18], [MQTT-3.3.2-9].
    outbound_aliases.reset(v5 ? std::min(options.topic_aliases_out_max, grants.topic_alias_maximum) : 0);
    keep_alive.start(grants.keep_alive, now);
}

// What is in flight belongs to a session that the broker no longer has: v5 [MQTT-3.1.2-4], [MQTT-3.2.2-5];
// v3.1.1 [MQTT-3.1.2-6].
void Session::Parts::lose_session(TimePoint now) {
    inbound.session_lost();
    // A PUBREC has said that the broker owns these; published again they could arrive twice.
    while (!outbound.releases().empty()) {
        finish(outbound.releases().front(), outbound[outbound.releases().front()].reason);
    }
    if (options.lost_session == LostSession::fail) {
        while (!outbound.publishes().empty()) {
            give_up(outbound.publishes().front(),
                    {Error::session_lost,
                     "The broker has lost the session before it acknowledged this message."});
        }
        return;
    }
    queue_again(outbound.publish_again(), now);
}

// A PUBREL waits for no quota; those of an earlier connection count as in flight, to stay below the
// broker's Receive Maximum whichever way it counts. v5 and v3.1.1 [MQTT-4.4.0-1], [MQTT-4.6.0-4].
void Session::Parts::resume_releases() {
    outbound.session_resumed();
    for (Outbound::Slot slot = outbound.releases().front(); slot != Outbound::kNone;
         slot = outbound.next(slot)) {
        ++counters.retransmissions;
        write(wire::Pubrel{outbound[slot].packet_id, ReasonCode::success, {}});
    }
}

// The broker may have come back with less than it offered before.
void Session::Parts::check_kept_messages() {
    const auto check_list = [this](const MessageList& list) {
        for (Outbound::Slot slot = list.front(); slot != Outbound::kNone;) {
            const Outbound::Slot next = outbound.next(slot);
            const Outbound::Message& message = outbound[slot];
            if (auto checked = check(view_of(message, message.accepted_at), message.properties != nullptr);
                !checked) {
                give_up_sent(slot, std::move(checked).error());
            }
            slot = next;
        }
    };
    check_list(outbound.publishes());
    check_list(outbound.queue());
}

// The broker may have a QoS 2 message whose PUBREC was lost. To it, the next message with that packet
// identifier would be the same one again, v5 [MQTT-4.3.3-10]; so the identifier is free only once PUBREL is
// answered.
void Session::Parts::give_up_sent(Outbound::Slot slot, Failure failure) {
    Outbound::Message& message = outbound[slot];
    if (message.qos != Qos::exactly_once || !message.handed_over) {
        give_up(slot, std::move(failure));
        return;
    }
    events.publish_failed(std::exchange(message.token, 0), std::move(failure));
    outbound.begin_release(slot);
}

}  // namespace multimqtt::session
