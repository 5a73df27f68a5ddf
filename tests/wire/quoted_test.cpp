// Text from outside inside messages.
#include "wire/quoted.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::wire {
namespace {

struct Row {
    const char* name;
    std::string_view text;
    const char* expected;
};

class QuotedTest : public testing::TestWithParam<Row> {};

TEST_P(QuotedTest, IsWholeCharactersOnOneLine) {
    EXPECT_EQ(quoted(GetParam().text, 8), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Rows, QuotedTest,
                         testing::Values(Row{"empty", "", "\"\""}, Row{"plain", "a/b", "\"a/b\""},
                                         Row{"as_long_as_allowed", "12345678", "\"12345678\""},
                                         Row{"one_byte_longer", "123456789", "\"12345678...\""},
                                         Row{"control_characters", "a\n\x1B\x7F", "\"a???\""},
                                         Row{"character_at_the_limit", "123456\xC3\xA4",
                                             "\"123456\xC3\xA4\""},
                                         Row{"character_over_the_limit", "1234567\xC3\xA4", "\"1234567...\""},
                                         Row{"not_utf8", "\xFF\xC3 \xE2\x82", "\"?? ??\""}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace multimqtt::wire
