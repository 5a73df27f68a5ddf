// Replays what the fuzzers start from, so that every test run holds their properties against the corpora.
#include "support/corpus.hpp"

#include "bytes.hpp"
#include "decode_property.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace multimqtt::wire {
namespace {

TEST(DecodeCorpusTest, HoldsTheFuzzersProperty) {
    std::size_t packets = 0;
    const std::size_t files = test::replay(MULTIMQTT_CORPUS "/decode", [&packets](fuzz::Input input) {
        if (!input.empty()) {
            packets += fuzz::decode_all(input.subspan(1), fuzz::options_of(input.front())).packets;
        }
        return fuzz::check_decode(input);
    });
    EXPECT_GE(files, 24U);
    EXPECT_GE(packets, 24U);
}

TEST(DecodeCorpusTest, HasPacketsOfBothVersionsFromBothSides) {
    std::array<std::size_t, 4> packets{};
    (void)test::replay(MULTIMQTT_CORPUS "/decode", [&packets](fuzz::Input input) {
        if (!input.empty()) {
            packets[static_cast<std::size_t>(input.front()) % 4] +=
                fuzz::decode_all(input.subspan(1), fuzz::options_of(input.front())).packets;
        }
        return std::string{};
    });
    EXPECT_THAT(packets, testing::Each(testing::Ge(5U)));
}

}  // namespace
}  // namespace multimqtt::wire
