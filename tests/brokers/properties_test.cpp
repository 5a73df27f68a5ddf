// What only MQTT 5.0 has.
#include "brokers/broker_fixture.hpp"

namespace multimqtt::brokers {
namespace {

using Strings = std::vector<std::string>;

/// The tests of this file have a row for MQTT 5.0 only where the broker has it.
bool speaks_version_5(const Row& row) {
    return row.version == VersionPolicy::v5;
}

TEST_P(BrokerTest, TheFactsOfTheConnectionAreThoseOfTheBroker) {
    Peer peer{options()};
    ASSERT_TRUE(peer.up());
    const ConnectionFacts facts = *peer->connection();
    if (speaks_version_5(GetParam())) {
        EXPECT_EQ(facts.subscription_identifiers, can(Feature::subscription_identifiers));
        EXPECT_EQ(facts.shared_subscriptions, can(Feature::shared_subscriptions));
        EXPECT_EQ(facts.maximum_qos, can(Feature::qos_2) ? Qos::exactly_once : Qos::at_least_once);
        EXPECT_EQ(facts.retain_available, can(Feature::retained));
    } else {
        EXPECT_FALSE(facts.subscription_identifiers);
        EXPECT_EQ(facts.topic_alias_maximum, 0);
    }
}

TEST_P(BrokerTest, PropertiesArriveAsTheyWereSentOrNotAtAll) {
    Peer receiver{options()};
    receiver.route(topic("a"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    PublishProperties sent;
    sent.text = true;
    sent.content_type = "text/plain";
    sent.response_topic = topic("answer");
    sent.correlation_data = std::string{"\0\x01\xFF", 3};
    sent.user_properties = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    ASSERT_TRUE(
        sender->publish(topic("a"), "x", {.qos = Qos::at_least_once, .properties = sent}).wait(kPatience));
    const auto arrivals = receiver.arrivals(1);
    ASSERT_EQ(arrivals.size(), 1u);
    const PublishProperties& came = arrivals[0].properties;
    if (!speaks_version_5(GetParam())) {
        EXPECT_TRUE(came.empty());
        return;
    }
    EXPECT_EQ(came.text, sent.text);
    EXPECT_EQ(came.content_type, sent.content_type);
    EXPECT_EQ(came.response_topic, sent.response_topic);
    EXPECT_EQ(came.correlation_data, sent.correlation_data);
    EXPECT_EQ(came.user_properties, sent.user_properties);
}

TEST_P(BrokerTest, NoLocalKeepsOwnMessagesAway) {
    Peer peer{options()};
    Strings came;
    std::mutex mutex;
    const Topic local =
        peer->register_topic(topic("+"), {.qos = Qos::at_least_once, .no_local = true}).value();
    Topic{local}.on_message([&](const Message& message, Captures) {
        const std::lock_guard lock{mutex};
        came.emplace_back(message.text());
    });
    ASSERT_TRUE(peer.up());
    Peer other{options()};
    ASSERT_TRUE(other.up());
    ASSERT_TRUE(peer.publish(topic("a"), "own", Qos::at_least_once));
    ASSERT_TRUE(other.publish(topic("a"), "foreign", Qos::at_least_once));
    const bool kept_away = speaks_version_5(GetParam()) && can(Feature::no_local);
    EXPECT_TRUE(client::eventually([&] {
        const std::lock_guard lock{mutex};
        return came.size() >= (kept_away ? 1u : 2u);
    }));
    const std::lock_guard lock{mutex};
    EXPECT_EQ(came, kept_away ? Strings{"foreign"} : (Strings{"own", "foreign"}));
}

TEST_P(BrokerTest, TopicAliasesSaveBytesAndLoseNothing) {
    constexpr std::size_t kCount = 200;
    Peer receiver{options()};
    receiver.route(topic("#"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    Strings expected;
    std::vector<Receipt> receipts;
    for (std::size_t i = 0; i < kCount; ++i) {
        const std::string here = topic("a/long/topic/name/that/is/worth/an/alias/" + std::to_string(i % 3));
        receipts.push_back(sender->publish(here, i, {.qos = Qos::at_least_once}));
        expected.push_back(here + "=" + std::to_string(i));
    }
    for (const Receipt& receipt : receipts) {
        ASSERT_TRUE(receipt.wait(kPatience));
    }
    Strings came = receiver.texts(kCount);
    std::ranges::sort(came);
    std::ranges::sort(expected);
    EXPECT_EQ(came, expected);
    EXPECT_EQ(receiver->statistics().protocol_errors, 0u);
}

}  // namespace
}  // namespace multimqtt::brokers
