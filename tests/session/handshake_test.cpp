// Which version is spoken next and when a session begins anew: every step, allowed or not.
#include "session/handshake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::session {
namespace {

using enum ProtocolVersion;

// One step is one letter:  s: `settle`   o: `start_over`   r: refused for its version   g: not answered.
// What the broker does not understand is only told while the choice is open.
VersionChoice after_steps(VersionPolicy policy, std::string_view steps) {
    VersionChoice choice{policy};
    for (const char step : steps) {
        if (step == 's') {
            choice.settle();
        } else if (step == 'o') {
            choice.start_over();
        } else if (choice.open()) {
            static_cast<void>(choice.not_understood(step == 'r' ? VersionChoice::Evidence::stated
                                                                : VersionChoice::Evidence::guessed));
        }
    }
    return choice;
}

// A model of the promise, written without a look at the code: what a history of steps amounts to.
struct Promise {
    ProtocolVersion version = v5;
    bool settled = false;
    bool refused = false;  // The broker has said that it knows no 5.0, and has not refused 3.1.1 since.

    void take(char step) {
        if (settled && step != 'o') {
            return;
        }
        if (step == 's') {
            // 5.0 that works is good for ever; 3.1.1 only when the broker asked for it.
            settled = version == v5 || refused;
        } else if (step == 'o') {
            version = settled || refused ? version : v5;
        } else {
            refused = version == v5 && step == 'r';
            version = version == v5 ? v3_1_1 : v5;
        }
    }
};

TEST(VersionChoiceTest, KeepsItsPromiseAfterEveryHistoryOfSixSteps) {
    constexpr std::string_view kSteps = "sorg";
    std::size_t histories = 0;
    for (std::size_t length = 0, count = 1; length <= 6; ++length, count *= kSteps.size()) {
        for (std::size_t number = 0; number < count; ++number, ++histories) {
            std::string steps;
            Promise promise;
            for (std::size_t rest = number; steps.size() < length; rest /= kSteps.size()) {
                steps.push_back(kSteps[rest % kSteps.size()]);
                promise.take(steps.back());
            }
            const VersionChoice choice = after_steps(VersionPolicy::automatic, steps);
            EXPECT_EQ(choice.version(), promise.version) << steps;
            EXPECT_EQ(choice.open(), !promise.settled) << steps;
        }
    }
    EXPECT_EQ(histories, 5461U);
}

TEST(VersionChoiceTest, ThatTheUserMadeIsNeverLeft) {
    for (const auto& [policy, version] :
         {std::pair{VersionPolicy::v3_1, v3_1}, std::pair{VersionPolicy::v3_1_1, v3_1_1},
          std::pair{VersionPolicy::v5, v5}}) {
        for (const char* steps : {"", "s", "o", "r", "g", "so", "rs", "gorgs"}) {
            const VersionChoice choice = after_steps(policy, steps);
            EXPECT_EQ(choice.version(), version) << steps;
            EXPECT_FALSE(choice.open()) << steps;
        }
    }
}

// v5 [MQTT-3.1.2-4] and section 3.1.2.4; v3.1.1 [MQTT-3.1.2-6]. The rows are all there can be.
TEST(CleanStartTableTest, IsAskedForExactlyWhenNoSessionIsToBeTakenUp) {
    std::size_t rows = 0;
    std::size_t clean = 0;
    for (const ProtocolVersion version : {v3_1, v3_1_1, v5}) {
        for (unsigned bits = 0; bits < 16; ++bits, ++rows) {
            Options options;
            options.clean_start = (bits & 1) != 0;
            options.session_expiry = std::chrono::seconds{(bits & 2) != 0 ? 60 : 0};
            const bool connected_before = (bits & 4) != 0;
            const bool holds_session = (bits & 8) != 0;
            bool expected = options.clean_start;
            if (version != v5) {
                expected = expected && options.session_expiry.count() == 0;
            } else if (connected_before) {
                expected = !holds_session;
            }
            EXPECT_EQ(clean_start(options, version, connected_before, holds_session), expected)
                << to_string(version) << " " << bits;
            clean += expected ? 1 : 0;
        }
    }
    EXPECT_EQ(rows, 48U);
    EXPECT_EQ(clean, 4U + 4U + 8U);
}

}  // namespace
}  // namespace multimqtt::session
