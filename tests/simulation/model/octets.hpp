// The data types of MQTT, read strictly and written: MQTT 5.0 section 1.5, MQTT 3.1.1 section 1.5.
#pragma once

#include "check.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace multimqtt::simulation {

/// Whether `text` is a UTF-8 string that MQTT allows: well-formed, without surrogates and without U+0000.
[[nodiscard]] bool is_mqtt_text(std::string_view text) noexcept;

/// Reads the body of one packet; throws `Violation` where the bytes are not what MQTT allows.
class OctetReader {
public:
    explicit OctetReader(std::string_view bytes) noexcept : rest_{bytes} {}

    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
    std::string_view take(std::size_t count);
    std::string_view take_rest() noexcept;
    std::uint8_t byte();
    std::uint16_t two_bytes();
    std::uint32_t four_bytes();
    std::uint32_t variable_integer();
    /// Two bytes of length, then that many.
    std::string_view binary();
    std::string_view text();
    void finish() const;

private:
    std::string_view rest_;
};

/// Appends to a string of bytes.
class OctetWriter {
public:
    void byte(unsigned value) { bytes_.push_back(static_cast<char>(value)); }
    void two_bytes(unsigned value);
    void four_bytes(std::uint32_t value);
    void variable_integer(std::uint32_t value);
    void binary(std::string_view bytes);
    void raw(std::string_view bytes) { bytes_.append(bytes); }
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

private:
    std::string bytes_;
};

/// How many bytes the variable byte integer `value` takes.
[[nodiscard]] std::size_t variable_integer_bytes(std::size_t value) noexcept;

}  // namespace multimqtt::simulation
