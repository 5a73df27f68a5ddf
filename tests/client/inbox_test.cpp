// The inbox and its workers: order, sharing, limits, ending.
#include "client/inbox.hpp"

#include "client/route.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <poll.h>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace multimqtt::client {
namespace {

using namespace std::chrono_literals;
using Pushed = std::vector<std::pair<OrderKey, int>>;  // Key and number.

constexpr auto kLong = 20s;

class NoHandler final : public DeliveryHandler {
public:
    void handle(Worker&, Delivery&) override {}
};

class InboxTest : public testing::Test {
protected:
    void push(const Pushed& items, Inbox& inbox) {
        auto parcel = std::make_shared<Parcel>();
        for (const auto& [key, number] : items) {
            InboxItem& item = parcel->items.emplace_back();
            item.key = key;
            item.route = &route_;
            item.parts.absolute_topic = parcel->keep(std::to_string(key));
            const std::string payload = std::to_string(number);
            item.parts.payload = parcel->keep(std::as_bytes(std::span{payload}));
        }
        inbox.push(std::move(parcel));
    }
    void push(const Pushed& items) { push(items, inbox_); }

    /// "key:number" of the next delivery, or "" at the end of the batch.
    static std::string next(Worker& worker) {
        const Delivery* const delivery = worker.next();
        return delivery == nullptr
                   ? std::string{}
                   : std::string{delivery->message().topic()}.append(":").append(delivery->message().text());
    }

    /// Takes until `count` deliveries have been begun, each finished before the next.
    static std::vector<std::string> take_all(Inbox& inbox, std::size_t count) {
        std::vector<std::string> taken;
        while (taken.size() < count) {
            auto worker = inbox.take(256, kLong);
            if (worker == nullptr) {
                break;
            }
            for (std::string item = next(*worker); !item.empty(); item = next(*worker)) {
                taken.push_back(item);
            }
            inbox.give_back(std::move(worker));
        }
        return taken;
    }

    Topic::Route route_{1, TopicPattern::parse("#").value(), {}};
    Acknowledgements acknowledgements_{[] {}};
    HandlerCounts counts_;
    NoHandler handler_;
    const WorkerParts parts_{acknowledgements_, counts_, handler_};
    Inbox inbox_{{1'000, 1'000'000}, parts_};
};

using Taken = std::vector<std::string>;

TEST_F(InboxTest, GivesItemsInTheOrderTheyCame) {
    push({{1, 1}, {2, 2}});
    push({{1, 3}});
    EXPECT_EQ(take_all(inbox_, 3), (Taken{"1:1", "2:2", "1:3"}));
}

TEST_F(InboxTest, AnEmptyInboxGivesNothingWithinTheTimeout) {
    EXPECT_EQ(inbox_.take(1, 0ms), nullptr);
}

TEST_F(InboxTest, TakesNoMoreThanAskedFor) {
    push({{1, 1}, {1, 2}, {1, 3}});
    auto worker = inbox_.take(2, kLong);
    EXPECT_EQ(next(*worker), "1:1");
    EXPECT_EQ(next(*worker), "1:2");
    EXPECT_EQ(next(*worker), "");
    inbox_.give_back(std::move(worker));
    EXPECT_EQ(take_all(inbox_, 1), (Taken{"1:3"}));
}

TEST_F(InboxTest, WhatABlockedWorkerHasNotBegunIsTakenOver) {
    push({{1, 1}, {2, 1}, {3, 1}, {1, 2}});
    auto blocked = inbox_.take(256, kLong);
    ASSERT_EQ(next(*blocked), "1:1");

    EXPECT_EQ(take_all(inbox_, 2), (Taken{"2:1", "3:1"}));
    EXPECT_EQ(next(*blocked), "");
    inbox_.give_back(std::move(blocked));
    EXPECT_EQ(take_all(inbox_, 1), (Taken{"1:2"}));
}

TEST_F(InboxTest, AWorkerThatWaitsAlreadyTakesOverWithoutAnotherPush) {
    std::promise<void> blocked;
    std::promise<void> go_on;
    std::atomic<int> handled{0};
    const auto work = [&] {
        std::shared_ptr<Worker> worker;
        while (inbox_.take_more(worker, 256, 1h)) {
            for (std::string item = next(*worker); !item.empty(); item = next(*worker)) {
                if (item == "1:1") {
                    blocked.set_value();
                    go_on.get_future().wait();
                }
                handled.fetch_add(1);
                handled.notify_all();
            }
        }
    };
    std::thread first{work};
    std::thread second{work};
    // Both are idle when this comes, so that one takes all of it, and nothing follows.
    push({{1, 1}, {2, 1}, {3, 1}});
    blocked.get_future().wait();
    for (int count = handled; count < 2; count = handled) {
        handled.wait(count);
    }
    go_on.set_value();
    EXPECT_TRUE(inbox_.wait_idle(std::chrono::steady_clock::now() + kLong, nullptr));
    EXPECT_EQ(handled, 3);
    inbox_.stop();
    first.join();
    second.join();
}

TEST_F(InboxTest, AKeyThatABlockedWorkerHasFinishedIsFree) {
    push({{4, 1}, {1, 1}});
    auto blocked = inbox_.take(256, kLong);
    ASSERT_EQ(next(*blocked), "4:1");
    ASSERT_EQ(next(*blocked), "1:1");

    push({{4, 2}, {1, 2}});
    EXPECT_EQ(take_all(inbox_, 1), (Taken{"4:2"}));
    inbox_.give_back(std::move(blocked));
    EXPECT_EQ(take_all(inbox_, 1), (Taken{"1:2"}));
}

TEST_F(InboxTest, ParkedItemsKeepTheirPlaceBeforeLaterOnes) {
    push({{1, 1}});
    auto blocked = inbox_.take(256, kLong);
    ASSERT_EQ(next(*blocked), "1:1");
    push({{1, 2}, {2, 1}, {1, 3}});
    EXPECT_EQ(take_all(inbox_, 1), (Taken{"2:1"}));
    push({{1, 4}});
    inbox_.give_back(std::move(blocked));
    EXPECT_EQ(take_all(inbox_, 3), (Taken{"1:2", "1:3", "1:4"}));
}

TEST_F(InboxTest, WhatStandsBehindManyItemsOfABlockedKeyIsReachedAndTheyKeepTheirOrder) {
    Pushed many;
    Taken expected;
    for (int number = 0; number < 2'000; ++number) {
        many.emplace_back(1, number);
        expected.push_back("1:" + std::to_string(number));
    }
    many.emplace_back(2, 0);
    push(many);
    auto blocked = inbox_.take(1, kLong);
    ASSERT_EQ(next(*blocked), "1:0");
    EXPECT_EQ(take_all(inbox_, 1), (Taken{"2:0"}));
    inbox_.give_back(std::move(blocked));
    expected.erase(expected.begin());
    EXPECT_EQ(take_all(inbox_, expected.size()), expected);
}

TEST_F(InboxTest, AGivenBackBatchComesBeforeWhatFollowedIt) {
    push({{1, 1}, {1, 2}, {2, 1}});
    auto worker = inbox_.take(256, kLong);
    ASSERT_EQ(next(*worker), "1:1");
    push({{1, 3}});
    inbox_.give_back(std::move(worker));
    EXPECT_EQ(take_all(inbox_, 3), (Taken{"1:2", "2:1", "1:3"}));
}

TEST_F(InboxTest, SaysThatItIsFullAndWakesOnceWhenThereIsRoom) {
    Inbox inbox{{4, 1'000'000}, parts_};
    int woken = 0;
    inbox.on_room([&] { ++woken; });
    push({{1, 1}, {1, 2}, {1, 3}}, inbox);
    EXPECT_FALSE(inbox.room().full);
    push({{1, 4}}, inbox);
    EXPECT_TRUE(inbox.room().full);
    EXPECT_EQ(take_all(inbox, 4).size(), 4u);
    EXPECT_EQ(woken, 1);
    EXPECT_FALSE(inbox.room().full);
    EXPECT_EQ(inbox.counts().messages, 0u);
    EXPECT_EQ(inbox.counts().bytes, 0u);
}

TEST_F(InboxTest, BytesCountToo) {
    Inbox inbox{{1'000, sizeof(InboxItem) + 2}, parts_};
    push({{1, 1}}, inbox);
    EXPECT_TRUE(inbox.room().full);
}

TEST_F(InboxTest, ItsDescriptorIsReadableWhileThereIsSomething) {
    const auto readable = [&] {
        pollfd descriptor{inbox_.descriptor(), POLLIN, 0};
        return ::poll(&descriptor, 1, 0) == 1;
    };
    push({{1, 1}});
    EXPECT_TRUE(readable());
    EXPECT_EQ(take_all(inbox_, 1).size(), 1u);
    EXPECT_EQ(inbox_.take(1, 0ms), nullptr);
    EXPECT_FALSE(readable());
    push({{1, 2}});
    EXPECT_TRUE(readable());
    inbox_.stop();
    EXPECT_TRUE(readable()) << "so that a loop comes to see the end";
}

TEST_F(InboxTest, StoppingDropsWhatIsQueuedAndWhatIsNotBegun) {
    push({{1, 1}, {1, 2}});
    auto worker = inbox_.take(256, kLong);
    ASSERT_EQ(next(*worker), "1:1");
    push({{2, 1}});
    inbox_.stop();
    EXPECT_EQ(next(*worker), "");
    inbox_.give_back(std::move(worker));
    EXPECT_EQ(inbox_.take(1, kLong), nullptr);
    EXPECT_EQ(inbox_.counts().messages, 0u);
    EXPECT_EQ(inbox_.counts().bytes, 0u);
    push({{2, 2}});
    EXPECT_EQ(inbox_.counts().messages, 0u);
}

TEST_F(InboxTest, StoppingWakesAWaitingWorker) {
    std::thread waiting{[this] { EXPECT_EQ(inbox_.take(1, 1h), nullptr); }};
    inbox_.stop();
    waiting.join();
}

TEST_F(InboxTest, IsIdleWhenNothingIsQueuedAndOnlyTheExceptedWorkerIsBusy) {
    push({{1, 1}});
    auto worker = inbox_.take(1, kLong);
    ASSERT_EQ(next(*worker), "1:1");
    EXPECT_TRUE(inbox_.wait_idle(std::chrono::steady_clock::now() + kLong, worker.get()));
    EXPECT_FALSE(inbox_.wait_idle(std::chrono::steady_clock::now(), nullptr));
    inbox_.give_back(std::move(worker));
    EXPECT_TRUE(inbox_.wait_idle(std::chrono::steady_clock::now() + kLong, nullptr));
}

TEST_F(InboxTest, NobodyWaitsForItemsThatNobodyTakes) {
    push({{1, 1}});
    EXPECT_FALSE(inbox_.wait_idle(std::chrono::steady_clock::now() + 1h, nullptr));
}

// One worker handles slowly while another one is idle; which of them gets what it has not begun depends on
// what counts as quick.
struct Help {
    std::chrono::microseconds quick_handler;
    std::chrono::milliseconds handler;  // How long each takes.
    bool helped;
};

class InboxHelpTest : public InboxTest, public testing::WithParamInterface<Help> {
protected:
    static constexpr int kItems = 40;  // Each of a key of its own.

    /// Handles until all has been begun, and returns how much of it.
    int handle_all(Inbox& inbox, std::chrono::milliseconds each) {
        int handled = 0;
        std::shared_ptr<Worker> worker;
        while (inbox.take_more(worker, kItems, 1h)) {
            while (worker->next() != nullptr) {
                ++handled;
                std::this_thread::sleep_for(each);
                if (++begun_ == kItems) {
                    inbox.stop();
                }
            }
        }
        return handled;
    }

    std::atomic<int> begun_{0};
};

TEST_P(InboxHelpTest, AWorkerIsHelpedOnceItsHandlersTakeLongerThanQuickOnes) {
    Inbox inbox{{1'000, 1'000'000, GetParam().quick_handler}, parts_};
    const auto work = [&] { return handle_all(inbox, GetParam().handler); };
    auto first = std::async(std::launch::async, work);
    auto second = std::async(std::launch::async, work);
    Pushed items;
    for (int number = 0; number < kItems; ++number) {
        items.emplace_back(number, number);
    }
    push(items, inbox);
    const std::array<int, 2> handled{first.get(), second.get()};
    EXPECT_EQ(handled[0] + handled[1], kItems);
    EXPECT_EQ(handled[0] > 0 && handled[1] > 0, GetParam().helped) << handled[0] << " and " << handled[1];
}

INSTANTIATE_TEST_SUITE_P(Thresholds, InboxHelpTest,
                         testing::Values(Help{1us, 20ms, true}, Help{5us, 20ms, true},
                                         Help{100us, 20ms, true}, Help{1ms, 20ms, true},
                                         Help{1s, 2ms, false}),
                         [](const auto& row) {
                             return "Quick" + std::to_string(row.param.quick_handler.count()) + "us_Handler" +
                                    std::to_string(row.param.handler.count()) + "ms";
                         });

class InboxBlockedTest : public InboxTest, public testing::WithParamInterface<std::chrono::microseconds> {};

TEST_P(InboxBlockedTest, WhatABlockedWorkerHasNotBegunIsTakenOverWhateverCountsAsQuick) {
    Inbox inbox{{1'000, 1'000'000, GetParam()}, parts_};
    push({{1, 1}, {2, 1}, {3, 1}}, inbox);
    auto blocked = inbox.take(256, kLong);
    ASSERT_EQ(next(*blocked), "1:1");
    EXPECT_EQ(take_all(inbox, 2), (Taken{"2:1", "3:1"}));
    inbox.give_back(std::move(blocked));
}

INSTANTIATE_TEST_SUITE_P(Thresholds, InboxBlockedTest, testing::Values(1us, 5us, 100us, 10ms, 1s),
                         [](const auto& row) { return std::to_string(row.param.count()) + "us"; });

// Many threads, keys, ways of taking and of being slow: each item once, each key in order and by one at a
// time.
class RandomInboxTest : public InboxTest, public testing::WithParamInterface<unsigned> {
protected:
    static constexpr int kKeys = 7;
    static constexpr int kItems = 6'000;

    struct Key {
        std::atomic<int> handled{0};
        std::atomic<bool> busy{false};
    };

    void handle(const std::string& item, std::mt19937& random) {
        const auto colon = item.find(':');
        Key& key = keys_[std::stoul(item.substr(0, colon))];
        EXPECT_FALSE(key.busy.exchange(true)) << item << " beside another one of its key";
        EXPECT_EQ(key.handled.fetch_add(1), std::stoi(item.substr(colon + 1)));
        if (random() % 200 == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds{random() % 900});
        }
        key.busy = false;
        if (handled_.fetch_add(1) + 1 == kItems) {
            inbox_.stop();
        }
    }

    void pull(unsigned seed) {
        std::mt19937 random{seed};
        std::shared_ptr<Worker> worker;
        while (!inbox_.stopped()) {
            if (!inbox_.take_more(worker, 1 + random() % 64, std::chrono::milliseconds{random() % 20})) {
                continue;
            }
            const bool leaves_early = random() % 8 == 0;
            std::size_t left = leaves_early ? random() % 5 : 1'000;
            for (std::string item; left > 0 && !(item = next(*worker)).empty(); --left) {
                handle(item, random);
            }
            if (leaves_early) {
                inbox_.give_back(std::exchange(worker, nullptr));
            }
        }
    }

    std::array<Key, kKeys> keys_;
    std::atomic<int> handled_{0};
};

TEST_P(RandomInboxTest, EachItemIsHandledOnceAndEachKeyInOrder) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()));
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < 6; ++number) {
        threads.emplace_back([this, number] { pull(GetParam() * 100 + number); });
    }
    std::mt19937 random{GetParam()};
    std::array<int, kKeys> pushed{};
    for (int items = 0; items < kItems;) {
        Pushed parcel;
        for (auto count = 1 + random() % 40; count > 0 && items < kItems; --count, ++items) {
            const auto key = random() % kKeys;
            parcel.emplace_back(key, pushed[key]++);
        }
        push(parcel);
        if (random() % 10 == 0) {
            std::this_thread::yield();
        }
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(handled_, kItems);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomInboxTest, testing::Range(1u, 13u));

}  // namespace
}  // namespace multimqtt::client
