// Messages that the broker keeps for later subscribers, and the will.
#include "brokers/broker_fixture.hpp"
#include "support/fault_proxy.hpp"

namespace multimqtt::brokers {
namespace {

using Strings = std::vector<std::string>;

TEST_P(BrokerTest, ALaterSubscriberGetsTheNewestRetainedMessage) {
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    const std::string here = topic("a");
    ASSERT_TRUE(sender.publish(here, "old", Qos::at_least_once, true));
    ASSERT_TRUE(sender.publish(here, "new", Qos::at_least_once, true));
    Peer receiver{options()};
    receiver.route(here, Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    if (!can(Feature::retained)) {
        say_limit(Feature::retained);
        ASSERT_TRUE(sender.publish(here, "end", Qos::at_least_once));
        EXPECT_EQ(receiver.texts(1), Strings{here + "=end"});
        return;
    }
    const auto arrivals = receiver.arrivals(1);
    ASSERT_EQ(arrivals.size(), 1u);
    EXPECT_EQ(arrivals[0].text, "new");
    EXPECT_TRUE(arrivals[0].retain);

    ASSERT_TRUE(sender.publish(here, {}, Qos::at_least_once, true));
    Peer late{options()};
    late.route(here, Qos::at_least_once);
    ASSERT_TRUE(late.up());
    ASSERT_TRUE(sender.publish(here, "end", Qos::at_least_once));
    EXPECT_TRUE(late.wait_for("end"));
    EXPECT_EQ(late.texts(0), Strings{here + "=end"}) << "an empty message has removed it";
}

TEST_P(BrokerTest, ASubscriberWithWildcardsGetsTheRetainedMessages) {
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    Strings expected;
    for (const char* level : {"a", "b", "c"}) {
        ASSERT_TRUE(sender.publish(topic(level), level, Qos::at_least_once, true));
        expected.push_back(topic(level) + "=" + level);
    }
    Peer receiver{options()};
    receiver.route(topic("+"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    if (!can(Feature::retained_wildcards)) {
        say_limit(Feature::retained_wildcards);
        expected.clear();
    } else {
        receiver.arrivals(expected.size());
    }
    ASSERT_TRUE(sender.publish(topic("z"), "end", Qos::at_least_once));
    EXPECT_TRUE(receiver.wait_for("end"));
    expected.push_back(topic("z") + "=end");
    Strings came = receiver.texts(0);
    std::ranges::sort(came);
    EXPECT_EQ(came, expected);
}

TEST_P(BrokerTest, TheWillIsPublishedWhenTheConnectionIsCutAndNotAfterAGoodbye) {
    Peer receiver{options()};
    receiver.route(topic("+"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    test::FaultProxy proxy{broker().port(), 1};
    Options dying = options();
    dying.endpoints[0].port = proxy.port();
    dying.reconnect_min = dying.reconnect_max = 60s;
    dying.will = Will{.topic = topic("polite"), .payload = "gone", .qos = Qos::at_least_once};
    {
        Peer polite{dying};
        ASSERT_TRUE(polite.up());
        polite->close();
    }
    dying.will->topic = topic("cut");
    dying.will->retain = can(Feature::retained);
    Peer cut{dying};
    ASSERT_TRUE(cut.up());
    proxy.cut();
    if (!can(Feature::will)) {
        say_limit(Feature::will);
        EXPECT_TRUE(client::eventually([&] { return cut->statistics().disconnects == 1; }));
    } else {
        receiver.wait_for("gone");
    }
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    ASSERT_TRUE(sender.publish(topic("z"), "end", Qos::at_least_once));
    EXPECT_TRUE(receiver.wait_for("end"));
    EXPECT_EQ(receiver.texts(0), can(Feature::will) ? (Strings{topic("cut") + "=gone", topic("z") + "=end"})
                                                    : Strings{topic("z") + "=end"});
    if (dying.will->retain && can(Feature::will)) {
        Peer late{options()};
        late.route(topic("cut"), Qos::at_least_once);
        ASSERT_TRUE(late.up());
        EXPECT_EQ(late.texts(1), Strings{topic("cut") + "=gone"}) << "the will was retained";
    }
}

}  // namespace
}  // namespace multimqtt::brokers
