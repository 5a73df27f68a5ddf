// Topic names and text, with the sentences for what is refused.
#include "wire/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace multimqtt::wire {
namespace {

using std::string_literals::operator""s;

struct Row {
    const char* name;
    std::string text;
    const char* words;  // Nothing for what is accepted.
};

std::ostream& operator<<(std::ostream& stream, const Row& row) {
    return stream << row.name;
}
std::string name_of(const testing::TestParamInfo<Row>& info) {
    return info.param.name;
}

void expect(const Result<void>& result, const Row& row, Error error) {
    EXPECT_EQ(result.has_value(), row.words == nullptr) << row.text;
    if (!result && row.words != nullptr) {
        EXPECT_TRUE(result.error().is(error));
        EXPECT_THAT(result.error().message, testing::HasSubstr(row.words));
    }
}

class TopicNameTest : public testing::TestWithParam<Row> {};

// v5 [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.0-1]; v3.1.1 [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.1-1];
// v5 and v3.1.1 [MQTT-4.7.3-1] to [MQTT-4.7.3-3].
TEST_P(TopicNameTest, IsAcceptedOrRefusedWithAReason) {
    expect(validate_topic_name(GetParam().text), GetParam(), Error::bad_topic);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TopicNameTest,
    testing::Values(
        Row{"one_character", "a", nullptr}, Row{"slash", "/", nullptr}, Row{"empty_levels", "a//b/", nullptr},
        Row{"space", " ", nullptr}, Row{"dollar", "$SYS/x", nullptr},
        Row{"umlaut",
            "gr\xC3\xBC\xC3\x9F"
            "e",
            nullptr},
        Row{"emoji", "\xF0\x9F\x8C\x8D", nullptr}, Row{"last_scalar", "\xF4\x8F\xBF\xBF", nullptr},
        Row{"longest", std::string(65'535, 'x'), nullptr},
        Row{"byte_order_mark",
            "\xEF\xBB\xBF"
            "a",
            nullptr},
        Row{"neighbours_of_wildcards", "\"$*,;/{}", nullptr}, Row{"empty", "", "is empty"},
        Row{"too_long", std::string(65'536, 'x'), "65536 bytes"},
        Row{"plus", "a/+", "contains the wildcard \"+\" (at byte 2)"},
        Row{"hash", "a/b/c/d/e/#", "contains the wildcard \"#\" (at byte 10)"},
        Row{"nul", "a\0b"s, "U+0000 (at byte 1)"}, Row{"nul_late", "abcdefghijkl\0"s, "U+0000 (at byte 12)"},
        Row{"not_utf8", "abc\xFF", "not well-formed UTF-8 (at byte 3)"},
        Row{"surrogate", "\xED\xA0\x80", "not well-formed UTF-8 (at byte 0)"}),
    name_of);

TEST(TextTest, MayBeEmptyAndHoldWildcards) {
    EXPECT_TRUE(validate_utf8(""));
    EXPECT_TRUE(validate_utf8("+#"));
    EXPECT_FALSE(validate_utf8(std::string(65'536, 'x')));
    EXPECT_FALSE(validate_utf8("\xC0\x80"));
}

// Each scalar value is good in any position of a word; each surrogate is not.
// v5 [MQTT-1.5.4-1]; v3.1.1 [MQTT-1.5.3-1].
TEST(TextTest, IsWellFormedForExactlyTheScalarValues) {
    for (std::uint32_t point = 1; point <= 0x11'0000;
         point += point < 0xE0 || (point > 0xD700 && point < 0xE010) ? 1 : 7) {
        std::string text(point % 9, 'x');
        const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
        if (point < 0x80) {
            put(point);
        } else if (point < 0x800) {
            put(0xC0 | point >> 6);
        } else if (point < 0x1'0000) {
            put(0xE0 | point >> 12);
            put(0x80 | (point >> 6 & 0x3F));
        } else {
            put(0xF0 | point >> 18);
            put(0x80 | (point >> 12 & 0x3F));
            put(0x80 | (point >> 6 & 0x3F));
        }
        if (point >= 0x80) {
            put(0x80 | (point & 0x3F));
        }
        const bool scalar = point < 0x11'0000 && (point < 0xD800 || point > 0xDFFF);
        ASSERT_EQ(validate_utf8(text).has_value(), scalar) << std::hex << point;
        ASSERT_EQ(validate_utf8(text + "tail of text").has_value(), scalar) << std::hex << point;
    }
}

}  // namespace
}  // namespace multimqtt::wire
