#include "multimqtt/payload.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace multimqtt {
namespace {

std::string text_of(const Payload& payload) {
    return {reinterpret_cast<const char*>(payload.bytes().data()), payload.bytes().size()};
}

TEST(PayloadTest, TakesTextAsItIs) {
    EXPECT_EQ(text_of("text"), "text");
    EXPECT_EQ(text_of(std::string{"a string"}), "a string");
    EXPECT_EQ(text_of(std::string_view{"view\0of", 7}), std::string("view\0of", 7));
}

TEST(PayloadTest, WritesNumbersInTheirShortestForm) {
    EXPECT_EQ(text_of(21.5), "21.5");
    EXPECT_EQ(text_of(0.1f), "0.1");
    EXPECT_EQ(text_of(-7), "-7");
    EXPECT_EQ(text_of(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
    EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(text_of(true), "true");
}

TEST(PayloadTest, TurnsListsIntoJson) {
    EXPECT_EQ(text_of({{"hello", "world"}}), R"({"hello":"world"})");
    EXPECT_EQ(text_of({{"a", 1}, {"b", {1, 2, nullptr}}}), R"({"a":1,"b":[1,2,null]})");
    EXPECT_EQ(text_of(boost::json::value{1, 2}), "[1,2]");
    EXPECT_EQ(text_of(boost::json::object{{"a", 1}}), R"({"a":1})");
    EXPECT_EQ(text_of(boost::json::array{1, "b"}), R"([1,"b"])");
}

TEST(PayloadTest, IsEmptyWithoutAValue) {
    EXPECT_EQ(text_of({}), "");
    EXPECT_EQ(text_of(nullptr), "");
}

TEST(PayloadTest, KeepsAnOwner) {
    const auto owner = std::make_shared<const std::string>("shared");
    const Payload payload = Payload::shared(owner, std::as_bytes(std::span{*owner}));
    EXPECT_EQ(owner.use_count(), 2);
    EXPECT_EQ(text_of(payload), "shared");
}

}  // namespace
}  // namespace multimqtt
