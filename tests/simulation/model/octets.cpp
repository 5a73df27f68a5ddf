// Reading and writing the data types of MQTT.
#include "octets.hpp"

#include <utility>

namespace multimqtt::simulation {
namespace {

unsigned octet(char value) noexcept {
    return static_cast<unsigned char>(value);
}

// The length of the UTF-8 sequence at the beginning of `text`, 0 when there is none.
std::size_t sequence_bytes(std::string_view text) noexcept {
    const unsigned first = octet(text[0]);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < count) {
        return 0;
    }
    std::uint32_t code_point = first & (0xFFu >> (count + 1));
    for (std::size_t i = 1; i < count; ++i) {
        if ((octet(text[i]) & 0xC0) != 0x80) {
            return 0;
        }
        code_point = code_point << 6 | (octet(text[i]) & 0x3F);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x1'0000};
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    return code_point < kSmallest[count] || surrogate || code_point > 0x10'FFFF ? 0 : count;
}

}  // namespace

bool is_mqtt_text(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t count = text[0] == '\0' ? 0 : sequence_bytes(text);
        if (count == 0) {
            return false;
        }
        text.remove_prefix(count);
    }
    return true;
}

std::string_view OctetReader::take(std::size_t count) {
    if (count > rest_.size()) {
        throw Violation{Check::packet_truncated, "a field reaches beyond the end of its packet"};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
}

std::string_view OctetReader::take_rest() noexcept {
    return std::exchange(rest_, {});
}

std::uint8_t OctetReader::byte() {
    return static_cast<std::uint8_t>(octet(take(1)[0]));
}

std::uint16_t OctetReader::two_bytes() {
    const std::string_view taken = take(2);
    return static_cast<std::uint16_t>(octet(taken[0]) << 8 | octet(taken[1]));
}

std::uint32_t OctetReader::four_bytes() {
    const std::uint32_t high = two_bytes();
    return high << 16 | two_bytes();
}

std::uint32_t OctetReader::variable_integer() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        const std::uint32_t digit = byte();
        value |= (digit & 0x7F) << shift;
        if ((digit & 0x80) == 0) {
            if (digit == 0 && shift > 0) {  // v5 [MQTT-1.5.5-1]
                throw Violation{Check::length_not_minimal, "a variable byte integer is longer than needed"};
            }
            return value;
        }
    }
    throw Violation{Check::length_not_minimal, "a variable byte integer has more than four bytes"};
}

std::string_view OctetReader::binary() {
    return take(two_bytes());
}

std::string_view OctetReader::text() {
    const std::string_view taken = binary();
    if (!is_mqtt_text(taken)) {
        throw Violation{Check::text_not_utf8, "a string is not well-formed UTF-8, or holds U+0000"};
    }
    return taken;
}

void OctetReader::finish() const {
    if (!rest_.empty()) {
        throw Violation{Check::packet_has_trailing_bytes,
                        std::to_string(rest_.size()) + " bytes follow the end of a packet's content"};
    }
}

void OctetWriter::two_bytes(unsigned value) {
    byte(value >> 8 & 0xFF);
    byte(value & 0xFF);
}

void OctetWriter::four_bytes(std::uint32_t value) {
    two_bytes(value >> 16);
    two_bytes(value & 0xFFFF);
}

void OctetWriter::variable_integer(std::uint32_t value) {
    while (value > 0x7F) {
        byte((value & 0x7F) | 0x80);
        value >>= 7;
    }
    byte(value);
}

void OctetWriter::binary(std::string_view bytes) {
    two_bytes(static_cast<unsigned>(bytes.size()));
    raw(bytes);
}

std::size_t variable_integer_bytes(std::size_t value) noexcept {
    return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}

}  // namespace multimqtt::simulation
