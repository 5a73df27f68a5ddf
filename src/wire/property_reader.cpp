// The values of properties, with the ones that MQTT forbids.
#include "wire/property_reader.hpp"

namespace multimqtt::wire {

bool PropertyTaker::take(UserProperties& field) noexcept {
    // The only property that may come any number of times in any packet, names included. Only the whole
    // block is remembered; the list finds its items in it. v5 [MQTT-1.5.7-1].
    field = UserProperties::from_encoded(block_);
    std::string_view text;
    return reader_.text(text, "the name of a User Property") &&
           reader_.text(text, "the value of a User Property");
}

bool PropertyTaker::take(SubscriptionIdentifiers& field) noexcept {
    if (reader_.sender() == Sender::client) {  // v5 [MQTT-3.3.4-6]
        return reader_.protocol_error("a Subscription Identifier", "may not come from a client");
    }
    field = SubscriptionIdentifiers::from_encoded(block_);
    std::uint32_t value = 0;
    return read_subscription_identifier(value);
}

bool PropertyTaker::read_subscription_identifier(std::uint32_t& value) noexcept {
    return reader_.variable(value, name(wanted_)) &&
           (value != 0 || reader_.protocol_error(name(wanted_), "is 0"));
}

bool PropertyTaker::read_zero_or_one(std::uint8_t& value) noexcept {
    return reader_.byte(value, name(wanted_)) &&
           (value <= 1 || reader_.protocol_error(name(wanted_), "is neither 0 nor 1", value));
}

bool PropertyTaker::read(bool& value) noexcept {
    std::uint8_t byte = 0;
    const bool good = read_zero_or_one(byte);
    value = byte == 1;
    return good;
}

bool PropertyTaker::read(Qos& value) noexcept {
    std::uint8_t byte = 0;
    const bool good = read_zero_or_one(byte);
    value = byte == 1 ? Qos::at_least_once : Qos::at_most_once;
    return good;
}

bool PropertyTaker::read(PayloadFormat& value) noexcept {
    std::uint8_t byte = 0;
    const bool good = read_zero_or_one(byte);
    value = byte == 1 ? PayloadFormat::utf8 : PayloadFormat::bytes;
    return good;
}

bool PropertyTaker::read(std::uint16_t& value) noexcept {
    if (!reader_.two_bytes(value, name(wanted_))) {
        return false;
    }
    if (value == 0 && wanted_ == PropertyId::receive_maximum) {
        return reader_.protocol_error(name(wanted_), "is 0");
    }
    if (value == 0 && wanted_ == PropertyId::topic_alias) {  // v5 [MQTT-3.3.2-8]
        return reader_.fail(Error::topic_alias_invalid, ReasonCode::topic_alias_invalid, name(wanted_),
                            "is 0");
    }
    return true;
}

bool PropertyTaker::read(std::uint32_t& value) noexcept {
    if (wanted_ == PropertyId::subscription_identifier) {
        return read_subscription_identifier(value);
    }
    return reader_.four_bytes(value, name(wanted_)) &&
           (value != 0 || wanted_ != PropertyId::maximum_packet_size ||
            reader_.protocol_error(name(wanted_), "is 0"));
}

bool PropertyTaker::read(std::string_view& value) noexcept {
    if (wanted_ != PropertyId::response_topic) {
        return reader_.text(value, name(wanted_));
    }
    // v5 [MQTT-3.3.2-14] and [MQTT-4.7.3-1].
    return reader_.topic_name(value, name(wanted_)) &&
           (!value.empty() || reader_.malformed(name(wanted_), "is empty"));
}

bool PropertyTaker::read(BytesView& value) noexcept {
    return reader_.binary(value, name(wanted_));
}

bool refuse_property(BodyReader& reader, std::uint8_t id) noexcept {
    if (kind(id) == PropertyKind::unknown) {
        return reader.malformed("a property identifier", "is unknown", id);
    }
    return reader.malformed(name(static_cast<PropertyId>(id)), "is not a property of this packet", id);
}

}  // namespace multimqtt::wire
