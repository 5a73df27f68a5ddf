// Replays what the fuzzers of sessions start from, and random instructions beside it.
#include "support/corpus.hpp"

#include "options_property.hpp"
#include "session_property.hpp"
#include "stream_property.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

TEST(SessionCorpusTest, HoldsTheFuzzersProperty) {
    std::map<Event::Kind, unsigned> events;
    const std::size_t files = test::replay(MULTIMQTT_CORPUS "/session", [&events](fuzz::Input input) {
        const fuzz::SessionRun run{input};
        for (const auto& [kind, count] : run.events()) {
            events[kind] += count;
        }
        return run.broken();
    });
    EXPECT_GE(files, 50U);
    for (const auto kind : {Event::Kind::connected, Event::Kind::connect_failed, Event::Kind::disconnected,
                            Event::Kind::message, Event::Kind::published, Event::Kind::publish_failed,
                            Event::Kind::subscribed, Event::Kind::subscribe_failed, Event::Kind::unsubscribed,
                            Event::Kind::warning, Event::Kind::closed}) {
        EXPECT_GE(events[kind], 2U) << "the corpus goes everywhere: " << support::to_string(kind);
    }
}

TEST(SessionCorpusTest, RandomInstructionsHoldTheFuzzersProperty) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        support::SeededRandom random{seed};
        std::vector<std::byte> input(random.below(600));
        for (std::byte& byte : input) {
            byte = static_cast<std::byte>(random.below(256));
        }
        ASSERT_EQ(fuzz::check_session(input), "") << "seed " << seed;
    }
}

TEST(StreamCorpusTest, HoldsTheFuzzersProperty) {
    EXPECT_GE(test::replay(MULTIMQTT_CORPUS "/stream", &fuzz::check_stream), 10U);
}

TEST(StreamCorpusTest, TheCorpusOfTheDecoderHoldsItToo) {
    EXPECT_GE(test::replay(MULTIMQTT_CORPUS "/decode", &fuzz::check_stream), 24U);
}

TEST(OptionsCorpusTest, HoldsTheFuzzersProperty) {
    EXPECT_GE(test::replay(MULTIMQTT_CORPUS "/options", &fuzz::check_options), 5U);
}

}  // namespace
}  // namespace multimqtt::session
