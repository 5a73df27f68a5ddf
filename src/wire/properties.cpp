// The names of the properties, and reading lists of them from bytes that were validated before.
#include "wire/properties.hpp"

#include "wire/property_table.hpp"
#include "wire/trusted_bytes.hpp"

namespace multimqtt::wire {
namespace {

// Moves `cursor` behind the value of a property.
void skip_value(const std::byte*& cursor, PropertyKind kind) noexcept {
    switch (kind) {
        case PropertyKind::byte:
            cursor += 1;
            break;
        case PropertyKind::two_bytes:
            cursor += 2;
            break;
        case PropertyKind::four_bytes:
            cursor += 4;
            break;
        case PropertyKind::variable:
            take_variable(cursor);
            break;
        case PropertyKind::text:
        case PropertyKind::binary:
            take_text(cursor);
            break;
        case PropertyKind::text_pair:
            take_text(cursor);
            take_text(cursor);
            break;
        case PropertyKind::unknown:
            break;
    }
}

// Moves `cursor` to the value of the next property with this identifier.
bool find(const std::byte*& cursor, const std::byte* end, PropertyId wanted) noexcept {
    while (cursor != end) {
        const auto id = static_cast<std::uint8_t>(*cursor++);
        if (id == static_cast<std::uint8_t>(wanted)) {
            return true;
        }
        skip_value(cursor, kind(id));
    }
    return false;
}

}  // namespace

bool UserPropertyReader::next(const std::byte*& cursor, const std::byte* end, UserProperty& item) noexcept {
    if (!find(cursor, end, PropertyId::user_property)) {
        return false;
    }
    item.name = take_text(cursor);
    item.value = take_text(cursor);
    return true;
}

bool SubscriptionIdentifierReader::next(const std::byte*& cursor, const std::byte* end,
                                        std::uint32_t& item) noexcept {
    if (!find(cursor, end, PropertyId::subscription_identifier)) {
        return false;
    }
    item = take_variable(cursor);
    return true;
}

std::string_view name(PropertyId id) noexcept {
    switch (id) {
        case PropertyId::payload_format_indicator:
            return "Payload Format Indicator";
        case PropertyId::message_expiry_interval:
            return "Message Expiry Interval";
        case PropertyId::content_type:
            return "Content Type";
        case PropertyId::response_topic:
            return "Response Topic";
        case PropertyId::correlation_data:
            return "Correlation Data";
        case PropertyId::subscription_identifier:
            return "Subscription Identifier";
        case PropertyId::session_expiry_interval:
            return "Session Expiry Interval";
        case PropertyId::assigned_client_identifier:
            return "Assigned Client Identifier";
        case PropertyId::server_keep_alive:
            return "Server Keep Alive";
        case PropertyId::authentication_method:
            return "Authentication Method";
        case PropertyId::authentication_data:
            return "Authentication Data";
        case PropertyId::request_problem_information:
            return "Request Problem Information";
        case PropertyId::will_delay_interval:
            return "Will Delay Interval";
        case PropertyId::request_response_information:
            return "Request Response Information";
        case PropertyId::response_information:
            return "Response Information";
        case PropertyId::server_reference:
            return "Server Reference";
        case PropertyId::reason_string:
            return "Reason String";
        case PropertyId::receive_maximum:
            return "Receive Maximum";
        case PropertyId::topic_alias_maximum:
            return "Topic Alias Maximum";
        case PropertyId::topic_alias:
            return "Topic Alias";
        case PropertyId::maximum_qos:
            return "Maximum QoS";
        case PropertyId::retain_available:
            return "Retain Available";
        case PropertyId::user_property:
            return "User Property";
        case PropertyId::maximum_packet_size:
            return "Maximum Packet Size";
        case PropertyId::wildcard_subscription_available:
            return "Wildcard Subscription Available";
        case PropertyId::subscription_identifier_available:
            return "Subscription Identifier Available";
        case PropertyId::shared_subscription_available:
            return "Shared Subscription Available";
    }
    return {};
}

}  // namespace multimqtt::wire
