// When reading pauses, and when it goes on all the same, in virtual time.
#include "client/intake.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace multimqtt::client {
namespace {

using namespace std::chrono_literals;
using Mode = Intake::Mode;
using Situation = Intake::Situation;

constexpr Situation kEmpty{.ample = true};
constexpr Situation kNearlyFull{};
constexpr Situation kFull{.full = true};

Situation owed(std::uint64_t progress = 0) {
    return {.full = true, .answers_owed = true, .progress = progress};
}

TEST(IntakeTest, ReadsWhileThereIsRoomAndPausesWhenThereIsNone) {
    Intake intake;
    EXPECT_EQ(intake.decide(kEmpty, 0s), Mode::open);
    EXPECT_EQ(intake.decide(kNearlyFull, 1s), Mode::open);
    EXPECT_EQ(intake.decide(kFull, 2s), Mode::paused);
    EXPECT_EQ(intake.decide(kNearlyFull, 3s), Mode::open);
}

TEST(IntakeTest, PausesForAsLongAsItTakesWhenNothingIsOwed) {
    Intake intake;
    EXPECT_EQ(intake.decide(kFull, 0s), Mode::paused);
    EXPECT_FALSE(intake.deadline());
    EXPECT_EQ(intake.decide(kFull, 1h), Mode::paused);
}

TEST(IntakeTest, ReadsOnWhenNoHandlerBeginsWhileAnAnswerIsOwed) {
    Intake intake;
    EXPECT_EQ(intake.decide(owed(), 1s), Mode::paused);
    EXPECT_EQ(intake.deadline(), 1s + Intake::kStall);
    EXPECT_EQ(intake.decide(owed(), 1s + Intake::kStall - 1ns), Mode::paused);
    EXPECT_EQ(intake.decide(owed(), 1s + Intake::kStall), Mode::shedding);
    EXPECT_FALSE(intake.deadline());
}

TEST(IntakeTest, AHandlerThatBeginsStartsTheWaitAnew) {
    Intake intake;
    EXPECT_EQ(intake.decide(owed(1), 0s), Mode::paused);
    EXPECT_EQ(intake.decide(owed(2), Intake::kStall), Mode::paused);
    EXPECT_EQ(intake.deadline(), 2 * Intake::kStall);
    EXPECT_EQ(intake.decide(owed(2), 2 * Intake::kStall), Mode::shedding);
}

TEST(IntakeTest, TheWaitBeginsWhenAnAnswerIsOwed) {
    Intake intake;
    EXPECT_EQ(intake.decide(kFull, 0s), Mode::paused);
    EXPECT_EQ(intake.decide(owed(), 1h), Mode::paused);
    EXPECT_EQ(intake.decide(kFull, 1h + Intake::kStall), Mode::paused) << "it has come";
    EXPECT_FALSE(intake.deadline());
}

TEST(IntakeTest, ShedsUntilAQuarterIsFree) {
    Intake intake;
    (void)intake.decide(owed(), 0s);
    ASSERT_EQ(intake.decide(owed(), Intake::kStall), Mode::shedding);
    EXPECT_EQ(intake.decide(kFull, 2s), Mode::shedding) << "also once the answer has come";
    EXPECT_EQ(intake.decide(kNearlyFull, 3s), Mode::shedding);
    EXPECT_EQ(intake.decide(kEmpty, 4s), Mode::open);
    EXPECT_EQ(intake.decide(owed(), 5s), Mode::paused) << "and from there as before";
}

TEST(IntakeTest, StopsSheddingWhenTheInboxHoldsTwiceItsBytes) {
    Situation brimming = owed();
    brimming.brimming = true;
    Intake intake;
    (void)intake.decide(owed(), 0s);
    ASSERT_EQ(intake.decide(owed(), Intake::kStall), Mode::shedding);
    EXPECT_EQ(intake.decide(brimming, 1s), Mode::paused);
    EXPECT_EQ(intake.decide(brimming, 1h), Mode::paused) << "for as long as nobody makes room";
    EXPECT_FALSE(intake.deadline());
    EXPECT_EQ(intake.decide(owed(), 2h), Mode::paused);
    EXPECT_EQ(intake.decide(owed(), 2h + Intake::kStall), Mode::shedding);
}

}  // namespace
}  // namespace multimqtt::client
