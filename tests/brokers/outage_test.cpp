// The broker ends and comes back.
#include "brokers/broker_fixture.hpp"

#include <set>

namespace multimqtt::brokers {
namespace {

using Strings = std::vector<std::string>;

TEST_P(BrokerTest, AfterARestartClientsGoOnAndTheBrokerHasWhatItKeeps) {
    {
        Peer away{lasting("away")};
        away.route(topic("offline"), Qos::at_least_once);
        ASSERT_TRUE(away.up());
    }
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    ASSERT_TRUE(sender.publish(topic("offline"), "kept", Qos::at_least_once));
    ASSERT_TRUE(sender.publish(topic("retained"), "kept", Qos::at_least_once, true));
    Peer receiver{options()};
    receiver.route(topic("online"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());

    broker().stop();
    EXPECT_TRUE(client::eventually(
        [&] { return sender->statistics().disconnects == 1 && receiver->statistics().disconnects == 1; }));
    const Receipt meanwhile = sender->publish(topic("meanwhile"), "x", {.qos = Qos::at_least_once});
    EXPECT_FALSE(meanwhile.done());
    broker().start();
    EXPECT_TRUE(meanwhile.wait(kPatience));
    ASSERT_TRUE(receiver.up());
    ASSERT_TRUE(sender.publish(topic("online"), "x", Qos::at_least_once));
    EXPECT_EQ(receiver.texts(1), Strings{topic("online") + "=x"}) << "the subscription is there again";

    Peer away{lasting("away")};
    away.route(topic("offline"), Qos::at_least_once);
    ASSERT_TRUE(away.up());
    EXPECT_EQ(away->connection()->session_present, can(Feature::session_kept));
    ASSERT_TRUE(sender.publish(topic("offline"), "end", Qos::at_least_once));
    EXPECT_TRUE(away.wait_for("end"));
    if (can(Feature::session_kept)) {
        EXPECT_EQ(away.texts(0), (Strings{topic("offline") + "=kept", topic("offline") + "=end"}));
    } else {
        say_limit(Feature::session_kept);
        EXPECT_EQ(away.texts(0), Strings{topic("offline") + "=end"});
    }

    Peer late{options()};
    late.route(topic("retained"), Qos::at_least_once);
    ASSERT_TRUE(late.up());
    if (can(Feature::retained_kept)) {
        EXPECT_EQ(late.texts(1), Strings{topic("retained") + "=kept"});
    } else {
        say_limit(Feature::retained_kept);
        ASSERT_TRUE(sender.publish(topic("retained"), "end", Qos::at_least_once));
        EXPECT_EQ(late.texts(1), Strings{topic("retained") + "=end"});
    }
}

TEST_P(BrokerTest, EveryPublishThatWasAcceptedIsAcknowledgedWhenTheBrokerIsKilled) {
    constexpr int kCount = 1'000;
    Peer receiver{options()};
    receiver.route(topic("a"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    Peer sender{lasting("sender")};
    ASSERT_TRUE(sender.up());
    std::vector<Receipt> receipts;
    for (int i = 0; i < kCount; ++i) {
        receipts.push_back(
            sender->publish(topic("a"), i, {.qos = i % 2 == 0 ? Qos::at_least_once : greatest()}));
    }
    ASSERT_TRUE(receipts.front().wait(kPatience));
    broker().kill();
    broker().start();
    for (const Receipt& receipt : receipts) {
        const auto outcome = receipt.wait(2 * kPatience);
        ASSERT_TRUE(outcome) << outcome.error();
    }
    ASSERT_TRUE(receiver.up());
    ASSERT_TRUE(sender.publish(topic("a"), "end", Qos::at_least_once));
    EXPECT_TRUE(receiver.wait_for("end"));
}

}  // namespace
}  // namespace multimqtt::brokers
