// Replays what the fuzzer of whole sessions starts from, and random instructions beside it.
#include "session_property.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

TEST(SessionCorpusTest, HoldsTheFuzzersProperty) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{MULTIMQTT_SESSION_CORPUS}) {
        std::ifstream file{entry.path(), std::ios::binary};
        const std::string content{std::istreambuf_iterator<char>{file}, {}};
        const fuzz::SessionRun run{std::as_bytes(std::span{content})};
        EXPECT_EQ(run.broken(), "") << entry.path();
        ++files;
    }
    EXPECT_GE(files, 8U);
}

TEST(SessionCorpusTest, RandomInstructionsHoldTheFuzzersProperty) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        support::SeededRandom random{seed};
        std::vector<std::byte> input(random.below(600));
        for (std::byte& byte : input) {
            byte = static_cast<std::byte>(random.below(256));
        }
        const fuzz::SessionRun run{input};
        ASSERT_EQ(run.broken(), "") << "seed " << seed;
    }
}

}  // namespace
}  // namespace multimqtt::session
