// Counts and writes the fields of a packet. Memory for all of them is taken once, so nothing is checked here.
#pragma once

#include "wire/property_table.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace multimqtt::wire {

/// How many bytes a variable byte integer takes, v5 [MQTT-1.5.5-1].
[[nodiscard]] constexpr std::size_t variable_size(std::size_t value) noexcept {
    return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// A text or binary field with its length before it.
[[nodiscard]] constexpr std::size_t field_size(std::size_t bytes) noexcept {
    return 2 + bytes;
}

class BodyWriter {
public:
    explicit BodyWriter(std::byte* place) noexcept : place_{place} {}

    [[nodiscard]] std::byte* place() const noexcept { return place_; }

    void byte(unsigned value) noexcept { *place_++ = static_cast<std::byte>(value); }
    void two_bytes(unsigned value) noexcept {
        byte(value >> 8);
        byte(value & 0xFF);
    }
    void four_bytes(std::uint32_t value) noexcept {
        two_bytes(value >> 16);
        two_bytes(value & 0xFFFF);
    }
    void variable(std::size_t value) noexcept {
        while (value >= 128) {
            byte(static_cast<unsigned>(value & 0x7F) | 0x80);
            value >>= 7;
        }
        byte(static_cast<unsigned>(value));
    }
    void raw(const void* data, std::size_t size) noexcept {
        if (size != 0) {
            std::memcpy(place_, data, size);
            place_ += size;
        }
    }
    void binary(std::span<const std::byte> value) noexcept {
        assert(value.size() <= 65'535);
        two_bytes(static_cast<unsigned>(value.size()));
        raw(value.data(), value.size());
    }
    void text(std::string_view value) noexcept { binary(std::as_bytes(std::span{value})); }

private:
    std::byte* place_;
};

/// Adds up the sizes of properties, identifiers included.
class PropertySizer {
public:
    template <class Value>
    void operator()(PropertyId, const std::optional<Value>& field) noexcept {
        if (field.has_value()) {
            size_ += 1 + size_of(*field);
        }
    }
    /// The one optional number that is not of fixed size is the identifier in SUBSCRIBE.
    void operator()(PropertyId id, const std::optional<std::uint32_t>& field) noexcept {
        if (field.has_value()) {
            size_ += 1 + (id == PropertyId::subscription_identifier ? variable_size(*field) : 4);
        }
    }
    void operator()(PropertyId, const UserProperties& list) noexcept {
        for (const UserProperty& item : list) {
            size_ += 1 + field_size(item.name.size()) + field_size(item.value.size());
        }
    }
    void operator()(PropertyId, const SubscriptionIdentifiers& list) noexcept {
        for (const std::uint32_t item : list) {
            size_ += 1 + variable_size(item);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static std::size_t size_of(bool) noexcept { return 1; }
    static std::size_t size_of(Qos) noexcept { return 1; }
    static std::size_t size_of(PayloadFormat) noexcept { return 1; }
    static std::size_t size_of(std::uint16_t) noexcept { return 2; }
    static std::size_t size_of(std::string_view value) noexcept { return field_size(value.size()); }
    static std::size_t size_of(BytesView value) noexcept { return field_size(value.size()); }

    std::size_t size_ = 0;
};

/// Writes properties, without the Property Length.
class PropertyWriter {
public:
    explicit PropertyWriter(BodyWriter& writer) noexcept : writer_{writer} {}

    template <class Value>
    void operator()(PropertyId id, const std::optional<Value>& field) noexcept {
        if (field.has_value()) {
            identifier(id);
            write(id, *field);
        }
    }
    void operator()(PropertyId id, const UserProperties& list) noexcept {
        for (const UserProperty& item : list) {
            identifier(id);
            writer_.text(item.name);
            writer_.text(item.value);
        }
    }
    void operator()(PropertyId id, const SubscriptionIdentifiers& list) noexcept {
        for (const std::uint32_t item : list) {
            identifier(id);
            writer_.variable(item);
        }
    }

private:
    void identifier(PropertyId id) noexcept { writer_.byte(static_cast<unsigned>(id)); }
    void write(PropertyId, bool value) noexcept { writer_.byte(value ? 1 : 0); }
    void write(PropertyId, Qos value) noexcept { writer_.byte(static_cast<unsigned>(value)); }
    void write(PropertyId, PayloadFormat value) noexcept { writer_.byte(static_cast<unsigned>(value)); }
    void write(PropertyId, std::uint16_t value) noexcept { writer_.two_bytes(value); }
    void write(PropertyId id, std::uint32_t value) noexcept {
        if (id == PropertyId::subscription_identifier) {
            writer_.variable(value);
        } else {
            writer_.four_bytes(value);
        }
    }
    void write(PropertyId, std::string_view value) noexcept { writer_.text(value); }
    void write(PropertyId, BytesView value) noexcept { writer_.binary(value); }

    BodyWriter& writer_;
};

/// The size of all properties, without the Property Length.
template <class Properties>
[[nodiscard]] std::size_t properties_size(const Properties& properties) noexcept {
    PropertySizer sizer;
    for_each_property(properties, sizer);
    return sizer.size();
}

/// Writes the Property Length and the properties, whose size is known already.
template <class Properties>
void write_properties(BodyWriter& writer, const Properties& properties, std::size_t size) noexcept {
    writer.variable(size);
    if (size != 0) {
        for_each_property(properties, PropertyWriter{writer});
    }
}

}  // namespace multimqtt::wire
