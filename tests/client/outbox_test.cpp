// The outbox: limits, policies, and that every receipt ends exactly once.
#include "client/outbox.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace multimqtt::client {
namespace {

using namespace std::chrono_literals;

Options limited(OutboxFull policy, std::size_t messages_max, std::size_t bytes_max = 1'000'000) {
    Options options;
    options.outbox_full = policy;
    options.outbox_messages_max = messages_max;
    options.outbox_bytes_max = bytes_max;
    options.outbox_block_timeout = 20s;
    return options;
}

class OutboxTest : public testing::Test {
protected:
    explicit OutboxTest(session::QueueLimits limits = {})
        : session_{support::quiet_options(), random_, limits} {}

    Receipt put(Outbox& outbox, std::string_view topic, Qos qos = Qos::at_least_once,
                std::string_view payload = {}, PublishOptions options = {}) {
        options.qos = qos;
        Outbox::Item item;
        item.topic = topic;
        item.payload = std::as_bytes(std::span{payload});
        item.options = &options;
        return outbox.put(item, watched_);
    }
    /// Ends what the session has taken, as the client does, and returns how many ended.
    int end_session(Outbox& outbox) {
        session_.close(0s, 0s);
        int ended = 0;
        while (const session::Event* event = session_.next_event()) {
            if (event->kind == session::Event::Kind::publish_failed) {
                outbox.finished(reinterpret_cast<ReceiptState*>(event->token), event->failure, watched_);
                ++ended;
            }
            session_.pop_event();
        }
        return ended;
    }
    static Error error_of(const Receipt& receipt) {
        const auto outcome = receipt.outcome();
        return !outcome || *outcome ? Error::ok : static_cast<Error>(outcome->error().code.value());
    }

    support::SeededRandom random_;
    session::Session session_;
    std::vector<ReceiptState*> told_;
    const std::function<void(ReceiptState*)> watched_ = [this](ReceiptState* receipt) {
        told_.push_back(receipt);
        receipt->release();
    };
};

TEST_F(OutboxTest, WhatIsAcceptedCountsUntilItHasEnded) {
    Outbox outbox{limited(OutboxFull::raise, 10)};
    const Receipt receipt = put(outbox, "a", Qos::at_least_once, "payload");
    put(outbox, "a", Qos::at_most_once, "payload");
    EXPECT_EQ(outbox.counts().messages, 2u);
    EXPECT_FALSE(outbox.drain(session_, 0s, watched_));
    EXPECT_EQ(outbox.counts().messages, 1u) << "QoS 0 is done once the session has it";
    EXPECT_FALSE(receipt.done());
    EXPECT_EQ(end_session(outbox), 1);
    EXPECT_EQ(error_of(receipt), Error::closed);
    EXPECT_EQ(outbox.counts().messages, 0u);
    EXPECT_EQ(outbox.counts().bytes, 0u);
    EXPECT_EQ(outbox.counts().done, 1u);
    EXPECT_EQ(outbox.counts().failed, 1u);
}

struct Policy {
    const char* name;
    OutboxFull policy;
    Error newest;
    Error oldest;
};

class FullOutboxTest : public OutboxTest, public testing::WithParamInterface<Policy> {};

TEST_P(FullOutboxTest, FollowsItsPolicyAtTheLimitOfMessages) {
    Outbox outbox{limited(GetParam().policy, 2)};
    const Receipt oldest = put(outbox, "oldest");
    const Receipt middle = put(outbox, "middle");
    const Receipt newest = put(outbox, "newest", Qos::at_least_once, {}, {.block = false});
    EXPECT_EQ(error_of(newest), GetParam().newest);
    EXPECT_EQ(error_of(oldest), GetParam().oldest);
    EXPECT_EQ(error_of(middle), Error::ok);
    EXPECT_FALSE(middle.done());
    EXPECT_EQ(outbox.counts().messages, 2u);
}

TEST_P(FullOutboxTest, FollowsItsPolicyAtTheLimitOfBytes) {
    Outbox outbox{limited(GetParam().policy, 100, 1'000)};
    const std::string payload(350, 'x');
    const Receipt oldest = put(outbox, "oldest", Qos::at_least_once, payload);
    const Receipt middle = put(outbox, "middle", Qos::at_least_once, payload);
    const Receipt newest = put(outbox, "newest", Qos::at_least_once, payload, {.block = false});
    EXPECT_EQ(error_of(newest), GetParam().newest);
    EXPECT_EQ(error_of(oldest), GetParam().oldest);
    EXPECT_FALSE(middle.done());
    EXPECT_LE(outbox.counts().bytes, 1'000u);
}

INSTANTIATE_TEST_SUITE_P(Policies, FullOutboxTest,
                         testing::Values(Policy{"block", OutboxFull::block, Error::queue_full, Error::ok},
                                         Policy{"raise", OutboxFull::raise, Error::queue_full, Error::ok},
                                         Policy{"drop_oldest", OutboxFull::drop_oldest, Error::ok,
                                                Error::dropped}),
                         [](const auto& row) { return row.param.name; });

TEST_F(OutboxTest, AMessageThatNeverFitsIsRefusedUnderEveryPolicy) {
    for (const OutboxFull policy : {OutboxFull::block, OutboxFull::raise, OutboxFull::drop_oldest}) {
        Outbox outbox{limited(policy, 10, 1'000)};
        const Receipt kept = put(outbox, "kept");
        EXPECT_EQ(error_of(put(outbox, "large", Qos::at_most_once, std::string(2'000, 'x'))),
                  Error::payload_too_large);
        EXPECT_FALSE(kept.done()) << "nothing is dropped in vain";
        EXPECT_EQ(outbox.counts().refused, 1u);
    }
}

TEST_F(OutboxTest, ABlockedCallerGoesOnWhenThereIsRoom) {
    Outbox outbox{limited(OutboxFull::block, 1)};
    put(outbox, "first", Qos::at_most_once);
    std::thread publisher{[&] { EXPECT_EQ(error_of(put(outbox, "second")), Error::ok); }};
    while (outbox.counts().accepted < 2) {
        (void)outbox.drain(session_, 0s, watched_);
        std::this_thread::yield();
    }
    publisher.join();
}

TEST_F(OutboxTest, ABlockedCallerGivesUpAfterItsTime) {
    Options options = limited(OutboxFull::block, 1);
    options.outbox_block_timeout = 1ms;
    Outbox outbox{options};
    put(outbox, "first");
    EXPECT_EQ(error_of(put(outbox, "second")), Error::queue_full);
}

TEST_F(OutboxTest, ClosingWakesBlockedCallers) {
    Outbox outbox{limited(OutboxFull::block, 1)};
    put(outbox, "first");
    std::thread publisher{[&] { EXPECT_EQ(error_of(put(outbox, "second")), Error::closed); }};
    outbox.close();
    publisher.join();
    EXPECT_EQ(error_of(put(outbox, "third")), Error::closed);
}

TEST_F(OutboxTest, WhatTheSessionHoldsCannotBeDropped) {
    Outbox outbox{limited(OutboxFull::drop_oldest, 1)};
    const Receipt held = put(outbox, "held");
    (void)outbox.drain(session_, 0s, watched_);
    EXPECT_EQ(error_of(put(outbox, "late")), Error::queue_full);
    EXPECT_FALSE(held.done());
    EXPECT_EQ(end_session(outbox), 1);
}

TEST_F(OutboxTest, ALargePayloadWithAnOwnerIsReferencedAndLetGo) {
    Outbox outbox{limited(OutboxFull::raise, 10)};
    auto owner = std::make_shared<const std::string>(100'000, 'x');
    PublishOptions options;
    Outbox::Item item;
    item.topic = "large";
    item.payload = std::as_bytes(std::span{*owner});
    item.owner = owner;
    item.options = &options;
    const Receipt receipt = outbox.put(item, watched_);
    EXPECT_EQ(owner.use_count(), 3) << "the test, the item and the outbox";
    EXPECT_GE(outbox.counts().bytes, 100'000u);
    item.owner.reset();
    outbox.fail_all(Failure{Error::closed, "over"}, watched_);
    EXPECT_EQ(owner.use_count(), 1);
    EXPECT_EQ(outbox.counts().bytes, 0u);
}

TEST_F(OutboxTest, TheMessageExpiryReachesTheSession) {
    Outbox outbox{limited(OutboxFull::raise, 10)};
    PublishOptions options;
    options.qos = Qos::at_least_once;
    options.properties.expiry = 5s;
    Outbox::Item item;
    item.topic = "a";
    item.options = &options;
    item.accepted_at = 10s;
    const Receipt late = outbox.put(item, watched_);
    (void)outbox.drain(session_, 15s, watched_);
    EXPECT_EQ(error_of(late), Error::expired);
    const Receipt in_time = outbox.put(item, watched_);
    (void)outbox.drain(session_, 14s, watched_);
    EXPECT_FALSE(in_time.done());
    EXPECT_EQ(end_session(outbox), 1);
}

TEST_F(OutboxTest, AWatchedReceiptIsToldOnceWhicheverWayItEnds) {
    Outbox outbox{limited(OutboxFull::drop_oldest, 2)};
    const Receipt dropped = put(outbox, "dropped");
    const Receipt failed = put(outbox, "failed");
    EXPECT_TRUE(dropped.watch());
    EXPECT_TRUE(failed.watch());
    const Receipt unwatched = put(outbox, "unwatched");
    EXPECT_EQ(told_, (std::vector{dropped.state()}));
    (void)outbox.drain(session_, 0s, watched_);
    EXPECT_EQ(end_session(outbox), 2);
    EXPECT_EQ(told_, (std::vector{dropped.state(), failed.state()}));
    EXPECT_FALSE(unwatched.watch()) << "too late";
}

class SmallSessionTest : public OutboxTest {
protected:
    SmallSessionTest() : OutboxTest{{.messages_max = 2, .bytes_max = 1'000'000}} {}
};

TEST_F(SmallSessionTest, WhatTheSessionCannotTakeStaysInOrderAndCanBeDropped) {
    Outbox outbox{limited(OutboxFull::drop_oldest, 4)};
    std::vector<Receipt> receipts;
    for (const char* topic : {"1", "2", "3", "4"}) {
        receipts.push_back(put(outbox, topic));
    }
    EXPECT_TRUE(outbox.drain(session_, 0s, watched_)) << "the session holds two";
    receipts.push_back(put(outbox, "5"));
    EXPECT_EQ(error_of(receipts[2]), Error::dropped) << "the oldest that the session has not taken";
    receipts.push_back(put(outbox, "6"));
    EXPECT_EQ(error_of(receipts[3]), Error::dropped);
    EXPECT_EQ(end_session(outbox), 2);
    outbox.fail_all(Failure{Error::closed, "over"}, watched_);
    for (const Receipt& receipt : receipts) {
        EXPECT_TRUE(receipt.done());
    }
    EXPECT_EQ(outbox.counts().messages, 0u);
    EXPECT_EQ(outbox.counts().bytes, 0u);
}

TEST_F(SmallSessionTest, OneDrainTakesWhatWasLeftOverAndWhatCameSince) {
    Outbox outbox{limited(OutboxFull::raise, 10)};
    std::vector<Receipt> receipts;
    for (const char* topic : {"1", "2", "3"}) {
        receipts.push_back(put(outbox, topic));
    }
    EXPECT_TRUE(outbox.drain(session_, 0s, watched_));
    receipts.push_back(put(outbox, "4"));
    session::Session roomy{support::quiet_options(), random_, {}};
    EXPECT_FALSE(outbox.drain(roomy, 0s, watched_));
    // The records are the session's tokens: both sessions give theirs back.
    roomy.close(0s, 0s);
    int ended = end_session(outbox);
    while (const session::Event* event = roomy.next_event()) {
        if (event->kind == session::Event::Kind::publish_failed) {
            outbox.finished(reinterpret_cast<ReceiptState*>(event->token), event->failure, watched_);
            ++ended;
        }
        roomy.pop_event();
    }
    EXPECT_EQ(ended, 4);
}

TEST_F(OutboxTest, EveryAcceptedMessageEndsOnceUnderContention) {
    Outbox outbox{limited(OutboxFull::drop_oldest, 50)};
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    std::atomic<bool> done{false};
    std::vector<std::thread> publishers;
    std::vector<std::vector<Receipt>> receipts(4);
    for (auto& own : receipts) {
        publishers.emplace_back([&] {
            for (int i = 0; i < 2'000; ++i) {
                own.push_back(put(outbox, "topic", i % 3 == 0 ? Qos::at_most_once : Qos::at_least_once));
                (error_of(own.back()) == Error::queue_full ? refused : accepted)++;
            }
        });
    }
    std::thread io{[&] {
        while (!done) {
            (void)outbox.drain(session_, 0s, watched_);
            std::this_thread::yield();
        }
    }};
    for (std::thread& publisher : publishers) {
        publisher.join();
    }
    done = true;
    io.join();
    (void)end_session(outbox);
    outbox.fail_all(Failure{Error::closed, "over"}, watched_);
    for (const auto& own : receipts) {
        for (const Receipt& receipt : own) {
            EXPECT_TRUE(receipt.done());
        }
    }
    const Outbox::Counts counts = outbox.counts();
    EXPECT_EQ(counts.accepted, static_cast<std::uint64_t>(accepted));
    EXPECT_EQ(counts.refused, static_cast<std::uint64_t>(refused));
    EXPECT_EQ(counts.done + counts.failed, counts.accepted);
    EXPECT_EQ(counts.messages, 0u);
    EXPECT_EQ(counts.bytes, 0u);
}

}  // namespace
}  // namespace multimqtt::client
