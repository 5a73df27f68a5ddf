// The forms of integers, floating-point numbers and UUIDs in topics, and their values.
#include "routing/converter.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace multimqtt {
namespace {

// Steps over the digits at `offset`; false when there is none.
bool skip_digits(std::string_view text, std::size_t& offset) noexcept {
    const std::size_t start = offset;
    while (offset < text.size() && grammar::is_digit(text[offset])) {
        ++offset;
    }
    return offset > start;
}

bool is_integer(std::string_view text) noexcept {
    std::size_t offset = text.starts_with('-') ? 1 : 0;
    return skip_digits(text, offset) && offset == text.size();
}

/// What Python converts unless it is told otherwise; the time that takes grows with the square of the digits.
constexpr std::size_t kDigitsMax = 4'300;

bool is_bounded_integer(std::string_view text) noexcept {
    return is_integer(text) && text.size() <= kDigitsMax + (text.starts_with('-') ? 1 : 0);
}

bool is_floating(std::string_view text) noexcept {
    std::size_t offset = text.starts_with('-') ? 1 : 0;
    if (!skip_digits(text, offset)) {
        return false;
    }
    if (offset < text.size() && text[offset] == '.' && !skip_digits(text, ++offset)) {
        return false;
    }
    if (offset < text.size() && (text[offset] == 'e' || text[offset] == 'E')) {
        ++offset;
        if (offset < text.size() && (text[offset] == '-' || text[offset] == '+')) {
            ++offset;
        }
        if (!skip_digits(text, offset)) {
            return false;
        }
    }
    return offset == text.size();
}

// Of a number outside of the range of double: true when it is too small, so that it stands for zero.
bool is_underflow(std::string_view text) noexcept {
    const std::size_t exponent_mark = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, exponent_mark);
    const std::size_t leading = mantissa.find_first_of("123456789");
    if (leading == std::string_view::npos) {
        return true;
    }
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const auto position = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(leading);
    std::int64_t exponent = 0;
    if (exponent_mark != std::string_view::npos) {
        std::string_view digits = text.substr(exponent_mark + 1);
        digits.remove_prefix(digits.starts_with('+') ? 1 : 0);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (read.ec == std::errc::result_out_of_range) {
            return digits.starts_with('-');
        }
    }
    constexpr std::int64_t kExponentMax =
        1'000'000'000;  // Above every range; keeps the sum from overflowing.
    return std::clamp(exponent, -kExponentMax, kExponentMax) + position < 0;
}

int hexadecimal(char digit) noexcept {
    if (grammar::is_digit(digit)) {
        return digit - '0';
    }
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr std::size_t kUuidSize = 36;

constexpr bool is_hyphen_position(std::size_t index) noexcept {
    return index == 8 || index == 13 || index == 18 || index == 23;
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    if (text.size() != kUuidSize) {
        return std::nullopt;
    }
    Uuid uuid;
    std::size_t byte = 0;
    for (std::size_t index = 0; index < kUuidSize;) {
        if (is_hyphen_position(index)) {
            if (text[index++] != '-') {
                return std::nullopt;
            }
            continue;
        }
        const int high = hexadecimal(text[index]);
        const int low = hexadecimal(text[index + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        uuid.bytes[byte++] = static_cast<std::uint8_t>(high * 16 + low);
        index += 2;
    }
    return uuid;
}

std::string Uuid::text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string result;
    result.reserve(kUuidSize);
    for (const std::uint8_t byte : bytes) {
        if (is_hyphen_position(result.size())) {
            result += '-';
        }
        result += kDigits[byte >> 4U];
        result += kDigits[byte & 0xFU];
    }
    return result;
}

std::optional<std::int64_t> TopicCapture::as_int64() const noexcept {
    std::int64_t number = 0;
    if (!is_integer(text) ||
        std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
        return std::nullopt;
    }
    return number;
}

std::optional<double> TopicCapture::as_double() const noexcept {
    if (!is_floating(text)) {
        return std::nullopt;
    }
    // std::from_chars takes the "+" of an exponent, and never looks at the locale.
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec == std::errc::result_out_of_range) {
        return is_underflow(text) ? std::optional{0.0} : std::nullopt;
    }
    return read.ec == std::errc{} ? std::optional{number} : std::nullopt;
}

std::optional<Uuid> TopicCapture::as_uuid() const noexcept {
    return Uuid::parse(text);
}

}  // namespace multimqtt

namespace multimqtt::routing {

bool fits(PlaceholderKind kind, std::string_view text, IntRange range) noexcept {
    switch (kind) {
        case PlaceholderKind::integer:
            return range == IntRange::any ? is_bounded_integer(text)
                                          : TopicCapture{kind, text}.as_int64().has_value();
        case PlaceholderKind::floating:
            return TopicCapture{kind, text}.as_double().has_value();
        case PlaceholderKind::uuid:
            return Uuid::parse(text).has_value();
        case PlaceholderKind::text:
        case PlaceholderKind::path:
            break;
    }
    return !text.empty();
}

std::string_view expectation(PlaceholderKind kind) noexcept {
    switch (kind) {
        case PlaceholderKind::integer:
            return "an optional minus sign and up to 4300 digits";
        case PlaceholderKind::floating:
            return "a finite number: an optional minus sign, digits, optionally a fraction and an exponent";
        case PlaceholderKind::uuid:
            return "8-4-4-4-12 hexadecimal digits";
        case PlaceholderKind::path:
            return "one or more levels";
        case PlaceholderKind::text:
            break;
    }
    return "one level that is not empty";
}

}  // namespace multimqtt::routing
