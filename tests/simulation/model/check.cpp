// The names of the checks.
#include "check.hpp"

#include <iterator>

namespace multimqtt::simulation {
namespace {

// In the order of the enumerators.
constexpr std::string_view kNames[] = {
    "none",
    "packet_truncated",
    "packet_has_trailing_bytes",
    "packet_not_of_a_client",
    "length_not_minimal",
    "reserved_flags",
    "text_not_utf8",
    "property_not_allowed",
    "property_twice",
    "property_out_of_range",
    "packet_id_zero",
    "qos_3",
    "dup_on_qos_0",
    "topic_invalid",
    "filter_invalid",
    "shared_no_local",
    "reason_not_allowed",
    "connect_malformed",
    "connect_not_first",
    "connect_differs",
    "clean_start_wrong",
    "client_id_changed",
    "bytes_after_disconnect",
    "packet_above_maximum",
    "qos_above_maximum",
    "retain_unavailable",
    "alias_above_maximum",
    "alias_unknown",
    "subscription_unavailable",
    "packet_id_in_use",
    "quota_exceeded",
    "dup_missing",
    "dup_wrong",
    "publish_overtaken",
    "publish_repeated",
    "message_altered",
    "expiry_wrong",
    "pubrel_without_pubrec",
    "pubrel_out_of_order",
    "ack_unknown",
    "ack_out_of_order",
    "ack_too_early",
    "ack_reason_wrong",
    "subscription_repeated",
    "message_ends_twice",
    "message_never_ends",
    "message_ends_too_early",
    "message_fails_for_nothing",
    "message_lost",
    "message_duplicated",
    "message_not_accepted",
    "queue_unbounded",
    "delivery_unknown",
    "delivery_altered",
    "delivery_lost",
    "delivery_duplicated",
    "delivery_overtaken",
    "event_unexpected",
    "grants_wrong",
    "event_after_the_end",
    "subscriptions_differ",
    "statistics_wrong",
    "keep_alive_gap",
    "silence_not_noticed",
    "deadline_stands_still",
    "attempt_not_ended",
    "reconnect_too_soon",
    "reconnect_too_late",
    "not_healed",
    "end_too_late",
    "farewell_wrong",
    "broker_blamed",
    "violation_accepted",
    "violation_reason_wrong",
    "assertion",
};
static_assert(std::size(kNames) == static_cast<std::size_t>(Check::last_));

}  // namespace

std::string_view to_string(Check check) noexcept {
    return kNames[static_cast<std::size_t>(check)];
}

}  // namespace multimqtt::simulation
