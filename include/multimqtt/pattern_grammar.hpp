// The notation of topic patterns, read in the same way when a program compiles and when it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace multimqtt {

/// What a placeholder stands for. The names in patterns are `str` (or none), `int`, `float`, `uuid`, `path`.
enum class PlaceholderKind : std::uint8_t {
    text,      ///< `<name>` or `<str:name>`: one level that is not empty.
    integer,   ///< `<int:name>`: an optional minus sign and digits.
    floating,  ///< `<float:name>`: an optional minus sign, digits, optional fraction and exponent.
    uuid,      ///< `<uuid:name>`: 8-4-4-4-12 hexadecimal digits.
    path,      ///< `<path:name>`: one or more levels, not empty in all; only at the end.
};

/// The name of a kind as patterns write it: "str", "int", "float", "uuid", "path".
[[nodiscard]] constexpr std::string_view to_string(PlaceholderKind kind) noexcept {
    switch (kind) {
        case PlaceholderKind::integer:
            return "int";
        case PlaceholderKind::floating:
            return "float";
        case PlaceholderKind::uuid:
            return "uuid";
        case PlaceholderKind::path:
            return "path";
        case PlaceholderKind::text:
            break;
    }
    return "str";
}

}  // namespace multimqtt

namespace multimqtt::grammar {

/// Longest pattern, filter and topic, in bytes of UTF-8. Spec: v5 and v3.1.1 [MQTT-4.7.3-3].
inline constexpr std::size_t kTopicBytesMax = 65'535;

/// The place of the first of `wanted` in `text` at or behind `from`, `npos` when there is none. Written out
/// because g++ 12 with -fsanitize=undefined does not take `std::string_view::find` as a constant expression.
[[nodiscard]] constexpr std::size_t find_any(std::string_view text, std::string_view wanted,
                                             std::size_t from = 0) noexcept {
    for (std::size_t offset = from; offset < text.size(); ++offset) {
        for (const char character : wanted) {
            if (text[offset] == character) {
                return offset;
            }
        }
    }
    return std::string_view::npos;
}

enum class LevelKind : std::uint8_t { literal, any_level, any_rest, placeholder };

/// One level of a pattern; the views point into the pattern.
struct Level {
    LevelKind kind = LevelKind::literal;
    PlaceholderKind placeholder = PlaceholderKind::text;
    std::string_view text;
    std::string_view name;  ///< The name of a placeholder.
};

enum class Fault : std::uint8_t {
    none,
    empty,
    too_long,
    null_character,
    not_utf8,
    share_incomplete,
    share_name,
    unclosed,
    not_whole_level,
    unknown_converter,
    bad_name,
    duplicate_name,
    plus_inside_level,
    hash_inside_level,
    hash_not_last,
    path_not_last,
};

/// What is wrong with a pattern, and in which bytes of it.
struct Problem {
    Fault fault = Fault::none;
    std::size_t offset = 0;
    std::size_t size = 0;
};

/// The length of the well-formed UTF-8 character at the start of `text`, 0 when there is none.
/// Surrogates and overlong forms are not well-formed. Spec: v5 [MQTT-1.5.4-1].
[[nodiscard]] constexpr std::size_t utf8_character_size(std::string_view text) noexcept {
    const auto byte = [&](std::size_t index) {
        return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
    };
    const auto continues = [&](std::size_t index) { return (byte(index) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (text.empty()) {
        return 0;
    }
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const bool overlong = first == 0xE0 && byte(1) < 0xA0;
        const bool surrogate = first == 0xED && byte(1) > 0x9F;
        return !overlong && !surrogate && continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool overlong = first == 0xF0 && byte(1) < 0x90;
        const bool too_large = first == 0xF4 && byte(1) > 0x8F;
        return !overlong && !too_large && continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

/// The characters that no topic, filter or pattern may have, and the size that none may exceed.
/// Spec: v5 and v3.1.1 [MQTT-3.8.3-1], [MQTT-3.10.3-1], [MQTT-4.7.3-1] to [MQTT-4.7.3-3].
[[nodiscard]] constexpr Problem check_text(std::string_view text) noexcept {
    if (text.empty()) {
        return {Fault::empty, 0, 0};
    }
    if (text.size() > kTopicBytesMax) {
        return {Fault::too_long, kTopicBytesMax, text.size() - kTopicBytesMax};
    }
    for (std::size_t offset = 0; offset < text.size();) {
        if (text[offset] == '\0') {
            return {Fault::null_character, offset, 1};
        }
        const std::size_t size = utf8_character_size(text.substr(offset));
        if (size == 0) {
            return {Fault::not_utf8, offset, 1};
        }
        offset += size;
    }
    return {};
}

[[nodiscard]] constexpr bool is_digit(char character) noexcept {
    return character >= '0' && character <= '9';
}

[[nodiscard]] constexpr bool is_identifier(std::string_view name) noexcept {
    for (const char character : name) {
        const bool letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
        if (!letter && character != '_' && !is_digit(character)) {
            return false;
        }
    }
    return !name.empty() && !is_digit(name.front());
}

/// Reads the kind that a converter's name means; false when there is no such converter.
[[nodiscard]] constexpr bool read_kind(std::string_view name, PlaceholderKind& kind) noexcept {
    for (const PlaceholderKind known :
         {PlaceholderKind::text, PlaceholderKind::integer, PlaceholderKind::floating, PlaceholderKind::uuid,
          PlaceholderKind::path}) {
        if (to_string(known) == name) {
            kind = known;
            return true;
        }
    }
    return false;
}

/// Reads one level; the offset of a problem counts from the start of the level.
/// Spec: v5 [MQTT-4.7.1-1], [MQTT-4.7.1-2]; v3.1.1 [MQTT-4.7.1-2], [MQTT-4.7.1-3].
[[nodiscard]] constexpr Problem read_level(std::string_view text, Level& level) noexcept {
    level = Level{LevelKind::literal, PlaceholderKind::text, text, {}};
    const std::size_t open = find_any(text, "<");
    if (open == std::string_view::npos) {
        if (text == "+" || text == "#") {
            level.kind = text == "+" ? LevelKind::any_level : LevelKind::any_rest;
            return {};
        }
        const std::size_t wildcard = find_any(text, "+#");
        if (wildcard == std::string_view::npos) {
            return {};
        }
        return {text[wildcard] == '+' ? Fault::plus_inside_level : Fault::hash_inside_level, wildcard, 1};
    }
    const std::size_t close = find_any(text, ">", open);
    if (close == std::string_view::npos) {
        return {Fault::unclosed, open, text.size() - open};
    }
    if (open != 0 || close + 1 != text.size()) {
        return {Fault::not_whole_level, open, close + 1 - open};
    }
    const std::string_view inside = text.substr(1, close - 1);
    const std::size_t colon = find_any(inside, ":");
    const bool named_kind = colon != std::string_view::npos;
    if (named_kind && !read_kind(inside.substr(0, colon), level.placeholder)) {
        return {Fault::unknown_converter, 1, colon};
    }
    level.kind = LevelKind::placeholder;
    level.name = named_kind ? inside.substr(colon + 1) : inside;
    if (!is_identifier(level.name)) {
        return {Fault::bad_name, named_kind ? colon + 2 : 1, level.name.size()};
    }
    return {};
}

inline constexpr std::string_view kSharePrefix = "$share/";

/// Finds where the filter inside "$share/{group}/..." begins: 0 when the pattern is not shared.
/// Spec: v5 [MQTT-4.8.2-1], v5 [MQTT-4.8.2-2].
[[nodiscard]] constexpr Problem read_share(std::string_view text, std::size_t& inner_offset) noexcept {
    inner_offset = 0;
    if (text == kSharePrefix.substr(0, kSharePrefix.size() - 1)) {
        return {Fault::share_incomplete, 0, text.size()};
    }
    if (!text.starts_with(kSharePrefix)) {
        return {};
    }
    const std::size_t slash = find_any(text, "/", kSharePrefix.size());
    if (slash == std::string_view::npos || slash + 1 == text.size()) {
        return {Fault::share_incomplete, 0, text.size()};
    }
    const std::string_view group = text.substr(kSharePrefix.size(), slash - kSharePrefix.size());
    if (group.empty() || find_any(group, "+#<>") != std::string_view::npos) {
        return {Fault::share_name, kSharePrefix.size(), group.size()};
    }
    inner_offset = slash + 1;
    return {};
}

/// Calls `visit(level)` for every level of the pattern, and stops at the first problem.
/// Whether two placeholders share a name is for the caller to check.
template <class Visit>
constexpr Problem read_pattern(std::string_view text, Visit visit) {
    Problem problem = check_text(text);
    std::size_t offset = 0;
    if (problem.fault == Fault::none) {
        problem = read_share(text, offset);
    }
    while (problem.fault == Fault::none) {
        const std::size_t slash = find_any(text, "/", offset);
        const bool last = slash == std::string_view::npos;
        Level level;
        problem = read_level(text.substr(offset, last ? std::string_view::npos : slash - offset), level);
        if (problem.fault != Fault::none) {
            problem.offset += offset;
            break;
        }
        if (!last && level.kind == LevelKind::any_rest) {
            return {Fault::hash_not_last, offset, 1};
        }
        if (!last && level.kind == LevelKind::placeholder && level.placeholder == PlaceholderKind::path) {
            return {Fault::path_not_last, offset, level.text.size()};
        }
        visit(level);
        if (last) {
            break;
        }
        offset = slash + 1;
    }
    return problem;
}

}  // namespace multimqtt::grammar
