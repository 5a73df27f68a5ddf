// The name of each reason code, and what it tells a person.
#include "multimqtt/reason_code.hpp"

#include <algorithm>

namespace multimqtt {
namespace {

struct Entry {
    ReasonCode code;
    std::string_view name;
    std::string_view description;
};

using enum ReasonCode;

// In ascending order of the code.
constexpr Entry kEntries[] = {
    {success, "success", "The request succeeded."},
    {granted_qos_1, "granted_qos_1", "The subscription is accepted with a maximum QoS of 1."},
    {granted_qos_2, "granted_qos_2", "The subscription is accepted with a maximum QoS of 2."},
    {disconnect_with_will_message, "disconnect_with_will_message",
     "The client disconnects and wants its will to be published."},
    {no_matching_subscribers, "no_matching_subscribers",
     "The message is accepted, but nobody has subscribed to it."},
    {no_subscription_existed, "no_subscription_existed", "There was no such subscription to remove."},
    {continue_authentication, "continue_authentication", "The authentication goes on with another step."},
    {reauthenticate, "reauthenticate", "The client starts a re-authentication."},
    {unspecified_error, "unspecified_error",
     "The other side gives no reason, or none of the other codes fits."},
    {malformed_packet, "malformed_packet", "A packet could not be read as MQTT."},
    {protocol_error, "protocol_error", "A packet was not allowed where it came, or contradicted itself."},
    {implementation_specific_error, "implementation_specific_error",
     "The packet is valid, but the other side does not accept it."},
    {unsupported_protocol_version, "unsupported_protocol_version",
     "The server does not speak this version of MQTT."},
    {client_identifier_not_valid, "client_identifier_not_valid",
     "The server does not allow this client identifier."},
    {bad_user_name_or_password, "bad_user_name_or_password",
     "The server does not accept this user name and password."},
    {not_authorized, "not_authorized", "The client is not authorized to do this."},
    {server_unavailable, "server_unavailable", "The server is not available."},
    {server_busy, "server_busy", "The server is busy; try again later."},
    {banned, "banned", "The client has been banned by an administrator."},
    {server_shutting_down, "server_shutting_down", "The server is shutting down."},
    {bad_authentication_method, "bad_authentication_method",
     "The authentication method is not supported, or is not the one in use."},
    {keep_alive_timeout, "keep_alive_timeout",
     "Nothing was heard for one and a half times the keep-alive time."},
    {session_taken_over, "session_taken_over", "Another connection uses the same client identifier."},
    {topic_filter_invalid, "topic_filter_invalid", "The topic filter is well-formed, but not accepted."},
    {topic_name_invalid, "topic_name_invalid", "The topic name is well-formed, but not accepted."},
    {packet_identifier_in_use, "packet_identifier_in_use", "The packet identifier is already in use."},
    {packet_identifier_not_found, "packet_identifier_not_found", "The packet identifier is not known."},
    {receive_maximum_exceeded, "receive_maximum_exceeded",
     "More messages were sent without acknowledgement than the receiver allows."},
    {topic_alias_invalid, "topic_alias_invalid", "The topic alias is 0 or above the receiver's maximum."},
    {packet_too_large, "packet_too_large", "The packet is larger than the receiver allows."},
    {message_rate_too_high, "message_rate_too_high", "Messages arrive too fast."},
    {quota_exceeded, "quota_exceeded",
     "A limit set by the other side or its administrator has been exceeded."},
    {administrative_action, "administrative_action", "The connection was closed by an administrator."},
    {payload_format_invalid, "payload_format_invalid",
     "The payload is not in the format that it is said to have."},
    {retain_not_supported, "retain_not_supported", "The server does not support retained messages."},
    {qos_not_supported, "qos_not_supported", "The server does not support this QoS."},
    {use_another_server, "use_another_server", "The client should use another server for now."},
    {server_moved, "server_moved", "The client should use another server from now on."},
    {shared_subscriptions_not_supported, "shared_subscriptions_not_supported",
     "The server does not support shared subscriptions."},
    {connection_rate_exceeded, "connection_rate_exceeded", "Connections are made too often."},
    {maximum_connect_time, "maximum_connect_time",
     "The time that this connection was authorized for is over."},
    {subscription_identifiers_not_supported, "subscription_identifiers_not_supported",
     "The server does not support subscription identifiers."},
    {wildcard_subscriptions_not_supported, "wildcard_subscriptions_not_supported",
     "The server does not support wildcards in subscriptions."},
};

const Entry* find(ReasonCode code) noexcept {
    const auto* const found = std::ranges::lower_bound(kEntries, code, {}, &Entry::code);
    return found != std::end(kEntries) && found->code == code ? found : nullptr;
}

}  // namespace

std::string_view to_string(ReasonCode code) noexcept {
    const Entry* const entry = find(code);
    return entry != nullptr ? entry->name : "unknown";
}

std::string_view description(ReasonCode code) noexcept {
    const Entry* const entry = find(code);
    return entry != nullptr ? entry->description : "The other side gave a reason that MQTT does not define.";
}

}  // namespace multimqtt
