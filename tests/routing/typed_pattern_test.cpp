#include "multimqtt/typed_pattern.hpp"

#include "multimqtt/topic_pattern.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace multimqtt {
namespace {

template <class... Type>
using Arguments = std::tuple<Type...>;

// What the compiler derives from patterns.
static_assert(std::same_as<PatternArguments<"a/b">, Arguments<>>);
static_assert(std::same_as<PatternArguments<"number/<int:number>">, Arguments<std::int64_t>>);
static_assert(std::same_as<PatternArguments<"<a>/<str:b>/+/<uuid:c>/<float:d>/<path:e>">,
                           Arguments<std::string_view, std::string_view, Uuid, double, std::string_view>>);
static_assert(std::same_as<PatternArguments<"$share/g/<int:a>">, Arguments<std::int64_t>>);

static_assert(!ValidPattern<"">);
static_assert(!ValidPattern<"a/<int:x">);
static_assert(!ValidPattern<"a/<any:x>">);
static_assert(!ValidPattern<"a/<x>/<int:x>">);
static_assert(!ValidPattern<"a/#/b">);
static_assert(!ValidPattern<"<path:x>/b">);
static_assert(!ValidPattern<"a+">);
static_assert(!ValidPattern<"a\0b">);
static_assert(!ValidPattern<"\xFF">);
static_assert(!ValidPattern<"$share/g">);

// Which handlers fit.
using TakesInteger = decltype([](const Message&, std::int64_t) {});
using TakesInt = decltype([](const Message&, int) {});
using TakesDouble = decltype([](const Message&, double) {});
using TakesAnything = decltype([](const Message&, auto) {});
using TakesText = decltype([](const Message&, std::string_view) {});
using TakesMessage = decltype([](const Message&) {});
using TakesNothing = decltype([] {});
using TakesTwo = decltype([](const Message&, std::int64_t, std::string_view) {});
using TakesChangingMessage = decltype([](Message&, std::int64_t) {});

static_assert(HandlerFits<"n/<int:x>", TakesInteger>);
static_assert(HandlerFits<"n/<int:x>", TakesAnything>);
static_assert(HandlerFits<"n/<int:x>", void (*)(const Message&, std::int64_t)>);
static_assert(HandlerFits<"n/<int:x>", void(const Message&, const std::int64_t&) noexcept>);
static_assert(HandlerFits<"n/<float:x>", TakesDouble>);
static_assert(HandlerFits<"n/<x>", TakesText>);
static_assert(HandlerFits<"n/<path:x>", TakesText>);
static_assert(HandlerFits<"n/x", TakesMessage>);
static_assert(HandlerFits<"<int:a>/<b>", TakesTwo>);

static_assert(!HandlerFits<"n/<int:x>", TakesInt>, "would cut the number");
static_assert(!HandlerFits<"n/<int:x>", TakesDouble>, "would round the number");
static_assert(!HandlerFits<"n/<float:x>", TakesInteger>);
static_assert(!HandlerFits<"n/<x>", TakesInteger>);
static_assert(!HandlerFits<"n/<int:x>", TakesText>);
static_assert(!HandlerFits<"n/<int:x>", TakesMessage>);
static_assert(!HandlerFits<"n/x", TakesNothing>);
static_assert(!HandlerFits<"n/<int:x>", TakesTwo>);
static_assert(!HandlerFits<"n/<int:x>", TakesChangingMessage>);
static_assert(!HandlerFits<"n/<int:x", TakesInteger>, "the pattern is malformed");

static_assert(TypedHandlerFor<"n/<int:x>", TakesInteger>);
static_assert(TypedHandlerFor<"n/<int:x>", TakesAnything>);

// The handlers here do not look at the message, so that any object can stand for it.
const Message& any_message() {
    static const char object = 0;
    return reinterpret_cast<const Message&>(object);
}

TEST(InvokeWithCapturesTest, CallsTheHandlerWithConvertedValues) {
    const std::string topic = "p/-5/2.5/0123abcd-4567-89ef-0123-456789abcdef/x/y";
    constexpr FixedString kPattern = "p/<int:a>/<float:b>/<uuid:c>/<path:d>";
    const auto captures = TopicPattern::parse(kPattern.text())->match(topic);
    std::string seen;
    const bool called = invoke_with_captures<kPattern>(
        [&](const Message&, std::int64_t a, double b, const Uuid& c, std::string_view d) {
            seen = std::to_string(a) + " " + std::to_string(b) + " " + c.text() + " " + std::string{d};
        },
        any_message(), *captures);
    EXPECT_TRUE(called);
    EXPECT_EQ(seen, "-5 2.500000 0123abcd-4567-89ef-0123-456789abcdef x/y");
}

TEST(InvokeWithCapturesTest, DoesNotCallTheHandlerWhenANumberDoesNotFit) {
    const std::vector<TopicCapture> captures{{PlaceholderKind::integer, "9223372036854775808"}};
    bool called = false;
    EXPECT_FALSE(invoke_with_captures<"n/<int:x>">([&](const Message&, std::int64_t) { called = true; },
                                                   any_message(), captures));
    EXPECT_FALSE(called);
}

TEST(InvokeWithCapturesTest, PassesOnWhatTheHandlerReturns) {
    const std::vector<TopicCapture> good{{PlaceholderKind::integer, "20"}};
    const std::vector<TopicCapture> bad{{PlaceholderKind::integer, "x"}};
    const auto twice = [](const Message&, std::int64_t x) { return 2 * x; };
    EXPECT_EQ(invoke_with_captures<"n/<int:x>">(twice, any_message(), good), 40);
    EXPECT_EQ(invoke_with_captures<"n/<int:x>">(twice, any_message(), bad), std::nullopt);
}

TEST(InvokeWithCapturesTest, CallsAHandlerThatOwnsItsState) {
    int calls = 0;
    auto handler = [&calls, owned = std::make_unique<int>(1)](const Message&) mutable {
        calls += (*owned)++;
    };
    EXPECT_TRUE(invoke_with_captures<"n">(handler, any_message(), {}));
    EXPECT_TRUE(invoke_with_captures<"n">(handler, any_message(), {}));
    EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace multimqtt
