// Patterns that are known when the program is compiled, and the handlers that fit them.
#pragma once

#include "multimqtt/pattern_grammar.hpp"
#include "multimqtt/topic_value.hpp"

#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace multimqtt {

class Message;

/// Text as a template argument, so that `mqtt.topic<"number/<int:number>">(handler)` can read it.
template <std::size_t Size>
struct FixedString {
    std::array<char, Size> characters{};

    consteval FixedString(const char (&literal)[Size]) {
        for (std::size_t index = 0; index < Size; ++index) {
            characters[index] = literal[index];
        }
    }

    /// The text must have `Size` - 1 characters.
    consteval explicit FixedString(std::string_view text) {
        for (std::size_t index = 0; index < text.size(); ++index) {
            characters[index] = text[index];
        }
    }

    /// The text without the terminating zero.
    [[nodiscard]] constexpr std::string_view text() const noexcept { return {characters.data(), Size - 1}; }
};

/// The type of a handler's parameter: `std::int64_t`, `double`, `Uuid`, or `std::string_view`.
template <PlaceholderKind Kind>
using CaptureType = std::conditional_t<
    Kind == PlaceholderKind::integer, std::int64_t,
    std::conditional_t<Kind == PlaceholderKind::floating, double,
                       std::conditional_t<Kind == PlaceholderKind::uuid, Uuid, std::string_view>>>;

namespace typed {

/// What is wrong with the pattern, duplicates included.
template <FixedString Pattern>
consteval grammar::Problem problem_of() {
    struct Names {
        std::array<std::string_view, Pattern.text().size() / 3 + 1> names{};
        std::size_t size = 0;
        bool duplicate = false;
    } seen;
    const grammar::Problem problem = grammar::read_pattern(Pattern.text(), [&](const grammar::Level& level) {
        if (level.kind != grammar::LevelKind::placeholder) {
            return;
        }
        for (std::size_t index = 0; index < seen.size; ++index) {
            seen.duplicate = seen.duplicate || seen.names[index] == level.name;
        }
        seen.names[seen.size++] = level.name;
    });
    if (problem.fault == grammar::Fault::none && seen.duplicate) {
        return {grammar::Fault::duplicate_name, 0, Pattern.text().size()};
    }
    return problem;
}

template <FixedString Pattern>
inline constexpr grammar::Fault kFault = problem_of<Pattern>().fault;

template <FixedString Pattern>
consteval std::size_t placeholder_count() {
    std::size_t count = 0;
    static_cast<void>(grammar::read_pattern(Pattern.text(), [&](const grammar::Level& level) {
        count += level.kind == grammar::LevelKind::placeholder ? 1 : 0;
    }));
    return count;
}

template <FixedString Pattern>
consteval auto placeholder_kinds() {
    std::array<PlaceholderKind, placeholder_count<Pattern>()> kinds{};
    std::size_t count = 0;
    static_cast<void>(grammar::read_pattern(Pattern.text(), [&](const grammar::Level& level) {
        if (level.kind == grammar::LevelKind::placeholder) {
            kinds[count++] = level.placeholder;
        }
    }));
    return kinds;
}

/// The name of a placeholder; as a template argument it stands in the messages of compilers.
template <FixedString Pattern, std::size_t Index>
consteval auto placeholder_name() {
    constexpr auto kName = [] {
        std::string_view name;
        std::size_t count = 0;
        static_cast<void>(grammar::read_pattern(Pattern.text(), [&](const grammar::Level& level) {
            if (level.kind == grammar::LevelKind::placeholder && count++ == Index) {
                name = level.name;
            }
        }));
        return std::pair{static_cast<std::size_t>(name.data() - Pattern.text().data()), name.size()};
    }();
    return FixedString<kName.second + 1>{Pattern.text().substr(kName.first, kName.second)};
}

template <FixedString Pattern, std::size_t... Index>
auto arguments_of(std::index_sequence<Index...>)
    -> std::tuple<CaptureType<placeholder_kinds<Pattern>()[Index]>...>;

/// True when `Argument` reaches a parameter of type `Parameter` without losing a part of its value.
template <class Parameter, class Argument>
concept KeepsValue = !std::is_arithmetic_v<std::remove_cvref_t<Parameter>> || requires {
    std::remove_cvref_t<Parameter>{std::declval<Argument>()};
};

/// The parameter types of a handler that is not a template; `void` when they cannot be known.
template <class Function>
struct Parameters {
    using type = void;
};
template <class Return, class... Parameter>
struct Parameters<Return (*)(Parameter...)> {
    using type = std::tuple<Parameter...>;
};
template <class Return, class... Parameter>
struct Parameters<Return (*)(Parameter...) noexcept> {
    using type = std::tuple<Parameter...>;
};
template <class Return, class Class, class... Parameter>
struct Parameters<Return (Class::*)(Parameter...)> {
    using type = std::tuple<Parameter...>;
};
template <class Return, class Class, class... Parameter>
struct Parameters<Return (Class::*)(Parameter...) const> {
    using type = std::tuple<Parameter...>;
};
template <class Return, class Class, class... Parameter>
struct Parameters<Return (Class::*)(Parameter...) noexcept> {
    using type = std::tuple<Parameter...>;
};
template <class Return, class Class, class... Parameter>
struct Parameters<Return (Class::*)(Parameter...) const noexcept> {
    using type = std::tuple<Parameter...>;
};

template <class Handler>
consteval auto parameters_of() {
    if constexpr (requires { &Handler::operator(); }) {
        return std::type_identity<typename Parameters<decltype(&Handler::operator())>::type>{};
    } else {
        return std::type_identity<typename Parameters<std::decay_t<Handler>>::type>{};
    }
}

/// True when a value of a placeholder can be given to a parameter.
template <class Parameter, class Value>
inline constexpr bool kTakes = std::is_convertible_v<Value, Parameter>&& KeepsValue<Parameter, Value>;

template <class Known, class Wanted>
inline constexpr bool kTakesAll = true;
template <class First, class... Parameter, class... Value>
requires(
    sizeof...(Parameter) ==
    sizeof...(Value)) inline constexpr bool kTakesAll<std::tuple<First, Parameter...>, std::tuple<Value...>> =
    (kTakes<Parameter, Value> && ...);

template <class Handler, class Arguments>
inline constexpr bool kFits = false;
template <class Handler, class... Value>
inline constexpr bool kFits<Handler, std::tuple<Value...>> =
    std::is_invocable_v<Handler&, const Message&, Value...>&& kTakesAll<
        typename decltype(parameters_of<std::remove_cvref_t<Handler>>())::type, std::tuple<Value...>>;

template <class Type>
std::optional<Type> convert(const TopicCapture& capture) noexcept {
    if constexpr (std::same_as<Type, std::int64_t>) {
        return capture.as_int64();
    } else if constexpr (std::same_as<Type, double>) {
        return capture.as_double();
    } else if constexpr (std::same_as<Type, Uuid>) {
        return capture.as_uuid();
    } else {
        return capture.text;
    }
}

}  // namespace typed

/// A pattern that `TopicPattern::parse` accepts.
template <FixedString Pattern>
concept ValidPattern = typed::kFault<Pattern>
== grammar::Fault::none;

/// The types of the placeholders as a tuple: `std::tuple<std::int64_t>` for "number/<int:number>".
template <FixedString Pattern>
requires ValidPattern<Pattern>
using PatternArguments =
    decltype(typed::arguments_of<Pattern>(std::make_index_sequence<typed::placeholder_count<Pattern>()>{}));

/// True for a handler that can be called with `const Message&` and one argument per placeholder, where no
/// number loses a part of its value: `[](const Message&, int)` does not fit `<int:number>`, `std::int64_t`
/// does.
template <FixedString Pattern, class Handler>
concept HandlerFits = ValidPattern<Pattern> && typed::kFits<Handler, PatternArguments<Pattern>>;

/// Stops the compilation with a sentence that says what is wrong with the pattern.
template <FixedString Pattern>
consteval bool check_pattern() {
    using enum grammar::Fault;
    constexpr grammar::Fault kFault = typed::kFault<Pattern>;
    static_assert(kFault != empty, "multimqtt: the pattern is empty; give at least one level");
    static_assert(kFault != too_long, "multimqtt: the pattern is longer than 65,535 bytes");
    static_assert(kFault != null_character, "multimqtt: the pattern has a U+0000, which MQTT does not allow");
    static_assert(kFault != not_utf8, "multimqtt: the pattern is not well-formed UTF-8");
    static_assert(kFault != share_incomplete, "multimqtt: write $share/{group}/{pattern}");
    static_assert(kFault != share_name,
                  "multimqtt: the group of $share/{group}/ needs a character and may not have + # < >");
    static_assert(kFault != unclosed, "multimqtt: a '<' of the pattern has no '>' in its level");
    static_assert(kFault != not_whole_level,
                  "multimqtt: a placeholder must fill its level, as in a/<name>/b");
    static_assert(kFault != unknown_converter,
                  "multimqtt: unknown converter in the pattern; there are str, int, float, uuid and path");
    static_assert(kFault != bad_name, "multimqtt: the name of a placeholder must be an identifier");
    static_assert(kFault != duplicate_name, "multimqtt: two placeholders of the pattern have the same name");
    static_assert(kFault != plus_inside_level, "multimqtt: '+' must fill its level, as in a/+/b");
    static_assert(kFault != hash_inside_level, "multimqtt: '#' must fill the last level, as in a/#");
    static_assert(kFault != hash_not_last, "multimqtt: '#' must be the last level of the pattern");
    static_assert(kFault != path_not_last, "multimqtt: <path:...> must be the last level of the pattern");
    return kFault == none;
}

/// Stops the compilation when a parameter of a handler does not take the value of its placeholder. `Position`
/// counts the parameters of the handler from 1, so that the first placeholder has 2.
template <FixedString Placeholder, std::size_t Position, class Value, class Parameter>
consteval bool check_parameter() {
    static_assert(
        typed::kTakes<Parameter, Value>,
        "multimqtt: a parameter of the handler does not take the value of its placeholder; this line's "
        "template arguments name the Placeholder, the Position of the parameter, the type of the Value "
        "and that of the Parameter: std::int64_t for <int:...>, double for <float:...>, multimqtt::Uuid "
        "for <uuid:...>, std::string_view for <str:...> and <path:...>");
    return typed::kTakes<Parameter, Value>;
}

/// Stops the compilation when a handler has too many parameters, or too few.
template <std::size_t Placeholders, std::size_t Parameters>
consteval bool check_parameter_count() {
    static_assert(Parameters == Placeholders + 1,
                  "multimqtt: the handler must have one parameter for the message and one for each "
                  "placeholder of the pattern; see how many Placeholders and Parameters there are");
    return Parameters == Placeholders + 1;
}

namespace typed {

template <FixedString Pattern, class Known>
struct ParameterCheck {
    static consteval bool run() { return true; }  // A template or an overload: only the call can tell.
};
template <FixedString Pattern>
struct ParameterCheck<Pattern, std::tuple<>> {
    static consteval bool run() { return check_parameter_count<placeholder_count<Pattern>(), 0>(); }
};
template <FixedString Pattern, class First, class... Parameter>
struct ParameterCheck<Pattern, std::tuple<First, Parameter...>> {
    static consteval bool run() {
        constexpr std::size_t kCount = placeholder_count<Pattern>();
        if constexpr (sizeof...(Parameter) != kCount) {
            return check_parameter_count<kCount, sizeof...(Parameter) + 1>();
        } else {
            return each(std::make_index_sequence<kCount>{});
        }
    }
    template <std::size_t... Index>
    static consteval bool each(std::index_sequence<Index...>) {
        return (check_parameter<placeholder_name<Pattern, Index>(), Index + 2,
                                std::tuple_element_t<Index, PatternArguments<Pattern>>, Parameter>() &&
                ...);
    }
};

}  // namespace typed

/// Stops the compilation with a sentence when `Handler` does not fit `Pattern`.
template <FixedString Pattern, class Handler>
consteval bool check_handler() {
    using Known = typename decltype(typed::parameters_of<std::remove_cvref_t<Handler>>())::type;
    if constexpr (typed::ParameterCheck<Pattern, Known>::run()) {
        static_assert(
            HandlerFits<Pattern, Handler>,
            "multimqtt: the handler cannot be called with (const multimqtt::Message&, then the value "
            "of each placeholder): std::int64_t for <int:...>, double for <float:...>, "
            "multimqtt::Uuid for <uuid:...>, std::string_view for <str:...> and <path:...>");
        return HandlerFits<Pattern, Handler>;
    } else {
        return false;
    }
}

/// Both checks.
template <FixedString Pattern, class Handler>
consteval bool check_typed_handler() {
    if constexpr (check_pattern<Pattern>()) {
        return check_handler<Pattern, Handler>();
    } else {
        return false;
    }
}

/// `HandlerFits`, for functions that have no overload to fall back to: where it does not hold, compilation
/// stops with a sentence about the pattern, or the placeholder and the parameter.
template <FixedString Pattern, class Handler>
concept TypedHandlerFor = check_typed_handler<Pattern, Handler>();

/// Converts `captures` and calls `handler(message, values...)`.
///
/// `captures` are those of `TopicPattern::match` or of the router for the same pattern, in its order.
///
/// Errors: when a number does not fit its type the handler is not called, and the result is false, or an
///         empty optional for a handler that returns a value. A pattern parsed with `IntRange::int64` never
///         gets so far.
template <FixedString Pattern, class Handler>
requires HandlerFits<Pattern, Handler>
auto invoke_with_captures(Handler&& handler, const Message& message, std::span<const TopicCapture> captures) {
    using Arguments = PatternArguments<Pattern>;
    assert(captures.size() == std::tuple_size_v<Arguments>);
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
        using Returned = decltype(std::invoke(handler, message,
                                              std::declval<std::tuple_element_t<Index, Arguments>>()...));
        [[maybe_unused]] std::tuple values{
            typed::convert<std::tuple_element_t<Index, Arguments>>(captures[Index])...};
        const bool converted = (std::get<Index>(values).has_value() && ...);
        if constexpr (std::is_void_v<Returned>) {
            if (converted) {
                std::invoke(handler, message, std::move(*std::get<Index>(values))...);
            }
            return converted;
        } else {
            return converted ? std::optional<Returned>{std::invoke(handler, message,
                                                                   std::move(*std::get<Index>(values))...)}
                             : std::nullopt;
        }
    }
    (std::make_index_sequence<std::tuple_size_v<Arguments>>{});
}

}  // namespace multimqtt
