// Replays what the fuzzer starts from, so that every test run holds its property against the corpus.
#include "bytes.hpp"
#include "decode_property.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace multimqtt::wire {
namespace {

TEST(DecodeCorpusTest, HoldsTheFuzzersProperty) {
    std::size_t files = 0;
    std::size_t packets = 0;
    for (const auto& entry : std::filesystem::directory_iterator{MULTIMQTT_DECODE_CORPUS}) {
        std::ifstream file{entry.path(), std::ios::binary};
        const std::string content{std::istreambuf_iterator<char>{file}, {}};
        ASSERT_FALSE(content.empty()) << entry.path();
        const auto input = as_bytes(content);
        const auto outcome = fuzz::decode_all(input.subspan(1), fuzz::options_of(input.front()));
        EXPECT_EQ(outcome.broken, "") << entry.path();
        packets += outcome.packets;
        ++files;
    }
    EXPECT_GE(files, 24U);
    EXPECT_GE(packets, 24U);
}

}  // namespace
}  // namespace multimqtt::wire
