// CONNECT and CONNACK, versions, reconnecting, keep-alive and the end.
#include "support/script.hpp"
#include "wire/validate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;
using wire::PacketType;

// v5 and v3.1.1 [MQTT-3.1.0-1].
TEST(ConnectTest, IsTheFirstPacketAndNothingFollowsBeforeConnack) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.publish("a", "1", Qos::at_least_once);
    client.subscribe("b");
    client.start();
    network.opens();
    broker.expects<wire::Connect>();
    EXPECT_FALSE(broker.has_heard());
    broker.sends(wire::Connack{});
    client.reports(Kind::connected);
    broker.expects<wire::Subscribe>();
    broker.expects<wire::Publish>();
    script.silence();
}

TEST(ConnectTest, SaysWhatTheOptionsSay) {
    Options options = quiet_options();
    options.username = "user";
    options.password = "secret";
    options.keep_alive = 30s;
    options.receive_maximum = 7;
    options.packet_bytes_max = 5'000;
    options.will = Will{"gone", "bye", Qos::at_least_once, true, 5s, "text/plain", {{"k", "v"}}};
    options.connect_properties = {{"site", "north"}};
    Script script{options};
    auto& [client, network, broker] = script.roles();
    const auto connect = client.connects();
    EXPECT_EQ(connect.user_name, "user");
    EXPECT_EQ(connect.keep_alive_s, 30);
    EXPECT_EQ(connect.client_id, "script");
    EXPECT_EQ(connect.properties.session_expiry_interval_s, 3'600u);
    EXPECT_EQ(connect.properties.receive_maximum, 7);
    EXPECT_EQ(connect.properties.maximum_packet_size, 5'000u);
    EXPECT_EQ(connect.properties.user_properties.begin()->name, "site");
    ASSERT_TRUE(connect.will);
    EXPECT_EQ(connect.will->topic, "gone");
    EXPECT_TRUE(connect.will->retain);
    EXPECT_EQ(connect.will->properties.will_delay_interval_s, 5u);
}

// v3.1.1 [MQTT-3.1.2-22].
TEST(ConnectTest, APasswordAloneGetsAnEmptyUserNameIn311) {
    Options options = quiet_options(ProtocolVersion::v3_1_1);
    options.password = "secret";
    Script script{options};
    auto& [client, network, broker] = script.roles();
    EXPECT_EQ(client.connects().user_name, "");
}

// v5, section 3.1.2.9: 5.0 allows it.
TEST(ConnectTest, APasswordAloneStaysAloneIn50) {
    Options options = quiet_options();
    options.password = "secret";
    Script script{options};
    auto& [client, network, broker] = script.roles();
    const auto connect = client.connects();
    EXPECT_FALSE(connect.user_name);
    EXPECT_TRUE(connect.password);
}

// v5 [MQTT-3.1.3-2], [MQTT-3.1.3-7].
TEST(ClientIdTest, AssignedByTheBrokerIsUsedAgain) {
    Options options = quiet_options();
    options.client_id.clear();
    Script script{options};
    auto& [client, network, broker] = script.roles();
    wire::Connack connack;
    connack.properties.assigned_client_identifier = "given";
    EXPECT_EQ(client.connects(connack).client_id, "");
    EXPECT_EQ(script.session().grants().client_id, "given");
    network.cuts();
    client.reports(Kind::disconnected);
    EXPECT_EQ(client.reconnects(resuming()).client_id, "given");
}

// v3.1.1 [MQTT-3.1.3-2], [MQTT-3.1.3-5], [MQTT-3.1.3-7].
TEST(ClientIdTest, IsMadeUpIn311AndStays) {
    Options options = quiet_options(ProtocolVersion::v3_1_1);
    options.client_id.clear();
    Script script{options};
    auto& [client, network, broker] = script.roles();
    const std::string id{client.connects().client_id};
    EXPECT_EQ(id.size(), 23u);
    EXPECT_TRUE(id.starts_with("multimqtt"));
    network.cuts();
    client.reports(Kind::disconnected);
    EXPECT_EQ(client.reconnects().client_id, id);
}

struct CleanStartCase {
    const char* name;
    ProtocolVersion version;
    bool clean_start;
    std::chrono::seconds expiry;
    bool first;
    bool second;
};

class CleanStartTest : public testing::TestWithParam<CleanStartCase> {};

TEST_P(CleanStartTest, DependsOnWhetherASessionCanExist) {
    Options options = quiet_options(GetParam().version);
    options.clean_start = GetParam().clean_start;
    options.session_expiry = GetParam().expiry;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    EXPECT_EQ(client.connects().clean_start, GetParam().first);
    network.cuts();
    client.reports(Kind::disconnected);
    EXPECT_EQ(client.reconnects().clean_start, GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    Each, CleanStartTest,
    testing::Values(CleanStartCase{"v5_clean_without_expiry", ProtocolVersion::v5, true, 0s, true, true},
                    CleanStartCase{"v5_clean_with_expiry", ProtocolVersion::v5, true, 60s, true, false},
                    CleanStartCase{"v5_resuming_with_expiry", ProtocolVersion::v5, false, 60s, false, false},
                    CleanStartCase{"v5_resuming_without_expiry", ProtocolVersion::v5, false, 0s, false, true},
                    CleanStartCase{"v3_clean", ProtocolVersion::v3_1_1, true, 0s, true, true},
                    CleanStartCase{"v3_clean_with_expiry", ProtocolVersion::v3_1_1, true, 60s, false, false},
                    CleanStartCase{"v3_resuming", ProtocolVersion::v3_1_1, false, 0s, false, false}),
    [](const auto& row) { return std::string{row.param.name}; });

// v5 [MQTT-4.1.0-2].
TEST(CleanStartExpiryTest, ASessionThatHasExpiredIsNotResumed) {
    Options options = quiet_options();
    options.session_expiry = 10s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.cuts();
    client.reports(Kind::disconnected);
    for (int i = 0; i < 30; ++i) {
        script.wait(1s);
        if (network.take_request() == TransportRequest::Kind::open) {
            network.cuts();
            client.reports(Kind::connect_failed);
        }
    }
    EXPECT_TRUE(client.reconnects().clean_start);
}

// v5 [MQTT-3.2.2-4].
TEST(SessionPresentTest, AfterACleanStartIsAProtocolError) {
    Options options = quiet_options();
    options.clean_start = true;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.start();
    network.opens();
    broker.expects<wire::Connect>();
    broker.sends(resuming());
    client.reports(Kind::connect_failed, {.error = Error::protocol_error});
    broker.expects(PacketType::disconnect, {.reason = ReasonCode::protocol_error});
    script.silence();
}

TEST(SessionPresentTest, OfAnEarlierProcessIsTakenOver) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.subscribe("a");
    client.connects(resuming());
    EXPECT_TRUE(script.session().grants().session_present);
    broker.expects<wire::Subscribe>();
    broker.sends(wire::Pubrel{9, ReasonCode::success, {}});
    broker.expects<wire::Pubcomp>();
    broker.publishes("a", "old", Qos::at_least_once, 3, true);
    client.reports(Kind::message, {.payload = "old"});
}

// The process before may have left QoS 2 messages unreleased, and it began with identifier 1.
TEST(SessionPresentTest, OfAnEarlierProcessIsNotGivenItsFirstIdentifiers) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects(resuming());
    client.publish("a", "1", Qos::exactly_once);
    EXPECT_GT(broker.expects<wire::Publish>().packet_id, 1'000u);
}

// Item by item of MQTT 5.0 section 3.2.2.3: what is absent has its default on each connection.
TEST(GrantsTest, AbsentPropertiesMeanDefaultsNotThoseOfTheLastConnection) {
    Options options = quiet_options();
    options.keep_alive = 30s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    wire::Connack small;
    small.properties.receive_maximum = std::uint16_t{1};
    small.properties.maximum_qos = Qos::at_most_once;
    small.properties.retain_available = false;
    small.properties.maximum_packet_size = 100u;
    small.properties.topic_alias_maximum = std::uint16_t{3};
    small.properties.server_keep_alive_s = std::uint16_t{5};
    small.properties.session_expiry_interval_s = 7u;
    small.properties.wildcard_subscription_available = false;
    client.connects(small);
    const Grants first = script.session().grants();
    EXPECT_EQ(first.receive_maximum, 1);
    EXPECT_EQ(first.keep_alive, 5s);
    EXPECT_EQ(first.session_expiry, 7s);
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects();
    const Grants second = script.session().grants();
    EXPECT_EQ(second.receive_maximum, 65'535);
    EXPECT_EQ(second.maximum_qos, Qos::exactly_once);
    EXPECT_TRUE(second.retain_available);
    EXPECT_EQ(second.packet_bytes_max, 268'435'460u);
    EXPECT_EQ(second.topic_alias_maximum, 0);
    EXPECT_EQ(second.keep_alive, 30s);
    EXPECT_EQ(second.session_expiry, 3'600s);
    EXPECT_TRUE(second.wildcard_subscription_available);
}

struct RefusedConnect {
    ReasonCode reason;
    bool permanent;
};

class RefusedConnectTest : public testing::TestWithParam<RefusedConnect> {};

TEST_P(RefusedConnectTest, WaitsAsLongAsTheReasonAsksForAndNeverTellsThePassword) {
    Options options = quiet_options();
    options.password = "hunter2";
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.start();
    network.opens();
    broker.expects<wire::Connect>();
    broker.sends(refusing(GetParam().reason));
    const Happened failed = client.reports(Kind::connect_failed);
    EXPECT_EQ(failed.permanent, GetParam().permanent);
    EXPECT_EQ(failed.reason, GetParam().reason);
    EXPECT_EQ(failed.failure.message.find("hunter2"), std::string::npos);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    const TimePoint closed_at = script.now();
    network.cuts();
    const auto deadline = script.session().deadline();
    ASSERT_TRUE(deadline);
    EXPECT_EQ(*deadline - closed_at >= 1s, GetParam().permanent);
    script.wait(2s);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::open);
}

INSTANTIATE_TEST_SUITE_P(Reasons, RefusedConnectTest,
                         testing::Values(RefusedConnect{ReasonCode::bad_user_name_or_password, true},
                                         RefusedConnect{ReasonCode::not_authorized, true},
                                         RefusedConnect{ReasonCode::client_identifier_not_valid, true},
                                         RefusedConnect{ReasonCode::banned, true},
                                         RefusedConnect{ReasonCode::bad_authentication_method, true},
                                         RefusedConnect{ReasonCode::unsupported_protocol_version, true},
                                         RefusedConnect{ReasonCode::topic_name_invalid, true},
                                         RefusedConnect{ReasonCode::server_moved, true},
                                         RefusedConnect{ReasonCode::server_unavailable, false},
                                         RefusedConnect{ReasonCode::server_busy, false},
                                         RefusedConnect{ReasonCode::quota_exceeded, false},
                                         RefusedConnect{ReasonCode::use_another_server, false},
                                         RefusedConnect{ReasonCode::connection_rate_exceeded, false}),
                         [](const auto& row) { return std::string{to_string(row.param.reason)}; });

TEST(ServerReferenceTest, IsNamedAndNotFollowed) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.start();
    network.opens();
    broker.expects<wire::Connect>();
    auto connack = refusing(ReasonCode::server_moved);
    connack.properties.server_reference = "other.example:1883";
    broker.sends(connack);
    const Happened failed = client.reports(Kind::connect_failed);
    EXPECT_NE(failed.failure.message.find("other.example:1883"), std::string::npos);
}

TEST(BrokerTextTest, GoesToTheLogAsOneLineOfWholeCharacters) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    wire::Disconnect disconnect;
    disconnect.reason_code = ReasonCode::server_shutting_down;
    std::string text{"a\nb "};
    while (text.size() < 300) {
        text += "\xC3\xA4";
    }
    disconnect.properties.reason_string = text;
    broker.sends(disconnect);
    const std::string message = client.reports(Kind::disconnected).failure.message;
    EXPECT_NE(message.find("The broker says: \"a\\x0ab \xC3\xA4"), std::string::npos);
    EXPECT_TRUE(message.ends_with("\xC3\xA4...\".")) << message;
    EXPECT_TRUE(wire::validate_utf8(message).has_value());
}

TEST(TakenOverTest, DoesNotFightAndSaysWhatHappened) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    wire::Disconnect disconnect;
    disconnect.reason_code = ReasonCode::session_taken_over;
    broker.sends(disconnect);
    const Happened lost = client.reports(Kind::disconnected);
    EXPECT_NE(lost.failure.message.find("Another client"), std::string::npos);
    EXPECT_TRUE(lost.permanent);
    network.cuts();
    script.wait(999ms);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::none);
    script.wait(252ms);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::open);
}

class FallbackTest : public testing::Test, public Script {
protected:
    FallbackTest() : Script{options()} {}
    static Options options() {
        Options options = quiet_options();
        options.version = VersionPolicy::automatic;
        return options;
    }
    void attempt(ProtocolVersion version) {
        network.opens();
        EXPECT_EQ(broker.expects<wire::Connect>().version, version);
    }
};

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerRefusesInItsForm) {
    client.start();
    attempt(ProtocolVersion::v5);
    broker.sends_bytes({0x20, 0x02, 0x00, 0x01});
    client.reports(Kind::connect_failed, {.permanent = false});
    network.cuts();
    attempt(ProtocolVersion::v3_1_1);
    broker.sends(wire::Connack{});
    client.reports(Kind::connected);
    network.cuts();
    client.reports(Kind::disconnected);
    EXPECT_EQ(client.reconnects().version, ProtocolVersion::v3_1_1) << "what worked is remembered";
}

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerJustCloses) {
    client.start();
    attempt(ProtocolVersion::v5);
    network.cuts();
    client.reports(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
    network.cuts();
    client.reports(Kind::connect_failed);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::none) << "one pair of attempts, then backoff";
    wait(1s);
    attempt(ProtocolVersion::v5);
    network.cuts();
    client.reports(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, Takes311ForOneConnectionOnlyWhenTheBrokerHasNotSaidThatItKnowsNo50) {
    client.start();
    attempt(ProtocolVersion::v5);
    network.cuts();
    client.reports(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
    broker.sends(wire::Connack{});
    client.reports(Kind::connected);
    network.cuts();
    client.reports(Kind::disconnected);
    wait(1s);
    attempt(ProtocolVersion::v5);
    network.cuts();
    client.reports(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerAnswersAsIfItHadBeenAskedIn311) {
    client.start();
    attempt(ProtocolVersion::v5);
    broker.sends_bytes({0x20, 0x02, 0x00, 0x00});
    const Happened failed = client.reports(Kind::connect_failed);
    EXPECT_NE(failed.failure.message.find("MQTT 3.1.1 is tried next"), std::string::npos) << failed.failure;
    broker.expects<wire::Disconnect>();
    network.cuts();
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerDoesNotAnswer) {
    client.start();
    attempt(ProtocolVersion::v5);
    wait(options().connect_timeout);
    client.reports(Kind::connect_failed);
    network.cuts();
    attempt(ProtocolVersion::v3_1_1);
}

// A broker that knows no 5.0 may look at the password first, and say so in the form of 3.1.1.
TEST_F(FallbackTest, StaysOpenWhenTheBrokerRefusesForAnotherReason) {
    client.start();
    attempt(ProtocolVersion::v5);
    broker.sends_bytes({0x20, 0x02, 0x00, 0x05});
    client.reports(Kind::connect_failed, {.permanent = true});
    network.cuts();
    wait(2s);
    attempt(ProtocolVersion::v5);
    broker.sends_bytes({0x20, 0x02, 0x00, 0x01});
    client.reports(Kind::connect_failed);
    network.cuts();
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, IsNotConsideredWhenTheBrokerSaysGoodbyeInTheFormOf50) {
    client.start();
    attempt(ProtocolVersion::v5);
    broker.sends(wire::Disconnect{ReasonCode::not_authorized, {}});
    client.reports(Kind::connect_failed, {.permanent = true});
    network.cuts();
    wait(2s);
    attempt(ProtocolVersion::v5);
}

TEST_F(FallbackTest, BeginsWith50AgainWhenTheBrokerCannotBeReachedAnyMore) {
    client.start();
    attempt(ProtocolVersion::v5);
    network.cuts();
    client.reports(Kind::connect_failed);
    network.refuses();
    client.reports(Kind::connect_failed);
    wait(1s);
    attempt(ProtocolVersion::v5);
}

TEST_F(FallbackTest, KeepsTheVersionWhenTheBrokerCannotBeReached) {
    client.start();
    network.refuses();
    client.reports(Kind::connect_failed);
    wait(1s);
    attempt(ProtocolVersion::v5);
}

TEST(EndpointsTest, AreTriedInTurn) {
    Options options = quiet_options();
    options.endpoints = std::vector<Endpoint>(3);
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.start();
    for (const std::size_t endpoint : {0u, 1u, 2u, 0u}) {
        EXPECT_EQ(network.endpoint(), endpoint);
        network.refuses();
        client.reports(Kind::connect_failed);
        script.wait(1s);
    }
}

TEST(ConnectTimeoutTest, CoversEverythingUpToConnack) {
    Options options = quiet_options();
    options.connect_timeout = 3s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.start();
    script.wait(2s);
    network.opens();
    broker.expects<wire::Connect>();
    client.reports(Kind::connect_failed, {.error = Error::timed_out}, after(1s));
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
}

class KeepAliveTest : public testing::Test, public Script {
protected:
    KeepAliveTest() : Script{options()} {}
    static Options options() {
        Options options = quiet_options();
        options.keep_alive = 10s;
        return options;
    }
};

// v5 [MQTT-3.1.2-20]; v3.1.1 [MQTT-3.1.2-23].
TEST_F(KeepAliveTest, PingsAfterNineTenthsOfSilenceOfOurs) {
    client.connects();
    broker.expects(PacketType::pingreq, after(9s));
    broker.sends(wire::Pingresp{});
    broker.expects(PacketType::pingreq, after(9s));
}

TEST_F(KeepAliveTest, ReceivedBytesDoNotPostponeAPing) {
    client.connects();
    for (int i = 0; i < 9; ++i) {
        wait(1s);
        broker.publishes("a", "x");
        client.reports(Kind::message);
    }
    broker.expects<wire::Pingreq>();
}

TEST_F(KeepAliveTest, WhatWeSendPostponesAPing) {
    client.connects();
    for (int i = 0; i < 9; ++i) {
        wait(5s);
        client.publish("a", "x");
        broker.expects<wire::Publish>();
        client.reports(Kind::published);
    }
    silence();
}

TEST_F(KeepAliveTest, ASilentBrokerIsFoundWithinOneAndAHalfKeepAlives) {
    client.connects();
    wait(14s);
    broker.expects<wire::Pingreq>();
    client.reports(Kind::disconnected, {.error = Error::keep_alive_timeout});
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
}

TEST_F(KeepAliveTest, AnyBytesCountAsAnAnswer) {
    client.connects();
    wait(9s);
    broker.expects<wire::Pingreq>();
    wait(4s);
    broker.publishes("a", "x");
    client.reports(Kind::message);
    silence(4s);
}

TEST_F(KeepAliveTest, ATransportThatTakesNothingIsFoundDead) {
    client.connects();
    network.sticks();
    wait(15s);
    client.reports(Kind::disconnected, {.error = Error::keep_alive_timeout});
}

TEST_F(KeepAliveTest, TheAnswerIsAwaitedFromWhenThePingHasLeft) {
    client.connects();
    network.sticks();
    wait(12s);  // The PINGREQ is stuck since 9 s.
    network.flows();
    broker.expects<wire::Pingreq>();
    client.reports(Kind::disconnected, after(5s));
}

TEST_F(KeepAliveTest, WhileReadingPausesSilenceIsNotHeldAgainstTheBroker) {
    client.connects();
    client.pause();
    wait(60s);
    while (broker.has_heard()) {
        broker.expects<wire::Pingreq>();
    }
    client.resume();
    client.reports(Kind::disconnected, after(5s));
}

// The peer's reset is seen by the second write after it, so within one keep-alive.
TEST_F(KeepAliveTest, WhileReadingPausesTwoPingsLeaveInEachKeepAlive) {
    client.connects();
    client.pause();
    for (int i = 0; i < 6; ++i) {
        broker.expects(PacketType::pingreq, after(4500ms));
    }
    client.resume();
    broker.sends_bytes({0xD0, 0x00});
    silence(4s);
}

TEST_F(KeepAliveTest, WhileReadingPausesATransportThatTakesNothingIsFoundDead) {
    client.connects();
    client.pause();
    network.sticks();
    client.reports(Kind::disconnected, {.error = Error::keep_alive_timeout}, after(15s));
}

TEST_F(KeepAliveTest, WhileReadingPausesALossThatTheTransportReportsEndsTheConnection) {
    client.connects();
    client.pause();
    wait(5s);
    broker.expects<wire::Pingreq>();
    network.cuts();
    client.reports(Kind::disconnected, {.error = Error::connection_lost});
    client.reconnects();
}

// v5 [MQTT-3.1.2-21], [MQTT-3.2.2-21].
TEST_F(KeepAliveTest, TheServersKeepAliveReplacesOurs) {
    wire::Connack connack;
    connack.properties.server_keep_alive_s = std::uint16_t{0};
    client.connects(connack);
    silence(1h);
}

// v5 and v3.1.1 [MQTT-3.14.4-1], [MQTT-3.14.4-2].
TEST(CloseTest, SaysGoodbyeAtOnceWhenNothingIsUnfinished) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.close();
    broker.expects(PacketType::disconnect, {.reason = ReasonCode::normal_disconnection});
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    const auto refused = client.try_publish(1, "a", "x", Qos::at_most_once);
    EXPECT_TRUE(refused.error().is(Error::closed));
    script.silence();
    network.cuts();
    EXPECT_FALSE(client.reports(Kind::disconnected).failure.code);
    client.reports(Kind::closed);
    script.silence();
    EXPECT_FALSE(script.session().deadline());
}

TEST(CloseTest, LetsAcknowledgementsLeaveBeforeTheGoodbye) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", Qos::at_least_once, 7);
    const DeliveryId delivery = client.reports(Kind::message).delivery;
    network.sticks();
    client.acknowledge(delivery);
    client.close();
    network.flows();
    broker.expects(PacketType::puback, {.packet_id = 7});
    broker.expects<wire::Disconnect>();
    script.silence();
}

TEST(CloseTest, WaitsForAcknowledgements) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    const Token token = client.publish("a", "x", Qos::at_least_once);
    const auto publish = broker.expects<wire::Publish>();
    client.close();
    script.silence(1s);
    broker.sends(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published, {.token = token});
    broker.expects<wire::Disconnect>();
}

TEST(CloseTest, ReportsWhatIsUnfinishedAtTheDeadline) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    const Token token = client.publish("a", "x", Qos::at_least_once);
    broker.expects<wire::Publish>();
    client.close(2s);
    script.wait(2s);
    broker.expects<wire::Disconnect>();
    network.cuts();
    client.reports(Kind::disconnected);
    const Happened failed = client.reports(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::closed));
    client.reports(Kind::closed);
}

TEST(CloseTest, GoesOnConnectingUntilTheDeadlineForWhatIsQueued) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.start();
    const Token token = client.publish("a", "x");
    client.close(2s);
    network.opens();
    broker.expects<wire::Connect>();
    broker.sends(wire::Connack{});
    client.reports(Kind::connected);
    broker.expects<wire::Publish>();
    broker.expects<wire::Disconnect>();
    client.reports(Kind::published, {.token = token});
    network.cuts();
    client.reports(Kind::disconnected);
    client.reports(Kind::closed);
}

TEST(CloseTest, ClosesATransportThatDoesNotFlushInTime) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.sticks();
    client.close(1s);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    script.wait(2s);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    network.cuts();
    client.reports(Kind::disconnected);
    client.reports(Kind::closed);
}

TEST(CloseTest, ASecondTimeShortensTheWaitAndSaysNothingTwice) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.sticks();
    client.close(10s);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    client.close(1s);
    script.wait(1250ms);
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    network.cuts();
    client.reports(Kind::disconnected);
    client.reports(Kind::closed);
    client.close();
    script.silence();
}

TEST(CloseTest, ASecondTimeShortensTheWaitForAcknowledgements) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.publish("a", "x", Qos::at_least_once);
    broker.expects<wire::Publish>();
    client.close(10s);
    script.silence();
    client.close(0s);
    broker.expects<wire::Disconnect>();
}

TEST(CloseTest, WhileWaitingForTheNextAttemptEndsAtOnce) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.cuts();
    client.reports(Kind::disconnected);
    client.close();
    client.reports(Kind::closed);
    script.silence();
    EXPECT_FALSE(script.session().deadline());
}

TEST(CloseTest, WhileWaitingForTheNextAttemptFailsWhatIsUnfinishedAtTheDeadline) {
    Options options = quiet_options();
    options.reconnect_min = options.reconnect_max = 1h;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.publish("a", "x", Qos::at_least_once);
    broker.expects<wire::Publish>();
    broker.sends(wire::Disconnect{ReasonCode::session_taken_over, {}});  // The longest delay.
    client.reports(Kind::disconnected);
    network.cuts();
    client.close(2s);
    client.reports(Kind::publish_failed, {.error = Error::closed}, after(2s));
    client.reports(Kind::closed);
    script.silence();
}

TEST(CloseTest, WhileAFailedConnectionIsClosingEndsWithIt) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.sends_bytes({0x00, 0x00});
    client.reports(Kind::disconnected);
    broker.expects<wire::Disconnect>();
    client.close();
    script.silence();
    network.cuts();
    client.reports(Kind::closed);
    script.silence();
}

TEST(CloseTest, WhileReadingPausesEndsAtTheDeadline) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    const Token token = client.publish("a", "x", Qos::at_least_once);
    const auto publish = broker.expects<wire::Publish>();
    client.pause();
    client.close(2s);
    broker.sends(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    script.wait(2s);
    broker.expects<wire::Disconnect>();
    network.cuts();
    client.reports(Kind::disconnected);
    client.reports(Kind::publish_failed, {.token = token});
    client.reports(Kind::closed);
}

TEST(CloseTest, EndsAtOnceWhenNothingWasStarted) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.close();
    client.reports(Kind::closed);
    script.silence();
}

TEST(CloseTest, EndsAnAttemptThatIsUnderWay) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.start();
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::open);
    client.close();
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    network.cuts();
    client.reports(Kind::closed);
    script.silence();
}

}  // namespace
}  // namespace multimqtt::session
