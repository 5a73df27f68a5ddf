// Filters that overlap, that are shared, that are many, and topics with unusual letters.
#include "brokers/broker_fixture.hpp"

#include <set>

namespace multimqtt::brokers {
namespace {

using Strings = std::vector<std::string>;

TEST_P(BrokerTest, OverlappingRoutesRunOnceEach) {
    Peer receiver{options()};
    for (const char* pattern : {"#", "+/b", "a/+", "a/b"}) {
        receiver.route(topic(pattern), Qos::at_least_once);
    }
    ASSERT_TRUE(receiver.up());
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    ASSERT_TRUE(sender.publish(topic("a/b"), "x", Qos::at_least_once));
    ASSERT_TRUE(sender.publish(topic("end"), "end", Qos::at_least_once));
    EXPECT_TRUE(receiver.wait_for("end"));
    const Strings came = receiver.texts(5);
    EXPECT_EQ(std::ranges::count(came, topic("a/b") + "=x"), 4) << testing::PrintToString(came);
    EXPECT_EQ(std::ranges::count(came, topic("end") + "=end"), 1);
}

TEST_P(BrokerTest, ASharedSubscriptionGivesEachMessageToOneMember) {
    constexpr std::size_t kCount = 100;
    const std::string filter = "$share/" + name() + "/" + topic("a");
    Peer first{options()};
    Peer second{options()};
    Peer plain{options()};
    plain.route(topic("a"), Qos::at_least_once);
    ASSERT_TRUE(plain.up());
    bool granted = true;
    for (Peer* member : {&first, &second}) {
        member->route(filter, Qos::at_least_once);
        ASSERT_TRUE((*member)->connect());
        ASSERT_TRUE((*member)->wait_connected(kPatience));
        const auto subscribed = (*member)->wait_subscribed(kPatience);
        granted = granted && subscribed;
        if (!subscribed) {
            std::cout << "said: " << subscribed.error() << '\n';
        }
    }
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    for (std::size_t i = 0; i < kCount; ++i) {
        ASSERT_TRUE(sender.publish(topic("a"), i, Qos::at_least_once));
    }
    EXPECT_EQ(plain.arrivals(kCount).size(), kCount);
    if (!can(Feature::shared_subscriptions)) {
        say_limit(Feature::shared_subscriptions);
        EXPECT_EQ(first.texts(0), Strings{}) << "granted: " << granted;
        EXPECT_EQ(second.texts(0), Strings{});
        return;
    }
    EXPECT_TRUE(granted);
    std::set<std::string> all;
    EXPECT_TRUE(
        client::eventually([&] { return first.arrivals(0).size() + second.arrivals(0).size() >= kCount; }));
    for (Peer* member : {&first, &second}) {
        for (const std::string& text : member->texts(0)) {
            EXPECT_TRUE(all.insert(text).second) << text << " came twice";
        }
        EXPECT_FALSE(member->texts(0).empty());
    }
    EXPECT_EQ(all.size(), kCount);
}

TEST_P(BrokerTest, TopicsOfEveryKindComeBackAsTheyWereSent) {
    // NATS and RabbitMQ translate topics into subjects and routing keys of their own.
    const Strings levels{"Größe", "温度", "a//b", "a/", "$inside", "x=y&z"};
    Peer receiver{options()};
    receiver.route(topic("#"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    Options sending = options();
    sending.reconnect_max = 20ms;
    Peer sender{sending};
    ASSERT_TRUE(sender.up());
    Strings expected;
    for (const std::string& level : levels) {
        ASSERT_TRUE(sender.publish(topic(level), "x", Qos::at_least_once)) << level;
        expected.push_back(topic(level) + "=x");
    }
    ASSERT_TRUE(sender.publish(topic("end"), "end", Qos::at_least_once));
    EXPECT_TRUE(receiver.wait_for("end"));
    expected.push_back(topic("end") + "=end");
    EXPECT_EQ(receiver.texts(0), expected);
}

TEST_P(BrokerTest, ATopicWithADotComesBackAsItWasSent) {
    Peer receiver{options()};
    receiver.route(topic("#"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    Options sending = options();
    sending.reconnect_min = sending.reconnect_max = 20ms;
    Peer sender{sending};
    ASSERT_TRUE(sender.up());
    const Receipt receipt = sender->publish(topic("with.dot"), "x", {.qos = Qos::at_least_once});
    if (!can(Feature::dots_taken)) {
        say_limit(Feature::dots_taken);
        EXPECT_TRUE(client::eventually([&] { return sender->statistics().disconnects >= 2; }));
        EXPECT_TRUE(sender.says("closed the connection")) << testing::PrintToString(sender.said());
        EXPECT_FALSE(receipt.done()) << "the client keeps the message, and sends it again";
        sender->close(0ms);
        return;
    }
    EXPECT_TRUE(receipt.wait(kPatience));
    const Strings came = receiver.texts(1);
    if (!can(Feature::dots)) {
        say_limit(Feature::dots);
        EXPECT_EQ(came, Strings{topic("with/dot") + "=x"});
        return;
    }
    EXPECT_EQ(came, Strings{topic("with.dot") + "=x"});
}

TEST_P(BrokerTest, TenThousandTopicsAreSubscribedAndEachGetsItsMessage) {
    constexpr std::size_t kCount = 10'000;
    Options many = options();
    Peer receiver{many};
    std::set<std::string> expected;
    for (std::size_t i = 0; i < kCount; ++i) {
        const std::string here = topic(std::to_string(i % 100) + "/" + std::to_string(i));
        receiver.route(here, Qos::at_most_once);
        expected.insert(here + "=" + std::to_string(i));
    }
    ASSERT_TRUE(receiver.up());
    EXPECT_EQ(receiver->statistics().subscriptions, kCount);
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    std::vector<Receipt> receipts;
    for (std::size_t i = 0; i < kCount; ++i) {
        receipts.push_back(sender->publish(topic(std::to_string(i % 100) + "/" + std::to_string(i)), i,
                                           {.qos = Qos::at_least_once}));
    }
    for (const Receipt& receipt : receipts) {
        ASSERT_TRUE(receipt.wait(kPatience));
    }
    const Strings came = receiver.texts(kCount);
    EXPECT_EQ(came.size(), kCount);
    EXPECT_EQ((std::set<std::string>{came.begin(), came.end()}), expected);
}

}  // namespace
}  // namespace multimqtt::brokers
