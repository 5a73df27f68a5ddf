#include "client/row_queue.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace multimqtt::client {
namespace {

void append(RowQueue& queue, const std::string& text) {
    std::memcpy(queue.extend(text.size()), text.data(), text.size());
}

std::string text_of(const wire::ByteBuffer& row) {
    return {reinterpret_cast<const char*>(row.bytes().data()), row.size()};
}

TEST(RowQueueTest, RowsAreTakenInTheOrderInWhichTheyWereFilled) {
    RowQueue queue;
    const std::string first(RowQueue::kRowBytes - 1, 'a');
    append(queue, first);
    append(queue, "bc");  // Does not fit, and is not divided.
    EXPECT_EQ(queue.rows(), 2U);
    EXPECT_EQ(text_of(queue.take()), first);
    EXPECT_EQ(text_of(queue.take()), "bc");
    EXPECT_TRUE(queue.empty());
}

TEST(RowQueueTest, AnEntryThatIsLargerThanARowHasARowOfItsOwn) {
    RowQueue queue;
    append(queue, "a");
    append(queue, std::string(3 * RowQueue::kRowBytes, 'b'));
    append(queue, "c");
    EXPECT_EQ(queue.rows(), 3U);
}

TEST(RowQueueTest, WhatWasTakenAndNotUsedUpComesFirstAgain) {
    RowQueue queue;
    append(queue, "abc");
    wire::ByteBuffer row = queue.take();
    append(queue, "def");
    row.consume(1);
    queue.put_back(std::move(row));
    EXPECT_EQ(text_of(queue.front()), "bc");
    queue.consume(2);
    EXPECT_EQ(text_of(queue.front()), "def");
    queue.consume(3);
    EXPECT_TRUE(queue.empty());
}

TEST(RowQueueTest, AUsedRowIsFilledAgain) {
    RowQueue queue;
    append(queue, "abc");
    wire::ByteBuffer row = queue.take();
    const std::byte* const memory = row.bytes().data();
    row.consume(3);
    queue.recycle(std::move(row));
    append(queue, "def");
    EXPECT_EQ(queue.front().bytes().data(), memory);
}

TEST(RowQueueTest, ALargeRowIsNotKept) {
    RowQueue queue;
    append(queue, std::string(3 * RowQueue::kRowBytes, 'a'));
    queue.consume(3 * RowQueue::kRowBytes);
    append(queue, "b");
    EXPECT_LE(queue.front().capacity(), RowQueue::kRowBytes);
}

}  // namespace
}  // namespace multimqtt::client
