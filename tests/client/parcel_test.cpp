#include "client/parcel.hpp"

#include "client/parcel_pool.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::client {
namespace {

TEST(ParcelTest, WhatIsKeptStaysWhereItIsWhileMoreComes) {
    Parcel parcel;
    std::vector<std::string_view> kept;
    for (std::size_t size = 1; size < 3'000; size += 7) {
        kept.push_back(parcel.keep(std::string(size, static_cast<char>('a' + size % 26))));
    }
    for (std::size_t index = 0; index < kept.size(); ++index) {
        const std::size_t size = 1 + 7 * index;
        EXPECT_EQ(kept[index], std::string(size, static_cast<char>('a' + size % 26)));
    }
}

TEST(ParcelTest, CapturesAreAlignedBehindText) {
    Parcel parcel;
    (void)parcel.keep(std::string_view{"x"});
    const auto captures = parcel.captures(3);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(captures.data()) % alignof(TopicCapture), 0U);
}

TEST(ParcelTest, AnEmptiedParcelUsesItsMemoryAgain) {
    Parcel parcel;
    for (int turn = 0; turn < 100; ++turn) {
        (void)parcel.keep(std::string(100, 'x'));
    }
    const Parcel::Size before = parcel.size();
    const std::size_t capacity = parcel.capacity();
    parcel.clear();
    EXPECT_EQ(parcel.size().bytes, 0U);
    for (int turn = 0; turn < 100; ++turn) {
        (void)parcel.keep(std::string(100, 'y'));
    }
    EXPECT_EQ(parcel.size().bytes, before.bytes);
    EXPECT_EQ(parcel.capacity(), capacity);
}

TEST(ParcelPoolTest, AParcelComesBackEmptyAndIsHandedOutAgain) {
    const auto pool = std::make_shared<ParcelPool>();
    auto parcel = pool->take({});
    parcel->items.emplace_back();
    const Parcel* const address = parcel.get();
    parcel.reset();
    const auto again = pool->take({});
    EXPECT_EQ(again.get(), address);
    EXPECT_TRUE(again->items.empty());
}

TEST(ParcelPoolTest, ALargeParcelIsNotKept) {
    const auto pool = std::make_shared<ParcelPool>();
    auto parcel = pool->take({});
    (void)parcel->keep(std::string(2 * ParcelPool::kSpareBytesMax, 'x'));
    parcel.reset();
    EXPECT_LT(pool->take({})->capacity(), ParcelPool::kSpareBytesMax);
}

TEST(ParcelPoolTest, AParcelMayOutliveWhoeverHeldThePool) {
    auto pool = std::make_shared<ParcelPool>();
    const auto parcel = pool->take({});
    pool.reset();
    EXPECT_EQ(parcel->keep(std::string_view{"text"}), "text");
}

}  // namespace
}  // namespace multimqtt::client
