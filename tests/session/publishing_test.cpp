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

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5};

std::string version_name(const testing::TestParamInfo<ProtocolVersion>& info) {
    return "v" + std::to_string(static_cast<int>(info.param));
}

class PublishingTest : public testing::TestWithParam<ProtocolVersion> {
protected:
    Script script{quiet_options(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(EachVersion, PublishingTest, testing::ValuesIn(kVersions), version_name);

// v5 [MQTT-4.3.1-1]; v3.1.1 [MQTT-4.3.1-1].
TEST_P(PublishingTest, Qos0IsDoneOnceItHasLeft) {
    script.connect();
    script.stick();
    const Token token = script.publish("a", "1");
    EXPECT_TRUE(script.events().empty());
    script.unstick();
    const auto publish = script.expect<wire::Publish>();
    EXPECT_EQ(publish.qos, Qos::at_most_once);
    EXPECT_FALSE(publish.dup);
    EXPECT_EQ(script.expect_event(Kind::published).token, token);
    script.nothing_else();
}

// v5 [MQTT-4.3.2-1] to [MQTT-4.3.2-3]; v3.1.1 [MQTT-4.3.2-1].
TEST_P(PublishingTest, Qos1IsDoneWithPuback) {
    script.connect();
    const Token token = script.publish("a", "1", Qos::at_least_once);
    const auto publish = script.expect<wire::Publish>();
    EXPECT_FALSE(publish.dup);
    EXPECT_NE(publish.packet_id, 0);
    script.reply(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, token);
    script.nothing_else();
}

// v5 [MQTT-4.3.3-1] to [MQTT-4.3.3-5]; v3.1.1 [MQTT-4.3.3-1].
TEST_P(PublishingTest, Qos2IsDoneWithPubcomp) {
    script.connect();
    const Token token = script.publish("a", "1", Qos::exactly_once);
    const auto publish = script.expect<wire::Publish>();
    script.reply(wire::Pubrec{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect<wire::Pubrel>().packet_id, publish.packet_id);
    EXPECT_TRUE(script.events().empty());
    script.reply(wire::Pubcomp{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, token);
    script.nothing_else();
}

// Ends a connection and resumes the session on the next one.
void cut_and_resume(Script& script) {
    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    EXPECT_FALSE(script.reconnect(connack).clean_start);
}

// v5 [MQTT-4.4.0-1], [MQTT-3.3.1-1]; v3.1.1 [MQTT-4.4.0-1].
TEST_P(PublishingTest, AResumedSessionSendsPublishAgainWithDupAndTheSameIdentifier) {
    script.connect();
    script.publish("a", "1", Qos::at_least_once);
    script.publish("a", "2", Qos::exactly_once);
    const auto first = script.expect<wire::Publish>();
    const auto second = script.expect<wire::Publish>();
    cut_and_resume(script);
    const auto again = script.expect<wire::Publish>();
    EXPECT_EQ(again.packet_id, first.packet_id);
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.topic, "a");
    EXPECT_EQ(script.expect<wire::Publish>().packet_id, second.packet_id);
    script.nothing_else();
    EXPECT_EQ(script.session().statistics().retransmissions, 2u);
}

// v5 [MQTT-4.3.3-6]; v3.1.1 [MQTT-4.3.3-1].
TEST_P(PublishingTest, AResumedSessionSendsPubrelAgainAndNeverThePublish) {
    script.connect();
    const Token token = script.publish("a", "1", Qos::exactly_once);
    const auto publish = script.expect<wire::Publish>();
    script.reply(wire::Pubrec{publish.packet_id, ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    cut_and_resume(script);
    EXPECT_EQ(script.expect<wire::Pubrel>().packet_id, publish.packet_id);
    script.nothing_else();
    script.reply(wire::Pubcomp{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, token);
}

// v5 and v3.1.1 [MQTT-4.6.0-4].
TEST_P(PublishingTest, PubrelsAreSentAgainInTheOrderOfTheirPubrecs) {
    script.connect();
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < 3; ++i) {
        script.publish("a", "1", Qos::exactly_once);
        ids.push_back(script.expect<wire::Publish>().packet_id);
    }
    for (const int i : {2, 0}) {
        script.reply(wire::Pubrec{ids[i], ReasonCode::success, {}});
        script.expect<wire::Pubrel>();
    }
    cut_and_resume(script);
    EXPECT_EQ(script.expect<wire::Pubrel>().packet_id, ids[2]);
    EXPECT_EQ(script.expect<wire::Pubrel>().packet_id, ids[0]);
    EXPECT_EQ(script.expect<wire::Publish>().packet_id, ids[1]);
    script.nothing_else();
}

// v5 [MQTT-4.4.0-1]: at no other time.
TEST_P(PublishingTest, NothingIsSentAgainOnALivingConnection) {
    script.connect();
    script.publish("a", "1", Qos::at_least_once);
    script.expect<wire::Publish>();
    script.after(1h);
    script.nothing_else();
}

TEST_P(PublishingTest, APublishThatNeverLeftIsNotARetransmission) {
    script.connect();
    script.stick();
    script.publish("a", "1", Qos::at_least_once);
    script.publish("a", "2", Qos::at_least_once);
    script.write(3);  // The first has begun to leave; the second is in another chunk.
    cut_and_resume(script);
    EXPECT_TRUE(script.expect<wire::Publish>().dup);
    EXPECT_FALSE(script.expect<wire::Publish>().dup);
    EXPECT_EQ(script.session().statistics().retransmissions, 1u);
}

// v5 [MQTT-4.6.0-1]: and nothing new overtakes what waits.
TEST_P(PublishingTest, WhatWasQueuedOfflineLeavesInOrderBehindWhatIsSentAgain) {
    script.connect();
    script.publish("a", "1", Qos::at_least_once);
    script.expect<wire::Publish>();
    script.cut();
    script.expect_event(Kind::disconnected);
    script.publish("a", "2", Qos::exactly_once);
    script.publish("a", "3");
    script.publish("a", "4", Qos::at_least_once);
    wire::Connack connack;
    connack.session_present = true;
    script.reconnect(connack);
    for (const char* payload : {"1", "2", "3", "4"}) {
        const auto publish = script.expect<wire::Publish>();
        EXPECT_EQ(static_cast<char>(publish.payload[0]), *payload);
        EXPECT_EQ(publish.dup, *payload == '1');
    }
    script.expect_event(Kind::published);  // QoS 0.
    script.nothing_else();
}

// CONNACK of 3.1 does not say whether there is a session, so that DUP has to be right in both cases.
TEST(Publishing31Test, SendsAgainWithDupAndSubscribesAgainSinceTheSessionMayBeThere) {
    Script script{quiet_options(ProtocolVersion::v3_1)};
    script.subscribe("b");
    script.connect();
    const ReasonCode granted[] = {ReasonCode::success};
    script.reply(
        wire::Suback{script.expect<wire::Subscribe>().packet_id, wire::ReasonCodes{std::span{granted}}, {}});
    script.expect_event(Kind::subscribed);
    script.publish("a", "1", Qos::exactly_once);
    const auto publish = script.expect<wire::Publish>();
    script.cut();
    script.expect_event(Kind::disconnected);
    script.reconnect();
    script.expect<wire::Subscribe>();
    const auto again = script.expect<wire::Publish>();
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.packet_id, publish.packet_id);
}

class LostSessionTest : public PublishingTest {};

INSTANTIATE_TEST_SUITE_P(EachVersion, LostSessionTest,
                         testing::Values(ProtocolVersion::v3_1_1, ProtocolVersion::v5), version_name);

// v5 [MQTT-3.2.2-5].
TEST_P(LostSessionTest, PublishesAgainAsNewMessagesBeforeWhatIsQueued) {
    script.connect();
    const Token first = script.publish("a", "1", Qos::at_least_once);
    const Token second = script.publish("a", "2", Qos::exactly_once);
    const Token released = script.publish("a", "3", Qos::exactly_once);
    script.expect<wire::Publish>();
    script.expect<wire::Publish>();
    const auto third = script.expect<wire::Publish>();
    script.reply(wire::Pubrec{third.packet_id, ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    script.cut();
    script.expect_event(Kind::disconnected);
    script.publish("a", "4", Qos::at_least_once);
    script.reconnect();
    // The broker had taken the third over: sent again, it could arrive twice.
    EXPECT_EQ(script.expect_event(Kind::published).token, released);
    std::vector<std::uint16_t> ids;
    for (const char* payload : {"1", "2", "4"}) {
        const auto publish = script.expect<wire::Publish>();
        EXPECT_EQ(static_cast<char>(publish.payload[0]), *payload);
        EXPECT_FALSE(publish.dup);
        ids.push_back(publish.packet_id);
    }
    script.reply(wire::Puback{ids[0], ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, first);
    script.reply(wire::Pubrec{ids[1], ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    script.reply(wire::Pubcomp{ids[1], ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, second);
    script.nothing_else();
}

TEST(PublishingPolicyTest, ALostSessionFailsUnacknowledgedMessagesWhenAskedTo) {
    Options options = quiet_options();
    options.lost_session = LostSession::fail;
    Script script{options};
    script.connect();
    const Token token = script.publish("a", "1", Qos::at_least_once);
    script.expect<wire::Publish>();
    script.cut();
    script.expect_event(Kind::disconnected);
    const Token queued = script.publish("a", "2", Qos::at_least_once);
    script.reconnect();
    const Happened failed = script.expect_event(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::session_lost));
    const auto publish = script.expect<wire::Publish>();
    script.reply(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, queued);
    script.nothing_else();
}

TEST_P(PublishingTest, Qos0ThatHadNotLeftFailsWithTheConnection) {
    script.connect();
    script.stick();
    const Token token = script.publish("a", "1");
    script.cut();
    script.expect_event(Kind::disconnected);
    const Happened failed = script.expect_event(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::connection_lost));
}

TEST(PublishedReasonTest, TellsThatNobodySubscribes) {
    Script script;
    script.connect();
    script.publish("a", "1", Qos::at_least_once);
    script.reply(
        wire::Puback{script.expect<wire::Publish>().packet_id, ReasonCode::no_matching_subscribers, {}});
    EXPECT_EQ(script.expect_event(Kind::published).reason, ReasonCode::no_matching_subscribers);
    script.publish("a", "2", Qos::exactly_once);
    const auto publish = script.expect<wire::Publish>();
    script.reply(wire::Pubrec{publish.packet_id, ReasonCode::no_matching_subscribers, {}});
    script.expect<wire::Pubrel>();
    script.reply(wire::Pubcomp{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).reason, ReasonCode::no_matching_subscribers);
}

struct Refusal {
    const char* name;
    Qos qos;
    ReasonCode reason;
};

class RefusedPublishTest : public testing::TestWithParam<Refusal> {};

class ExactlyOnceWindowTest : public testing::Test {
protected:
    std::vector<std::uint16_t> take_publishes() {
        std::vector<std::uint16_t> packet_ids;
        while (script.sent_anything()) {
            packet_ids.push_back(script.expect<wire::Publish>().packet_id);
        }
        return packet_ids;
    }
    void publish(int count) {
        for (int i = 0; i < count; ++i) {
            script.publish("a", std::to_string(i), Qos::exactly_once);
        }
    }
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
};

TEST_F(ExactlyOnceWindowTest, IsTenIn311WhoseBrokersCannotRefuse) {
    script.connect();
    publish(30);
    const auto packet_ids = take_publishes();
    ASSERT_EQ(packet_ids.size(), 10u);
    for (const std::uint16_t packet_id : packet_ids) {
        script.reply(wire::Pubrec{packet_id, ReasonCode::success, {}});
        script.expect<wire::Pubrel>();
        EXPECT_FALSE(script.sent_anything()) << "the broker counts it until it is released";
        script.reply(wire::Pubcomp{packet_id, ReasonCode::success, {}});
        script.expect<wire::Publish>();
        script.expect_event(Kind::published);
    }
    script.nothing_else();
}

TEST_F(ExactlyOnceWindowTest, LeavesQos1ToTheWindowOfTheOptions) {
    script.connect();
    for (int i = 0; i < 500; ++i) {
        script.publish("a", "x", Qos::at_least_once);
    }
    EXPECT_EQ(take_publishes().size(), 500u);
}

TEST_F(ExactlyOnceWindowTest, HoldsAfterAReconnectForWhatIsSentAgain) {
    script.connect();
    publish(30);
    const auto before = take_publishes();
    script.reply(wire::Pubrec{before[0], ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack resumed;
    resumed.session_present = true;
    script.reconnect(resumed);
    EXPECT_EQ(script.expect<wire::Pubrel>().packet_id, before[0]);
    EXPECT_EQ(take_publishes(), (std::vector<std::uint16_t>{before.begin() + 1, before.end()}));
}

TEST(ReceiveMaximumTest, OfABrokerOf50IsTheWindowOfQos2Too) {
    Script script;
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{200};
    script.connect(connack);
    for (int i = 0; i < 300; ++i) {
        script.publish("a", "x", Qos::exactly_once);
    }
    EXPECT_EQ(script.sent().size(), 200u);
    script.sent().clear();
}

// v5 [MQTT-4.4.0-2], and the quota is given back, v5 [MQTT-3.3.4-7].
TEST_P(RefusedPublishTest, IsReportedAndMakesRoomForTheNext) {
    Script script;
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{1};
    script.connect(connack);
    const Token token = script.publish("a", "1", GetParam().qos);
    script.publish("a", "2", Qos::at_least_once);
    const auto publish = script.expect<wire::Publish>();
    EXPECT_FALSE(script.sent_anything());
    if (GetParam().qos == Qos::at_least_once) {
        script.reply(wire::Puback{publish.packet_id, GetParam().reason, {}});
    } else {
        script.reply(wire::Pubrec{publish.packet_id, GetParam().reason, {}});
    }
    const Happened failed = script.expect_event(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::refused));
    EXPECT_EQ(failed.reason, GetParam().reason);
    script.expect<wire::Publish>();
    script.nothing_else();
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, RefusedPublishTest,
    testing::Values(Refusal{"puback_not_authorized", Qos::at_least_once, ReasonCode::not_authorized},
                    Refusal{"puback_quota_exceeded", Qos::at_least_once, ReasonCode::quota_exceeded},
                    Refusal{"pubrec_not_authorized", Qos::exactly_once, ReasonCode::not_authorized},
                    Refusal{"pubrec_unspecified", Qos::exactly_once, ReasonCode::unspecified_error}),
    [](const auto& row) { return std::string{row.param.name}; });

// v5 [MQTT-4.9.0-2], [MQTT-4.9.0-3].
TEST(QuotaTest, HoldsBackPublishAndNothingElse) {
    Script script;
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{2};
    script.connect(connack);
    script.publish("a", "1", Qos::exactly_once);
    script.publish("a", "2", Qos::at_least_once);
    script.publish("a", "3", Qos::at_least_once);
    const auto first = script.expect<wire::Publish>();
    const auto second = script.expect<wire::Publish>();
    EXPECT_FALSE(script.sent_anything());
    script.deliver("b", "x", Qos::at_least_once, 7);
    script.acknowledge(script.expect_event(Kind::message).delivery);
    script.expect<wire::Puback>();
    script.subscribe("c");
    script.expect<wire::Subscribe>();
    script.reply(wire::Pubrec{first.packet_id, ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    EXPECT_FALSE(script.sent_anything()) << "PUBREC does not give the quota back";
    script.reply(wire::Puback{second.packet_id, ReasonCode::success, {}});
    script.expect_event(Kind::published);
    script.expect<wire::Publish>();
    script.nothing_else();
}

TEST(QuotaTest, IsThatOfThisConnectionAndCountsWhatIsSentAgain) {
    Script script;
    script.connect();
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < 5; ++i) {
        script.publish("a", "x", Qos::at_least_once);
        ids.push_back(script.expect<wire::Publish>().packet_id);
    }
    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    connack.properties.receive_maximum = std::uint16_t{2};
    script.reconnect(connack);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(script.expect<wire::Publish>().packet_id, ids[i]);
        if (i > 0) {
            EXPECT_FALSE(script.sent_anything());
            script.reply(wire::Puback{ids[i - 1], ReasonCode::success, {}});
            script.expect_event(Kind::published);
        }
    }
    script.nothing_else();
}

TEST(QuotaTest, IsNotGivenBackByAcknowledgementsOfUnknownIdentifiers) {
    Script script;
    wire::Connack connack;
    connack.properties.receive_maximum = std::uint16_t{1};
    script.connect(connack);
    script.publish("a", "1", Qos::at_least_once);
    script.publish("a", "2", Qos::at_least_once);
    const auto publish = script.expect<wire::Publish>();
    const auto other = static_cast<std::uint16_t>(publish.packet_id + 100);
    script.reply(wire::Puback{other, ReasonCode::success, {}});
    script.reply(wire::Pubcomp{other, ReasonCode::success, {}});
    script.nothing_else();
    script.reply(wire::Pubrec{other, ReasonCode::success, {}});
    const auto pubrel = script.expect<wire::Pubrel>();
    EXPECT_EQ(pubrel.packet_id, other);
    EXPECT_EQ(pubrel.reason_code, ReasonCode::packet_identifier_not_found);
    script.nothing_else();
}

// v5 [MQTT-2.2.1-3]; v3.1.1 [MQTT-2.3.1-2].
TEST(PacketIdentifierTest, ThatIsInUseIsWaitedForByMessagesAndSubscriptions) {
    Script script{quiet_options(), QueueLimits{.packet_id_max = 2}};
    script.connect();
    script.publish("a", "1", Qos::exactly_once);
    script.publish("a", "2", Qos::at_least_once);
    script.publish("a", "3", Qos::at_least_once);
    script.subscribe("b");
    const auto first = script.expect<wire::Publish>();
    const auto second = script.expect<wire::Publish>();
    EXPECT_FALSE(script.sent_anything());
    script.reply(wire::Pubrec{first.packet_id, ReasonCode::success, {}});
    script.expect<wire::Pubrel>();
    EXPECT_FALSE(script.sent_anything()) << "PUBREC does not free the identifier";
    script.reply(wire::Puback{second.packet_id, ReasonCode::success, {}});
    script.expect_event(Kind::published);
    EXPECT_EQ(script.expect<wire::Subscribe>().packet_id, second.packet_id);
    EXPECT_FALSE(script.sent_anything());
    script.reply(wire::Pubcomp{first.packet_id, ReasonCode::success, {}});
    script.expect_event(Kind::published);
    EXPECT_EQ(script.expect<wire::Publish>().packet_id, first.packet_id);
    script.nothing_else();
}

TEST(ExpiryTest, TakesOffTheTimeThatTheMessageHasWaited) {
    Script script;
    PublishProperties properties;
    properties.expiry = 10s;
    script.start();
    ASSERT_TRUE(script.try_publish(script.token(), "a", "1", Qos::at_least_once, false, &properties));
    script.after(3500ms);
    script.open();
    script.expect<wire::Connect>();
    script.reply(wire::Connack{});
    script.expect_event(Kind::connected);
    EXPECT_EQ(script.expect<wire::Publish>().properties.message_expiry_interval_s, 7u);
}

// The time of a turn of the I/O thread can be before that of a message that is handed over during it.
TEST(ExpiryTest, IsNeverLengthened) {
    Script script;
    script.connect();
    PublishProperties properties;
    properties.expiry = std::chrono::seconds{0xFFFF'FFFF};
    OutboundMessage message;
    message.topic = "a";
    message.properties = &properties;
    message.accepted_at = script.now() + 1ms;
    ASSERT_TRUE(script.session().publish(0, message, script.now()));
    script.drain();
    EXPECT_EQ(script.expect<wire::Publish>().properties.message_expiry_interval_s, 0xFFFF'FFFF);
}

TEST(ExpiryTest, DropsAMessageWhoseTimeIsUpInTheQueueAndSaysSoInTime) {
    Options options = quiet_options();
    options.connect_timeout = 60s;
    Script script{options};
    PublishProperties properties;
    properties.expiry = 10s;
    script.start();
    const Token token = script.token();
    ASSERT_TRUE(script.try_publish(token, "a", "1", Qos::at_least_once, false, &properties));
    script.after(9s);
    EXPECT_TRUE(script.events().empty());
    script.after(2s);
    const Happened failed = script.expect_event(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::expired));
}

// v5 [MQTT-4.3.3-7].
TEST(ExpiryTest, DoesNotApplyToWhatHasBeenSent) {
    Script script;
    script.connect();
    PublishProperties properties;
    properties.expiry = 2s;
    ASSERT_TRUE(script.try_publish(script.token(), "a", "1", Qos::exactly_once, false, &properties));
    script.expect<wire::Publish>();
    script.after(5s);
    cut_and_resume(script);
    EXPECT_TRUE(script.expect<wire::Publish>().dup);
    script.nothing_else();
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
    wire::Connack connack;
    connack.properties = GetParam().properties;
    script.connect(connack);
    const auto result =
        script.try_publish(script.token(), "a", std::string(60, 'x'), Qos::at_least_once, true);
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().is(GetParam().expected)) << result.error();
    script.nothing_else();
}

TEST_P(BrokerLimitTest, FailsKeptMessagesWhenTheBrokerComesBackWithLess) {
    Script script;
    script.connect();
    ASSERT_TRUE(script.try_publish(1'000, "a", std::string(60, 'x'), Qos::at_least_once, true));
    script.expect<wire::Publish>();
    script.cut();
    script.expect_event(Kind::disconnected);
    ASSERT_TRUE(script.try_publish(1'001, "a", std::string(60, 'x'), Qos::at_least_once, true));
    wire::Connack connack;
    connack.session_present = true;
    connack.properties = GetParam().properties;
    script.reconnect(connack);
    for (const Token token : {1'000, 1'001}) {
        const Happened failed = script.expect_event(Kind::publish_failed);
        EXPECT_EQ(failed.token, token);
        EXPECT_TRUE(failed.failure.is(GetParam().expected)) << failed.failure;
    }
    script.nothing_else();
    EXPECT_EQ(script.session().statistics().inflight, 0u);
}

// v5 [MQTT-2.2.1-3]: the broker may have the message, and then waits for its PUBREL.
TEST_P(BrokerLimitTest, KeepsThePacketIdentifierOfAFailedQos2MessageUntilTheBrokerHasReleasedIt) {
    Script script{quiet_options(), QueueLimits{.packet_id_max = 2}};
    script.connect();
    ASSERT_TRUE(script.try_publish(1'000, "a", std::string(60, 'x'), Qos::exactly_once, true));
    const std::uint16_t id = script.expect<wire::Publish>().packet_id;
    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    connack.properties = GetParam().properties;
    script.reconnect(connack);
    EXPECT_EQ(script.expect_event(Kind::publish_failed).token, 1'000u);
    EXPECT_EQ(script.expect<wire::Pubrel>().packet_id, id);
    for (int i = 0; i < 2; ++i) {
        script.subscribe("a");
        const auto subscribe = script.expect<wire::Subscribe>();
        EXPECT_NE(subscribe.packet_id, id);
        const ReasonCode granted[] = {ReasonCode::success};
        script.reply(wire::Suback{subscribe.packet_id, wire::ReasonCodes{std::span{granted}}, {}});
        script.expect_event(Kind::subscribed);
    }
    script.reply(wire::Pubcomp{id, ReasonCode::success, {}});
    script.nothing_else();
    script.subscribe("a");
    EXPECT_EQ(script.expect<wire::Subscribe>().packet_id, id);
}

INSTANTIATE_TEST_SUITE_P(Each, BrokerLimitTest, testing::ValuesIn(limits()),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(QueueTest, AnswersWouldBlockWhenFullAndTakesMoreOnceThereIsRoom) {
    Script script{quiet_options(), QueueLimits{2, 1'000'000}};
    script.publish("a", "1", Qos::at_least_once);
    script.publish("a", "2");
    EXPECT_FALSE(script.session().accepts_publish());
    const auto result = script.try_publish(9, "a", "3", Qos::at_least_once);
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().is(Error::would_block));
    script.connect();
    EXPECT_TRUE(script.session().accepts_publish());
}

TEST(QueueTest, TakesOneMessageLargerThanItsBytes) {
    Script script{quiet_options(), QueueLimits{10, 1'000}};
    script.publish("a", std::string(5'000, 'x'), Qos::at_least_once);
    EXPECT_FALSE(script.session().accepts_publish());
}

TEST(QueueTest, StopsTakingMessagesWhileTheTransportIsStuck) {
    Script script;
    script.connect();
    script.stick();
    std::size_t taken = 0;
    while (script.session().accepts_publish() && taken < 10'000) {
        script.publish("a", std::string(1'000, 'x'));
        ++taken;
    }
    EXPECT_LT(taken, 300u);
    script.unstick();
    EXPECT_TRUE(script.session().accepts_publish());
    EXPECT_EQ(script.sent().size(), taken);
    EXPECT_EQ(script.events().size(), taken);
}

TEST(LargePayloadTest, IsReferencedAndArrivesWhole) {
    Script script;
    script.connect();
    const auto payload = std::make_shared<const std::string>(100'000, 'x');
    OutboundMessage message;
    message.topic = "a";
    message.payload = std::as_bytes(std::span{*payload});
    message.payload_owner = payload;
    message.qos = Qos::at_least_once;
    message.accepted_at = script.now();
    ASSERT_TRUE(script.session().publish(5, message, script.now()));
    EXPECT_EQ(payload.use_count(), 3 + 1);  // Here, in `message`, kept for a resend, and in the output.
    script.publish("b", "after");
    const auto publish = script.expect<wire::Publish>();
    EXPECT_EQ(publish.payload.size(), payload->size());
    EXPECT_EQ(script.expect<wire::Publish>().topic, "b");
    script.reply(wire::Puback{publish.packet_id, ReasonCode::success, {}});
}

// v5 [MQTT-3.3.2-7], [MQTT-3.3.2-9].
TEST(OutboundAliasTest, StandsForARepeatedTopicAndDiesWithTheConnection) {
    Script script;
    wire::Connack connack;
    connack.properties.topic_alias_maximum = std::uint16_t{1};
    script.connect(connack);
    const auto alias_of = [&](const char* topic) {
        script.publish(topic, "x", Qos::at_least_once);
        const auto publish = script.expect<wire::Publish>();
        return std::pair{std::string{publish.topic}, publish.properties.topic_alias};
    };
    using Use = std::pair<std::string, std::optional<std::uint16_t>>;
    EXPECT_EQ(alias_of("plant/1"), (Use{"plant/1", std::nullopt}));
    EXPECT_EQ(alias_of("plant/1"), (Use{"plant/1", std::uint16_t{1}}));
    EXPECT_EQ(alias_of("plant/1"), (Use{"", std::uint16_t{1}}));
    EXPECT_EQ(alias_of("plant/2"), (Use{"plant/2", std::nullopt}));
    EXPECT_EQ(alias_of("plant/2"), (Use{"plant/2", std::nullopt}));
    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack without;
    without.session_present = true;
    script.reconnect(without);
    for (const char* topic : {"plant/1", "plant/1", "plant/1", "plant/2", "plant/2"}) {
        const auto publish = script.expect<wire::Publish>();
        EXPECT_EQ(publish.topic, topic);
        EXPECT_FALSE(publish.properties.topic_alias);
    }
}

}  // namespace
}  // namespace multimqtt::session
