// Everything that the simulation checks, by name, and the first violation that it found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace multimqtt::simulation {

/// One property of the client that has to hold in every run.
enum class Check : std::uint8_t {
    none,
    // The form of the client's packets.
    packet_truncated,
    packet_has_trailing_bytes,
    packet_not_of_a_client,
    length_not_minimal,
    reserved_flags,
    text_not_utf8,
    property_not_allowed,
    property_twice,
    property_out_of_range,
    packet_id_zero,
    qos_3,
    dup_on_qos_0,
    topic_invalid,
    filter_invalid,
    shared_no_local,
    reason_not_allowed,
    connect_malformed,
    // What it may send on this connection.
    connect_not_first,
    connect_differs,    ///< CONNECT does not say what the options ask for.
    clean_start_wrong,  ///< A session that may exist is thrown away, or one that is gone is resumed.
    client_id_changed,  ///< An assigned client identifier has to be kept.
    bytes_after_disconnect,
    packet_above_maximum,
    qos_above_maximum,
    retain_unavailable,
    alias_above_maximum,
    alias_unknown,
    subscription_unavailable,  ///< A wildcard, a shared subscription or an identifier that is not offered.
    // Packet identifiers, flow control and the order of things.
    packet_id_in_use,
    quota_exceeded,
    dup_missing,
    dup_wrong,
    publish_overtaken,
    publish_repeated,  ///< Again on the same connection, or after its end, or after PUBREC.
    message_altered,
    expiry_wrong,
    pubrel_without_pubrec,
    pubrel_out_of_order,
    ack_unknown,
    ack_out_of_order,
    ack_too_early,  ///< Before the application had acknowledged the message.
    ack_reason_wrong,
    subscription_repeated,  ///< Asked for again though the session was resumed.
    // What the application is promised.
    message_ends_twice,
    message_never_ends,
    message_ends_too_early,  ///< "Published", though no acknowledgement had come, or nothing had left.
    message_fails_for_nothing,
    message_lost,
    message_duplicated,
    message_not_accepted,  ///< `publish` refuses what it has to take.
    queue_unbounded,
    delivery_unknown,
    delivery_altered,
    delivery_lost,
    delivery_duplicated,
    delivery_overtaken,
    event_unexpected,
    grants_wrong,
    event_after_the_end,
    subscriptions_differ,
    statistics_wrong,
    // Time.
    keep_alive_gap,  ///< Nothing was sent for longer than the keep-alive.
    silence_not_noticed,
    deadline_stands_still,
    attempt_not_ended,  ///< An attempt to connect outlasted the connect timeout.
    reconnect_too_soon,
    reconnect_too_late,
    not_healed,  ///< The last fault is over, and still something is unfinished.
    end_too_late,
    farewell_wrong,
    // A broker that is right, and one that breaks the protocol.
    broker_blamed,
    violation_accepted,
    violation_reason_wrong,
    assertion,  ///< An assertion of the engine, or an exception, or a crash.
    last_,
};

[[nodiscard]] std::string_view to_string(Check check) noexcept;

/// Thrown where going on makes no sense.
struct Violation {
    Check check;
    std::string text;
};

/// What a run has found: nothing, or the first violation.
class Verdict {
public:
    void violated(Check check, std::string text) {
        if (holds()) {
            violation_ = {check, std::move(text)};
        }
    }
    void require(bool condition, Check check, std::string_view otherwise) {
        if (!condition) {
            violated(check, std::string{otherwise});
        }
    }
    [[nodiscard]] bool holds() const noexcept { return violation_.check == Check::none; }
    [[nodiscard]] const Violation& violation() const noexcept { return violation_; }

private:
    Violation violation_{Check::none, {}};
};

}  // namespace multimqtt::simulation
