// Replays what the fuzzer of patterns starts from.
#include "support/corpus.hpp"

#include "pattern_property.hpp"

#include <gtest/gtest.h>

namespace multimqtt::routing {
namespace {

TEST(PatternCorpusTest, HoldsTheFuzzersProperty) {
    EXPECT_GE(test::replay(MULTIMQTT_CORPUS "/pattern", &fuzz::check_pattern), 5U);
}

}  // namespace
}  // namespace multimqtt::routing
