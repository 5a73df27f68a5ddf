// The properties of MQTT 5.0 as a table: which packet may carry which, and with what values.
#pragma once

#include "octets.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt::simulation {

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

/// One property; which of the members counts depends on `id`.
struct Property {
    PropertyId id;
    std::uint32_t number = 0;
    std::string text{};
    std::string second_text{};  ///< The value of a User Property, whose name is `text`.

    friend bool operator==(const Property&, const Property&) = default;
};

using Properties = std::vector<Property>;

/// Where a client may put properties.
enum class PropertyPlace : std::uint8_t {
    connect,
    will,
    publish,
    acknowledgement,
    subscribe,
    unsubscribe,
    disconnect
};

/// Reads the property length and the properties; throws `Violation` for those that a client may not put
/// there.
[[nodiscard]] Properties read_properties(OctetReader& reader, PropertyPlace place);

/// The property length and the properties, whether MQTT allows them or not.
void write_properties(OctetWriter& writer, const Properties& properties);

/// Whether both hold the same; MQTT leaves the order open, but for that of the User Properties.
[[nodiscard]] bool same(Properties left, Properties right);

[[nodiscard]] const Property* find(const Properties& properties, PropertyId id) noexcept;
[[nodiscard]] std::uint32_t number_of(const Properties& properties, PropertyId id,
                                      std::uint32_t otherwise) noexcept;

}  // namespace multimqtt::simulation
