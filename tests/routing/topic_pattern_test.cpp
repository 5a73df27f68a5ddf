#include "multimqtt/topic_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

namespace multimqtt {
namespace {

using testing::HasSubstr;

// A test name from the data of its row.
std::string name_of(std::string_view text) {
    std::string name;
    for (const char character : text) {
        const bool plain = std::isalnum(static_cast<unsigned char>(character)) != 0;
        name += plain ? std::string{character} : "_" + std::to_string(static_cast<unsigned char>(character));
    }
    return name.substr(0, 100);
}

struct Accepted {
    std::string pattern;
    std::string filter;
    std::string inner_filter;
    std::vector<Placeholder> placeholders;
};

using enum PlaceholderKind;

const Accepted kAccepted[] = {
    {"a", "a", "a", {}},
    {"/", "/", "/", {}},
    {"a//b", "a//b", "a//b", {}},
    {"+", "+", "+", {}},
    {"#", "#", "#", {}},
    {"a/+/#", "a/+/#", "a/+/#", {}},
    {"$SYS/#", "$SYS/#", "$SYS/#", {}},
    {"$CONTROL/x", "$CONTROL/x", "$CONTROL/x", {}},
    {"number/<int:number>", "number/+", "number/+", {{"number", integer, 1}}},
    {"<a>/<str:b>/<float:c>/<uuid:d>/<path:e>",
     "+/+/+/+/#",
     "+/+/+/+/#",
     {{"a", text, 0}, {"b", text, 1}, {"c", floating, 2}, {"d", uuid, 3}, {"e", path, 4}}},
    {"+/<x>/+", "+/+/+", "+/+/+", {{"x", text, 1}}},
    {"$share/group/jobs/<_job1>", "$share/group/jobs/+", "jobs/+", {{"_job1", text, 1}}},
    {"$shared/x", "$shared/x", "$shared/x", {}},
    {"a>b", "a>b", "a>b", {}},
    {"gr\xC3\xB6\xC3\x9F"
     "e/<int:n>",
     "gr\xC3\xB6\xC3\x9F"
     "e/+",
     "gr\xC3\xB6\xC3\x9F"
     "e/+",
     {{"n", integer, 1}}},
};

class AcceptedPatternTest : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptedPatternTest, BecomesThisFilterWithThesePlaceholders) {
    const Accepted& row = GetParam();
    const Result<TopicPattern> pattern = TopicPattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << pattern.error().message;
    EXPECT_EQ(pattern->text(), row.pattern);
    EXPECT_EQ(pattern->filter(), row.filter);
    EXPECT_EQ(pattern->inner_filter(), row.inner_filter);
    EXPECT_EQ(pattern->placeholders(), row.placeholders);
    EXPECT_EQ(pattern->has_wildcards(), row.filter.find_first_of("+#") != std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Patterns, AcceptedPatternTest, testing::ValuesIn(kAccepted),
                         [](const auto& row) { return name_of(row.param.pattern); });

TEST(TopicPatternTest, KeepsTheGroupOfASharedSubscription) {
    EXPECT_EQ(TopicPattern::parse("$share/workers/a/#")->share_group(), "workers");
    EXPECT_EQ(TopicPattern::parse("a/#")->share_group(), "");
}

struct Refused {
    std::string pattern;
    std::string place;
    std::string cure;
};

const Refused kRefused[] = {
    // v5 and v3.1.1 [MQTT-4.7.3-1].
    {"", "empty", "at least one character"},
    {"a/<int:x", "byte 2 (level 2)", "add the \">\""},
    {"a/<int/x>", "byte 2 (level 2)", "add the \">\""},
    {"a/<int:x>b", "\"<int:x>\"", "put a \"/\""},
    {"a/b<int:x>", "byte 3", "put a \"/\""},
    {"<a><b>", "\"<a>\"", "put a \"/\""},
    {"<any:x>", "\"any\"", "use str, int, float, uuid or path"},
    {"<:x>", "converter \"\"", "use str"},
    {"<INT:x>", "\"INT\"", "use str"},
    {"<>", "\"\"", "letters, digits"},
    {"<int:>", "\"\"", "letters, digits"},
    {"<1x>", "\"1x\"", "not starting with a digit"},
    {"<a-b>", "\"a-b\"", "letters, digits"},
    {"<int: x>", "\" x\"", "letters, digits"},
    {"<a>/<int:b>/<a>", "\"a\" occurs twice", "rename"},
    // v5 [MQTT-4.7.1-1], v3.1.1 [MQTT-4.7.1-2].
    {"a/#/b", "byte 2", "last level"},
    {"#/", "byte 0", "last level"},
    {"a/<path:x>/b", "\"<path:x>\"", "last level"},
    // v5 [MQTT-4.7.1-2], v3.1.1 [MQTT-4.7.1-3].
    {"a+/b", "byte 1", "fill its level"},
    {"a/b#", "byte 3", "fill the last level"},
    {"a/##", "byte 2", "fill the last level"},
    // v5 and v3.1.1 [MQTT-3.8.3-1], [MQTT-3.10.3-1], [MQTT-4.7.3-2].
    {std::string{"a\0b", 3}, "byte 1", "remove it"},
    {"a\xC0\x80", "byte 1", "UTF-8"},
    {"a\xED\xA0\x80", "byte 1", "UTF-8"},
    {"a\xF5\x80\x80\x80", "byte 1", "UTF-8"},
    {"a\xE2\x82", "byte 1", "UTF-8"},
    // v5 and v3.1.1 [MQTT-4.7.3-3].
    {std::string(65'536, 'a'), "65536 bytes", "at most 65535"},
    // v5 [MQTT-4.8.2-1].
    {"$share", "level 1", "$share/{group}/{pattern}"},
    {"$share/g", "level 1", "$share/{group}/{pattern}"},
    {"$share/g/", "level 1", "$share/{group}/{pattern}"},
    {"$share//a", "level 2", "at least one character"},
    // v5 [MQTT-4.8.2-2].
    {"$share/+/a", "\"+\"", "none of + # < >"},
    {"$share/a#/a", "\"a#\"", "none of + # < >"},
    {"$share/<g>/a", "\"<g>\"", "none of + # < >"},
};

class RefusedPatternTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedPatternTest, IsRefusedWithThePlaceAndTheCure) {
    const Refused& row = GetParam();
    const Result<TopicPattern> pattern = TopicPattern::parse(row.pattern);
    ASSERT_FALSE(pattern);
    EXPECT_TRUE(pattern.error().is(Error::bad_pattern));
    EXPECT_THAT(pattern.error().message, HasSubstr(row.place));
    EXPECT_THAT(pattern.error().message, HasSubstr(row.cure));
    EXPECT_LT(pattern.error().message.size(), 400U);
}

INSTANTIATE_TEST_SUITE_P(Patterns, RefusedPatternTest, testing::ValuesIn(kRefused), [](const auto& row) {
    return std::to_string(row.index) + "_" + name_of(row.param.pattern).substr(0, 60);
});

TEST(TopicPatternTest, TakesALongestPattern) {
    EXPECT_TRUE(TopicPattern::parse(std::string(65'535, 'a')));
}

struct Matching {
    std::string pattern;
    std::string topic;
    std::vector<std::string> captures;
};

const std::string kUuid = "0123abcd-4567-89EF-0123-456789abcdef";

const Matching kMatching[] = {
    {"a", "a", {}},
    {"a/", "a/", {}},
    {"+", "a", {}},
    {"a/+", "a/", {}},
    {"+/+", "/", {}},
    {"/+", "/finance", {}},
    {"#", "a/b", {}},
    {"sport/#", "sport", {}},
    {"sport/#", "sport/", {}},
    {"sport/+/#", "sport/x", {}},
    {"<a>/#", "sport", {"sport"}},
    {"$SYS/#", "$SYS/x", {}},
    {"$SYS/+", "$SYS/x", {}},
    {"$SYS/<name>", "$SYS/$x", {"$x"}},
    {"n/<int:x>", "n/42", {"42"}},
    {"n/<int:x>", "n/-42", {"-42"}},
    {"n/<int:x>", "n/007", {"007"}},
    {"n/<int:x>", "n/99999999999999999999999999", {"99999999999999999999999999"}},
    {"n/<float:x>", "n/1", {"1"}},
    {"n/<float:x>", "n/-1.50", {"-1.50"}},
    {"n/<float:x>", "n/1e5", {"1e5"}},
    {"n/<float:x>", "n/1.5E-5", {"1.5E-5"}},
    {"n/<float:x>", "n/1e-999", {"1e-999"}},
    {"n/<uuid:x>", "n/" + kUuid, {kUuid}},
    {"n/<x>/<int:y>", "n/a b/1", {"a b", "1"}},
    {"n/<path:x>", "n/a", {"a"}},
    {"n/<path:x>", "n/a/b/", {"a/b/"}},
    {"n/<path:x>", "n//", {"/"}},
    {"<path:x>", "a", {"a"}},
    {"<path:x>", "/a", {"/a"}},
    {"+/<int:x>/#", "q/1", {"1"}},
    {"$share/g/a/<x>", "a/b", {"b"}},
};

class MatchingTopicTest : public testing::TestWithParam<Matching> {};

TEST_P(MatchingTopicTest, MatchesWithTheseCaptures) {
    const Matching& row = GetParam();
    const auto captures = TopicPattern::parse(row.pattern)->match(row.topic);
    ASSERT_TRUE(captures);
    std::vector<std::string> texts;
    for (const TopicCapture& capture : *captures) {
        texts.emplace_back(capture.text);
    }
    EXPECT_EQ(texts, row.captures);
}

INSTANTIATE_TEST_SUITE_P(Topics, MatchingTopicTest, testing::ValuesIn(kMatching), [](const auto& row) {
    return name_of(row.param.pattern) + "_matches_" + name_of(row.param.topic).substr(0, 40);
});

struct NotMatching {
    std::string pattern;
    std::string topic;
};

const NotMatching kNotMatching[] = {
    // v5 and v3.1.1 [MQTT-4.7.3-4].
    {"a", "A"},
    {"\xC3\xA4", "a\xCC\x88"},
    {"a", "/a"},
    {"a", "a/"},
    {"a", "a/b"},
    {"a/b", "a"},
    {"a", ""},
    {"+", ""},
    {"+", "a/b"},
    {"a/+", "a"},
    {"a/+/#", "a"},
    {"#", "$SYS"},
    {"+", "$SYS"},
    {"+/x", "$SYS/x"},
    {"<a>/x", "$SYS/x"},
    {"<path:a>", "$SYS/x"},
    {"n/<x>", "n/"},
    {"n/<x>", "n"},
    {"n/<int:x>", "n/abc"},
    {"n/<int:x>", "n/"},
    {"n/<int:x>", "n/-"},
    {"n/<int:x>", "n/+1"},
    {"n/<int:x>", "n/1.0"},
    {"n/<int:x>", "n/ 1"},
    {"n/<int:x>", "n/0x1"},
    {"n/<int:x>", "n/\xD9\xA1"},
    {"n/<float:x>", "n/inf"},
    {"n/<float:x>", "n/nan"},
    {"n/<float:x>", "n/0x1p3"},
    {"n/<float:x>", "n/1."},
    {"n/<float:x>", "n/.5"},
    {"n/<float:x>", "n/1e"},
    {"n/<float:x>", "n/1e5x"},
    {"n/<float:x>", "n/1e999"},
    {"n/<uuid:x>", "n/0123abcd456789ef0123456789abcdef"},
    {"n/<uuid:x>", "n/0123abcd-4567-89ef-0123-456789abcdeg"},
    {"n/<uuid:x>", "n/0123abcd-4567-89ef-0123-456789abcde"},
    {"n/<uuid:x>", "n/{123abcd-4567-89ef-0123-456789abcdef"},
    {"n/<path:x>", "n"},
    {"n/<path:x>", "n/"},
    {"<a>/<path:x>", "n"},
    {"$share/g/a", "$share/g/a"},
};

class NotMatchingTopicTest : public testing::TestWithParam<NotMatching> {};

// v5 and v3.1.1 [MQTT-4.7.2-1].
TEST_P(NotMatchingTopicTest, DoesNotMatch) {
    EXPECT_FALSE(TopicPattern::parse(GetParam().pattern)->match(GetParam().topic));
}

INSTANTIATE_TEST_SUITE_P(Topics, NotMatchingTopicTest, testing::ValuesIn(kNotMatching), [](const auto& row) {
    return name_of(row.param.pattern) + "_refuses_" + name_of(row.param.topic);
});

TEST(TopicPatternTest, WithInt64AnOverflowIsNotAMatch) {
    const TopicPattern pattern = *TopicPattern::parse("n/<int:x>", IntRange::int64);
    EXPECT_TRUE(pattern.match("n/9223372036854775807"));
    EXPECT_TRUE(pattern.match("n/-9223372036854775808"));
    EXPECT_TRUE(pattern.match("n/0000000000000000000000000000001"));
    EXPECT_FALSE(pattern.match("n/9223372036854775808"));
    EXPECT_FALSE(pattern.match("n/-9223372036854775809"));
}

TEST(TopicPatternTest, AnIntegerHasAtMostTheDigitsThatPythonConverts) {
    const TopicPattern pattern = *TopicPattern::parse("n/<int:x>");
    EXPECT_TRUE(pattern.match("n/-" + std::string(4'300, '9')));
    EXPECT_FALSE(pattern.match("n/" + std::string(4'301, '9')));
    EXPECT_FALSE(pattern.topic_for({{"x", std::string(4'301, '9')}}));
}

TEST(TopicCaptureTest, ConvertsToTheTypeOfItsKind) {
    EXPECT_EQ((TopicCapture{integer, "-7"}.as_int64()), -7);
    EXPECT_EQ((TopicCapture{integer, "9223372036854775808"}.as_int64()), std::nullopt);
    EXPECT_EQ((TopicCapture{floating, "-2.5e2"}.as_double()), -250.0);
    EXPECT_EQ((TopicCapture{floating, "1e-999"}.as_double()), 0.0);
    EXPECT_EQ((TopicCapture{floating, "0e99999999999999999999"}.as_double()), 0.0);
    EXPECT_EQ((TopicCapture{floating, "1e99999999999999999999"}.as_double()), std::nullopt);
    EXPECT_EQ((TopicCapture{floating, "1e-99999999999999999999"}.as_double()), 0.0);
    EXPECT_EQ((TopicCapture{floating, "nan"}.as_double()), std::nullopt);
    EXPECT_EQ((TopicCapture{uuid, kUuid}.as_uuid()->text()), "0123abcd-4567-89ef-0123-456789abcdef");
    EXPECT_EQ((TopicCapture{floating, std::string(400, '9')}.as_double()), std::nullopt);
    EXPECT_EQ((TopicCapture{floating, "0." + std::string(400, '0') + "1"}.as_double()), 0.0);
}

struct Built {
    std::string pattern;
    std::vector<TopicArgument> values;
    std::string topic;
};

const Built kBuilt[] = {
    {"a/b", {}, "a/b"},
    {"n/<int:x>", {{"x", 42}}, "n/42"},
    {"n/<int:x>", {{"x", -42L}}, "n/-42"},
    {"n/<int:x>", {{"x", 18'446'744'073'709'551'615ULL}}, "n/18446744073709551615"},
    {"n/<int:x>", {{"x", "123456789012345678901234567890"}}, "n/123456789012345678901234567890"},
    {"n/<x>/<y>", {{"y", "1"}, {"x", "a b"}}, "n/a b/1"},
    {"n/<x>", {{"x", 1}}, "n/1"},
    {"n/<float:x>", {{"x", 1.5}}, "n/1.5"},
    {"n/<float:x>", {{"x", 3}}, "n/3"},
    {"n/<float:x>", {{"x", 1e20}}, "n/1e20"},
    {"n/<float:x>", {{"x", 1e-20}}, "n/1e-20"},
    {"n/<float:x>", {{"x", "1e+20"}}, "n/1e20"},
    {"n/<uuid:x>", {{"x", *Uuid::parse(kUuid)}}, "n/0123abcd-4567-89ef-0123-456789abcdef"},
    {"n/<uuid:x>", {{"x", kUuid}}, "n/" + kUuid},
    {"n/<path:x>", {{"x", "a/b"}}, "n/a/b"},
    {"$share/g/n/<x>", {{"x", "q"}}, "n/q"},
    {"n/<x>", {{"x", "$q"}}, "n/$q"},
    {"<path:x>", {{"x", "a/$q"}}, "a/$q"},
};

class BuiltTopicTest : public testing::TestWithParam<Built> {};

TEST_P(BuiltTopicTest, IsTheTopicThatMatchesAgain) {
    const Built& row = GetParam();
    const TopicPattern pattern = *TopicPattern::parse(row.pattern);
    const Result<std::string> topic = pattern.topic_for(row.values);
    ASSERT_TRUE(topic) << topic.error().message;
    EXPECT_EQ(*topic, row.topic);
    EXPECT_TRUE(pattern.match(*topic));
}

INSTANTIATE_TEST_SUITE_P(Topics, BuiltTopicTest, testing::ValuesIn(kBuilt), [](const auto& row) {
    return std::to_string(row.index) + "_" + name_of(row.param.topic);
});

struct NotBuilt {
    std::string pattern;
    std::vector<TopicArgument> values;
    std::string message;
    Error error = Error::bad_value;
};

const NotBuilt kNotBuilt[] = {
    {"n/<int:number>", {}, "The value \"number\" of the pattern \"n/<int:number>\" is missing"},
    {"n/<x>", {{"x", "1"}, {"z", "2"}}, "no placeholder \"z\"; its placeholders are x"},
    {"n", {{"x", "1"}}, "it has no placeholders"},
    {"n/<x>", {{"x", "1"}, {"x", "2"}}, "given twice"},
    {"n/<x>", {{"x", ""}}, "is empty"},
    {"n/<path:x>", {{"x", ""}}, "is empty"},
    {"n/<x>", {{"x", "a/b"}}, "has a \"/\", but the placeholder is one level"},
    {"n/<x>", {{"x", "a+"}}, "has a \"+\""},
    {"n/<x>", {{"x", "#"}}, "has a \"#\""},
    {"n/<path:x>", {{"x", "a/#"}}, "has a \"#\""},
    {"n/<x>", {{"x", std::string{"a\0", 2}}}, "U+0000"},
    {"n/<x>", {{"x", "\xFF"}}, "UTF-8"},
    {"n/<int:x>", {{"x", "abc"}}, "does not fit <int:x>; give an optional minus sign and up to 4300 digits"},
    {"n/<int:x>", {{"x", 1.5}}, "does not fit <int:x>"},
    {"n/<float:x>", {{"x", std::numeric_limits<double>::infinity()}}, "does not fit <float:x>"},
    {"n/<float:x>", {{"x", std::numeric_limits<double>::quiet_NaN()}}, "does not fit <float:x>"},
    {"n/<uuid:x>", {{"x", "abc"}}, "does not fit <uuid:x>"},
    {"<x>/n", {{"x", "$SYS"}}, "would begin the topic with \"$\""},
    {"n/<x>", {{"x", std::string(65'534, 'a')}}, "at most 65535"},
    {"n/+", {}, "has no name to give a value to", Error::bad_pattern},
    {"<x>/#", {{"x", "1"}}, "has no name to give a value to", Error::bad_pattern},
};

class NotBuiltTopicTest : public testing::TestWithParam<NotBuilt> {};

TEST_P(NotBuiltTopicTest, IsAnErrorThatSaysWhy) {
    const NotBuilt& row = GetParam();
    const Result<std::string> topic = TopicPattern::parse(row.pattern)->topic_for(row.values);
    ASSERT_FALSE(topic);
    EXPECT_TRUE(topic.error().is(row.error));
    EXPECT_THAT(topic.error().message, HasSubstr(row.message));
}

INSTANTIATE_TEST_SUITE_P(Topics, NotBuiltTopicTest, testing::ValuesIn(kNotBuilt), [](const auto& row) {
    return std::to_string(row.index) + "_" + name_of(row.param.pattern);
});

TEST(TopicPatternTest, BuildsFromAnInitializerList) {
    EXPECT_EQ(*TopicPattern::parse("n/<int:number>")->topic_for({{"number", 42}}), "n/42");
    EXPECT_EQ(*TopicPattern::parse("<a>/<b>")->topic_for({{"a", "b"}, {"b", "c"}}), "b/c");
    EXPECT_EQ(*TopicPattern::parse("<a>")->topic_for({{"a", "b"}}), "b");
    EXPECT_EQ(*TopicPattern::parse("n")->topic_for({}), "n");
}

// v5 [MQTT-4.7.0-1]; v3.1.1 [MQTT-4.7.1-1].
TEST(CheckTopicTest, TakesTopicsAndRefusesFiltersWithAReason) {
    EXPECT_TRUE(check_topic("a/b"));
    EXPECT_TRUE(check_topic("$CONTROL/x"));
    EXPECT_THAT(check_topic("a/+").error().message, HasSubstr("wildcard \"+\" at byte 2"));
    EXPECT_THAT(check_topic("a/#").error().message, HasSubstr("wildcard \"#\""));
    EXPECT_THAT(check_topic("").error().message, HasSubstr("empty"));
    EXPECT_TRUE(check_topic(std::string{"\0", 1}).error().is(Error::bad_topic));
}

}  // namespace
}  // namespace multimqtt
