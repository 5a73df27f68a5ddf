// Each quality of service, in both directions.
#include "brokers/broker_fixture.hpp"

#include <array>

namespace multimqtt::brokers {
namespace {

constexpr std::array kQualities{Qos::at_most_once, Qos::at_least_once, Qos::exactly_once};

/// What a message comes with.
Qos expected_quality(const BrokerKind& kind, Qos published, Qos subscribed) {
    const Qos granted = kind.can(Feature::qos_2) ? subscribed : std::min(subscribed, Qos::at_least_once);
    return kind.can(Feature::lesser_quality) ? std::min(published, granted) : granted;
}

TEST_P(BrokerTest, EachQualityArrivesAsTheLesserOfWhatWasPublishedAndWhatWasGranted) {
    for (const Feature feature : {Feature::qos_2, Feature::lesser_quality}) {
        if (!can(feature)) {
            say_limit(feature);
        }
    }
    for (const Qos subscribed : kQualities) {
        Peer receiver{options()};
        const std::string here = topic(to_string(subscribed));
        receiver.route(here, subscribed);
        ASSERT_TRUE(receiver.up());
        Peer sender{options()};
        ASSERT_TRUE(sender.up());
        std::size_t sent = 0;
        for (const Qos published : kQualities) {
            SCOPED_TRACE(std::string{to_string(published)}.append(" to ").append(to_string(subscribed)));
            if (published > greatest()) {
                continue;  // The next test is about that.
            }
            ASSERT_TRUE(sender.publish(here, "x", published));
            const auto arrivals = receiver.arrivals(++sent);
            ASSERT_EQ(arrivals.size(), sent);
            EXPECT_EQ(arrivals.back().qos, expected_quality(kind(), published, subscribed));
        }
    }
}

TEST_P(BrokerTest, ManyMessagesOfEachQualityArriveOnceAndInOrder) {
    constexpr std::size_t kCount = 500;
    for (const Qos qos : kQualities) {
        if (qos > greatest()) {
            continue;
        }
        SCOPED_TRACE(to_string(qos));
        Peer receiver{options()};
        const std::string here = topic(to_string(qos));
        receiver.route(here, qos);
        ASSERT_TRUE(receiver.up());
        Peer sender{options()};
        ASSERT_TRUE(sender.up());
        std::vector<Receipt> receipts;
        std::vector<std::string> expected;
        for (std::size_t i = 0; i < kCount; ++i) {
            receipts.push_back(sender->publish(here, i, {.qos = qos}));
            expected.push_back(here + "=" + std::to_string(i));
        }
        for (const Receipt& receipt : receipts) {
            const auto outcome = receipt.wait(kPatience);
            ASSERT_TRUE(outcome) << outcome.error();
        }
        ASSERT_TRUE(sender.publish(here, "last", qos));
        expected.push_back(here + "=last");
        EXPECT_TRUE(receiver.wait_for("last"));
        EXPECT_EQ(receiver.texts(0), expected);
        EXPECT_EQ(sender->statistics().disconnects + receiver->statistics().disconnects, 0u)
            << testing::PrintToString(sender.said()) << testing::PrintToString(receiver.said());
    }
}

TEST_P(BrokerTest, AMessageOfQos2IsTakenAsSuchOrTheClientSaysWhatHappens) {
    Options options = this->options();
    options.reconnect_min = options.reconnect_max = 20ms;
    Peer sender{options};
    ASSERT_TRUE(sender.up());
    const Receipt receipt = sender->publish(topic("a"), "x", {.qos = Qos::exactly_once});
    if (can(Feature::qos_2_publish)) {
        EXPECT_TRUE(receipt.wait(kPatience));
        EXPECT_EQ(sender->statistics().packets_out, 3u) << "CONNECT, PUBLISH and PUBREL";
        return;
    }
    say_limit(Feature::qos_2_publish);
    if (kind().qos_2_acknowledged) {
        EXPECT_TRUE(receipt.wait(kPatience));
        EXPECT_TRUE(sender.says("treats QoS 2 as QoS 1")) << testing::PrintToString(sender.said());
        EXPECT_EQ(sender->statistics().disconnects, 0u);
        return;
    }
    EXPECT_TRUE(client::eventually([&] { return sender->statistics().disconnects >= 2; }));
    EXPECT_TRUE(sender.says("closed the connection")) << testing::PrintToString(sender.said());
    EXPECT_FALSE(receipt.done()) << "the client keeps the message, and sends it again";
    sender->close(0ms);
}

}  // namespace
}  // namespace multimqtt::brokers
