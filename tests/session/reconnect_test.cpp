// How long the client waits before it tries again, and what makes it wait longest.
#include "session/reconnect.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace multimqtt::session {
namespace {

using namespace support;

TEST(BackoffTest, GrowsToItsMaximumWithFullJitterAndStartsAnewAfterALongConnection) {
    SeededRandom random;
    Backoff backoff{500ms, 8s, random};
    TimePoint ceiling = 500ms;
    for (int i = 0; i < 10; ++i) {
        EXPECT_LE(backoff.next(RetryPolicy::back_off, 1), ceiling);
        ceiling = std::min<TimePoint>(ceiling * 2, 8s);
    }
    TimePoint largest{0};
    for (int i = 0; i < 100; ++i) {
        largest = std::max(largest, backoff.next(RetryPolicy::back_off, 1));
    }
    EXPECT_GT(largest, TimePoint{6s});
    backoff.connection_ended(1s);
    EXPECT_GE(backoff.next(RetryPolicy::permanent, 1), TimePoint{8s});
    backoff.connection_ended(8s);
    EXPECT_LE(backoff.next(RetryPolicy::back_off, 1), TimePoint{500ms});
}

// Of what a CONNACK or a DISCONNECT may say, this will not pass by itself. MQTT 5.0, sections 3.2.2.2
// and 3.14.2.1.
constexpr std::array kPermanent = {
    0x84,  // Unsupported protocol version.
    0x85,  // Client identifier not valid.
    0x86,  // Bad user name or password.
    0x87,  // Not authorized.
    0x8A,  // Banned.
    0x8C,  // Bad authentication method.
    0x90,  // Topic name invalid: that of the will.
    0x9A,  // Retain not supported: by the will.
    0x9B,  // QoS not supported: that of the will.
    0x9D,  // Server moved.
};

constexpr int kSessionTakenOver = 0x8E;  // Coming back would take it over in turn.

RetryPolicy expected_policy(int code) {
    if (code == kSessionTakenOver) {
        return RetryPolicy::give_way;
    }
    const bool permanent = std::ranges::find(kPermanent, code) != kPermanent.end();
    return permanent ? RetryPolicy::permanent : RetryPolicy::back_off;
}

TEST(RetryPolicyTest, IsPermanentForThoseReasonCodesAndNoOther) {
    for (int code = 0; code < 256; ++code) {
        EXPECT_EQ(retry_policy(static_cast<ReasonCode>(code)), expected_policy(code)) << code;
    }
}

}  // namespace
}  // namespace multimqtt::session
