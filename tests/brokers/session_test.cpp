// A session from connection to connection.
#include "brokers/broker_fixture.hpp"
#include "support/fault_proxy.hpp"

#include <map>

namespace multimqtt::brokers {
namespace {

using Strings = std::vector<std::string>;

TEST_P(BrokerTest, MessagesThatCameWhileAwayArriveInOrderAtTheNextConnection) {
    {
        Peer receiver{lasting("receiver")};
        receiver.route(topic("1"), Qos::at_least_once);
        receiver.route(topic("2"), Qos::exactly_once);
        ASSERT_TRUE(receiver.up());
    }
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    Strings expected_1;
    Strings expected_2;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(sender.publish(topic("1"), i, Qos::at_least_once));
        ASSERT_TRUE(sender.publish(topic("2"), i, greatest()));
        expected_1.push_back(topic("1") + "=" + std::to_string(i));
        expected_2.push_back(topic("2") + "=" + std::to_string(i));
    }
    Peer receiver{lasting("receiver")};
    receiver.route(topic("1"), Qos::at_least_once);
    receiver.route(topic("2"), Qos::exactly_once);
    ASSERT_TRUE(receiver.up());
    if (!can(Feature::offline_messages)) {
        say_limit(Feature::offline_messages);
        expected_1.clear();
        expected_2.clear();
    } else {
        receiver.arrivals(expected_1.size() + expected_2.size());
    }
    ASSERT_TRUE(sender.publish(topic("1"), "end", Qos::at_least_once));
    ASSERT_TRUE(sender.publish(topic("2"), "last", greatest()));
    expected_1.push_back(topic("1") + "=end");
    expected_2.push_back(topic("2") + "=last");
    EXPECT_TRUE(receiver.wait_for("end"));
    EXPECT_TRUE(receiver.wait_for("last"));
    Strings came_1;
    Strings came_2;
    for (std::string& text : receiver.texts(0)) {
        (text.starts_with(topic("1")) ? came_1 : came_2).push_back(std::move(text));
    }
    if (!can(Feature::offline_order)) {
        say_limit(Feature::offline_order);
        EXPECT_NE(came_1, expected_1);
        for (Strings* texts : {&came_1, &came_2, &expected_1, &expected_2}) {
            std::ranges::sort(*texts);
        }
    }
    EXPECT_EQ(came_1, expected_1);
    EXPECT_EQ(came_2, expected_2);
}

TEST_P(BrokerTest, WhatWasNotAcknowledgedComesAgainToTheNextClientOfTheSession) {
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    {
        Peer receiver{lasting("receiver")};
        receiver.route(topic("a"), Qos::at_least_once, AckMode::manual);
        ASSERT_TRUE(receiver.up());
        ASSERT_TRUE(sender.publish(topic("a"), "x", Qos::at_least_once));
        ASSERT_EQ(receiver.texts(1), Strings{topic("a") + "=x"});
        receiver->close(0ms);
    }
    Peer receiver{lasting("receiver")};
    receiver.route(topic("a"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    if (!can(Feature::redelivery)) {
        say_limit(Feature::redelivery);
        ASSERT_TRUE(sender.publish(topic("a"), "end", Qos::at_least_once));
        EXPECT_EQ(receiver.texts(1), Strings{topic("a") + "=end"});
        return;
    }
    const auto arrivals = receiver.arrivals(1);
    ASSERT_EQ(arrivals.size(), 1u);
    EXPECT_EQ(arrivals[0].text, "x");
    if (!can(Feature::dup)) {
        say_limit(Feature::dup);
    }
    EXPECT_EQ(arrivals[0].dup, can(Feature::dup)) << "v5 and v3.1.1 [MQTT-3.3.1-1]";
}

/// How often each text has come.
std::map<std::string, int> counts(const std::vector<Arrival>& arrivals, Qos qos) {
    std::map<std::string, int> counts;
    for (const Arrival& arrival : arrivals) {
        if (arrival.topic.ends_with(to_string(qos))) {
            ++counts[arrival.text];
        }
    }
    return counts;
}

TEST_P(BrokerTest, AcrossCutsNothingIsLostAndQos2ComesOnce) {
    constexpr int kRounds = 5;
    constexpr int kPerRound = 100;
    test::FaultProxy proxy{broker().port(), 1};
    Options receiving = lasting("receiver");
    Options sending = lasting("sender");
    receiving.endpoints[0].port = sending.endpoints[0].port = proxy.port();
    Peer receiver{receiving};
    receiver.route(topic(to_string(Qos::at_least_once)), Qos::at_least_once);
    receiver.route(topic(to_string(Qos::exactly_once)), Qos::exactly_once);
    ASSERT_TRUE(receiver.up());
    Peer sender{sending};
    ASSERT_TRUE(sender.up());
    std::vector<Receipt> receipts;
    for (int round = 0; round < kRounds; ++round) {
        const std::uint64_t done = sender->statistics().publishes_done;
        for (int i = round * kPerRound; i < (round + 1) * kPerRound; ++i) {
            receipts.push_back(
                sender->publish(topic(to_string(Qos::at_least_once)), i, {.qos = Qos::at_least_once}));
            receipts.push_back(sender->publish(topic(to_string(Qos::exactly_once)), i, {.qos = greatest()}));
        }
        // In the middle of the round, wherever that is.
        ASSERT_TRUE(
            client::eventually([&] { return sender->statistics().publishes_done > done + kPerRound / 2; }));
        proxy.cut();
    }
    for (const Receipt& receipt : receipts) {
        const auto outcome = receipt.wait(kPatience);
        ASSERT_TRUE(outcome) << outcome.error() << testing::PrintToString(sender.said());
    }
    if (!can(Feature::publisher_session)) {
        say_limit(Feature::publisher_session);
    }
    ASSERT_TRUE(sender.up());
    EXPECT_EQ(sender->connection()->session_present, can(Feature::publisher_session));
    EXPECT_GE(sender->statistics().connects, 3u) << "there were cuts";
    if (!can(Feature::kept_across_cuts)) {
        say_limit(Feature::kept_across_cuts);
        return;
    }
    constexpr auto kCount = static_cast<std::size_t>(kRounds * kPerRound);
    const auto distinct = [&](Qos qos) { return counts(receiver.arrivals(0), qos).size(); };
    EXPECT_TRUE(client::eventually([&] {
        return distinct(Qos::at_least_once) == kCount && distinct(Qos::exactly_once) == kCount;
    })) << distinct(Qos::at_least_once)
        << " and " << distinct(Qos::exactly_once) << " of " << kCount;
    if (can(Feature::publisher_session) && can(Feature::qos_2) && can(Feature::qos_2_publish)) {
        for (const auto& [text, count] : counts(receiver.arrivals(0), Qos::exactly_once)) {
            EXPECT_EQ(count, 1) << text;
        }
    }
}

}  // namespace
}  // namespace multimqtt::brokers
