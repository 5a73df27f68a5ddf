// Reads a block of properties into the named fields of a packet.
#pragma once

#include "wire/body_reader.hpp"
#include "wire/property_table.hpp"

#include <optional>

namespace multimqtt::wire {

/// Puts the value of one property into its field. Called by `for_each_property` with every field that the
/// packet has; acts on the one that the identifier asks for.
class PropertyTaker {
public:
    PropertyTaker(BodyReader& reader, std::span<const std::byte> block, PropertyId wanted) noexcept
        : reader_{reader}, block_{block}, wanted_{wanted} {}

    template <class Field>
    void operator()(PropertyId id, Field& field) noexcept {
        if (id == wanted_) {
            known_ = true;
            good_ = take(field);
        }
    }

    /// Whether the packet may carry this property.
    [[nodiscard]] bool known() const noexcept { return known_; }
    /// Whether its value was read.
    [[nodiscard]] bool good() const noexcept { return good_; }

private:
    template <class Value>
    bool take(std::optional<Value>& field) noexcept {
        if (field.has_value()) {
            return reader_.protocol_error(name(wanted_), "occurs more than once");
        }
        return read(field.emplace());
    }
    bool take(UserProperties& field) noexcept;
    bool take(SubscriptionIdentifiers& field) noexcept;

    bool read(bool& value) noexcept;
    bool read(Qos& value) noexcept;
    bool read(PayloadFormat& value) noexcept;
    bool read(std::uint16_t& value) noexcept;
    bool read(std::uint32_t& value) noexcept;
    bool read(std::string_view& value) noexcept;
    bool read(BytesView& value) noexcept;

    bool read_zero_or_one(std::uint8_t& value) noexcept;
    bool read_subscription_identifier(std::uint32_t& value) noexcept;

    BodyReader& reader_;
    std::span<const std::byte> block_;
    PropertyId wanted_;
    bool known_ = false;
    bool good_ = true;
};

/// Fails for an identifier that the packet may not carry.
bool refuse_property(BodyReader& reader, std::uint8_t id) noexcept;

/// Reads the Property Length and as many bytes of properties.
///
/// An identifier that MQTT does not know, or that does not belong here, makes the packet malformed; one that
/// comes twice is a protocol error.
/// Spec: MQTT 5.0, section 2.2.2.2.
template <class Properties>
[[nodiscard]] bool read_properties(BodyReader& reader, Properties& properties) noexcept {
    std::uint32_t size = 0;
    if (!reader.variable(size, "the Property Length")) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    std::span<const std::byte> block;
    if (!reader.section(size, block, "the Property Length")) {
        return false;
    }
    BodyReader values = reader.part(block);
    while (values.remaining() != 0) {
        std::uint8_t id = 0;
        if (!values.byte(id, "a property identifier")) {
            return false;
        }
        PropertyTaker taker{values, block, static_cast<PropertyId>(id)};
        for_each_property(properties, taker);
        if (!taker.known()) {
            return refuse_property(values, id);
        }
        if (!taker.good()) {
            return false;
        }
    }
    return true;
}

}  // namespace multimqtt::wire
