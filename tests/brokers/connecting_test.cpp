// Coming up, staying up, and giving way.
#include "brokers/broker_fixture.hpp"

namespace multimqtt::brokers {
namespace {

TEST_P(BrokerTest, SpeaksTheNewestVersionThatTheBrokerKnows) {
    Options options = this->options();
    options.version = VersionPolicy::automatic;
    options.connect_timeout = 1s;  // Some brokers do not answer a version that they do not know.
    Peer peer{options};
    ASSERT_TRUE(peer.up());
    if (can(Feature::version_5)) {
        EXPECT_EQ(peer->connection()->version, ProtocolVersion::v5);
        return;
    }
    say_limit(Feature::version_5);
    EXPECT_EQ(peer->connection()->version, ProtocolVersion::v3_1_1);
    EXPECT_TRUE(peer.says("MQTT 3.1.1 is tried next")) << testing::PrintToString(peer.said());
}

TEST_P(BrokerTest, Version5AloneConnectsOrIsRefusedInWords) {
    Options options = this->options();
    options.version = VersionPolicy::v5;
    options.connect_timeout = 2s;
    Peer peer{options};
    ASSERT_TRUE(peer->connect());
    if (can(Feature::version_5)) {
        EXPECT_TRUE(peer->wait_connected(kPatience));
        return;
    }
    say_limit(Feature::version_5);
    EXPECT_TRUE(client::eventually([&] { return peer->statistics().connects_failed > 0; }));
    const auto waited = peer->wait_connected(0ms);
    ASSERT_FALSE(waited);
    std::cout << "said: " << waited.error() << '\n';
}

TEST_P(BrokerTest, AClientWithoutIdentifierGetsOne) {
    Peer peer{options()};
    ASSERT_TRUE(peer.up());
    EXPECT_FALSE(peer->connection()->client_id.empty());
}

TEST_P(BrokerTest, ALastingSessionIsThereAtTheNextConnection) {
    {
        Peer peer{lasting("a")};
        peer.route(topic("#"), Qos::at_least_once);
        ASSERT_TRUE(peer.up());
        EXPECT_FALSE(peer->connection()->session_present);
    }
    Peer peer{lasting("a")};
    ASSERT_TRUE(peer.up());
    EXPECT_TRUE(peer->connection()->session_present);
}

TEST_P(BrokerTest, PingsKeepAnIdleConnectionUp) {
    Options options = this->options();
    options.keep_alive = 1s;
    Peer peer{options};
    ASSERT_TRUE(peer.up());
    EXPECT_TRUE(client::eventually([&] { return peer->statistics().packets_in >= 4; }))
        << "CONNACK and three PINGRESP";
    EXPECT_EQ(peer->statistics().disconnects, 0u);
}

TEST_P(BrokerTest, TheNewerOfTwoClientsWithOneIdentifierStays) {
    Options options = lasting("a");
    options.reconnect_min = options.reconnect_max = 60s;
    Peer older{options};
    ASSERT_TRUE(older.up());
    Peer newer{options};
    ASSERT_TRUE(newer.up());
    EXPECT_TRUE(client::eventually([&] { return older->statistics().disconnects == 1; }));
    EXPECT_TRUE(newer->connected());
}

}  // namespace
}  // namespace multimqtt::brokers
