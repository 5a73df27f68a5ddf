// The properties of MQTT 5.0, as named fields for each packet that may carry them.
#pragma once

#include "multimqtt/protocol.hpp"
#include "wire/list_view.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace multimqtt::wire {

/// Spec: MQTT 5.0, section 2.2.2.2, Property.
enum class PropertyId : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

/// The property as the specification writes it, such as "Receive Maximum"; empty for an unknown one.
[[nodiscard]] std::string_view name(PropertyId id) noexcept;

/// What a payload is said to be.
enum class PayloadFormat : std::uint8_t {
    bytes = 0,
    utf8 = 1,
};

struct UserProperty {
    std::string_view name;
    std::string_view value;

    friend bool operator==(const UserProperty&, const UserProperty&) = default;
};

/// Finds the user properties among all properties of a packet.
struct UserPropertyReader {
    static bool next(const std::byte*& cursor, const std::byte* end, UserProperty& item) noexcept;
};

/// Finds the subscription identifiers among all properties of a packet.
struct SubscriptionIdentifierReader {
    static bool next(const std::byte*& cursor, const std::byte* end, std::uint32_t& item) noexcept;
};

using UserProperties = ListView<UserProperty, UserPropertyReader>;
using SubscriptionIdentifiers = ListView<std::uint32_t, SubscriptionIdentifierReader>;

// In all structs below an empty optional means that the property is not in the packet, which MQTT often
// tells apart from its default. All intervals are in seconds.

struct ConnectProperties {
    std::optional<std::uint32_t> session_expiry_interval_s = {};  ///< 0xFFFFFFFF: never expires.
    std::optional<std::uint16_t> receive_maximum = {};            ///< Never 0.
    std::optional<std::uint32_t> maximum_packet_size = {};        ///< Never 0.
    std::optional<std::uint16_t> topic_alias_maximum = {};
    std::optional<bool> request_response_information = {};
    std::optional<bool> request_problem_information = {};
    std::optional<std::string_view> authentication_method = {};
    std::optional<BytesView> authentication_data = {};
    UserProperties user_properties = {};

    friend bool operator==(const ConnectProperties&, const ConnectProperties&) = default;
};

struct WillProperties {
    std::optional<std::uint32_t> will_delay_interval_s = {};
    std::optional<PayloadFormat> payload_format_indicator = {};
    std::optional<std::uint32_t> message_expiry_interval_s = {};
    std::optional<std::string_view> content_type = {};
    std::optional<std::string_view> response_topic = {};
    std::optional<BytesView> correlation_data = {};
    UserProperties user_properties = {};

    friend bool operator==(const WillProperties&, const WillProperties&) = default;
};

struct ConnackProperties {
    std::optional<std::uint32_t> session_expiry_interval_s = {};
    std::optional<std::uint16_t> receive_maximum = {};  ///< Never 0.
    std::optional<Qos> maximum_qos = {};                ///< Never `exactly_once`.
    std::optional<bool> retain_available = {};
    std::optional<std::uint32_t> maximum_packet_size = {};  ///< Never 0.
    std::optional<std::string_view> assigned_client_identifier = {};
    std::optional<std::uint16_t> topic_alias_maximum = {};
    std::optional<std::string_view> reason_string = {};
    std::optional<bool> wildcard_subscription_available = {};
    std::optional<bool> subscription_identifier_available = {};
    std::optional<bool> shared_subscription_available = {};
    std::optional<std::uint16_t> server_keep_alive_s = {};
    std::optional<std::string_view> response_information = {};
    std::optional<std::string_view> server_reference = {};
    std::optional<std::string_view> authentication_method = {};
    std::optional<BytesView> authentication_data = {};
    UserProperties user_properties = {};

    friend bool operator==(const ConnackProperties&, const ConnackProperties&) = default;
};

struct PublishProperties {
    std::optional<PayloadFormat> payload_format_indicator = {};
    std::optional<std::uint32_t> message_expiry_interval_s = {};
    std::optional<std::uint16_t> topic_alias = {};  ///< Never 0.
    std::optional<std::string_view> response_topic = {};
    std::optional<BytesView> correlation_data = {};
    std::optional<std::string_view> content_type = {};
    SubscriptionIdentifiers subscription_identifiers = {};  ///< Only a server sends them.
    UserProperties user_properties = {};

    friend bool operator==(const PublishProperties&, const PublishProperties&) = default;
};

/// PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK.
struct AckProperties {
    std::optional<std::string_view> reason_string = {};
    UserProperties user_properties = {};

    friend bool operator==(const AckProperties&, const AckProperties&) = default;
};

struct SubscribeProperties {
    std::optional<std::uint32_t> subscription_identifier = {};  ///< 1 to 268,435,455.
    UserProperties user_properties = {};

    friend bool operator==(const SubscribeProperties&, const SubscribeProperties&) = default;
};

struct UnsubscribeProperties {
    UserProperties user_properties = {};

    friend bool operator==(const UnsubscribeProperties&, const UnsubscribeProperties&) = default;
};

struct DisconnectProperties {
    std::optional<std::uint32_t> session_expiry_interval_s = {};  ///< Only a client sends it.
    std::optional<std::string_view> reason_string = {};
    std::optional<std::string_view> server_reference = {};
    UserProperties user_properties = {};

    friend bool operator==(const DisconnectProperties&, const DisconnectProperties&) = default;
};

struct AuthProperties {
    std::optional<std::string_view> authentication_method = {};
    std::optional<BytesView> authentication_data = {};
    std::optional<std::string_view> reason_string = {};
    UserProperties user_properties = {};

    friend bool operator==(const AuthProperties&, const AuthProperties&) = default;
};

}  // namespace multimqtt::wire
