// CONNECT and what a broker may answer to it: each refusal, and each combination of what both sides remember.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;
using enum wire::PacketType;

// MQTT 5.0, section 3.2.2.2, without success; "permanent" where waiting does not help.
struct Refusal {
    ReasonCode reason;
    bool permanent;
};
constexpr Refusal kRefusals[] = {
    {ReasonCode::unspecified_error, false},
    {ReasonCode::malformed_packet, false},
    {ReasonCode::protocol_error, false},
    {ReasonCode::implementation_specific_error, false},
    {ReasonCode::unsupported_protocol_version, true},
    {ReasonCode::client_identifier_not_valid, true},
    {ReasonCode::bad_user_name_or_password, true},
    {ReasonCode::not_authorized, true},
    {ReasonCode::server_unavailable, false},
    {ReasonCode::server_busy, false},
    {ReasonCode::banned, true},
    {ReasonCode::bad_authentication_method, true},
    {ReasonCode::topic_name_invalid, true},
    {ReasonCode::packet_too_large, false},
    {ReasonCode::quota_exceeded, false},
    {ReasonCode::payload_format_invalid, false},
    {ReasonCode::retain_not_supported, true},
    {ReasonCode::qos_not_supported, true},
    {ReasonCode::use_another_server, false},
    {ReasonCode::server_moved, true},
    {ReasonCode::connection_rate_exceeded, false},
};
// MQTT 3.1.1, table 3.1: return codes 1 to 5 in their order.
constexpr ReasonCode kReturnCodes[] = {
    ReasonCode::unsupported_protocol_version, ReasonCode::client_identifier_not_valid,
    ReasonCode::server_unavailable, ReasonCode::bad_user_name_or_password, ReasonCode::not_authorized};

// A refused session closes without a word, and comes back: soon, or after the longest wait of one second.
void expect_refusal(Script& script, ReasonCode reason, bool permanent) {
    auto& [client, network, broker] = script.roles();
    client.reports(connect_failed, {.error = Error::refused, .reason = reason, .permanent = permanent});
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    script.silence();
    network.cuts();
    const TimePoint wait = script.session().deadline().value() - script.now();
    EXPECT_EQ(wait >= 1s, permanent) << to_string(reason);
    client.reconnects();
    script.silence();
}

TEST(RefusedConnectExchange, OfEachReasonCodeIsReportedAndFollowedByAnotherAttempt) {
    ASSERT_EQ(std::size(kRefusals), 21U);
    for (const Refusal& refusal : kRefusals) {
        SCOPED_TRACE(to_string(refusal.reason));
        Script script;
        auto& [client, network, broker] = script.roles();
        client.start();
        network.opens();
        broker.expects(connect).replies(connack, refusal.reason);
        expect_refusal(script, refusal.reason, refusal.permanent);
    }
}

// MQTT 3.1.1, section 3.2.2.3.
TEST(RefusedConnectExchange, OfEachReturnCodeIsReportedInTheWordsOf50) {
    for (int code = 1; code <= 5; ++code) {
        const ReasonCode reason = kReturnCodes[code - 1];
        const auto* row = std::ranges::find(kRefusals, reason, &Refusal::reason);
        SCOPED_TRACE(code);
        Script script{ProtocolVersion::v3_1_1};
        auto& [client, network, broker] = script.roles();
        client.start();
        network.opens();
        broker.expects(connect);
        broker.sends_bytes({0x20, 2, 0, code});
        expect_refusal(script, reason, row->permanent);
    }
}

// Everything that the two sides can remember of each other. v5 [MQTT-3.2.2-4], [MQTT-3.2.2-5]; v3.1.1
// [MQTT-3.1.2-4], [MQTT-3.1.2-6].
struct Memory {
    ProtocolVersion version;
    bool clean_start;   // What the options ask for.
    bool keeps;         // Whether the options ask for a session that outlives the connection.
    bool reconnecting;  // There was a connection before, in which a message was left unacknowledged.
    bool present;       // What the broker says.
    bool clean;         // What CONNECT has to say.
    const char* then;   // What follows.
};

constexpr const char* kAccepted = "connected";
constexpr const char* kRepeated = "connected, PUBLISH dup";
constexpr const char* kAnew = "connected, PUBLISH";
constexpr const char* kViolation = "connect_failed, DISCONNECT protocol_error";
constexpr const char* kSilentViolation = "connect_failed";

constexpr ProtocolVersion v5 = ProtocolVersion::v5;
constexpr ProtocolVersion v3 = ProtocolVersion::v3_1_1;

constexpr Memory kMemories[] = {
    // The first connection. Without a clean start it may take up what an earlier process has left.
    {v5, true, true, false, false, true, kAccepted},
    {v5, true, true, false, true, true, kViolation},
    {v5, true, false, false, false, true, kAccepted},
    {v5, true, false, false, true, true, kViolation},
    {v5, false, true, false, false, false, kAccepted},
    {v5, false, true, false, true, false, kAccepted},
    {v5, false, false, false, false, false, kAccepted},
    {v5, false, false, false, true, false, kAccepted},
    // The next one. A session that was not to be kept is over.
    {v5, true, true, true, false, false, kAnew},
    {v5, true, true, true, true, false, kRepeated},
    {v5, true, false, true, false, true, kAnew},
    {v5, true, false, true, true, true, kViolation},
    {v5, false, true, true, false, false, kAnew},
    {v5, false, true, true, true, false, kRepeated},
    {v5, false, false, true, false, true, kAnew},
    {v5, false, false, true, true, true, kViolation},
    // In 3.1.1 Clean Session says both how the session begins and how long it lasts.
    {v3, true, true, false, false, false, kAccepted},
    {v3, true, true, false, true, false, kAccepted},
    {v3, true, false, false, false, true, kAccepted},
    {v3, true, false, false, true, true, kSilentViolation},
    {v3, false, true, false, false, false, kAccepted},
    {v3, false, true, false, true, false, kAccepted},
    {v3, false, false, false, false, false, kAccepted},
    {v3, false, false, false, true, false, kAccepted},
    {v3, true, true, true, false, false, kAnew},
    {v3, true, true, true, true, false, kRepeated},
    {v3, true, false, true, false, true, kAnew},
    {v3, true, false, true, true, true, kSilentViolation},
    {v3, false, true, true, false, false, kAnew},
    {v3, false, true, true, true, false, kRepeated},
    {v3, false, false, true, false, false, kAnew},
    {v3, false, false, true, true, false, kRepeated},
};

TEST(SessionPresentExchange, FollowsFromWhatBothSidesRemember) {
    ASSERT_EQ(std::size(kMemories), 2U * 2 * 2 * 2 * 2);
    for (const Memory& row : kMemories) {
        SCOPED_TRACE(&row - std::begin(kMemories));
        Options options = quiet_options(row.version);
        options.clean_start = row.clean_start;
        options.session_expiry = row.keeps ? 1h : 0h;
        Script script{options};
        auto& [client, network, broker] = script.roles();
        if (row.reconnecting) {
            client.connects();
            client.publish("a", "x", Qos::at_least_once);
            broker.expects(publish);
            network.cuts();
            client.reports(disconnected);
        } else {
            client.start();
        }
        network.reopens();
        broker.expects(connect, {.clean_start = row.clean});
        broker.sends(wire::Connack{.session_present = row.present});
        EXPECT_EQ(script.story(), row.then);
    }
}

// v5 [MQTT-3.2.2-16] of the broker, and section 3.2.2.3.7: the identifier is ours from now on.
TEST(ClientIdentifierExchange, ThatTheBrokerAssignsIsAskedForAgainForEver) {
    Options options = quiet_options();
    options.client_id.clear();
    Script script{options};
    auto& [client, network, broker] = script.roles();
    wire::Connack assigning;
    assigning.properties.assigned_client_identifier = "given";
    EXPECT_EQ(client.connects(assigning).client_id, "");
    for (int i = 0; i < 3; ++i) {
        network.cuts();
        client.reports(disconnected);
        EXPECT_EQ(client.reconnects(resuming()).client_id, "given");
    }
    network.cuts();
    client.reports(disconnected);
    network.reopens();
    broker.expects(connect).replies(connack, ReasonCode::server_busy);
    client.reports(connect_failed);
    network.cuts();
    EXPECT_EQ(client.reconnects().client_id, "given");
}

// MQTT 5.0, section 3.1.2.11.2: counted from the end of the connection, by the interval that the broker
// granted.
TEST(SessionExpiryExchange, IsTheBrokersAndEndsTheSessionOnceItIsOver) {
    struct Case {
        std::chrono::seconds granted;
        std::chrono::seconds away;  // Until the next transport opens.
        bool clean;
    };
    for (const auto& [granted, away, clean] :
         {Case{60s, 59s, false}, Case{60s, 60s, true}, Case{0s, 0s, true}, Case{3600s, 3599s, false},
          Case{std::chrono::seconds{0xFFFF'FFFF}, 1'000'000s, false}}) {
        SCOPED_TRACE(away.count());
        Options options = quiet_options();
        options.connect_timeout = 10'000h;
        Script script{options};
        auto& [client, network, broker] = script.roles();
        wire::Connack answer;
        answer.properties.session_expiry_interval_s = static_cast<std::uint32_t>(granted.count());
        client.connects(answer);
        script.wait(1h);
        network.cuts();
        client.reports(disconnected);
        script.wait(away);
        network.reopens();
        broker.expects(connect, {.clean_start = clean});
    }
}

// v5 [MQTT-3.1.0-2], [MQTT-3.1.2-30]: one CONNECT, and nothing behind it until the answer is there.
TEST(ConnectExchange, WaitsForConnackWithEverything) {
    for (const ProtocolVersion version : {v3, v5}) {
        Script script{version};
        auto& [client, network, broker] = script.roles();
        client.start();
        client.publish("a", "1");
        network.opens();
        broker.expects(connect).replies(connack, after(3s));
        client.publish("b", "2", Qos::at_least_once);
        client.publish("c", "3", Qos::exactly_once);
        client.subscribe("d");
        client.unsubscribe("e");
        client.reports(connected, after(3s));
        client.reports(unsubscribed, {.filter = "e"});  // A new session has nothing to remove.
        broker.expects(subscribe).replies(suback);
        broker.expects(publish, {.payload = "1"});
        broker.expects(publish, {.payload = "2"}).replies(puback);
        broker.expects(publish, {.payload = "3"}).replies(pubrec);
        broker.expects(pubrel).replies(pubcomp, after(1s));
        client.reports(published, {.token = 1});
        client.reports(subscribed);
        client.reports(published, {.token = 2});
        client.reports(published, {.token = 3}, after(1s));
        script.silence(1h);
    }
}

// v5 [MQTT-4.12.0-6]: we never ask for a method, so whatever AUTH says is against the rules.
TEST(AuthExchange, IsRefusedBeforeAndAfterConnack) {
    const std::vector<std::vector<int>> packets = {
        {0xF0, 0}, {0xF0, 2, 0, 0}, {0xF0, 6, 0x18, 4, 0x15, 0, 1, 'm'}};
    for (const auto& bytes : packets) {
        for (const bool before : {true, false}) {
            Script script;
            auto& [client, network, broker] = script.roles();
            if (before) {
                client.start();
                network.opens();
                broker.expects(connect);
            } else {
                client.connects();
            }
            std::vector<std::byte> auth_packet;
            for (const int byte : bytes) {
                auth_packet.push_back(static_cast<std::byte>(byte));
            }
            broker.sends_bytes(auth_packet);
            client.reports(before ? connect_failed : disconnected, {.error = Error::protocol_error});
            broker.expects(wire::PacketType::disconnect, {.reason = ReasonCode::protocol_error});
            EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
            script.silence();
        }
    }
}

// v5 [MQTT-3.1.2-9], [MQTT-3.1.3-1]; v3.1.1 [MQTT-3.1.2-9]: all wills there are.
TEST(WillExchange, IsInEveryConnectAsTheOptionsHaveIt) {
    for (const ProtocolVersion version : {v3, v5}) {
        for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
            for (const bool retain : {false, true}) {
                Options options = quiet_options(version);
                options.will = Will{.topic = "gone", .payload = "bye", .qos = qos, .retain = retain};
                options.will->delay = 30s;
                Script script{options};
                auto& [client, network, broker] = script.roles();
                const auto expect_will = [&](const wire::Connect& packet) {
                    ASSERT_TRUE(packet.will);
                    EXPECT_EQ(packet.will->topic, "gone");
                    EXPECT_EQ(packet.will->qos, qos);
                    EXPECT_EQ(packet.will->retain, retain);
                    EXPECT_EQ(packet.will->properties.will_delay_interval_s.has_value(), version == v5);
                };
                expect_will(client.connects());
                network.cuts();
                client.reports(disconnected);
                expect_will(client.reconnects(resuming()));
            }
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
