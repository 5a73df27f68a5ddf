// Thousands of messages both ways over a link that loses, doubles, delays and reorders packets and now and
// then swallows everything: with QoS 1 nothing is lost, with QoS 2 nothing comes twice.
#include "client/arrivals.hpp"
#include "client/client_fixture.hpp"
#include "networks/path.hpp"

#include <atomic>
#include <functional>
#include <iostream>
#include <thread>

namespace multimqtt::client {
namespace {

using test::Listener;
using test::Mosquitto;
using test::OwnNetwork;
using test::Path;

constexpr unsigned kSeed = 20'261'125;
constexpr int kThreads = 4;
constexpr int kTroubles = 6;

/// Of each QoS. With 3.1.1 the window is small, and each loss of a packet holds it up.
int per_thread_of(VersionPolicy version) {
    return version == VersionPolicy::v5 ? 1'500 : 400;
}

/// Rough weather, as on a bad radio link, and rougher: TCP copes with it, slowly.
constexpr test::PacketFaults kRough{
    .lost_percent = 4, .doubled_percent = 4, .delay_min = 200us, .delay_max = 4'000us};

enum class Trouble : std::uint8_t { black_holes, changes_of_network, power_cycles };

const char* word_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::black_holes:
            return "black_holes";
        case Trouble::changes_of_network:
            return "changes_of_network";
        case Trouble::power_cycles:
            return "power_cycles";
    }
    return "unknown";
}

class TrafficTest : public testing::TestWithParam<std::tuple<Trouble, VersionPolicy>> {
protected:
    static void make(Trouble trouble, Path& path, const std::function<bool()>& noticed) {
        switch (trouble) {
            case Trouble::black_holes:
                path.black_hole();
                EXPECT_TRUE(eventually(noticed));
                path.heal();
                break;
            case Trouble::changes_of_network:
                path.strand();
                EXPECT_TRUE(eventually(noticed));
                break;
            case Trouble::power_cycles:
                path.packets() != nullptr ? path.packets()->power_cycle() : path.proxy()->cut();
                EXPECT_TRUE(eventually(noticed));
                break;
        }
    }
};

TEST_P(TrafficTest, NothingIsLostWithQos1AndNothingComesTwiceWithQos2) {
    const auto& [trouble, version] = GetParam();
    SCOPED_TRACE("seed " + std::to_string(kSeed));
    const int per_thread = per_thread_of(version);
    Mosquitto broker{{.persistence = true,
                      .settings = {{"max_queued_messages", "0"}, {"max_inflight_messages", "200"}},
                      .address = Path::broker_address()}};
    Path path{broker.port(Listener::anonymous), kSeed};
    if (path.packets() != nullptr) {
        path.packets()->set(kRough);
    }
    Options options = test_options("mqtt://" + path.host_and_port(), version);
    options.keep_alive = 2s;
    options.connect_timeout = 3s;
    options.outbox_block_timeout = kPatience;

    Arrivals qos1{kThreads, per_thread};
    Arrivals qos2{kThreads, per_thread};
    Client receiver{lasting(options, "receiver")};
    receiver.on_log([](LogLevel, std::string_view) {});
    receiver.register_topic("one/+", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) { qos1.add(message.topic(), message.text()); });
    receiver.register_topic("two/+", {.qos = Qos::exactly_once})
        .value()
        .on_message([&](const Message& message, Captures) { qos2.add(message.topic(), message.text()); });
    ASSERT_TRUE(receiver.connect());
    ASSERT_TRUE(receiver.wait_subscribed(kPatience));
    // A neighbour of the broker, which loses no connection, sees in which order messages get there. The
    // receiver does not: Mosquitto 2.0 sends to a client that comes back new messages before those that wait
    // for it.
    Arrivals seen1{kThreads, per_thread};
    Arrivals seen2{kThreads, per_thread};
    Options nearby = test_options(broker.uri(), version);
    Client neighbour{lasting(nearby, "neighbour")};
    neighbour.register_topic("one/+", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) { seen1.add(message.topic(), message.text()); });
    neighbour.register_topic("two/+", {.qos = Qos::exactly_once})
        .value()
        .on_message([&](const Message& message, Captures) { seen2.add(message.topic(), message.text()); });
    ASSERT_TRUE(neighbour.connect());
    ASSERT_TRUE(neighbour.wait_subscribed(kPatience));
    Client sender{lasting(options, "sender")};
    sender.on_log([](LogLevel, std::string_view) {});
    ASSERT_TRUE(sender.connect());
    ASSERT_TRUE(sender.wait_connected(kPatience));

    std::atomic<int> failed{0};
    std::atomic<int> published{0};
    std::atomic<int> allowed{0};  // Publishing goes in steps, so that each trouble meets messages under way.
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            const std::string one = "one/" + std::to_string(thread);
            const std::string two = "two/" + std::to_string(thread);
            std::vector<Receipt> receipts;
            for (int i = 0; i < per_thread; ++i) {
                for (int now = allowed; now <= i; now = allowed) {
                    allowed.wait(now);
                }
                receipts.push_back(sender.publish(one, i, {.qos = Qos::at_least_once}));
                receipts.push_back(sender.publish(two, i, {.qos = Qos::exactly_once}));
                published += 2;
            }
            for (const Receipt& receipt : receipts) {
                failed += receipt.wait(4 * kPatience) ? 0 : 1;
            }
        });
    }
    const auto allow = [&](int count) {
        allowed = count;
        allowed.notify_all();
    };
    for (int number = 1; number <= kTroubles; ++number) {
        const std::uint64_t sender_before = sender.statistics().disconnects;
        const std::uint64_t receiver_before = receiver.statistics().disconnects;
        allow(per_thread * number / (kTroubles + 1));
        EXPECT_TRUE(eventually([&] { return sender.statistics().inflight >= 5; })) << "trouble " << number;
        make(trouble, path, [&] {
            return sender.statistics().disconnects > sender_before &&
                   receiver.statistics().disconnects > receiver_before;
        });
        EXPECT_TRUE(sender.wait_connected(kPatience));
        EXPECT_TRUE(receiver.wait_connected(kPatience));
        // Mosquitto 2.0 forgets on the second of two reconnections that it was about to repeat a PUBREL, and
        // sends the PUBLISH again. So all has to arrive before the next trouble.
        EXPECT_TRUE(qos1.wait(kThreads * (per_thread * number / (kTroubles + 1))));
        EXPECT_TRUE(qos2.wait(kThreads * (per_thread * number / (kTroubles + 1))));
    }
    allow(per_thread);
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(published, 2 * kThreads * per_thread);
    EXPECT_TRUE(qos1.wait(kThreads * per_thread)) << "with QoS 1 nothing is lost";
    EXPECT_TRUE(qos2.wait(kThreads * per_thread));
    EXPECT_TRUE(seen1.wait(kThreads * per_thread));
    EXPECT_TRUE(seen2.wait(kThreads * per_thread));
    EXPECT_EQ(seen1.out_of_order(), 0);
    EXPECT_EQ(seen2.out_of_order(), 0);
    EXPECT_EQ(seen2.again(), 0);
    EXPECT_EQ(qos2.again(), 0) << "QoS 2 is exactly once";
    EXPECT_GE(sender.statistics().connects, kTroubles + 1u);
    EXPECT_GE(receiver.statistics().connects, kTroubles + 1u);
    EXPECT_GT(sender.statistics().retransmissions, 0u);
    if (const auto* const link = path.packets(); link != nullptr) {
        const test::PacketCounts counts = link->counts();
        EXPECT_GT(counts.lost, 50u);
        EXPECT_GT(counts.doubled, 50u);
        EXPECT_GT(counts.overtaken, 50u);
        EXPECT_GT(counts.swallowed, 0u);
        std::cout << "packets: " << counts.carried << " carried, " << counts.lost << " lost, "
                  << counts.doubled << " doubled, " << counts.overtaken << " overtaken, " << counts.swallowed
                  << " swallowed, " << counts.reset << " answered with a reset; ";
    }
    std::cout << "publishes sent again: " << sender.statistics().retransmissions
              << ", QoS 1 messages that came twice: " << qos1.again() << '\n';
    receiver.close();
    sender.close();
}

INSTANTIATE_TEST_SUITE_P(Troubles, TrafficTest,
                         testing::Combine(testing::Values(Trouble::black_holes, Trouble::changes_of_network,
                                                          Trouble::power_cycles),
                                          testing::Values(VersionPolicy::v3_1_1, VersionPolicy::v5)),
                         [](const auto& row) {
                             return std::string{word_of(std::get<0>(row.param))} + "_" +
                                    name_of(std::get<1>(row.param));
                         });

}  // namespace
}  // namespace multimqtt::client
