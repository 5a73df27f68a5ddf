// Replays what the fuzzer of broker addresses starts from.
#include "support/corpus.hpp"

#include "address_property.hpp"

#include <gtest/gtest.h>

namespace multimqtt {
namespace {

TEST(AddressCorpusTest, HoldsTheFuzzersProperty) {
    EXPECT_GE(test::replay(MULTIMQTT_CORPUS "/address", &fuzz::check_address), 5U);
}

}  // namespace
}  // namespace multimqtt
