// What the buffer keeps, moves and gives back.
#include "wire/byte_buffer.hpp"

#include "bytes.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace multimqtt::wire {
namespace {

std::string text_of(const ByteBuffer& buffer) {
    return {reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size()};
}

TEST(ByteBufferTest, StartsEmptyWithoutMemory) {
    const ByteBuffer buffer;
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.capacity(), 0U);
    EXPECT_TRUE(buffer.bytes().empty());
}

TEST(ByteBufferTest, GivesBackWhatWasAppendedInOrder) {
    ByteBuffer buffer;
    buffer.append("one ");
    buffer.append("");
    buffer.append("two");
    EXPECT_EQ(text_of(buffer), "one two");
    buffer.consume(4);
    EXPECT_EQ(text_of(buffer), "two");
    buffer.truncate(1);
    EXPECT_EQ(text_of(buffer), "t");
}

TEST(ByteBufferTest, KeepsItsContentWhileItGrows) {
    ByteBuffer buffer;
    std::string expected{"seed"};
    buffer.append(expected);
    for (int round = 0; round < 10'000; ++round) {
        const std::string piece = std::to_string(round);
        buffer.append(piece);
        expected += piece;
        if (round % 3 == 0) {
            buffer.consume(2);
            expected.erase(0, 2);
        }
    }
    EXPECT_TRUE(text_of(buffer) == expected) << "too long to print";
}

TEST(ByteBufferTest, TakesWhatWasReadIntoIt) {
    ByteBuffer buffer;
    const auto space = buffer.prepare(100);
    ASSERT_GE(space.size(), 100U);
    std::memcpy(space.data(), "abc", 3);
    buffer.commit(3);
    EXPECT_EQ(text_of(buffer), "abc");
}

TEST(ByteBufferTest, ReusesItsMemoryWhenItEmpties) {
    ByteBuffer buffer{1'000};
    buffer.append("abc");
    const std::byte* const place = buffer.bytes().data();
    buffer.consume(3);
    buffer.append("def");
    EXPECT_EQ(buffer.bytes().data(), place);
}

TEST(ByteBufferTest, DoesNotGrowWhenAStreamRunsThroughIt) {
    ByteBuffer buffer;
    buffer.append("x");
    for (int round = 0; round < 100'000; ++round) {
        buffer.append("0123456789");
        buffer.consume(10);
    }
    EXPECT_EQ(buffer.size(), 1U);
    EXPECT_LE(buffer.capacity(), 8'192U);
}

TEST(ByteBufferTest, GivesTheMemoryOfABurstBackAfterQuietRounds) {
    ByteBuffer buffer;
    buffer.append(std::string(1'000'000, 'x'));
    buffer.clear();
    EXPECT_GE(buffer.capacity(), 1'000'000U);
    for (unsigned round = 0; round < ByteBuffer::kQuietRoundsBeforeShrink; ++round) {
        buffer.append("small");
        buffer.clear();
    }
    EXPECT_LE(buffer.capacity(), ByteBuffer::kBytesKept);
    buffer.append("small");
    EXPECT_EQ(text_of(buffer), "small");
}

TEST(ByteBufferTest, KeepsItsMemoryAsLongAsBurstsReturn) {
    ByteBuffer buffer;
    for (int burst = 0; burst < 5; ++burst) {
        buffer.append(std::string(1'000'000, 'x'));
        buffer.clear();
        for (unsigned round = 1; round < ByteBuffer::kQuietRoundsBeforeShrink; ++round) {
            buffer.append("small");
            buffer.clear();
        }
        EXPECT_GE(buffer.capacity(), 1'000'000U);
    }
}

TEST(ByteBufferTest, LeavesAnEmptyBufferBehindWhenMoved) {
    ByteBuffer buffer;
    buffer.append("abc");
    ByteBuffer moved{std::move(buffer)};
    EXPECT_EQ(text_of(moved), "abc");
    EXPECT_TRUE(buffer.empty());  // NOLINT(bugprone-use-after-move): that it is empty is what is tested.
    buffer.append("def");
    moved = std::move(buffer);
    EXPECT_EQ(text_of(moved), "def");
}

}  // namespace
}  // namespace multimqtt::wire
