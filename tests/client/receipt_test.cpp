// Receipts: waiting, watching, copying.
#include "multimqtt/receipt.hpp"

#include "client/receipt_state.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace multimqtt::client {
namespace {

using namespace std::chrono_literals;

class ReceiptTest : public testing::Test {
protected:
    ReceiptTest() { state_->add_reference(); }
    ~ReceiptTest() override { state_->release(); }

    ReceiptState* state_ = new ReceiptState{1};
    Receipt receipt_{state_};
};

TEST_F(ReceiptTest, IsNotDoneBeforeItEnds) {
    EXPECT_FALSE(receipt_.done());
    EXPECT_EQ(receipt_.outcome(), std::nullopt);
    EXPECT_EQ(receipt_.reason(), ReasonCode::success);
    const auto waited = receipt_.wait(0ms);
    ASSERT_FALSE(waited);
    EXPECT_TRUE(waited.error().is(Error::timed_out));
    EXPECT_FALSE(receipt_.wait(1ms));
}

TEST_F(ReceiptTest, KeepsTheReasonOfAGoodEnd) {
    EXPECT_FALSE(state_->finish(ReasonCode::no_matching_subscribers));
    EXPECT_TRUE(receipt_.wait());
    EXPECT_EQ(receipt_.reason(), ReasonCode::no_matching_subscribers);
}

TEST_F(ReceiptTest, KeepsTheFailureOfABadEnd) {
    EXPECT_FALSE(state_->finish(Failure{Error::refused, "no", 0x87}));
    const auto outcome = receipt_.wait();
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().is(Error::refused));
    EXPECT_EQ(outcome.error().message, "no");
    EXPECT_EQ(outcome.error().reason, 0x87);
}

TEST_F(ReceiptTest, WakesEveryThreadThatWaits) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([copy = receipt_] { EXPECT_TRUE(copy.wait()); });
    }
    EXPECT_FALSE(state_->finish(ReasonCode::success));
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST_F(ReceiptTest, AWatchBeforeTheEndIsToldAndOneAfterItIsNot) {
    EXPECT_TRUE(receipt_.watch());
    EXPECT_TRUE(state_->finish(ReasonCode::success));
    EXPECT_FALSE(receipt_.watch());
}

TEST_F(ReceiptTest, CopiesShareOneOutcomeAndOutliveEachOther) {
    Receipt copy = receipt_;
    const Receipt moved = std::move(receipt_);
    receipt_ = copy;
    copy = Receipt{};
    EXPECT_FALSE(state_->finish(ReasonCode::success));
    EXPECT_TRUE(moved.done());
    EXPECT_TRUE(receipt_.done());
}

TEST(EmptyReceiptTest, IsDoneAndGood) {
    const Receipt receipt;
    EXPECT_TRUE(receipt.done());
    EXPECT_TRUE(receipt.wait());
    EXPECT_FALSE(receipt.watch());
}

TEST(FailedReceiptTest, IsDoneAtOnce) {
    const Receipt receipt{Failure{Error::bad_topic, "wrong"}};
    EXPECT_TRUE(receipt.done());
    EXPECT_TRUE(receipt.wait().error().is(Error::bad_topic));
}

TEST_F(ReceiptTest, AForkedChildLearnsThatItIsTheParents) {
    const pid_t child = fork();
    if (child == 0) {
        const auto waited = receipt_.wait();
        _exit(!waited && waited.error().is(Error::inherited) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace multimqtt::client
