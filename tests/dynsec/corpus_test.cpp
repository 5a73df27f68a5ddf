// Replays what the fuzzer of the plugin's answers starts from.
#include "support/corpus.hpp"

#include "answer_property.hpp"

#include <gtest/gtest.h>

namespace multimqtt::dynsec {
namespace {

TEST(AnswerCorpusTest, HoldsTheFuzzersProperty) {
    EXPECT_GE(test::replay(MULTIMQTT_CORPUS "/answer", &fuzz::check_answer), 5U);
}

}  // namespace
}  // namespace multimqtt::dynsec
