// The table of properties, MQTT 5.0 section 2.2.2.2.
#include "property.hpp"

#include <algorithm>

namespace multimqtt::simulation {
namespace {

using enum PropertyId;

enum class Shape : std::uint8_t { byte, two_bytes, four_bytes, variable_integer, text, binary, text_pair };

constexpr unsigned bit(PropertyPlace place) {
    return 1u << static_cast<unsigned>(place);
}

constexpr unsigned kConnect = bit(PropertyPlace::connect);
constexpr unsigned kWill = bit(PropertyPlace::will);
constexpr unsigned kPublish = bit(PropertyPlace::publish);
constexpr unsigned kAck = bit(PropertyPlace::acknowledgement);
constexpr unsigned kSubscribe = bit(PropertyPlace::subscribe);
constexpr unsigned kDisconnect = bit(PropertyPlace::disconnect);
constexpr unsigned kEverywhere = ~0u;
constexpr std::uint32_t kAny = 0xFFFF'FFFF;

struct Rule {
    PropertyId id;
    Shape shape;
    unsigned places;  // Where a client may put it.
    std::uint32_t smallest = 0;
    std::uint32_t largest = kAny;
};

constexpr Rule kRules[] = {
    {payload_format_indicator, Shape::byte, kPublish | kWill, 0, 1},
    {message_expiry_interval, Shape::four_bytes, kPublish | kWill},
    {content_type, Shape::text, kPublish | kWill},
    {response_topic, Shape::text, kPublish | kWill},
    {correlation_data, Shape::binary, kPublish | kWill},
    {subscription_identifier, Shape::variable_integer, kSubscribe, 1, 268'435'455},  // v5 [MQTT-3.3.4-6]
    {session_expiry_interval, Shape::four_bytes, kConnect | kDisconnect},
    {assigned_client_identifier, Shape::text, 0},
    {server_keep_alive, Shape::two_bytes, 0},
    {authentication_method, Shape::text, kConnect},
    {authentication_data, Shape::binary, kConnect},
    {request_problem_information, Shape::byte, kConnect, 0, 1},
    {will_delay_interval, Shape::four_bytes, kWill},
    {request_response_information, Shape::byte, kConnect, 0, 1},
    {response_information, Shape::text, 0},
    {server_reference, Shape::text, 0},
    {reason_string, Shape::text, kAck | kDisconnect},
    {receive_maximum, Shape::two_bytes, kConnect, 1, 65'535},
    {topic_alias_maximum, Shape::two_bytes, kConnect},
    {topic_alias, Shape::two_bytes, kPublish, 1, 65'535},
    {maximum_qos, Shape::byte, 0, 0, 1},
    {retain_available, Shape::byte, 0, 0, 1},
    {user_property, Shape::text_pair, kEverywhere},
    {maximum_packet_size, Shape::four_bytes, kConnect, 1, kAny},
    {wildcard_subscription_available, Shape::byte, 0, 0, 1},
    {subscription_identifier_available, Shape::byte, 0, 0, 1},
    {shared_subscription_available, Shape::byte, 0, 0, 1},
};

const Rule* rule_of(std::uint32_t id) noexcept {
    const auto* const found =
        std::ranges::find(kRules, id, [](const Rule& rule) { return static_cast<std::uint32_t>(rule.id); });
    return found == std::end(kRules) ? nullptr : found;
}

Property read_value(OctetReader& reader, const Rule& rule) {
    Property property{rule.id};
    switch (rule.shape) {
        case Shape::byte:
            property.number = reader.byte();
            break;
        case Shape::two_bytes:
            property.number = reader.two_bytes();
            break;
        case Shape::four_bytes:
            property.number = reader.four_bytes();
            break;
        case Shape::variable_integer:
            property.number = reader.variable_integer();
            break;
        case Shape::text:
            property.text = reader.text();
            break;
        case Shape::binary:
            property.text = reader.binary();
            break;
        case Shape::text_pair:
            property.text = reader.text();
            property.second_text = reader.text();
            break;
    }
    return property;
}

std::string hexadecimal(std::uint32_t value) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    return {'0', 'x', kDigits[value >> 4 & 15], kDigits[value & 15]};
}

}  // namespace

Properties read_properties(OctetReader& reader, PropertyPlace place) {
    Properties properties;
    OctetReader block{reader.take(reader.variable_integer())};
    while (block.left() > 0) {
        const std::uint32_t id = block.variable_integer();
        const Rule* const rule = rule_of(id);
        if (rule == nullptr || (rule->places & bit(place)) == 0) {
            throw Violation{Check::property_not_allowed,
                            "property " + hexadecimal(id) + " may not stand here"};
        }
        Property property = read_value(block, *rule);
        if (rule->id != user_property && find(properties, rule->id) != nullptr) {
            throw Violation{Check::property_twice, "property " + hexadecimal(id) + " comes twice"};
        }
        if (rule->shape <= Shape::variable_integer &&
            (property.number < rule->smallest || property.number > rule->largest)) {
            throw Violation{Check::property_out_of_range,
                            "property " + hexadecimal(id) + " is " + std::to_string(property.number)};
        }
        properties.push_back(std::move(property));
    }
    return properties;
}

void write_properties(OctetWriter& writer, const Properties& properties) {
    OctetWriter block;
    for (const Property& property : properties) {
        const Rule* const rule = rule_of(static_cast<std::uint32_t>(property.id));
        block.byte(static_cast<unsigned>(property.id));
        switch (rule->shape) {
            case Shape::byte:
                block.byte(property.number);
                break;
            case Shape::two_bytes:
                block.two_bytes(property.number);
                break;
            case Shape::four_bytes:
                block.four_bytes(property.number);
                break;
            case Shape::variable_integer:
                block.variable_integer(property.number);
                break;
            case Shape::text:
            case Shape::binary:
                block.binary(property.text);
                break;
            case Shape::text_pair:
                block.binary(property.text);
                block.binary(property.second_text);
                break;
        }
    }
    writer.variable_integer(static_cast<std::uint32_t>(block.bytes().size()));
    writer.raw(block.bytes());
}

bool same(Properties left, Properties right) {
    if (left.empty() && right.empty()) {
        return true;
    }
    std::ranges::stable_sort(left, {}, &Property::id);
    std::ranges::stable_sort(right, {}, &Property::id);
    return left == right;
}

const Property* find(const Properties& properties, PropertyId id) noexcept {
    const auto found = std::ranges::find(properties, id, &Property::id);
    return found == properties.end() ? nullptr : &*found;
}

std::uint32_t number_of(const Properties& properties, PropertyId id, std::uint32_t otherwise) noexcept {
    const Property* const property = find(properties, id);
    return property == nullptr ? otherwise : property->number;
}

}  // namespace multimqtt::simulation
