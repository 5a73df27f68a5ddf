// connection.cpp: from attempt to attempt, and to the end.
#include "session/parts.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace multimqtt::session {
namespace {

// How long a last DISCONNECT may take to leave. Chosen as a slow round trip; the peer is not obliged to read.
constexpr TimePoint kLinger = std::chrono::milliseconds{250};
constexpr TimePoint kNever = TimePoint::max();
// A Session Expiry Interval that never ends, MQTT 5.0 section 3.1.2.11.2.
constexpr std::chrono::seconds kNeverExpires{0xFFFF'FFFF};

}  // namespace

void Session::Parts::start(TimePoint now) {
    if (phase == Phase::idle && !closing) {
        open_transport(now);
    }
}

void Session::Parts::open_transport(TimePoint now) {
    phase = Phase::opening;
    phase_deadline = now + options.connect_timeout;
    request = {TransportRequest::Kind::open, endpoint};
}

void Session::Parts::transport_opened(TimePoint now) {
    if (phase != Phase::opening) {
        request = {TransportRequest::Kind::close, 0};
        return;
    }
    phase = Phase::handshaking;
    answered_connect = false;
    greeting.version = version_choice.version();
    if (greeting.version != ProtocolVersion::v5 && greeting.client_id.empty()) {
        greeting.client_id = made_up_client_id(random);
    }
    const bool holds_session = connected_before && (!session_ends_at || now < *session_ends_at);
    greeting.clean_start = clean_start(options, greeting.version, connected_before, holds_session);
    grants.version = greeting.version;
    decode_options.version = greeting.version;
    // CONNECT comes first, with the client identifier of the session: v5 and v3.1.1 [MQTT-3.1.0-1],
    // [MQTT-3.1.3-2].
    encode_connect(options, greeting, output.buffer());
    ++counters.packets_out;
}

void Session::Parts::transport_closed(const Failure& cause, TimePoint now) {
    const Failure failure =
        cause.code ? cause : Failure{Error::connection_lost, "The broker closed the connection."};
    switch (phase) {
        case Phase::opening:
        case Phase::handshaking:
        case Phase::connected:
            fail(failure, now);
            break;
        case Phase::dropping:
            break;
        case Phase::leaving:
            forget_connection(now);
            events.connection(Event::Kind::disconnected);
            end();
            return;
        case Phase::idle:
        case Phase::waiting:
        case Phase::ended:
            return;
    }
    request = {};
    // The broker may have begun a new session with a CONNECT whose CONNACK never arrived.
    session_doubtful = session_doubtful || (!established && !answered_connect && output.written() > 0);
    const bool was_established = established;
    forget_connection(now);
    retry_later(now, was_established);
}

void Session::Parts::fail(Failure failure, TimePoint now, RetryPolicy policy) {
    // Some brokers that know no 5.0 just close, say nothing, or answer as if they had read a CONNECT
    // of 3.1.1.
    if (phase == Phase::handshaking && !answered_connect && version_choice.open()) {
        policy = try_other_version(VersionChoice::Evidence::guessed, failure);
    }
    const bool permanent = policy == RetryPolicy::permanent;
    events.connection(phase == Phase::connected ? Event::Kind::disconnected : Event::Kind::connect_failed,
                      std::move(failure), permanent);
    retry = policy;
    phase = Phase::dropping;
    phase_deadline = now + kLinger;
    // Whatever was wrong: v5 [MQTT-4.13.2-1]; v3.1.1 [MQTT-4.8.0-1].
    request = {TransportRequest::Kind::close, 0};
    keep_alive.stop();
}

RetryPolicy Session::Parts::try_other_version(VersionChoice::Evidence evidence, Failure& failure) {
    if (!version_choice.not_understood(evidence)) {
        return RetryPolicy::back_off;
    }
    failure.message.append(" ").append(to_string(version_choice.version())).append(" is tried next.");
    return RetryPolicy::at_once;
}

void Session::Parts::fail_protocol(Failure failure, ReasonCode reason, TimePoint now) {
    ++counters.protocol_errors;
    fail(std::move(failure), now);
    if (grants.version == ProtocolVersion::v5) {
        // Without properties, so that it fits any packet size: v5 [MQTT-3.14.1-1], [MQTT-3.14.2-3],
        // [MQTT-3.14.2-4].
        write(wire::Disconnect{reason, {}});
        request.kind = TransportRequest::Kind::close_after_flush;
    }
}

void Session::Parts::forget_connection(TimePoint now) {
    report_left();
    while (const Token token = output.next_watched()) {
        events.publish_failed(
            token, {Error::connection_lost, "The connection ended before this QoS 0 message had left."});
    }
    // What belongs to the session stays: v5 [MQTT-3.1.2-23]; v3.1.1 [MQTT-3.1.2-4].
    queue_again(outbound.connection_lost(output.written()), now);
    release(subscriptions.connection_lost());
    inbound.connection_lost();
    inbound_aliases.reset(0);
    outbound_aliases.reset(0);
    keep_alive.stop();
    output.reset();
    ping_position = 0;
    bytes_needed = kHeaderBytes;
    packet_bytes_max = options.packet_bytes_max;
    if (established) {
        established = false;
        backoff.connection_ended(now - connected_at);
        if (grants.version == ProtocolVersion::v5 && grants.session_expiry < kNeverExpires) {
            // v5 [MQTT-4.1.0-2].
            session_ends_at = now + grants.session_expiry;
        }
    }
}

void Session::Parts::retry_later(TimePoint now, bool was_established) {
    if (retry != RetryPolicy::at_once) {
        version_choice.start_over();
        if (!was_established) {
            endpoint = (endpoint + 1) % std::max<std::size_t>(options.endpoints.size(), 1);
        }
    }
    phase = Phase::waiting;
    phase_deadline = now + backoff.next(retry, options.endpoints.size());
    go_on_closing(now);
    if (phase == Phase::waiting && phase_deadline <= now) {
        open_transport(now);
    }
}

void Session::Parts::timeout(TimePoint now) {
    switch (phase) {
        case Phase::waiting:
            if (now >= phase_deadline) {
                open_transport(now);
            }
            break;
        case Phase::opening:
        case Phase::handshaking:
            if (now >= phase_deadline) {
                fail({Error::timed_out, "The broker did not accept the connection within " +
                                            std::to_string(options.connect_timeout.count()) + " ms."},
                     now);
            }
            break;
        case Phase::connected:
            watch_connection(now);
            break;
        case Phase::dropping:
        case Phase::leaving:
            if (now >= phase_deadline) {
                request = {TransportRequest::Kind::close, 0};
                phase_deadline = kNever;
            }
            break;
        case Phase::idle:
        case Phase::ended:
            break;
    }
    drop_expired(now);
    pump(now);
    go_on_closing(now);
}

void Session::Parts::watch_connection(TimePoint now) {
    switch (keep_alive.due(now)) {
        case KeepAlive::Due::nothing:
            break;
        case KeepAlive::Due::ping:
            write(wire::Pingreq{});
            ping_position = output.position();
            keep_alive.ping_queued();
            break;
        case KeepAlive::Due::silent:
            fail({Error::keep_alive_timeout,
                  "The broker was silent for too long; the connection is taken for dead."},
                 now);
            break;
    }
}

std::optional<TimePoint> Session::Parts::deadline() const noexcept {
    std::optional<TimePoint> earliest;
    const auto consider = [&earliest](std::optional<TimePoint> time) {
        if (time && *time != kNever) {
            earliest = earliest ? std::min(*earliest, *time) : *time;
        }
    };
    const bool closed = phase == Phase::dropping || phase == Phase::leaving;
    if (phase == Phase::connected) {
        consider(keep_alive.deadline());
    } else if (phase != Phase::idle && phase != Phase::ended) {
        consider(phase_deadline);
    }
    if (closing && !closed && phase != Phase::ended) {
        consider(closing_deadline);
    }
    if (!outbound.queue().empty()) {
        consider(next_expiry);
    }
    return earliest;
}

void Session::Parts::close(TimePoint now, TimePoint deadline, ReasonCode reason) {
    closing_deadline = closing ? std::min(closing_deadline, deadline) : deadline;
    closing_reason = reason;
    closing = true;
    if (phase == Phase::leaving) {
        phase_deadline = std::min(phase_deadline, std::max(now, closing_deadline) + kLinger);
    }
    go_on_closing(now);
}

void Session::Parts::go_on_closing(TimePoint now) {
    if (!closing || (!outbound.idle() && now < closing_deadline)) {
        return;
    }
    switch (phase) {
        case Phase::idle:
        case Phase::waiting:
            end();
            break;
        case Phase::opening:
        case Phase::handshaking:
            phase = Phase::dropping;
            phase_deadline = now + kLinger;
            request = {TransportRequest::Kind::close, 0};
            break;
        case Phase::connected:
            say_goodbye(now);
            break;
        case Phase::dropping:
        case Phase::leaving:
        case Phase::ended:
            break;
    }
}

void Session::Parts::say_goodbye(TimePoint now) {
    // The last packet, and then the end: v5 and v3.1.1 [MQTT-3.14.4-1], [MQTT-3.14.4-2].
    write(wire::Disconnect{closing_reason, {}});
    phase = Phase::leaving;
    phase_deadline = std::max(now, closing_deadline) + kLinger;
    request = {TransportRequest::Kind::close_after_flush, 0};
    keep_alive.stop();
}

void Session::Parts::end() {
    const Failure failure{Error::closed, "The session was closed before this message was acknowledged."};
    for (const MessageList* list : {&outbound.releases(), &outbound.publishes(), &outbound.queue()}) {
        while (!list->empty()) {
            give_up(list->front(), failure);
        }
    }
    phase = Phase::ended;
    events.connection(Event::Kind::closed);
}

}  // namespace multimqtt::session
