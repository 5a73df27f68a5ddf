#include "dynsec/exchange.hpp"

#include "multimqtt/dynsec_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace multimqtt::dynsec {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

class ExchangeTest : public testing::Test {
protected:
    [[nodiscard]] auto outcome(Exchange::Number request) {
        return exchange_.wait(request, steady_clock::now());
    }

    void answer(const std::string& correlation, const std::string& command = "listRoles") {
        exchange_.receive(R"({"responses":[{"command":")" + command + R"(","correlationData":")" +
                          correlation + R"("}]})");
    }

    Exchange exchange_{"me"};
};

TEST_F(ExchangeTest, ARequestIsDoneWhenAllItsCommandsAreAnswered) {
    const auto request = exchange_.begin(2);
    EXPECT_EQ(exchange_.id_of(request), "me-1");
    answer("me-1-1", "second");
    EXPECT_FALSE(outcome(request));
    answer("me-1-0", "first");
    const auto answers = outcome(request);
    ASSERT_TRUE(answers && answers->has_value());
    EXPECT_EQ((**answers)[0].at("command"), "first");
    EXPECT_EQ((**answers)[1].at("command"), "second");
}

struct Row {
    const char* name;
    const char* payload;
};

constexpr Row kForeign[] = {
    {"OfAnotherInstance", R"({"responses":[{"command":"listRoles","correlationData":"you-1-0"}]})"},
    {"OfALongerName", R"({"responses":[{"command":"listRoles","correlationData":"memo-1-0"}]})"},
    {"WithoutCorrelationData", R"({"responses":[{"command":"listRoles"}],"said":"me-1-0"})"},
    {"OfAnotherRequest", R"({"responses":[{"command":"listRoles","correlationData":"me-2-0"}]})"},
    {"OfACommandThatWasNotAsked", R"({"responses":[{"command":"listRoles","correlationData":"me-1-1"}]})"},
    {"WithoutAnIndex", R"({"responses":[{"command":"listRoles","correlationData":"me-1"}]})"},
    {"OfTheInstanceAlone", R"({"responses":[{"command":"listRoles","correlationData":"me"}]})"},
    {"OfAHugeNumber", R"({"responses":[{"correlationData":"me-99999999999999999999999-0"}]})"},
    {"ThatIsNoJson", "me-1-0"},
    {"ThatIsNoObject", R"(["me-1-0"])"},
    {"WithoutAList", R"({"responses":"me-1-0"})"},
    {"WithoutObjects", R"({"responses":["me-1-0",5]})"},
    {"OfAnEmptyBatch", R"({"responses":[]})"},
    {"ThatIsEmpty", ""},
};

class ForeignAnswerTest : public testing::TestWithParam<Row> {};

TEST_P(ForeignAnswerTest, IsNotTakenForOurs) {
    Exchange exchange{"me"};
    const auto request = exchange.begin(1);
    exchange.receive(GetParam().payload);
    EXPECT_FALSE(exchange.wait(request, steady_clock::now()));
}

INSTANTIATE_TEST_SUITE_P(Answers, ForeignAnswerTest, testing::ValuesIn(kForeign),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_F(ExchangeTest, AnAnswerThatComesTwiceCountsOnce) {
    const auto request = exchange_.begin(2);
    answer("me-1-0");
    answer("me-1-0");
    EXPECT_FALSE(outcome(request));
}

TEST_F(ExchangeTest, AnAnswerThatComesAfterTheEndIsIgnored) {
    exchange_.end(exchange_.begin(1));
    answer("me-1-0");
    const auto request = exchange_.begin(1);
    EXPECT_FALSE(outcome(request));
}

TEST_F(ExchangeTest, ALostConnectionEndsWhatIsNotAnsweredYet) {
    const auto answered = exchange_.begin(1);
    const auto open = exchange_.begin(1);
    answer("me-1-0");
    Failure lost{Error::connection_lost, "kicked"};
    lost.reason = 0x98;
    exchange_.interrupt(lost);
    EXPECT_TRUE(outcome(answered)->has_value());
    const auto failed = outcome(open);
    ASSERT_TRUE(failed && failed->has_error());
    EXPECT_EQ(failed->error().code, make_error_code(DynsecError::interrupted));
    EXPECT_EQ(failed->error().reason, 0x98);
    EXPECT_THAT(failed->error().message, HasSubstr("kicked"));
    const auto later = exchange_.begin(1);
    EXPECT_FALSE(outcome(later));
}

TEST_F(ExchangeTest, ABrokerWithoutThePluginIsRecognized) {
    const auto request = exchange_.begin(1);
    exchange_.receive(R"({"error":"endpoint not available"})");
    const auto failed = outcome(request);
    ASSERT_TRUE(failed && failed->has_error());
    EXPECT_EQ(failed->error().code, make_error_code(DynsecError::endpoint_unavailable));
}

TEST_F(ExchangeTest, AWaitingThreadIsWokenByTheAnswer) {
    const auto request = exchange_.begin(1);
    std::thread answering{[&] { answer("me-1-0"); }};
    const auto answers = exchange_.wait(request, steady_clock::now() + std::chrono::minutes{1});
    answering.join();
    EXPECT_TRUE(answers && answers->has_value());
}

}  // namespace
}  // namespace multimqtt::dynsec
