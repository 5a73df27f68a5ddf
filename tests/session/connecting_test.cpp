// CONNECT and CONNACK, versions, reconnecting, keep-alive and the end.
#include "session/reconnect.hpp"
#include "support/script.hpp"
#include "wire/validate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

wire::Connack refusing(ReasonCode reason) {
    wire::Connack connack;
    connack.reason_code = reason;
    return connack;
}

wire::Connack resuming() {
    wire::Connack connack;
    connack.session_present = true;
    return connack;
}

// v5 and v3.1.1 [MQTT-3.1.0-1].
TEST(ConnectTest, IsTheFirstPacketAndNothingFollowsBeforeConnack) {
    Script script;
    script.publish("a", "1", Qos::at_least_once);
    script.subscribe("b");
    script.start();
    script.open();
    script.expect<wire::Connect>();
    EXPECT_FALSE(script.sent_anything());
    script.reply(wire::Connack{});
    script.expect_event(Kind::connected);
    script.expect<wire::Subscribe>();
    script.expect<wire::Publish>();
    script.nothing_else();
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
    const auto connect = script.connect();
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
    EXPECT_EQ(script.connect().user_name, "");
}

// v5, section 3.1.2.9: 5.0 allows it.
TEST(ConnectTest, APasswordAloneStaysAloneIn50) {
    Options options = quiet_options();
    options.password = "secret";
    Script script{options};
    const auto connect = script.connect();
    EXPECT_FALSE(connect.user_name);
    EXPECT_TRUE(connect.password);
}

// v5 [MQTT-3.1.3-7].
TEST(ClientIdTest, AssignedByTheBrokerIsUsedAgain) {
    Options options = quiet_options();
    options.client_id.clear();
    Script script{options};
    wire::Connack connack;
    connack.properties.assigned_client_identifier = "given";
    EXPECT_EQ(script.connect(connack).client_id, "");
    EXPECT_EQ(script.session().grants().client_id, "given");
    script.cut();
    script.expect_event(Kind::disconnected);
    EXPECT_EQ(script.reconnect(resuming()).client_id, "given");
}

// v3.1.1 [MQTT-3.1.3-5], [MQTT-3.1.3-7].
TEST(ClientIdTest, IsMadeUpIn311AndStays) {
    Options options = quiet_options(ProtocolVersion::v3_1_1);
    options.client_id.clear();
    Script script{options};
    const std::string id{script.connect().client_id};
    EXPECT_EQ(id.size(), 23u);
    EXPECT_TRUE(id.starts_with("multimqtt"));
    script.cut();
    script.expect_event(Kind::disconnected);
    EXPECT_EQ(script.reconnect().client_id, id);
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
    EXPECT_EQ(script.connect().clean_start, GetParam().first);
    script.cut();
    script.expect_event(Kind::disconnected);
    EXPECT_EQ(script.reconnect().clean_start, GetParam().second);
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

TEST(CleanStartExpiryTest, ASessionThatHasExpiredIsNotResumed) {
    Options options = quiet_options();
    options.session_expiry = 10s;
    Script script{options};
    script.connect();
    script.cut();
    script.expect_event(Kind::disconnected);
    for (int i = 0; i < 30; ++i) {
        script.after(1s);
        if (script.take_request() == TransportRequest::Kind::open) {
            script.session().transport_closed({}, script.now());
            script.drain();
            script.expect_event(Kind::connect_failed);
        }
    }
    EXPECT_TRUE(script.reconnect().clean_start);
}

// v5 [MQTT-3.2.2-4].
TEST(SessionPresentTest, AfterACleanStartIsAProtocolError) {
    Options options = quiet_options();
    options.clean_start = true;
    Script script{options};
    script.start();
    script.open();
    script.expect<wire::Connect>();
    script.reply(resuming());
    EXPECT_TRUE(script.expect_event(Kind::connect_failed).failure.is(Error::protocol_error));
    EXPECT_EQ(script.expect<wire::Disconnect>().reason_code, ReasonCode::protocol_error);
    script.nothing_else();
}

TEST(SessionPresentTest, OfAnEarlierProcessIsTakenOver) {
    Script script;
    script.subscribe("a");
    script.connect(resuming());
    EXPECT_TRUE(script.session().grants().session_present);
    script.expect<wire::Subscribe>();
    script.reply(wire::Pubrel{9, ReasonCode::success, {}});
    script.expect<wire::Pubcomp>();
    script.deliver("a", "old", Qos::at_least_once, 3, true);
    EXPECT_EQ(script.expect_event(Kind::message).payload, "old");
}

// Item by item of MQTT 5.0 section 3.2.2.3: what is absent has its default on each connection.
TEST(GrantsTest, AbsentPropertiesMeanDefaultsNotThoseOfTheLastConnection) {
    Options options = quiet_options();
    options.keep_alive = 30s;
    Script script{options};
    wire::Connack small;
    small.properties.receive_maximum = std::uint16_t{1};
    small.properties.maximum_qos = Qos::at_most_once;
    small.properties.retain_available = false;
    small.properties.maximum_packet_size = 100u;
    small.properties.topic_alias_maximum = std::uint16_t{3};
    small.properties.server_keep_alive_s = std::uint16_t{5};
    small.properties.session_expiry_interval_s = 7u;
    small.properties.wildcard_subscription_available = false;
    script.connect(small);
    const Grants first = script.session().grants();
    EXPECT_EQ(first.receive_maximum, 1);
    EXPECT_EQ(first.keep_alive, 5s);
    EXPECT_EQ(first.session_expiry, 7s);
    script.cut();
    script.expect_event(Kind::disconnected);
    script.reconnect();
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
    script.start();
    script.open();
    script.expect<wire::Connect>();
    script.reply(refusing(GetParam().reason));
    const Happened failed = script.expect_event(Kind::connect_failed);
    EXPECT_EQ(failed.permanent, GetParam().permanent);
    EXPECT_EQ(failed.reason, GetParam().reason);
    EXPECT_EQ(failed.failure.message.find("hunter2"), std::string::npos);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
    const TimePoint closed_at = script.now();
    script.cut();
    const auto deadline = script.session().deadline();
    ASSERT_TRUE(deadline);
    EXPECT_EQ(*deadline - closed_at >= 1s, GetParam().permanent);
    script.after(2s);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::open);
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
    script.start();
    script.open();
    script.expect<wire::Connect>();
    auto connack = refusing(ReasonCode::server_moved);
    connack.properties.server_reference = "other.example:1883";
    script.reply(connack);
    const Happened failed = script.expect_event(Kind::connect_failed);
    EXPECT_NE(failed.failure.message.find("other.example:1883"), std::string::npos);
}

TEST(BrokerTextTest, GoesToTheLogAsOneLineOfWholeCharacters) {
    Script script;
    script.connect();
    wire::Disconnect disconnect;
    disconnect.reason_code = ReasonCode::server_shutting_down;
    std::string text{"a\nb "};
    while (text.size() < 300) {
        text += "\xC3\xA4";
    }
    disconnect.properties.reason_string = text;
    script.reply(disconnect);
    const std::string message = script.expect_event(Kind::disconnected).failure.message;
    EXPECT_NE(message.find("The broker says: \"a\\x0ab \xC3\xA4"), std::string::npos);
    EXPECT_TRUE(message.ends_with("\xC3\xA4...\".")) << message;
    EXPECT_TRUE(wire::validate_utf8(message).has_value());
}

TEST(TakenOverTest, DoesNotFightAndSaysWhatHappened) {
    Script script;
    script.connect();
    wire::Disconnect disconnect;
    disconnect.reason_code = ReasonCode::session_taken_over;
    script.reply(disconnect);
    const Happened lost = script.expect_event(Kind::disconnected);
    EXPECT_NE(lost.failure.message.find("Another client"), std::string::npos);
    EXPECT_TRUE(lost.permanent);
    script.cut();
    script.after(999ms);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::none);
    script.after(252ms);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::open);
}

TEST(TakenOverTest, IsSuspectedWhenConnectionsAreClosedSoonAgainAndAgain) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    script.connect();
    const auto lose = [&script] {
        script.cut();
        return script.expect_event(Kind::disconnected).failure.message;
    };
    for (int number = 1; number <= 2; ++number) {
        EXPECT_EQ(lose().find("another client"), std::string::npos) << number;
        script.reconnect();
    }
    EXPECT_NE(lose().find("3 times in a row: does another client use the client identifier 'script' too?"),
              std::string::npos);
    script.reconnect();
    script.after(1h);
    EXPECT_EQ(lose().find("another client"), std::string::npos) << "this one has lasted";
}

// A session that is somebody else's is not fought for.
TEST(TakenOverTest, TwoClientsWithOneIdentifierMeetLessAndLessOften) {
    constexpr TimePoint kLongestDelay = 30s;
    SeededRandom random;
    Backoff first{500ms, kLongestDelay, random};
    Backoff second{500ms, kLongestDelay, random};
    Backoff* holder = &first;
    Backoff* other = &second;
    TimePoint held_since{0};
    TimePoint now{0};
    std::vector<TimePoint> meetings;
    // The other one comes, the holder is thrown out, and so on for a month.
    while (now < 30 * 24h) {
        meetings.push_back(now);
        holder->connection_ended(now - held_since);
        const TimePoint back_at = now + holder->next(RetryPolicy::give_way, 1);
        std::swap(holder, other);
        held_since = now;
        now = back_at;
    }
    EXPECT_LE(meetings.size(), 80u) << "of 86,400 that the longest delay alone would allow";
    EXPECT_LE(std::count_if(meetings.begin(), meetings.end(), [](TimePoint at) { return at > 10 * 24h; }), 41)
        << "once a day each at the end";
    EXPECT_GE(std::count_if(meetings.begin(), meetings.end(), [](TimePoint at) { return at < 10min; }), 4)
        << "a short misunderstanding is soon over";
}

TEST(TakenOverTest, WayIsGivenBrieflyAgainOnceAConnectionHasLasted) {
    SeededRandom random;
    Backoff backoff{500ms, 30s, random};
    for (const TimePoint expected : {30s, 60s, 120s, 240s}) {
        const TimePoint delay = backoff.next(RetryPolicy::give_way, 1);
        EXPECT_GE(delay, expected);
        EXPECT_LE(delay, expected * 5 / 4);
        backoff.connection_ended(expected);
    }
    backoff.connection_ended(4 * 240s);
    EXPECT_LE(backoff.next(RetryPolicy::give_way, 1), TimePoint{38s});
}

class FallbackTest : public testing::Test {
protected:
    static Options options() {
        Options options = quiet_options();
        options.version = VersionPolicy::automatic;
        return options;
    }
    void attempt(ProtocolVersion version) {
        script.open();
        EXPECT_EQ(script.expect<wire::Connect>().version, version);
    }
    Script script{options()};
};

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerRefusesInItsForm) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.reply_bytes({0x20, 0x02, 0x00, 0x01});
    EXPECT_FALSE(script.expect_event(Kind::connect_failed).permanent);
    script.cut();
    attempt(ProtocolVersion::v3_1_1);
    script.reply(wire::Connack{});
    script.expect_event(Kind::connected);
    script.cut();
    script.expect_event(Kind::disconnected);
    EXPECT_EQ(script.reconnect().version, ProtocolVersion::v3_1_1) << "what worked is remembered";
}

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerJustCloses) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.cut();
    script.expect_event(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
    script.cut();
    script.expect_event(Kind::connect_failed);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::none) << "one pair of attempts, then backoff";
    script.after(1s);
    attempt(ProtocolVersion::v5);
    script.cut();
    script.expect_event(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, Takes311ForOneConnectionOnlyWhenTheBrokerHasNotSaidThatItKnowsNo50) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.cut();
    script.expect_event(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
    script.reply(wire::Connack{});
    script.expect_event(Kind::connected);
    script.cut();
    script.expect_event(Kind::disconnected);
    script.after(1s);
    attempt(ProtocolVersion::v5);
    script.cut();
    script.expect_event(Kind::connect_failed);
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerAnswersAsIfItHadBeenAskedIn311) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.reply_bytes({0x20, 0x02, 0x00, 0x00});
    const Happened failed = script.expect_event(Kind::connect_failed);
    EXPECT_NE(failed.failure.message.find("MQTT 3.1.1 is tried next"), std::string::npos) << failed.failure;
    script.expect<wire::Disconnect>();
    script.cut();
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, Takes311AtOnceWhenTheBrokerDoesNotAnswer) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.after(options().connect_timeout);
    script.expect_event(Kind::connect_failed);
    script.cut();
    attempt(ProtocolVersion::v3_1_1);
}

// A broker that knows no 5.0 may look at the password first, and say so in the form of 3.1.1.
TEST_F(FallbackTest, StaysOpenWhenTheBrokerRefusesForAnotherReason) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.reply_bytes({0x20, 0x02, 0x00, 0x05});
    EXPECT_TRUE(script.expect_event(Kind::connect_failed).permanent);
    script.cut();
    script.after(2s);
    attempt(ProtocolVersion::v5);
    script.reply_bytes({0x20, 0x02, 0x00, 0x01});
    script.expect_event(Kind::connect_failed);
    script.cut();
    attempt(ProtocolVersion::v3_1_1);
}

TEST_F(FallbackTest, IsNotConsideredWhenTheBrokerSaysGoodbyeInTheFormOf50) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.reply(wire::Disconnect{ReasonCode::not_authorized, {}});
    EXPECT_TRUE(script.expect_event(Kind::connect_failed).permanent);
    script.cut();
    script.after(2s);
    attempt(ProtocolVersion::v5);
}

TEST_F(FallbackTest, BeginsWith50AgainWhenTheBrokerCannotBeReachedAnyMore) {
    script.start();
    attempt(ProtocolVersion::v5);
    script.cut();
    script.expect_event(Kind::connect_failed);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::open);
    script.session().transport_closed(Failure{Error::connection_lost, "refused"}, script.now());
    script.drain();
    script.expect_event(Kind::connect_failed);
    script.after(1s);
    attempt(ProtocolVersion::v5);
}

TEST_F(FallbackTest, KeepsTheVersionWhenTheBrokerCannotBeReached) {
    script.start();
    script.session().transport_closed(Failure{Error::connection_lost, "refused"}, script.now());
    script.drain();
    script.expect_event(Kind::connect_failed);
    script.after(1s);
    attempt(ProtocolVersion::v5);
}

TEST(EndpointsTest, AreTriedInTurn) {
    Options options = quiet_options();
    options.endpoints = std::vector<Endpoint>(3);
    Script script{options};
    script.start();
    for (const std::size_t endpoint : {0u, 1u, 2u, 0u}) {
        EXPECT_EQ(script.endpoint(), endpoint);
        EXPECT_EQ(script.take_request(), TransportRequest::Kind::open);
        script.session().transport_closed({}, script.now());
        script.drain();
        script.expect_event(Kind::connect_failed);
        script.after(1s);
    }
}

TEST(ConnectTimeoutTest, CoversEverythingUpToConnack) {
    Options options = quiet_options();
    options.connect_timeout = 3s;
    Script script{options};
    script.start();
    script.after(2s);
    script.open();
    script.expect<wire::Connect>();
    script.after(999ms);
    script.nothing_else();
    script.after(1ms);
    EXPECT_TRUE(script.expect_event(Kind::connect_failed).failure.is(Error::timed_out));
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
}

TEST(BackoffTest, GrowsToItsMaximumWithFullJitterAndStartsAnewAfterALongConnection) {
    SeededRandom random;
    Backoff backoff{500ms, 8s, random};
    TimePoint ceiling = 500ms;
    for (int i = 0; i < 10; ++i) {
        EXPECT_LE(backoff.next(RetryPolicy::back_off, 1), ceiling);
        ceiling = std::min<TimePoint>(ceiling * 2, 8s);
    }
    TimePoint largest{0};
    for (int i = 0; i < 100; ++i) {
        largest = std::max(largest, backoff.next(RetryPolicy::back_off, 1));
    }
    EXPECT_GT(largest, TimePoint{6s});
    backoff.connection_ended(1s);
    EXPECT_GE(backoff.next(RetryPolicy::permanent, 1), TimePoint{8s});
    backoff.connection_ended(8s);
    EXPECT_LE(backoff.next(RetryPolicy::back_off, 1), TimePoint{500ms});
}

class KeepAliveTest : public testing::Test {
protected:
    static Options options() {
        Options options = quiet_options();
        options.keep_alive = 10s;
        return options;
    }
    Script script{options()};
};

// v5 [MQTT-3.1.2-20]; v3.1.1 [MQTT-3.1.2-23].
TEST_F(KeepAliveTest, PingsAfterNineTenthsOfSilenceOfOurs) {
    script.connect();
    script.after(8999ms);
    script.nothing_else();
    script.after(1ms);
    script.expect<wire::Pingreq>();
    script.reply(wire::Pingresp{});
    script.after(8999ms);
    script.nothing_else();
    script.after(1ms);
    script.expect<wire::Pingreq>();
}

TEST_F(KeepAliveTest, ReceivedBytesDoNotPostponeAPing) {
    script.connect();
    for (int i = 0; i < 9; ++i) {
        script.after(1s);
        script.deliver("a", "x");
        script.expect_event(Kind::message);
    }
    script.expect<wire::Pingreq>();
}

TEST_F(KeepAliveTest, WhatWeSendPostponesAPingWhileTheBrokerIsHeard) {
    script.connect();
    for (int i = 0; i < 9; ++i) {
        script.after(5s);
        script.publish("a", "x", Qos::at_least_once);
        script.reply(wire::Puback{script.expect<wire::Publish>().packet_id});
        script.expect_event(Kind::published);
    }
    script.nothing_else();
}

struct SilentPublishCase {
    const char* name;
    Qos qos;
    TimePoint pause;
};

/// A transport that takes everything, and a broker that says nothing.
class SilentPublishTest : public KeepAliveTest, public testing::WithParamInterface<SilentPublishCase> {};

TEST_P(SilentPublishTest, ASilentBrokerIsFoundWithinOneAndAHalfKeepAlivesHoweverMuchIsWritten) {
    script.connect();
    const TimePoint began = script.now();
    int pings = 0;
    while (script.events().empty()) {
        ASSERT_LT(script.now(), began + 15s) << "one and a half keep-alives";
        script.publish("a", "x", GetParam().qos);
        for (; script.sent_anything(); script.sent().pop_front()) {
            pings += std::holds_alternative<wire::Pingreq>(script.sent().front().packet) ? 1 : 0;
        }
        std::erase_if(script.events(), [](const auto& event) { return event.kind == Kind::published; });
        script.after(GetParam().pause);
    }
    EXPECT_EQ(pings, 1);
    EXPECT_EQ(script.now() - began, 14s);
    EXPECT_TRUE(script.expect_event(Kind::disconnected).failure.is(Error::keep_alive_timeout));
}

INSTANTIATE_TEST_SUITE_P(Streams, SilentPublishTest,
                         testing::Values(SilentPublishCase{"now_and_then", Qos::at_most_once, 2s},
                                         SilentPublishCase{"often", Qos::at_most_once, 100ms},
                                         SilentPublishCase{"unacknowledged", Qos::at_least_once, 500ms},
                                         SilentPublishCase{"exactly_once", Qos::exactly_once, 1s}),
                         [](const auto& row) { return std::string{row.param.name}; });

// A slow link: the PINGREQ has been taken and stands behind much that has not yet reached the broker.
TEST_F(KeepAliveTest, ATransportThatMakesRoomIsASignOfLife) {
    script.connect();
    script.after(9s);
    script.expect<wire::Pingreq>();
    for (int i = 0; i < 9; ++i) {
        script.after(4s);
        script.session().output_moves(script.now());
        script.publish("a", "x");
        script.expect<wire::Publish>();
        script.expect_event(Kind::published);
    }
    script.nothing_else();
    script.after(5s);
    EXPECT_TRUE(script.expect_event(Kind::disconnected).failure.is(Error::keep_alive_timeout));
}

TEST_F(KeepAliveTest, ASilentBrokerIsFoundWithinOneAndAHalfKeepAlives) {
    script.connect();
    script.after(14s);
    script.expect<wire::Pingreq>();
    EXPECT_TRUE(script.expect_event(Kind::disconnected).failure.is(Error::keep_alive_timeout));
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
}

TEST_F(KeepAliveTest, AnyBytesCountAsAnAnswer) {
    script.connect();
    script.after(9s);
    script.expect<wire::Pingreq>();
    script.after(4s);
    script.deliver("a", "x");
    script.expect_event(Kind::message);
    script.after(4s);
    script.nothing_else();
}

TEST_F(KeepAliveTest, ATransportThatTakesNothingIsFoundDead) {
    script.connect();
    script.stick();
    script.after(15s);
    EXPECT_TRUE(script.expect_event(Kind::disconnected).failure.is(Error::keep_alive_timeout));
}

TEST_F(KeepAliveTest, TheAnswerIsAwaitedFromWhenThePingHasLeft) {
    script.connect();
    script.stick();
    script.after(12s);  // The PINGREQ is stuck since 9 s.
    script.unstick();
    script.expect<wire::Pingreq>();
    script.after(4999ms);
    script.nothing_else();
    script.after(1ms);
    script.expect_event(Kind::disconnected);
}

TEST_F(KeepAliveTest, WhileReadingPausesSilenceIsNotHeldAgainstTheBroker) {
    script.connect();
    script.pause();
    script.after(60s);
    while (script.sent_anything()) {
        script.expect<wire::Pingreq>();
    }
    script.resume();
    script.after(4999ms);
    script.nothing_else();
    script.after(1ms);
    script.expect_event(Kind::disconnected);
}

// The peer's reset is seen by the second write after it, so within one keep-alive.
TEST_F(KeepAliveTest, WhileReadingPausesTwoPingsLeaveInEachKeepAlive) {
    script.connect();
    script.pause();
    for (int i = 0; i < 6; ++i) {
        script.after(4499ms);
        script.nothing_else();
        script.after(1ms);
        script.expect<wire::Pingreq>();
    }
    script.resume();
    script.reply_bytes({0xD0, 0x00});
    script.after(4s);
    script.nothing_else();
}

TEST_F(KeepAliveTest, WhileReadingPausesATransportThatTakesNothingIsFoundDead) {
    script.connect();
    script.pause();
    script.stick();
    script.after(14999ms);
    script.nothing_else();
    script.after(1ms);
    EXPECT_TRUE(script.expect_event(Kind::disconnected).failure.is(Error::keep_alive_timeout));
}

TEST_F(KeepAliveTest, WhileReadingPausesALossThatTheTransportReportsEndsTheConnection) {
    script.connect();
    script.pause();
    script.after(5s);
    script.expect<wire::Pingreq>();
    script.cut();
    EXPECT_TRUE(script.expect_event(Kind::disconnected).failure.is(Error::connection_lost));
    script.reconnect();
}

TEST_F(KeepAliveTest, TheServersKeepAliveReplacesOurs) {
    wire::Connack connack;
    connack.properties.server_keep_alive_s = std::uint16_t{0};
    script.connect(connack);
    script.after(1h);
    script.nothing_else();
}

// v5 [MQTT-3.14.4-1]; v3.1.1 [MQTT-3.14.4-2].
TEST(CloseTest, SaysGoodbyeAtOnceWhenNothingIsUnfinished) {
    Script script;
    script.connect();
    script.close();
    EXPECT_EQ(script.expect<wire::Disconnect>().reason_code, ReasonCode::normal_disconnection);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close_after_flush);
    const auto refused = script.try_publish(1, "a", "x", Qos::at_most_once);
    EXPECT_TRUE(refused.error().is(Error::closed));
    script.nothing_else();
    script.cut();
    EXPECT_FALSE(script.expect_event(Kind::disconnected).failure.code);
    script.expect_event(Kind::closed);
    script.nothing_else();
    EXPECT_FALSE(script.session().deadline());
}

TEST(CloseTest, LetsAcknowledgementsLeaveBeforeTheGoodbye) {
    Script script;
    script.connect();
    script.deliver("a", "x", Qos::at_least_once, 7);
    const DeliveryId delivery = script.expect_event(Kind::message).delivery;
    script.stick();
    script.acknowledge(delivery);
    script.close();
    script.unstick();
    EXPECT_EQ(script.expect<wire::Puback>().packet_id, 7);
    script.expect<wire::Disconnect>();
    script.nothing_else();
}

TEST(CloseTest, WaitsForAcknowledgements) {
    Script script;
    script.connect();
    const Token token = script.publish("a", "x", Qos::at_least_once);
    const auto publish = script.expect<wire::Publish>();
    script.close();
    script.after(1s);
    script.nothing_else();
    script.reply(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    EXPECT_EQ(script.expect_event(Kind::published).token, token);
    script.expect<wire::Disconnect>();
}

TEST(CloseTest, ReportsWhatIsUnfinishedAtTheDeadline) {
    Script script;
    script.connect();
    const Token token = script.publish("a", "x", Qos::at_least_once);
    script.expect<wire::Publish>();
    script.close(2s);
    script.after(2s);
    script.expect<wire::Disconnect>();
    script.cut();
    script.expect_event(Kind::disconnected);
    const Happened failed = script.expect_event(Kind::publish_failed);
    EXPECT_EQ(failed.token, token);
    EXPECT_TRUE(failed.failure.is(Error::closed));
    script.expect_event(Kind::closed);
}

TEST(CloseTest, GoesOnConnectingUntilTheDeadlineForWhatIsQueued) {
    Script script;
    script.start();
    const Token token = script.publish("a", "x");
    script.close(2s);
    script.open();
    script.expect<wire::Connect>();
    script.reply(wire::Connack{});
    script.expect_event(Kind::connected);
    script.expect<wire::Publish>();
    script.expect<wire::Disconnect>();
    EXPECT_EQ(script.expect_event(Kind::published).token, token);
    script.cut();
    script.expect_event(Kind::disconnected);
    script.expect_event(Kind::closed);
}

TEST(CloseTest, ClosesATransportThatDoesNotFlushInTime) {
    Script script;
    script.connect();
    script.stick();
    script.close(1s);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close_after_flush);
    script.after(2s);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
    script.cut();
    script.expect_event(Kind::disconnected);
    script.expect_event(Kind::closed);
}

TEST(CloseTest, ASecondTimeShortensTheWaitAndSaysNothingTwice) {
    Script script;
    script.connect();
    script.stick();
    script.close(10s);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close_after_flush);
    script.close(1s);
    script.after(1250ms);
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
    script.cut();
    script.expect_event(Kind::disconnected);
    script.expect_event(Kind::closed);
    script.close();
    script.nothing_else();
}

TEST(CloseTest, ASecondTimeShortensTheWaitForAcknowledgements) {
    Script script;
    script.connect();
    script.publish("a", "x", Qos::at_least_once);
    script.expect<wire::Publish>();
    script.close(10s);
    script.nothing_else();
    script.close(0s);
    script.expect<wire::Disconnect>();
}

TEST(CloseTest, WhileWaitingForTheNextAttemptEndsAtOnce) {
    Script script;
    script.connect();
    script.cut();
    script.expect_event(Kind::disconnected);
    script.close();
    script.expect_event(Kind::closed);
    script.nothing_else();
    EXPECT_FALSE(script.session().deadline());
}

TEST(CloseTest, WhileWaitingForTheNextAttemptFailsWhatIsUnfinishedAtTheDeadline) {
    Options options = quiet_options();
    options.reconnect_min = options.reconnect_max = 1h;
    Script script{options};
    script.connect();
    script.publish("a", "x", Qos::at_least_once);
    script.expect<wire::Publish>();
    script.reply(wire::Disconnect{ReasonCode::session_taken_over, {}});  // The longest delay.
    script.expect_event(Kind::disconnected);
    script.cut();
    script.close(2s);
    script.after(1999ms);
    script.nothing_else();
    script.after(1ms);
    EXPECT_TRUE(script.expect_event(Kind::publish_failed).failure.is(Error::closed));
    script.expect_event(Kind::closed);
    script.nothing_else();
}

TEST(CloseTest, WhileAFailedConnectionIsClosingEndsWithIt) {
    Script script;
    script.connect();
    script.reply_bytes({0x00, 0x00});
    script.expect_event(Kind::disconnected);
    script.expect<wire::Disconnect>();
    script.close();
    script.nothing_else();
    script.cut();
    script.expect_event(Kind::closed);
    script.nothing_else();
}

TEST(CloseTest, WhileReadingPausesEndsAtTheDeadline) {
    Script script;
    script.connect();
    const Token token = script.publish("a", "x", Qos::at_least_once);
    const auto publish = script.expect<wire::Publish>();
    script.pause();
    script.close(2s);
    script.reply(wire::Puback{publish.packet_id, ReasonCode::success, {}});
    script.after(2s);
    script.expect<wire::Disconnect>();
    script.cut();
    script.expect_event(Kind::disconnected);
    EXPECT_EQ(script.expect_event(Kind::publish_failed).token, token);
    script.expect_event(Kind::closed);
}

TEST(CloseTest, EndsAtOnceWhenNothingWasStarted) {
    Script script;
    script.close();
    script.expect_event(Kind::closed);
    script.nothing_else();
}

TEST(CloseTest, EndsAnAttemptThatIsUnderWay) {
    Script script;
    script.start();
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::open);
    script.close();
    EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
    script.cut();
    script.expect_event(Kind::closed);
    script.nothing_else();
}

}  // namespace
}  // namespace multimqtt::session
