#include "session/packet_ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace multimqtt::session {
namespace {

// v5 [MQTT-2.2.1-3]; v3.1.1 [MQTT-2.3.1-1].
TEST(PacketIdsTest, GivesEveryIdentifierOnceAndNeverZero) {
    PacketIds ids;
    std::set<std::uint16_t> given;
    for (int i = 0; i < 65'535; ++i) {
        const std::uint16_t id = ids.acquire();
        ASSERT_NE(id, 0);
        ASSERT_TRUE(given.insert(id).second) << id;
    }
    EXPECT_EQ(ids.acquire(), 0) << "all are in use: wait";
    ids.release(40'000);
    EXPECT_EQ(ids.acquire(), 40'000);
}

TEST(PacketIdsTest, SkipsIdentifiersStillInUseWhenItComesRound) {
    PacketIds ids{7};
    EXPECT_EQ(ids.acquire(), 1);
    EXPECT_EQ(ids.acquire(), 2);
    EXPECT_EQ(ids.acquire(), 3);
    ids.release(1);
    ids.release(3);
    for (const int expected : {4, 5, 6, 7, 1, 3, 0}) {
        EXPECT_EQ(ids.acquire(), expected);
    }
    EXPECT_EQ(ids.count(), 7u);
}

TEST(PacketIdsTest, IgnoresTheReleaseOfWhatIsNotInUse) {
    PacketIds ids;
    ids.release(0);
    ids.release(5);
    EXPECT_EQ(ids.count(), 0u);
    EXPECT_FALSE(ids.in_use(5));
}

}  // namespace
}  // namespace multimqtt::session
