// The values of placeholders: what a topic yields, and what a topic is built from.
#pragma once

#include "multimqtt/pattern_grammar.hpp"

#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace multimqtt {

/// A universally unique identifier.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// Reads the canonical form, 8-4-4-4-12 hexadecimal digits in either case; nothing when it is not that.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text) noexcept;

    /// The canonical form in lower case.
    [[nodiscard]] std::string text() const;

    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// The value that takes the place of a placeholder: text, an integer, a floating-point number or a UUID.
class TopicValue {
public:
    using Variant = std::variant<std::string, std::int64_t, double, Uuid>;

    TopicValue(std::string text) : value_{std::move(text)} {}
    TopicValue(std::string_view text) : value_{std::string{text}} {}
    TopicValue(const char* text) : value_{std::string{text}} {}
    TopicValue(const Uuid& uuid) : value_{uuid} {}
    template <std::floating_point Number>
    TopicValue(Number number) : value_{static_cast<double>(number)} {}
    /// Integers above the range of `std::int64_t` are kept as their digits, so that none is changed.
    template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>) TopicValue(Number number)
        : value_{from_integer(number)} {}

    [[nodiscard]] const Variant& variant() const noexcept { return value_; }

    friend bool operator==(const TopicValue&, const TopicValue&) = default;

private:
    template <std::integral Number>
    static Variant from_integer(Number number) {
        if (std::in_range<std::int64_t>(number)) {
            return static_cast<std::int64_t>(number);
        }
        return std::to_string(number);
    }

    Variant value_;
};

/// A named value for `TopicPattern::topic_for`.
struct TopicArgument {
    std::string name;
    TopicValue value;
};

/// The text that one placeholder stands for in a topic that matched.
///
/// Threads: a view into the topic that was matched; valid as long as that topic is.
struct TopicCapture {
    PlaceholderKind kind = PlaceholderKind::text;
    std::string_view text;

    /// Nothing when the text is not an integer, or not in the range of `std::int64_t`.
    [[nodiscard]] std::optional<std::int64_t> as_int64() const noexcept;
    /// Nothing when the text is not a number, or too large for a `double`. Never an infinity.
    [[nodiscard]] std::optional<double> as_double() const noexcept;
    /// Nothing when the text is not a UUID in its canonical form.
    [[nodiscard]] std::optional<Uuid> as_uuid() const noexcept;

    friend bool operator==(const TopicCapture&, const TopicCapture&) = default;
};

}  // namespace multimqtt
