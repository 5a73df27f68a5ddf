// Which properties each packet may carry, in one place for both directions, and how each is encoded.
#pragma once

#include "wire/properties.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace multimqtt::wire {

/// How the value of a property is encoded.
enum class PropertyKind : std::uint8_t {
    unknown,
    byte,
    two_bytes,
    four_bytes,
    variable,
    text,
    binary,
    text_pair,
};

/// Spec: MQTT 5.0, table 2-4.
[[nodiscard]] constexpr PropertyKind kind(std::uint8_t id) noexcept {
    using enum PropertyKind;
    // Identifiers 0x00 to 0x2A, sixteen a line.
    constexpr std::array kKinds = {
        unknown, byte,      four_bytes, text,       unknown, unknown, unknown,    unknown,   text,
        binary,  unknown,   variable,   unknown,    unknown, unknown, unknown,    unknown,   four_bytes,
        text,    two_bytes, unknown,    text,       binary,  byte,    four_bytes, byte,      text,
        unknown, text,      unknown,    unknown,    text,    unknown, two_bytes,  two_bytes, two_bytes,
        byte,    byte,      text_pair,  four_bytes, byte,    byte,    byte,
    };
    return id < kKinds.size() ? kKinds[id] : unknown;
}

/// `Candidate` is `Properties`, const or not.
template <class Candidate, class Properties>
concept Are = std::same_as<std::remove_const_t<Candidate>, Properties>;

// for_each_property(properties, visit) calls `visit(PropertyId, field)` for every property that the packet
// may carry, in the order of the specification.

template <Are<ConnectProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(session_expiry_interval, properties.session_expiry_interval_s);
    visit(receive_maximum, properties.receive_maximum);
    visit(maximum_packet_size, properties.maximum_packet_size);
    visit(topic_alias_maximum, properties.topic_alias_maximum);
    visit(request_response_information, properties.request_response_information);
    visit(request_problem_information, properties.request_problem_information);
    visit(user_property, properties.user_properties);
    visit(authentication_method, properties.authentication_method);
    visit(authentication_data, properties.authentication_data);
}

template <Are<WillProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(will_delay_interval, properties.will_delay_interval_s);
    visit(payload_format_indicator, properties.payload_format_indicator);
    visit(message_expiry_interval, properties.message_expiry_interval_s);
    visit(content_type, properties.content_type);
    visit(response_topic, properties.response_topic);
    visit(correlation_data, properties.correlation_data);
    visit(user_property, properties.user_properties);
}

template <Are<ConnackProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(session_expiry_interval, properties.session_expiry_interval_s);
    visit(receive_maximum, properties.receive_maximum);
    visit(maximum_qos, properties.maximum_qos);
    visit(retain_available, properties.retain_available);
    visit(maximum_packet_size, properties.maximum_packet_size);
    visit(assigned_client_identifier, properties.assigned_client_identifier);
    visit(topic_alias_maximum, properties.topic_alias_maximum);
    visit(reason_string, properties.reason_string);
    visit(user_property, properties.user_properties);
    visit(wildcard_subscription_available, properties.wildcard_subscription_available);
    visit(subscription_identifier_available, properties.subscription_identifier_available);
    visit(shared_subscription_available, properties.shared_subscription_available);
    visit(server_keep_alive, properties.server_keep_alive_s);
    visit(response_information, properties.response_information);
    visit(server_reference, properties.server_reference);
    visit(authentication_method, properties.authentication_method);
    visit(authentication_data, properties.authentication_data);
}

template <Are<PublishProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(payload_format_indicator, properties.payload_format_indicator);
    visit(message_expiry_interval, properties.message_expiry_interval_s);
    visit(topic_alias, properties.topic_alias);
    visit(response_topic, properties.response_topic);
    visit(correlation_data, properties.correlation_data);
    visit(user_property, properties.user_properties);
    visit(subscription_identifier, properties.subscription_identifiers);
    visit(content_type, properties.content_type);
}

template <Are<AckProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(reason_string, properties.reason_string);
    visit(user_property, properties.user_properties);
}

template <Are<SubscribeProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(subscription_identifier, properties.subscription_identifier);
    visit(user_property, properties.user_properties);
}

template <Are<UnsubscribeProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    visit(PropertyId::user_property, properties.user_properties);
}

template <Are<DisconnectProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(session_expiry_interval, properties.session_expiry_interval_s);
    visit(reason_string, properties.reason_string);
    visit(user_property, properties.user_properties);
    visit(server_reference, properties.server_reference);
}

template <Are<AuthProperties> Properties, class Visit>
void for_each_property(Properties& properties, Visit&& visit) {
    using enum PropertyId;
    visit(authentication_method, properties.authentication_method);
    visit(authentication_data, properties.authentication_data);
    visit(reason_string, properties.reason_string);
    visit(user_property, properties.user_properties);
}

}  // namespace multimqtt::wire
