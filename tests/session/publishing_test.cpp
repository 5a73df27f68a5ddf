// What the client sends: QoS 0, 1 and 2, and what it does with the broker's acknowledgements.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;
using wire::PacketType;

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5};

std::string version_name(const testing::TestParamInfo<ProtocolVersion>& info) {
    return "v" + std::to_string(static_cast<int>(info.param));
}

class PublishingTest : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    PublishingTest() : Script{GetParam()} {}
};

INSTANTIATE_TEST_SUITE_P(EachVersion, PublishingTest, testing::ValuesIn(kVersions), version_name);

// v5 and v3.1.1 [MQTT-3.3.1-2], [MQTT-4.3.1-1].
TEST_P(PublishingTest, Qos0IsDoneOnceItHasLeft) {
    client.connects();
    network.sticks();
    const Token token = client.publish("a", "1");
    EXPECT_TRUE(client.events().empty());
    network.flows();
    const auto publish = broker.expects<wire::Publish>();
    EXPECT_EQ(publish.qos, Qos::at_most_once);
    EXPECT_FALSE(publish.dup);
    client.reports(Kind::published, {.token = token});
    silence();
}

// v5 [MQTT-4.3.2-1] to [MQTT-4.3.2-3]; v3.1.1 [MQTT-4.3.2-1].
TEST_P(PublishingTest, Qos1IsDoneWithPuback) {
    client.connects();
    const Token token = client.publish("a", "1", Qos::at_least_once);
    const auto publish = broker.expects<wire::Publish>();
    EXPECT_FALSE(publish.dup);
    EXPECT_NE(publish.packet_id, 0);
    broker.sends(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published, {.token = token});
    silence();
}

// v5 [MQTT-4.3.3-1] to [MQTT-4.3.3-5]; v3.1.1 [MQTT-4.3.3-1].
TEST_P(PublishingTest, Qos2IsDoneWithPubcomp) {
    client.connects();
    const Token token = client.publish("a", "1", Qos::exactly_once);
    const auto publish = broker.expects<wire::Publish>();
    broker.sends(wire::Pubrec{publish.packet_id, ReasonCode::success, {}});
    broker.expects(PacketType::pubrel, {.packet_id = publish.packet_id});
    EXPECT_TRUE(client.events().empty());
    broker.sends(wire::Pubcomp{publish.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published, {.token = token});
    silence();
}

// Ends a connection and resumes the session on the next one.
void cut_and_resume(Script& script) {
    script.network.cuts();
    script.client.reports(Kind::disconnected);
    EXPECT_FALSE(script.client.reconnects(resuming()).clean_start);
}

// v5 [MQTT-3.1.2-23], [MQTT-3.3.1-1], [MQTT-4.4.0-1], [MQTT-4.6.0-1];
// v3.1.1 [MQTT-2.3.1-3], [MQTT-3.1.2-4], [MQTT-3.3.1-1], [MQTT-4.4.0-1], [MQTT-4.6.0-1].
TEST_P(PublishingTest, AResumedSessionSendsPublishAgainWithDupAndTheSameIdentifier) {
    client.connects();
    client.publish("a", "1", Qos::at_least_once);
    client.publish("a", "2", Qos::exactly_once);
    const auto first = broker.expects<wire::Publish>();
    const auto second = broker.expects<wire::Publish>();
    cut_and_resume(*this);
    const auto again = broker.expects<wire::Publish>();
    EXPECT_EQ(again.packet_id, first.packet_id);
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.topic, "a");
    broker.expects(PacketType::publish, {.packet_id = second.packet_id});
    silence();
    EXPECT_EQ(session().statistics().retransmissions, 2u);
}

// v5 [MQTT-4.3.3-6]; v3.1.1 [MQTT-4.3.3-1].
TEST_P(PublishingTest, AResumedSessionSendsPubrelAgainAndNeverThePublish) {
    client.connects();
    const Token token = client.publish("a", "1", Qos::exactly_once);
    const auto publish = broker.expects<wire::Publish>();
    broker.sends(wire::Pubrec{publish.packet_id, ReasonCode::success, {}});
    broker.expects<wire::Pubrel>();
    cut_and_resume(*this);
    broker.expects(PacketType::pubrel, {.packet_id = publish.packet_id});
    silence();
    broker.sends(wire::Pubcomp{publish.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published, {.token = token});
}

// v5 and v3.1.1 [MQTT-4.6.0-4].
TEST_P(PublishingTest, PubrelsAreSentAgainInTheOrderOfTheirPubrecs) {
    client.connects();
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < 3; ++i) {
        client.publish("a", "1", Qos::exactly_once);
        ids.push_back(broker.expects<wire::Publish>().packet_id);
    }
    for (const int i : {2, 0}) {
        broker.sends(wire::Pubrec{ids[i], ReasonCode::success, {}});
        broker.expects<wire::Pubrel>();
    }
    cut_and_resume(*this);
    broker.expects(PacketType::pubrel, {.packet_id = ids[2]});
    broker.expects(PacketType::pubrel, {.packet_id = ids[0]});
    broker.expects(PacketType::publish, {.packet_id = ids[1]});
    silence();
}

// v5 [MQTT-4.4.0-1]: at no other time.
TEST_P(PublishingTest, NothingIsSentAgainOnALivingConnection) {
    client.connects();
    client.publish("a", "1", Qos::at_least_once);
    broker.expects<wire::Publish>();
    silence(1h);
}

TEST_P(PublishingTest, APublishThatNeverLeftIsNotARetransmission) {
    client.connects();
    network.sticks();
    client.publish("a", "1", Qos::at_least_once);
    client.publish("a", "2", Qos::at_least_once);
    network.takes(3);  // The first has begun to leave; the second is in another chunk.
    cut_and_resume(*this);
    EXPECT_TRUE(broker.expects<wire::Publish>().dup);
    EXPECT_FALSE(broker.expects<wire::Publish>().dup);
    EXPECT_EQ(session().statistics().retransmissions, 1u);
}

// v5 and v3.1.1 [MQTT-4.6.0-1]: and nothing new overtakes what waits.
TEST_P(PublishingTest, WhatWasQueuedOfflineLeavesInOrderBehindWhatIsSentAgain) {
    client.connects();
    client.publish("a", "1", Qos::at_least_once);
    broker.expects<wire::Publish>();
    network.cuts();
    client.reports(Kind::disconnected);
    client.publish("a", "2", Qos::exactly_once);
    client.publish("a", "3");
    client.publish("a", "4", Qos::at_least_once);
    client.reconnects(resuming());
    for (const char* payload : {"1", "2", "3", "4"}) {
        const auto publish = broker.expects<wire::Publish>();
        EXPECT_EQ(static_cast<char>(publish.payload[0]), *payload);
        EXPECT_EQ(publish.dup, *payload == '1');
    }
    client.reports(Kind::published);  // QoS 0.
    silence();
}

// CONNACK of 3.1 does not say whether there is a session, so that DUP has to be right in both cases.
TEST(Publishing31Test, SendsAgainWithDupAndSubscribesAgainSinceTheSessionMayBeThere) {
    Script script{quiet_options(ProtocolVersion::v3_1)};
    auto& [client, network, broker] = script.roles();
    client.subscribe("b");
    client.connects();
    const ReasonCode granted[] = {ReasonCode::success};
    broker.sends(
        wire::Suback{broker.expects<wire::Subscribe>().packet_id, wire::ReasonCodes{std::span{granted}}, {}});
    client.reports(Kind::subscribed);
    client.publish("a", "1", Qos::exactly_once);
    const auto publish = broker.expects<wire::Publish>();
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects();
    broker.expects<wire::Subscribe>();
    const auto again = broker.expects<wire::Publish>();
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.packet_id, publish.packet_id);
}

class LostSessionTest : public PublishingTest {};

INSTANTIATE_TEST_SUITE_P(EachVersion, LostSessionTest,
                         testing::Values(ProtocolVersion::v3_1_1, ProtocolVersion::v5), version_name);

// v5 [MQTT-3.2.2-5].
TEST_P(LostSessionTest, PublishesAgainAsNewMessagesBeforeWhatIsQueued) {
    client.connects();
    const Token first = client.publish("a", "1", Qos::at_least_once);
    const Token second = client.publish("a", "2", Qos::exactly_once);
    const Token released = client.publish("a", "3", Qos::exactly_once);
    broker.expects<wire::Publish>();
    broker.expects<wire::Publish>();
    const auto third = broker.expects<wire::Publish>();
    broker.sends(wire::Pubrec{third.packet_id, ReasonCode::success, {}});
    broker.expects<wire::Pubrel>();
    network.cuts();
    client.reports(Kind::disconnected);
    client.publish("a", "4", Qos::at_least_once);
    client.reconnects();
    // The broker had taken the third over: sent again, it could arrive twice.
    client.reports(Kind::published, {.token = released});
    std::vector<std::uint16_t> ids;
    for (const char* payload : {"1", "2", "4"}) {
        const auto publish = broker.expects<wire::Publish>();
        EXPECT_EQ(static_cast<char>(publish.payload[0]), *payload);
        EXPECT_FALSE(publish.dup);
        ids.push_back(publish.packet_id);
    }
    broker.sends(wire::Puback{ids[0], ReasonCode::success, {}});
    client.reports(Kind::published, {.token = first});
    broker.sends(wire::Pubrec{ids[1], ReasonCode::success, {}});
    broker.expects<wire::Pubrel>();
    broker.sends(wire::Pubcomp{ids[1], ReasonCode::success, {}});
    client.reports(Kind::published, {.token = second});
    silence();
}

TEST(PublishingPolicyTest, ALostSessionFailsUnacknowledgedMessagesWhenAskedTo) {
    Options options = quiet_options();
    options.lost_session = LostSession::fail;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    const Token token = client.publish("a", "1", Qos::at_least_once);
    broker.expects<wire::Publish>();
    network.cuts();
    client.reports(Kind::disconnected);
    const Token queued = client.publish("a", "2", Qos::at_least_once);
    client.reconnects();
    const Happened failed = client.reports(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::session_lost));
    const auto publish = broker.expects<wire::Publish>();
    broker.sends(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published, {.token = queued});
    script.silence();
}

TEST(PublishingPolicyTest, ALostSessionCannotHaveLostWhatNeverBeganToLeave) {
    Options options = quiet_options();
    options.lost_session = LostSession::fail;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.sticks();
    client.publish("a", "1", Qos::at_least_once);
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects();
    broker.expects(PacketType::publish, {.payload = "1", .dup = false}).replies(PacketType::puback);
    client.reports(Kind::published);
    script.silence();
}

TEST_P(PublishingTest, Qos0ThatHadNotLeftFailsWithTheConnection) {
    client.connects();
    network.sticks();
    const Token token = client.publish("a", "1");
    network.cuts();
    client.reports(Kind::disconnected);
    const Happened failed = client.reports(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::connection_lost));
}

TEST(PublishedReasonTest, TellsThatNobodySubscribes) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.publish("a", "1", Qos::at_least_once);
    broker.sends(
        wire::Puback{broker.expects<wire::Publish>().packet_id, ReasonCode::no_matching_subscribers, {}});
    client.reports(Kind::published, {.reason = ReasonCode::no_matching_subscribers});
    client.publish("a", "2", Qos::exactly_once);
    const auto publish = broker.expects<wire::Publish>();
    broker.sends(wire::Pubrec{publish.packet_id, ReasonCode::no_matching_subscribers, {}});
    broker.expects<wire::Pubrel>();
    broker.sends(wire::Pubcomp{publish.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published, {.reason = ReasonCode::no_matching_subscribers});
}

struct Refusal {
    const char* name;
    Qos qos;
    ReasonCode reason;
};

class RefusedPublishTest : public testing::TestWithParam<Refusal> {};

// v5 [MQTT-4.4.0-2], and the quota is given back, v5 [MQTT-3.3.4-7].
TEST_P(RefusedPublishTest, IsReportedAndMakesRoomForTheNext) {
    Script script;
    auto& [client, network, broker] = script.roles();
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{1};
    client.connects(connack);
    const Token token = client.publish("a", "1", GetParam().qos);
    client.publish("a", "2", Qos::at_least_once);
    const auto publish = broker.expects<wire::Publish>();
    EXPECT_FALSE(broker.has_heard());
    if (GetParam().qos == Qos::at_least_once) {
        broker.sends(wire::Puback{publish.packet_id, GetParam().reason, {}});
    } else {
        broker.sends(wire::Pubrec{publish.packet_id, GetParam().reason, {}});
    }
    const Happened failed = client.reports(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::refused));
    EXPECT_EQ(failed.reason, GetParam().reason);
    broker.expects<wire::Publish>();
    script.silence();
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, RefusedPublishTest,
    testing::Values(Refusal{"puback_not_authorized", Qos::at_least_once, ReasonCode::not_authorized},
                    Refusal{"puback_quota_exceeded", Qos::at_least_once, ReasonCode::quota_exceeded},
                    Refusal{"pubrec_not_authorized", Qos::exactly_once, ReasonCode::not_authorized},
                    Refusal{"pubrec_unspecified", Qos::exactly_once, ReasonCode::unspecified_error}),
    [](const auto& row) { return std::string{row.param.name}; });

// v5 [MQTT-3.3.4-7], [MQTT-3.3.4-8], [MQTT-4.9.0-2], [MQTT-4.9.0-3].
TEST(QuotaTest, HoldsBackPublishAndNothingElse) {
    Script script;
    auto& [client, network, broker] = script.roles();
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{2};
    client.connects(connack);
    client.publish("a", "1", Qos::exactly_once);
    client.publish("a", "2", Qos::at_least_once);
    client.publish("a", "3", Qos::at_least_once);
    const auto first = broker.expects<wire::Publish>();
    const auto second = broker.expects<wire::Publish>();
    EXPECT_FALSE(broker.has_heard());
    broker.publishes("b", "x", Qos::at_least_once, 7);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects<wire::Puback>();
    client.subscribe("c");
    broker.expects<wire::Subscribe>();
    broker.sends(wire::Pubrec{first.packet_id, ReasonCode::success, {}});
    broker.expects<wire::Pubrel>();
    EXPECT_FALSE(broker.has_heard()) << "PUBREC does not give the quota back";
    broker.sends(wire::Puback{second.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published);
    broker.expects<wire::Publish>();
    script.silence();
}

// v5 [MQTT-3.3.4-7], [MQTT-4.9.0-1].
TEST(QuotaTest, IsThatOfThisConnectionAndCountsWhatIsSentAgain) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < 5; ++i) {
        client.publish("a", "x", Qos::at_least_once);
        ids.push_back(broker.expects<wire::Publish>().packet_id);
    }
    network.cuts();
    client.reports(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    connack.properties.receive_maximum = std::uint16_t{2};
    client.reconnects(connack);
    for (int i = 0; i < 5; ++i) {
        broker.expects(PacketType::publish, {.packet_id = ids[i]});
        if (i > 0) {
            EXPECT_FALSE(broker.has_heard());
            broker.sends(wire::Puback{ids[i - 1], ReasonCode::success, {}});
            client.reports(Kind::published);
        }
    }
    script.silence();
}

TEST(QuotaTest, IsNotGivenBackByAcknowledgementsOfUnknownIdentifiers) {
    Script script;
    auto& [client, network, broker] = script.roles();
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{1};
    client.connects(connack);
    client.publish("a", "1", Qos::at_least_once);
    client.publish("a", "2", Qos::at_least_once);
    const auto publish = broker.expects<wire::Publish>();
    const auto other = static_cast<std::uint16_t>(publish.packet_id + 100);
    broker.sends(wire::Puback{other, ReasonCode::success, {}});
    broker.sends(wire::Pubcomp{other, ReasonCode::success, {}});
    script.silence();
    broker.sends(wire::Pubrec{other, ReasonCode::success, {}});
    const auto pubrel = broker.expects<wire::Pubrel>();
    EXPECT_EQ(pubrel.packet_id, other);
    EXPECT_EQ(pubrel.reason_code, ReasonCode::packet_identifier_not_found);
    script.silence();
}

// v5 [MQTT-2.2.1-3]; v3.1.1 [MQTT-2.3.1-2].
TEST(PacketIdentifierTest, ThatIsInUseIsWaitedForByMessagesAndSubscriptions) {
    Script script{quiet_options(), QueueLimits{.packet_id_max = 2}};
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.publish("a", "1", Qos::exactly_once);
    client.publish("a", "2", Qos::at_least_once);
    client.publish("a", "3", Qos::at_least_once);
    client.subscribe("b");
    const auto first = broker.expects<wire::Publish>();
    const auto second = broker.expects<wire::Publish>();
    EXPECT_FALSE(broker.has_heard());
    broker.sends(wire::Pubrec{first.packet_id, ReasonCode::success, {}});
    broker.expects<wire::Pubrel>();
    EXPECT_FALSE(broker.has_heard()) << "PUBREC does not free the identifier";
    broker.sends(wire::Puback{second.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published);
    broker.expects(PacketType::subscribe, {.packet_id = second.packet_id});
    EXPECT_FALSE(broker.has_heard());
    broker.sends(wire::Pubcomp{first.packet_id, ReasonCode::success, {}});
    client.reports(Kind::published);
    broker.expects(PacketType::publish, {.packet_id = first.packet_id});
    script.silence();
}

TEST(ExpiryTest, TakesOffTheTimeThatTheMessageHasWaited) {
    Script script;
    auto& [client, network, broker] = script.roles();
    PublishProperties properties;
    properties.expiry = 10s;
    client.start();
    ASSERT_TRUE(client.try_publish(client.token(), "a", "1", Qos::at_least_once, false, &properties));
    script.wait(3500ms);
    network.opens();
    broker.expects<wire::Connect>();
    broker.sends(wire::Connack{});
    client.reports(Kind::connected);
    EXPECT_EQ(broker.expects<wire::Publish>().properties.message_expiry_interval_s, 7u);
}

// The time of a turn of the I/O thread can be before that of a message that is handed over during it.
TEST(ExpiryTest, IsNeverLengthened) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    PublishProperties properties;
    properties.expiry = std::chrono::seconds{0xFFFF'FFFF};
    OutboundMessage message;
    message.topic = "a";
    message.properties = &properties;
    message.accepted_at = script.now() + 1ms;
    ASSERT_TRUE(script.session().publish(0, message, script.now()));
    script.drain();
    EXPECT_EQ(broker.expects<wire::Publish>().properties.message_expiry_interval_s, 0xFFFF'FFFF);
}

TEST(ExpiryTest, DropsAMessageWhoseTimeIsUpInTheQueueAndSaysSoInTime) {
    Options options = quiet_options();
    options.connect_timeout = 60s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    PublishProperties properties;
    properties.expiry = 10s;
    client.start();
    const Token token = client.token();
    ASSERT_TRUE(client.try_publish(token, "a", "1", Qos::at_least_once, false, &properties));
    script.wait(9s);
    EXPECT_TRUE(client.events().empty());
    script.wait(2s);
    const Happened failed = client.reports(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::expired));
}

TEST(ExpiryTest, AppliesToWhatATransportHasNeverBegunWith) {
    Options options = quiet_options();
    options.connect_timeout = 60s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.sticks();
    PublishProperties properties;
    properties.expiry = 2s;
    const Token stuck = client.publish("a", "1", Qos::at_least_once);
    const Token token = client.token();
    ASSERT_TRUE(client.try_publish(token, "a", "2", Qos::at_least_once, false, &properties));
    network.cuts();
    client.reports(Kind::disconnected);
    script.wait(3s);
    client.reports(Kind::publish_failed, {.token = token, .error = Error::expired});
    client.reconnects(resuming());
    broker.expects(PacketType::publish, {.payload = "1", .dup = false}).replies(PacketType::puback);
    client.reports(Kind::published, {.token = stuck});
    script.silence();
}

// v5 [MQTT-4.3.3-7].
TEST(ExpiryTest, DoesNotApplyToWhatHasBeenSent) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    PublishProperties properties;
    properties.expiry = 2s;
    ASSERT_TRUE(client.try_publish(client.token(), "a", "1", Qos::exactly_once, false, &properties));
    broker.expects<wire::Publish>();
    script.wait(5s);
    cut_and_resume(script);
    EXPECT_TRUE(broker.expects<wire::Publish>().dup);
    script.silence();
}

struct Limit {
    const char* name;
    wire::ConnackProperties properties;
    Error expected;
};

std::vector<Limit> limits() {
    std::vector<Limit> rows(3);
    rows[0].name = "maximum_qos";
    rows[0].properties.maximum_qos = Qos::at_most_once;
    rows[0].expected = Error::not_supported;  // v5 [MQTT-3.2.2-11]
    rows[1].name = "retain_available";
    rows[1].properties.retain_available = false;
    rows[1].expected = Error::not_supported;  // v5 [MQTT-3.2.2-14]
    rows[2].name = "maximum_packet_size";
    rows[2].properties.maximum_packet_size = 50u;
    rows[2].expected = Error::payload_too_large;  // v5 [MQTT-3.2.2-15]
    return rows;
}

class BrokerLimitTest : public testing::TestWithParam<Limit> {};

TEST_P(BrokerLimitTest, RefusesNewMessages) {
    Script script;
    auto& [client, network, broker] = script.roles();
    wire::Connack connack;
    connack.properties = GetParam().properties;
    client.connects(connack);
    const auto result =
        client.try_publish(client.token(), "a", std::string(60, 'x'), Qos::at_least_once, true);
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().is(GetParam().expected)) << result.error();
    script.silence();
}

TEST_P(BrokerLimitTest, FailsKeptMessagesWhenTheBrokerComesBackWithLess) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    ASSERT_TRUE(client.try_publish(1'000, "a", std::string(60, 'x'), Qos::at_least_once, true));
    broker.expects<wire::Publish>();
    network.cuts();
    client.reports(Kind::disconnected);
    ASSERT_TRUE(client.try_publish(1'001, "a", std::string(60, 'x'), Qos::at_least_once, true));
    wire::Connack connack;
    connack.session_present = true;
    connack.properties = GetParam().properties;
    client.reconnects(connack);
    for (const Token token : {1'000, 1'001}) {
        const Happened failed = client.reports(Kind::publish_failed);
        EXPECT_EQ(failed.token, token);
        EXPECT_TRUE(failed.failure.is(GetParam().expected)) << failed.failure;
    }
    script.silence();
    EXPECT_EQ(script.session().statistics().inflight, 0u);
}

// v5 [MQTT-2.2.1-3]: the broker may have the message, and then waits for its PUBREL.
TEST_P(BrokerLimitTest, KeepsThePacketIdentifierOfAFailedQos2MessageUntilTheBrokerHasReleasedIt) {
    Script script{quiet_options(), QueueLimits{.packet_id_max = 2}};
    auto& [client, network, broker] = script.roles();
    client.connects();
    ASSERT_TRUE(client.try_publish(1'000, "a", std::string(60, 'x'), Qos::exactly_once, true));
    const std::uint16_t id = broker.expects<wire::Publish>().packet_id;
    network.cuts();
    client.reports(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    connack.properties = GetParam().properties;
    client.reconnects(connack);
    client.reports(Kind::publish_failed, {.token = 1'000u});
    broker.expects(PacketType::pubrel, {.packet_id = id});
    for (int i = 0; i < 2; ++i) {
        client.subscribe("a");
        const auto subscribe = broker.expects<wire::Subscribe>();
        EXPECT_NE(subscribe.packet_id, id);
        const ReasonCode granted[] = {ReasonCode::success};
        broker.sends(wire::Suback{subscribe.packet_id, wire::ReasonCodes{std::span{granted}}, {}});
        client.reports(Kind::subscribed);
    }
    broker.sends(wire::Pubcomp{id, ReasonCode::success, {}});
    script.silence();
    client.subscribe("a");
    broker.expects(PacketType::subscribe, {.packet_id = id});
}

INSTANTIATE_TEST_SUITE_P(Each, BrokerLimitTest, testing::ValuesIn(limits()),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(QueueTest, AnswersWouldBlockWhenFullAndTakesMoreOnceThereIsRoom) {
    Script script{quiet_options(), QueueLimits{2, 1'000'000}};
    auto& [client, network, broker] = script.roles();
    client.publish("a", "1", Qos::at_least_once);
    client.publish("a", "2");
    EXPECT_FALSE(script.session().accepts_publish());
    const auto result = client.try_publish(9, "a", "3", Qos::at_least_once);
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().is(Error::would_block));
    client.connects();
    EXPECT_TRUE(script.session().accepts_publish());
}

TEST(QueueTest, TakesOneMessageLargerThanItsBytes) {
    Script script{quiet_options(), QueueLimits{10, 1'000}};
    auto& [client, network, broker] = script.roles();
    client.publish("a", std::string(5'000, 'x'), Qos::at_least_once);
    EXPECT_FALSE(script.session().accepts_publish());
}

TEST(QueueTest, StopsTakingMessagesWhileTheTransportIsStuck) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    network.sticks();
    std::size_t taken = 0;
    while (script.session().accepts_publish() && taken < 10'000) {
        client.publish("a", std::string(1'000, 'x'));
        ++taken;
    }
    EXPECT_LT(taken, 300u);
    network.flows();
    EXPECT_TRUE(script.session().accepts_publish());
    EXPECT_EQ(broker.heard().size(), taken);
    EXPECT_EQ(client.events().size(), taken);
}

TEST(LargePayloadTest, IsReferencedAndArrivesWhole) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    const auto payload = std::make_shared<const std::string>(100'000, 'x');
    OutboundMessage message;
    message.topic = "a";
    message.payload = std::as_bytes(std::span{*payload});
    message.payload_owner = payload;
    message.qos = Qos::at_least_once;
    message.accepted_at = script.now();
    ASSERT_TRUE(script.session().publish(5, message, script.now()));
    EXPECT_EQ(payload.use_count(), 3 + 1);  // Here, in `message`, kept for a resend, and in the output.
    client.publish("b", "after");
    const auto publish = broker.expects<wire::Publish>();
    EXPECT_EQ(publish.payload.size(), payload->size());
    EXPECT_EQ(broker.expects<wire::Publish>().topic, "b");
    broker.sends(wire::Puback{publish.packet_id, ReasonCode::success, {}});
}

// v5 [MQTT-3.2.2-17], [MQTT-3.2.2-18], [MQTT-3.3.2-7], [MQTT-3.3.2-9].
TEST(OutboundAliasTest, StandsForARepeatedTopicAndDiesWithTheConnection) {
    Script script;
    wire::Connack connack;
    connack.properties.topic_alias_maximum = std::uint16_t{1};
    script.client.connects(connack);
    const auto alias_of = [&](const char* topic) {
        script.client.publish(topic, "x", Qos::at_least_once);
        const auto publish = script.broker.expects<wire::Publish>();
        return std::pair{std::string{publish.topic}, publish.properties.topic_alias};
    };
    using Use = std::pair<std::string, std::optional<std::uint16_t>>;
    EXPECT_EQ(alias_of("plant/1"), (Use{"plant/1", std::nullopt}));
    EXPECT_EQ(alias_of("plant/1"), (Use{"plant/1", std::uint16_t{1}}));
    EXPECT_EQ(alias_of("plant/1"), (Use{"", std::uint16_t{1}}));
    EXPECT_EQ(alias_of("plant/2"), (Use{"plant/2", std::nullopt}));
    EXPECT_EQ(alias_of("plant/2"), (Use{"plant/2", std::nullopt}));
    script.network.cuts();
    script.client.reports(Kind::disconnected);
    wire::Connack without;
    without.session_present = true;
    script.client.reconnects(without);
    for (const char* topic : {"plant/1", "plant/1", "plant/1", "plant/2", "plant/2"}) {
        const auto publish = script.broker.expects<wire::Publish>();
        EXPECT_EQ(publish.topic, topic);
        EXPECT_FALSE(publish.properties.topic_alias);
    }
}

}  // namespace
}  // namespace multimqtt::session
