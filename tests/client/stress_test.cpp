// Many threads and messages through losses: nothing lost, nothing twice that must not be, nothing out of
// order.
#include "client/arrivals.hpp"
#include "client/client_fixture.hpp"
#include "support/fault_proxy.hpp"

#include <atomic>
#include <random>

namespace multimqtt::client {
namespace {

using test::Listener;
using test::Mosquitto;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kShare = 20;  // A sanitizer makes everything slow; fewer messages take the same paths.
#else
constexpr int kShare = 1;
#endif

constexpr int kThreads = 16;

enum class Trouble : std::uint8_t { restart, cuts };

class StressTest : public testing::TestWithParam<std::tuple<Trouble, VersionPolicy>> {
protected:
    static constexpr unsigned kSeed = 20'240'607;
};

TEST_P(StressTest, EveryMessageArrivesInOrderAndQos2ExactlyOnce) {
    const auto& [trouble, version] = GetParam();
    SCOPED_TRACE("seed " + std::to_string(kSeed));
    Mosquitto broker{
        {.persistence = true, .settings = {{"max_queued_messages", "0"}, {"max_inflight_messages", "500"}}}};
    test::FaultProxy proxy{broker.port(Listener::anonymous), kSeed};
    const std::string uri = "mqtt://127.0.0.1:" + std::to_string(proxy.port());
    const int per_thread_1 = 100'000 / kThreads / kShare;
    const int per_thread_2 = 10'000 / kThreads / kShare;
    Arrivals qos1{kThreads, per_thread_1};
    Arrivals qos2{kThreads, per_thread_2};

    Client receiver{lasting(test_options(uri, version), "receiver")};
    receiver.on_log([](LogLevel, std::string_view) {});
    receiver.register_topic("one/+", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) { qos1.add(message.topic(), message.text()); });
    receiver.register_topic("two/+", {.qos = Qos::exactly_once})
        .value()
        .on_message([&](const Message& message, Captures) { qos2.add(message.topic(), message.text()); });
    ASSERT_TRUE(receiver.connect());
    ASSERT_TRUE(receiver.wait_subscribed(kPatience));

    Options sending = lasting(test_options(uri, version), "sender");
    sending.outbox_block_timeout = kPatience;
    Client sender{sending};
    sender.on_log([](LogLevel, std::string_view) {});
    ASSERT_TRUE(sender.connect());
    ASSERT_TRUE(sender.wait_connected(kPatience));
    if (trouble == Trouble::cuts) {
        proxy.cut_after(50'000 / kShare, 1'500'000 / kShare);
        proxy.cut();  // The limits hold for new connections.
    }

    std::atomic<int> failed{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            const std::string one = "one/" + std::to_string(thread);
            const std::string two = "two/" + std::to_string(thread);
            std::vector<Receipt> receipts;
            for (int i = 0, second = 0; i < per_thread_1; ++i) {
                receipts.push_back(sender.publish(one, i, {.qos = Qos::at_least_once}));
                if (i % 10 == 0 && second < per_thread_2) {
                    receipts.push_back(sender.publish(two, second++, {.qos = Qos::exactly_once}));
                }
            }
            for (const Receipt& receipt : receipts) {
                failed += receipt.wait(2 * kPatience) ? 0 : 1;
            }
        });
    }
    if (trouble == Trouble::restart) {
        EXPECT_TRUE(eventually([&] { return sender.statistics().publishes_done > 10'000 / kShare; }));
        broker.restart();
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    proxy.cut_never();
    EXPECT_EQ(failed, 0);
    EXPECT_TRUE(qos1.wait(per_thread_1 * kThreads));
    EXPECT_TRUE(qos2.wait(per_thread_2 * kThreads));
    EXPECT_EQ(qos1.out_of_order(), 0);
    EXPECT_EQ(qos2.out_of_order(), 0);
    EXPECT_EQ(qos2.again(), 0) << "QoS 2 is exactly once";
    EXPECT_GE(sender.statistics().connects + receiver.statistics().connects, 3u) << "there was trouble";
    receiver.close();
    sender.close();
}

INSTANTIATE_TEST_SUITE_P(Troubles, StressTest,
                         testing::Combine(testing::Values(Trouble::restart, Trouble::cuts),
                                          testing::Values(VersionPolicy::v3_1_1, VersionPolicy::v5)),
                         [](const auto& row) {
                             return std::string{std::get<0>(row.param) == Trouble::restart ? "restart_"
                                                                                           : "cuts_"} +
                                    name_of(std::get<1>(row.param));
                         });

// Everything at once, for the sanitizers.
class ChaosTest : public testing::TestWithParam<unsigned> {};

TEST_P(ChaosTest, AllCallsMayComeFromAllThreadsUntilTheCloseAtARandomMoment) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()));
    std::mt19937 random{GetParam()};
    Mosquitto broker;
    test::FaultProxy proxy{broker.port(Listener::anonymous), GetParam()};
    proxy.cut_after(2'000, 60'000);
    Options options = test_options("mqtt://127.0.0.1:" + std::to_string(proxy.port()));
    options.outbox_full = GetParam() % 2 == 0 ? OutboxFull::drop_oldest : OutboxFull::block;
    options.outbox_messages_max = 200;
    options.outbox_block_timeout = 5ms;
    options.inbox_messages_max = 100;
    options.drain = std::chrono::milliseconds{random() % 300};
    Client mqtt{options};
    std::atomic<int> handled{0};
    mqtt.on_log([](LogLevel, std::string_view) {});
    mqtt.on_connect([&] { mqtt.publish("chaos/connect", "up", {.qos = Qos::at_least_once}); });
    mqtt.on_disconnect([&](const Failure&) { (void)mqtt.statistics(); });
    mqtt.register_topic("chaos/#", {.qos = Qos::exactly_once})
        .value()
        .on_message([&](const Message&, Captures) { ++handled; });

    std::atomic<bool> ending{false};
    std::mutex mutex;
    std::vector<Receipt> all;
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < kThreads; ++number) {
        threads.emplace_back([&, number] {
            std::mt19937 own{GetParam() * 1'000 + number};
            for (int i = 0; !ending; ++i) {
                const auto qos = Qos{static_cast<std::uint8_t>(own() % 3)};
                Receipt receipt = mqtt.publish("chaos/" + std::to_string(own() % 20), i, {.qos = qos});
                switch (own() % 50) {
                    case 0:
                        (void)receipt.wait(std::chrono::milliseconds{own() % 10});
                        break;
                    case 1:
                        (void)receipt.watch();
                        break;
                    case 2:
                        (void)mqtt.statistics();
                        break;
                    case 3:
                        (void)mqtt.register_topic("chaos/" + std::to_string(own() % 5) + "/<int:x>");
                        break;
                    case 4:
                        (void)mqtt.connect();
                        break;
                    case 5: {
                        const std::lock_guard lock{mutex};
                        all.push_back(receipt);
                        break;
                    }
                    default:
                        break;
                }
            }
        });
    }
    ASSERT_TRUE(mqtt.connect());
    std::this_thread::sleep_for(std::chrono::milliseconds{random() % 1'500});
    std::thread second{[&] { mqtt.close(); }};
    mqtt.close();
    EXPECT_EQ(mqtt.state(), State::stopped);
    ending = true;
    second.join();
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const Receipt& receipt : all) {
        EXPECT_TRUE(receipt.done()) << "every receipt has ended";
    }
    const Statistics counts = mqtt.statistics();
    EXPECT_EQ(counts.publishes_done + counts.publishes_failed, counts.publishes_accepted);
    EXPECT_EQ(counts.outbox_messages, 0u);
    EXPECT_EQ(counts.outbox_bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChaosTest, testing::Range(1u, 9u));

}  // namespace
}  // namespace multimqtt::client
