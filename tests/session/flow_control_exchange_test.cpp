// What bounds the client: the broker's Receive Maximum, packet identifiers, aliases, sizes, and the time that
// a message may take, on one connection and across several.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;
using enum wire::PacketType;

wire::Connack granting(std::uint16_t receive_maximum, bool session_present = false) {
    wire::Connack answer{.session_present = session_present};
    answer.properties.receive_maximum = receive_maximum;
    return answer;
}

// A broker that keeps what is open to it, and answers one of it at a time.
class Window {
public:
    Window(Script& script, std::uint16_t receive_maximum) : script_{script}, limit_{receive_maximum} {}

    // Takes what the client has sent; v5 [MQTT-3.3.4-7], [MQTT-4.9.0-2].
    void read() {
        for (const Sent& sent : std::exchange(script_.broker.heard(), {})) {
            const std::uint16_t id = packet_id(sent.packet);
            if (const auto* message = std::get_if<wire::Publish>(&sent.packet)) {
                payloads_ += static_cast<char>(message->payload[0]);
                EXPECT_TRUE(open_ids_.insert(id).second) << "identifier " << id << " is in use";
                open_.push_back({id, message->qos == Qos::at_least_once ? puback : pubrec});
            } else {
                EXPECT_EQ(wire::type_of(sent.packet), pubrel);
                open_ids_.insert(id);
                open_.push_back({id, pubcomp});
            }
        }
        EXPECT_LE(open_ids_.size(), limit_);
    }
    // Answers the `choice`th of what is open.
    void answer(std::size_t choice) {
        const auto at = open_.begin() + static_cast<std::ptrdiff_t>(choice % open_.size());
        const auto [id, type] = *at;
        open_.erase(at);
        if (type == puback) {
            open_ids_.erase(id);
            script_.broker.sends(wire::Puback{id, ReasonCode::success, {}});
        } else if (type == pubrec) {
            script_.broker.sends(wire::Pubrec{id, ReasonCode::success, {}});
        } else {
            open_ids_.erase(id);
            script_.broker.sends(wire::Pubcomp{id, ReasonCode::success, {}});
        }
        read();
    }
    [[nodiscard]] bool idle() const { return open_.empty(); }
    [[nodiscard]] const std::string& payloads() const { return payloads_; }

private:
    Script& script_;
    std::size_t limit_;
    std::deque<std::pair<std::uint16_t, wire::PacketType>> open_;
    std::set<std::uint16_t> open_ids_;
    std::string payloads_;
};

// Every order in which a broker can answer four messages of mixed QoS, with each window and each number of
// packet identifiers.
TEST(QuotaExchange, IsKeptWhateverOrderTheBrokerAnswersIn) {
    constexpr unsigned kAnswers = 6;  // Two messages of QoS 1 and two of QoS 2.
    for (const std::uint16_t limit : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) {
        for (const std::uint16_t identifiers : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{9}}) {
            const unsigned orders = limit == 1 ? 1 : 729;  // At most three choices, six times.
            for (unsigned number = 0; number < orders; ++number) {
                Script script{quiet_options(), QueueLimits{.packet_id_max = identifiers}};
                script.client.connects(granting(limit));
                Window window{script, limit};
                for (const auto& [payload, qos] :
                     {std::pair{"1", Qos::at_least_once}, std::pair{"2", Qos::exactly_once},
                      std::pair{"3", Qos::exactly_once}, std::pair{"4", Qos::at_least_once}}) {
                    script.client.publish("a", payload, qos);
                }
                window.read();
                unsigned answered = 0;
                for (unsigned choices = number; !window.idle(); choices /= 3, ++answered) {
                    window.answer(choices % 3);
                }
                EXPECT_EQ(answered, kAnswers);
                EXPECT_EQ(window.payloads(), "1234") << "nothing overtakes";  // v5 [MQTT-4.6.0-1]
                EXPECT_EQ(script.client.events().size(), 4U) << "each ends once";
                EXPECT_EQ(script.session().statistics().inflight, 0U);
                if (testing::Test::HasFailure()) {
                    FAIL() << "window " << limit << ", identifiers " << identifiers << ", order " << number;
                }
            }
        }
    }
}

// v5 [MQTT-3.3.4-7]: what is sent again counts; PUBREL waits for no quota, v5 [MQTT-3.3.4-8], and counts as
// open.
TEST(QuotaExchange, OfANewConnectionHoldsForWhatIsSentAgain) {
    for (std::uint16_t limit = 1; limit <= 4; ++limit) {
        SCOPED_TRACE(limit);
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        client.publish("a", "1", Qos::exactly_once);
        for (const char* payload : {"2", "3", "4"}) {
            client.publish("a", payload, Qos::at_least_once);
        }
        broker.expects(publish, {.payload = "1"}).replies(pubrec);
        broker.heard().clear();
        network.cuts();
        client.reports(disconnected);
        client.reconnects(granting(limit, true));
        Window window{script, limit};
        window.read();
        while (!window.idle()) {
            window.answer(0);
        }
        EXPECT_EQ(window.payloads(), "234");
        EXPECT_EQ(client.events().size(), 4U);
    }
}

// v5 [MQTT-2.2.1-2], [MQTT-2.2.1-3]; v3.1.1 [MQTT-2.3.1-2], [MQTT-2.3.1-3].
TEST(PacketIdentifierExchange, OfARequestIsFreeAfterACutAndThatOfAMessageIsNot) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Script script{quiet_options(version), QueueLimits{.packet_id_max = 2}};
        auto& [client, network, broker] = script.roles();
        client.connects();
        client.publish("a", "1", Qos::at_least_once);
        client.subscribe("b");
        client.publish("a", "2", Qos::at_least_once);
        broker.expects(publish, {.packet_id = 1});
        broker.expects(subscribe, {.packet_id = 2});
        script.silence(1h);  // All are in use.
        network.cuts();
        client.reports(disconnected);
        client.reconnects(resuming());
        const auto request = broker.expects(subscribe, {.packet_id = 2});
        const auto again = broker.expects(publish, {.payload = "1", .dup = true, .packet_id = 1});
        script.silence(1h);
        request.replies(suback);
        client.reports(subscribed);
        broker.expects(publish, {.payload = "2", .dup = false, .packet_id = 2});
        again.replies(puback);
        client.reports(published);
        script.silence(1h);
    }
}

// v5 [MQTT-3.2.2-15]: the script fails with any packet above the limit. What can be sent is sent, what cannot
// be sent is told, and nothing is left over, whatever the limit.
TEST(PacketSizeExchange, IsKeptByEveryPacket) {
    for (std::uint32_t limit = 5; limit <= 60; ++limit) {
        SCOPED_TRACE(limit);
        Script script;
        auto& [client, network, broker] = script.roles();
        client.publish("kept", std::string(20, 'k'), Qos::at_least_once);
        client.subscribe("a/filter");
        wire::Connack answer;
        answer.properties.maximum_packet_size = limit;
        answer.properties.topic_alias_maximum = std::uint16_t{5};
        client.connects(answer);
        client.unsubscribe("another/filter");
        std::size_t taken = 1;
        for (std::size_t size = 0; size < 40; size += 3) {
            const auto result =
                client.try_publish(client.token(), "topic", std::string(size, 'x'), Qos::at_least_once);
            taken += result ? 1 : 0;
            EXPECT_TRUE(result || result.error().is(Error::payload_too_large)) << result.error();
        }
        broker.publishes("b", "x", Qos::at_least_once, 1);
        broker.sends(wire::Pubrec{500, ReasonCode::success, {}});
        broker.sends(wire::Pubrel{500, ReasonCode::success, {}});
        for (const Happened& event : std::deque<Happened>{client.events()}) {
            client.acknowledge(event.delivery, ReasonCode::not_authorized);
        }
        std::size_t requests = 0;
        while (broker.has_heard()) {
            const wire::Packet packet = broker.heard().front().packet;
            const wire::PacketType type = wire::type_of(packet);
            const auto received = broker.expects(type);
            if (type == publish) {
                received.replies(puback);
            } else if (type == subscribe || type == unsubscribe) {
                received.replies(type == subscribe ? suback : unsuback);
                ++requests;
            }
        }
        const auto count = [&](Event::Kind kind) {
            return static_cast<std::size_t>(
                std::ranges::count(script.client.events(), kind, &Happened::kind));
        };
        EXPECT_EQ(count(published) + count(publish_failed), taken);
        EXPECT_EQ(count(subscribed) + count(subscribe_failed), 1U);
        EXPECT_EQ(count(unsubscribed) + count(warning), 1U);
        EXPECT_EQ(requests, count(subscribed) + count(unsubscribed));
        EXPECT_EQ(script.session().statistics().inflight, 0U);
    }
}

// v5 [MQTT-3.3.2-7]: a broker that goes on with an alias of the last connection is told.
TEST(AliasExchange, OfTheBrokerDiesWithTheConnection) {
    Script script;
    auto& [client, network, broker] = script.roles();
    const auto publish_as = [&script](std::string_view topic) {
        wire::Publish packet{.topic = topic};
        packet.properties.topic_alias = std::uint16_t{1};
        script.broker.sends(packet);
    };
    client.connects();
    publish_as("plant/1");
    publish_as("");
    client.reports(message, {.topic = "plant/1"});
    client.reports(message, {.topic = "plant/1"});
    network.cuts();
    client.reports(disconnected);
    client.reconnects(resuming());
    publish_as("");
    client.reports(disconnected, {.error = Error::protocol_error});
    broker.expects(wire::PacketType::disconnect, {.reason = ReasonCode::protocol_error});
    script.silence();
}

// v5 [MQTT-3.3.2-10]; above it, section 3.3.2.3.4 asks for 0x94.
TEST(AliasExchange, OfTheBrokerIsTakenUpToTheMaximumThatWeSaid) {
    for (const unsigned maximum : {0U, 1U, 2U, 64U, 65'535U}) {
        for (const unsigned alias : {1U, 2U, 3U, 64U, 65U, 65'535U}) {
            SCOPED_TRACE(std::to_string(alias) + " of " + std::to_string(maximum));
            Options options = quiet_options();
            options.topic_alias_maximum = static_cast<std::uint16_t>(maximum);
            Script script{options};
            auto& [client, network, broker] = script.roles();
            const wire::Connect said = client.connects();
            EXPECT_EQ(said.properties.topic_alias_maximum.value_or(0), maximum);
            wire::Publish packet{.topic = "plant/1"};
            packet.properties.topic_alias = static_cast<std::uint16_t>(alias);
            broker.sends(packet);
            if (alias <= maximum) {
                client.reports(message, {.topic = "plant/1"});
            } else {
                client.reports(disconnected, {.error = Error::topic_alias_invalid});
                broker.expects(wire::PacketType::disconnect, {.reason = ReasonCode::topic_alias_invalid});
            }
            script.silence();
        }
    }
}

// v5 [MQTT-3.2.2-17], [MQTT-3.2.2-18], [MQTT-3.3.2-7], [MQTT-3.3.2-9]: each connection has the number that
// its CONNACK says, and begins without any. The messages that are sent again have their topics.
TEST(AliasExchange, OfOursFollowsTheConnackOfEachConnection) {
    Script script;
    auto& [client, network, broker] = script.roles();
    bool first = true;
    for (const std::uint16_t maximum :
         {std::uint16_t{2}, std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{65'535}}) {
        SCOPED_TRACE(maximum);
        wire::Connack answer{.session_present = !first};
        if (maximum != 0) {
            answer.properties.topic_alias_maximum = maximum;
        }
        if (first) {
            client.connects(answer);
        } else {
            network.cuts();
            client.reports(disconnected);
            client.reconnects(answer);
            broker.expects(publish, {.topic = "plant/1", .payload = "kept", .dup = true}).replies(puback);
            client.reports(published);
        }
        first = false;
        std::set<std::uint16_t> aliases;
        for (const char* topic : {"plant/1", "plant/2", "plant/3"}) {
            for (int i = 0; i < 3; ++i) {
                client.publish(topic, "x");
                client.reports(published);
                const auto packet = broker.expects<wire::Publish>();
                if (packet.properties.topic_alias) {
                    EXPECT_LE(*packet.properties.topic_alias, maximum);
                    aliases.insert(*packet.properties.topic_alias);
                } else {
                    EXPECT_EQ(packet.topic, topic);
                }
            }
        }
        EXPECT_EQ(aliases.size(), std::min<std::size_t>(maximum, 3));
        client.publish("plant/1", "kept", Qos::at_least_once);
        broker.expects(publish);
    }
}

// A message whose time is over is not published again, and one that a broker may have is not dropped for it:
// v5 [MQTT-4.3.3-7].
TEST(ExpiryExchange, CountsForWhatIsPublishedAgainAndNotForWhatIsSentAgain) {
    for (const bool present : {false, true}) {
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        PublishProperties properties;
        properties.expiry = 10s;
        ASSERT_TRUE(client.try_publish(1, "a", "x", Qos::at_least_once, false, &properties));
        EXPECT_EQ(broker.expects<wire::Publish>().properties.message_expiry_interval_s, 10U);
        script.wait(11s);
        network.cuts();
        client.reports(disconnected);
        client.reconnects(wire::Connack{.session_present = present});
        if (present) {
            const auto again = broker.expects<wire::Publish>();
            EXPECT_TRUE(again.dup);
            EXPECT_EQ(again.properties.message_expiry_interval_s, 1U) << "0 would be no time at all";
        } else {
            client.reports(publish_failed, {.token = 1, .error = Error::expired});
        }
        script.silence(1h);
    }
}

TEST(ExpiryExchange, ReportsEachMessageOfTheQueueWhenItsTimeIsUp) {
    Options options = quiet_options();
    options.connect_timeout = 1h;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.start();
    for (const int seconds : {30, 10, 20}) {
        PublishProperties properties;
        properties.expiry = std::chrono::seconds{seconds};
        ASSERT_TRUE(
            client.try_publish(static_cast<Token>(seconds), "a", "x", Qos::at_most_once, false, &properties));
    }
    client.reports(publish_failed, {.token = 10, .error = Error::expired}, after(10s));
    client.reports(publish_failed, {.token = 20, .error = Error::expired}, after(10s));
    client.reports(publish_failed, {.token = 30, .error = Error::expired}, after(10s));
    script.silence(10min);
}

// v5 [MQTT-4.6.0-2], v3.1.1 [MQTT-4.6.0-2]: the slowest handler holds up all acknowledgements behind it.
TEST(OrderExchange, OfAcknowledgementsIsThatOfTheMessagesHoweverLongHandlersTake) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Script script{version};
        auto& [client, network, broker] = script.roles();
        client.connects();
        broker.publishes("a", "slow", Qos::at_least_once, 7);
        broker.publishes("a", "quick", Qos::at_least_once, 3);
        broker.publishes("a", "quick too", Qos::exactly_once, 5);
        const DeliveryId slow = client.reports(message, {.payload = "slow"}).delivery;
        const DeliveryId quick = client.reports(message, {.payload = "quick"}).delivery;
        const DeliveryId quick_too = client.reports(message, {.payload = "quick too"}).delivery;
        script.wait(1s);
        client.acknowledge(quick);
        script.silence(1s);
        client.acknowledge(quick_too);
        broker.expects(pubrec, {.packet_id = 5}).replies(pubrel, after(2s));
        broker.expects(pubcomp, {.packet_id = 5}, after(2s));
        client.acknowledge(slow);
        broker.expects(puback, {.packet_id = 7});
        broker.expects(puback, {.packet_id = 3});
        script.silence(1h);
    }
}

// MQTT 5.0, section 4.11: by explicit choice of the user alone.
TEST(RedirectExchange, IsToldAndNotFollowed) {
    for (const ReasonCode reason : {ReasonCode::use_another_server, ReasonCode::server_moved}) {
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        wire::Disconnect elsewhere{.reason_code = reason};
        elsewhere.properties.server_reference = "other.example:1883";
        broker.sends(elsewhere);
        const Happened lost = client.reports(disconnected, {.reason = reason});
        EXPECT_NE(lost.failure.message.find("other.example:1883"), std::string::npos) << lost.failure;
        network.cuts();
        client.reconnects();
        EXPECT_EQ(network.endpoint(), 0U);
    }
}

}  // namespace
}  // namespace multimqtt::session
