// Topic aliases, at the ends of their range and of their connection.
#include "session/aliases.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;
using wire::PacketType;

wire::Publish with_alias(std::string_view topic, std::uint16_t alias) {
    wire::Publish publish{.topic = topic};
    publish.properties.topic_alias = alias;
    return publish;
}

class InboundAliasRangeTest : public testing::TestWithParam<std::uint16_t>, public Script {
protected:
    InboundAliasRangeTest() : Script{offering(GetParam())} {}

    static Options offering(std::uint16_t maximum) {
        Options options = quiet_options();
        options.topic_alias_maximum = maximum;
        return options;
    }
};

INSTANTIATE_TEST_SUITE_P(Maxima, InboundAliasRangeTest,
                         testing::Values(std::uint16_t{1}, std::uint16_t{10}, std::uint16_t{65'535}));

// v5 [MQTT-3.3.2-10].
TEST_P(InboundAliasRangeTest, IsFromOneToTheMaximumOfConnect) {
    EXPECT_EQ(client.connects().properties.topic_alias_maximum, GetParam());
    for (const std::uint16_t alias : {std::uint16_t{1}, GetParam()}) {
        broker.sends(with_alias("topic/" + std::to_string(alias), alias));
        client.reports(Kind::message, {.topic = "topic/" + std::to_string(alias)});
        broker.sends(with_alias("", alias));
        client.reports(Kind::message, {.topic = "topic/" + std::to_string(alias)});
    }
    silence();
}

// v5 [MQTT-3.3.2-7].
TEST(InboundAliasTest, MeansNothingOnTheNextConnection) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.sends(with_alias("a", 1));
    client.reports(Kind::message, {.topic = "a"});
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects(resuming());
    broker.sends(with_alias("", 1));
    client.reports(Kind::disconnected, {.error = Error::protocol_error});
    broker.expects(PacketType::disconnect, {.reason = ReasonCode::protocol_error});
}

// v5 [MQTT-3.3.2-7].
TEST(OutboundAliasTest, IsDefinedAnewOnTheNextConnection) {
    wire::Connack offering = resuming();
    offering.properties.topic_alias_maximum = std::uint16_t{1};
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects(offering);
    for (int connection = 0; connection < 2; ++connection) {
        std::string topics;
        for (int i = 0; i < 3; ++i) {
            client.publish("plant/1", "x");
            const auto publish = broker.expects<wire::Publish>();
            client.reports(Kind::published);
            topics.append(publish.topic).append(publish.properties.topic_alias ? " alias, " : ", ");
        }
        EXPECT_EQ(topics, "plant/1, plant/1 alias,  alias, ");
        network.cuts();
        client.reports(Kind::disconnected);
        client.reconnects(offering);
    }
}

// v5 [MQTT-3.2.2-17], [MQTT-3.3.2-8], [MQTT-3.3.2-9].
TEST(OutboundAliasesTest, AreGivenFromOneToTheMaximumOfConnack) {
    OutboundAliases aliases;
    aliases.reset(3);
    for (const int expected : {1, 2, 3, 0, 0}) {
        const std::string topic = "topic/" + std::to_string(expected) + "/" + std::to_string(expected);
        EXPECT_EQ(aliases.use(topic).alias, 0) << "a topic that is seen once needs none";
        EXPECT_EQ(aliases.use(topic).alias, expected);
    }
}

}  // namespace
}  // namespace multimqtt::session
