// What the broker sends: messages of each QoS, their acknowledgements, and packets that break the rules.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

class ReceivingTest : public testing::TestWithParam<ProtocolVersion> {
protected:
    void resume() {
        script.cut();
        script.expect_event(Kind::disconnected);
        wire::Connack connack;
        connack.session_present = true;
        script.reconnect(connack);
    }
    Script script{quiet_options(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(EachVersion, ReceivingTest, testing::ValuesIn(kVersions),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

TEST_P(ReceivingTest, Qos0IsDeliveredWithoutAnAcknowledgement) {
    script.connect();
    script.deliver("a/b", "hello");
    const Happened message = script.expect_event(Kind::message);
    EXPECT_EQ(message.topic, "a/b");
    EXPECT_EQ(message.payload, "hello");
    EXPECT_EQ(message.delivery, 0u);
    script.acknowledge(message.delivery);
    script.nothing_else();
}

// v5 and v3.1.1 [MQTT-4.6.0-2].
TEST_P(ReceivingTest, PubacksLeaveInTheOrderOfArrivalWhateverTheApplicationDoes) {
    script.connect();
    std::vector<DeliveryId> deliveries;
    for (const std::uint16_t id : {std::uint16_t{30}, std::uint16_t{10}, std::uint16_t{20}}) {
        script.deliver("a", "x", Qos::at_least_once, id);
        deliveries.push_back(script.expect_event(Kind::message).delivery);
    }
    script.acknowledge(deliveries[2]);
    script.acknowledge(deliveries[1]);
    script.nothing_else();
    script.acknowledge(deliveries[0]);
    for (const std::uint16_t id : {std::uint16_t{30}, std::uint16_t{10}, std::uint16_t{20}}) {
        EXPECT_EQ(script.expect<wire::Puback>().packet_id, id);
    }
    script.acknowledge(deliveries[0]);  // A second time.
    script.nothing_else();
}

// v5 and v3.1.1 [MQTT-4.6.0-3]: each kind by itself.
TEST_P(ReceivingTest, PubrecsWaitForEarlierPubrecsButNotForPubacks) {
    script.connect();
    script.deliver("a", "x", Qos::at_least_once, 1);
    script.deliver("a", "x", Qos::exactly_once, 2);
    script.deliver("a", "x", Qos::exactly_once, 3);
    script.expect_event(Kind::message);
    const DeliveryId second = script.expect_event(Kind::message).delivery;
    const DeliveryId third = script.expect_event(Kind::message).delivery;
    script.acknowledge(third);
    script.nothing_else();
    script.acknowledge(second);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 2);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 3);
    script.nothing_else();
}

// v5 [MQTT-4.3.2-5]; v3.1.1 [MQTT-4.3.2-2].
TEST_P(ReceivingTest, Qos1WithTheSameIdentifierAfterPubackIsANewMessageWhateverDupSays) {
    script.connect();
    for (int i = 0; i < 2; ++i) {
        script.deliver("a", "x", Qos::at_least_once, 5, i == 1);
        script.acknowledge(script.expect_event(Kind::message).delivery);
        EXPECT_EQ(script.expect<wire::Puback>().packet_id, 5);
    }
}

// v5 [MQTT-4.3.3-10] to [MQTT-4.3.3-12]; v3.1.1 [MQTT-4.3.3-2].
TEST_P(ReceivingTest, Qos2IsDeliveredOnceUntilPubrel) {
    script.connect();
    script.deliver("a", "x", Qos::exactly_once, 5);
    const DeliveryId delivery = script.expect_event(Kind::message).delivery;
    script.deliver("a", "x", Qos::exactly_once, 5, true);
    script.nothing_else();  // PUBREC follows when the application has acknowledged.
    script.acknowledge(delivery);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 5);
    script.deliver("a", "x", Qos::exactly_once, 5, true);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 5);
    script.reply(wire::Pubrel{5, ReasonCode::success, {}});
    EXPECT_EQ(script.expect<wire::Pubcomp>().reason_code, ReasonCode::success);
    script.nothing_else();
    script.deliver("a", "y", Qos::exactly_once, 5);
    EXPECT_EQ(script.expect_event(Kind::message).payload, "y");
}

TEST_P(ReceivingTest, AnUnknownPubrelIsAnsweredWithPubcomp) {
    script.connect();
    script.reply(wire::Pubrel{77, ReasonCode::success, {}});
    const auto pubcomp = script.expect<wire::Pubcomp>();
    EXPECT_EQ(pubcomp.packet_id, 77);
    const bool v5 = GetParam() == ProtocolVersion::v5;
    EXPECT_EQ(pubcomp.reason_code, v5 ? ReasonCode::packet_identifier_not_found : ReasonCode::success);
}

TEST_P(ReceivingTest, Qos2StateOutlivesTheConnection) {
    script.connect();
    script.deliver("a", "x", Qos::exactly_once, 5);
    script.acknowledge(script.expect_event(Kind::message).delivery);
    script.expect<wire::Pubrec>();
    resume();
    script.deliver("a", "x", Qos::exactly_once, 5, true);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 5);
    script.reply(wire::Pubrel{5, ReasonCode::success, {}});
    EXPECT_EQ(script.expect<wire::Pubcomp>().reason_code, ReasonCode::success);
    script.nothing_else();
}

// v5 and v3.1.1 [MQTT-4.6.0-3].
TEST(PubrecOrderTest, HoldsForThoseThatAreSentAgain) {
    Script script;
    script.connect();
    script.deliver("a", "x", Qos::exactly_once, 1);
    script.acknowledge(script.expect_event(Kind::message).delivery, ReasonCode::not_authorized);
    script.expect<wire::Pubrec>();  // Refused, so that the exchange is over for us; it is lost.
    script.deliver("a", "y", Qos::exactly_once, 2);
    script.acknowledge(script.expect_event(Kind::message).delivery);
    script.expect<wire::Pubrec>();
    script.cut();
    script.expect_event(Kind::disconnected);
    wire::Connack connack;
    connack.session_present = true;
    script.reconnect(connack);
    script.deliver("a", "x", Qos::exactly_once, 1, true);
    const DeliveryId again = script.expect_event(Kind::message).delivery;
    script.deliver("a", "y", Qos::exactly_once, 2, true);
    script.nothing_else();
    script.acknowledge(again);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 1);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 2);
    script.nothing_else();
}

TEST(PubrecOrderTest, SurvivesABrokerThatReleasesWhatItHasJustRepeated) {
    Script script;
    script.connect();
    script.deliver("a", "x", Qos::exactly_once, 1);
    script.acknowledge(script.expect_event(Kind::message).delivery);
    script.expect<wire::Pubrec>();
    script.deliver("a", "y", Qos::exactly_once, 2);
    const DeliveryId second = script.expect_event(Kind::message).delivery;
    script.deliver("a", "x", Qos::exactly_once, 1, true);  // Its PUBREC waits for that of the second.
    script.nothing_else();
    script.reply(wire::Pubrel{1, ReasonCode::success, {}});
    EXPECT_EQ(script.expect<wire::Pubcomp>().packet_id, 1);
    script.acknowledge(second);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 2);
    script.nothing_else();
}

// The unanswered CONNECT may have begun a new session after the broker had lost ours; the doubt lasts until
// the broker uses the identifier again, however many connections later.
TEST_P(ReceivingTest, Qos2StateThatMayBeOfALostSessionDoesNotHideANewMessage) {
    script.connect();
    for (const std::uint16_t id : {std::uint16_t{5}, std::uint16_t{6}}) {
        script.deliver("a", "x", Qos::exactly_once, id);
        script.acknowledge(script.expect_event(Kind::message).delivery);
        script.expect<wire::Pubrec>();
    }
    script.cut();
    script.expect_event(Kind::disconnected);
    script.after(1s);
    script.open();
    script.expect<wire::Connect>();
    script.cut();
    script.expect_event(Kind::connect_failed);
    wire::Connack connack;
    connack.session_present = true;
    script.reconnect(connack);
    resume();
    script.deliver("a", "x", Qos::exactly_once, 5, true);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 5);
    script.deliver("a", "new", Qos::exactly_once, 6);
    const Happened message = script.expect_event(Kind::message);
    EXPECT_EQ(message.payload, "new");
    script.acknowledge(message.delivery);
    script.expect<wire::Pubrec>();
    script.deliver("a", "x", Qos::exactly_once, 5);
    EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 5) << "of this session, without doubt";
    script.nothing_else();
}

class PendingDeliveryTest : public testing::TestWithParam<std::tuple<ProtocolVersion, Qos>> {
protected:
    Script script{quiet_options(std::get<0>(GetParam()))};
    Qos qos = std::get<1>(GetParam());
    DeliveryId delivery = 0;

    void SetUp() override {
        script.connect();
        script.deliver("a", "x", qos, 5);
        delivery = script.expect_event(Kind::message).delivery;
        script.cut();
        script.expect_event(Kind::disconnected);
    }
    void resume(bool session_present) {
        wire::Connack connack;
        connack.session_present = session_present;
        script.reconnect(connack);
    }
    void expect_ack() {
        if (qos == Qos::at_least_once) {
            EXPECT_EQ(script.expect<wire::Puback>().packet_id, 5);
        } else {
            EXPECT_EQ(script.expect<wire::Pubrec>().packet_id, 5);
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Each, PendingDeliveryTest,
                         testing::Combine(testing::ValuesIn(kVersions),
                                          testing::Values(Qos::at_least_once, Qos::exactly_once)),
                         [](const auto& row) {
                             return "v" + std::to_string(static_cast<int>(std::get<0>(row.param))) + "_" +
                                    std::string{to_string(std::get<1>(row.param))};
                         });

TEST_P(PendingDeliveryTest, IsNotDeliveredAgainWhenTheSessionResumes) {
    resume(true);
    script.deliver("a", "x", qos, 5, true);
    script.nothing_else();
    script.acknowledge(delivery);
    expect_ack();
    script.nothing_else();
}

TEST_P(PendingDeliveryTest, IsAcknowledgedOnRedeliveryWhenTheApplicationWasFaster) {
    script.acknowledge(delivery);
    resume(true);
    script.nothing_else();
    script.deliver("a", "x", qos, 5, true);
    expect_ack();
    script.nothing_else();
}

// The unanswered CONNECT began a session, and what that one sent at once was lost. It comes again with DUP.
TEST_P(PendingDeliveryTest, GivesWayToAnotherMessageOfASessionThatBeganUnseen) {
    script.after(1s);
    script.open();
    script.expect<wire::Connect>();
    script.cut();
    script.expect_event(Kind::connect_failed);
    resume(true);
    script.deliver("a", "y", qos, 5, true);
    const Happened other = script.expect_event(Kind::message);
    EXPECT_EQ(other.payload, "y");
    script.acknowledge(delivery);
    script.nothing_else();
    script.acknowledge(other.delivery);
    expect_ack();
    script.nothing_else();
}

TEST_P(PendingDeliveryTest, IsForgottenWhenTheSessionIsLost) {
    resume(false);
    script.acknowledge(delivery);
    script.nothing_else();
    script.deliver("a", "x", qos, 5);
    const Happened again = script.expect_event(Kind::message);
    EXPECT_NE(again.delivery, delivery);
    script.acknowledge(again.delivery);
    expect_ack();
}

TEST_P(PendingDeliveryTest, DoesNotHideANewMessageWithItsIdentifier) {
    resume(true);
    script.deliver("a", "new", qos, 5, false);
    const Happened message = script.expect_event(Kind::message);
    EXPECT_EQ(message.payload, "new");
    script.acknowledge(delivery);
    script.nothing_else();
    script.acknowledge(message.delivery);
    expect_ack();
}

TEST(AcknowledgeTest, SendsAReasonOf0x80AndAboveInVersion5) {
    Script script;
    script.connect();
    script.deliver("a", "x", Qos::at_least_once, 1);
    script.acknowledge(script.expect_event(Kind::message).delivery, ReasonCode::not_authorized);
    EXPECT_EQ(script.expect<wire::Puback>().reason_code, ReasonCode::not_authorized);
    script.deliver("a", "x", Qos::exactly_once, 2);
    script.acknowledge(script.expect_event(Kind::message).delivery, ReasonCode::server_busy);
    EXPECT_EQ(script.expect<wire::Pubrec>().reason_code, ReasonCode::unspecified_error)
        << "server busy is no reason code of PUBREC, v5 [MQTT-3.5.2-1]";
    script.deliver("a", "y", Qos::exactly_once, 2);  // v5 [MQTT-4.3.3-9]
    EXPECT_EQ(script.expect_event(Kind::message).payload, "y");
}

TEST(AcknowledgeTest, SendsTheReasonInVersion5ThoughTheMessageCameIn311) {
    Options options = quiet_options();
    options.version = VersionPolicy::automatic;
    Script script{options};
    script.start();
    script.open();
    script.expect<wire::Connect>();
    script.cut();  // 5.0 has no answer, so 3.1.1 is tried for once.
    script.expect_event(Kind::connect_failed);
    script.open();
    ASSERT_EQ(script.expect<wire::Connect>().version, ProtocolVersion::v3_1_1);
    script.reply(wire::Connack{});
    script.expect_event(Kind::connected);
    script.deliver("a", "x", Qos::at_least_once, 1);
    const DeliveryId delivery = script.expect_event(Kind::message).delivery;
    script.cut();
    script.expect_event(Kind::disconnected);
    script.acknowledge(delivery, ReasonCode::not_authorized);
    ASSERT_EQ(script.reconnect({true, ReasonCode::success, {}}).version, ProtocolVersion::v5);
    script.deliver("a", "x", Qos::at_least_once, 1, true);
    EXPECT_EQ(script.expect<wire::Puback>().reason_code, ReasonCode::not_authorized);
}

TEST(AcknowledgeTest, SendsSuccessInVersion311) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    script.connect();
    script.deliver("a", "x", Qos::exactly_once, 2);
    script.acknowledge(script.expect_event(Kind::message).delivery, ReasonCode::not_authorized);
    script.expect<wire::Pubrec>();
    script.reply(wire::Pubrel{2, ReasonCode::success, {}});
    script.expect<wire::Pubcomp>();
}

// v5 [MQTT-3.3.2-10], [MQTT-3.3.2-7].
TEST(InboundAliasTest, StandsForTheTopicEvenWhenItIsRedefinedInTheSameChunk) {
    Script script;
    script.connect();
    wire::ByteBuffer chunk;
    const auto add = [&](std::string_view topic) {
        wire::Publish publish;
        publish.topic = topic;
        publish.properties.topic_alias = std::uint16_t{3};
        wire::encode(publish, ProtocolVersion::v5, chunk);
    };
    for (const char* topic : {"one", "", "two", ""}) {
        add(topic);
    }
    script.reply_bytes(chunk.bytes());
    for (const char* topic : {"one", "one", "two", "two"}) {
        EXPECT_EQ(script.expect_event(Kind::message).topic, topic);
    }
}

struct Violation {
    const char* name;
    std::function<void(Script&)> commit;
    ReasonCode reason;
    ProtocolVersion version = ProtocolVersion::v5;
};

void deliver_alias(Script& script, std::uint16_t alias) {
    wire::Publish publish;
    publish.properties.topic_alias = alias;
    script.reply(publish);
}

std::vector<Violation> violations() {
    const auto connack = [](Script& script) { script.reply(wire::Connack{}); };
    return {
        {"second_connack", connack, ReasonCode::protocol_error},
        {"alias_unknown", [](Script& script) { deliver_alias(script, 5); }, ReasonCode::protocol_error},
        {"alias_above_maximum", [](Script& script) { deliver_alias(script, 65); },
         ReasonCode::topic_alias_invalid},
        {"packet_too_large", [](Script& script) { script.deliver("a", std::string(3'000, 'x')); },
         ReasonCode::packet_too_large},
        {"reserved_packet_type",
         [](Script& script) {
             script.reply_bytes({0x00, 0x00});
         },
         ReasonCode::malformed_packet},
        {"publish_qos_3",
         [](Script& script) {
             script.reply_bytes({0x36, 0x03, 0x00, 0x01, 0x61});
         },
         ReasonCode::malformed_packet},
        {"pingreq_from_broker",
         [](Script& script) {
             script.reply_bytes({0xC0, 0x00});
         },
         ReasonCode::protocol_error},
        {"auth_without_a_method",
         [](Script& script) {
             script.reply_bytes({0xF0, 0x00});
         },
         ReasonCode::protocol_error},
        {"qos_1_identifier_in_use",
         [](Script& script) {
             script.deliver("a", "x", Qos::at_least_once, 1);
             script.expect_event(Kind::message);
             script.deliver("a", "y", Qos::at_least_once, 1);
         },
         ReasonCode::protocol_error},
        {"pubrel_before_pubrec",
         [](Script& script) {
             script.deliver("a", "x", Qos::exactly_once, 1);
             script.expect_event(Kind::message);
             script.reply(wire::Pubrel{1, ReasonCode::success, {}});
         },
         ReasonCode::protocol_error},
        {"puback_for_qos_2",
         [](Script& script) {
             script.publish("a", "x", Qos::exactly_once);
             script.reply(wire::Puback{script.expect<wire::Publish>().packet_id, ReasonCode::success, {}});
         },
         ReasonCode::protocol_error},
        {"suback_with_too_many_codes",
         [](Script& script) {
             script.subscribe("a");
             const ReasonCode codes[] = {ReasonCode::success, ReasonCode::success};
             script.reply(wire::Suback{
                 script.expect<wire::Subscribe>().packet_id, wire::ReasonCodes{std::span{codes}}, {}});
         },
         ReasonCode::protocol_error},
        {"disconnect_in_3_1_1",
         [](Script& script) {
             script.reply_bytes({0xE0, 0x00});
         },
         ReasonCode::success, ProtocolVersion::v3_1_1},
        {"packet_too_large_in_3_1_1",
         [](Script& script) {
             script.reply_bytes({0x30, 0xFF, 0xFF, 0xFF, 0x7F});  // A quarter of a gigabyte is announced.
         },
         ReasonCode::success, ProtocolVersion::v3_1_1},
        {"malformed_in_3_1_1",
         [](Script& script) {
             script.reply_bytes({0x00, 0x00});
         },
         ReasonCode::success, ProtocolVersion::v3_1_1},
    };
}

class ViolationTest : public testing::TestWithParam<Violation> {
protected:
    static Options options() {
        Options options = quiet_options(GetParam().version);
        options.receive_maximum = 2;
        options.packet_bytes_max = 2'048;
        return options;
    }
    Script script{options()};
};

INSTANTIATE_TEST_SUITE_P(Each, ViolationTest, testing::ValuesIn(violations()),
                         [](const auto& row) { return std::string{row.param.name}; });

// v5 [MQTT-4.13.2-1]; v3.1.1 [MQTT-4.8.0-1].
TEST_P(ViolationTest, EndsTheConnectionAndTellsABrokerOfVersion5Why) {
    script.connect();
    GetParam().commit(script);
    const Happened disconnected = script.expect_event(Kind::disconnected);
    EXPECT_FALSE(disconnected.failure.message.empty());
    if (GetParam().version == ProtocolVersion::v5) {
        EXPECT_EQ(script.expect<wire::Disconnect>().reason_code, GetParam().reason);
        EXPECT_EQ(script.take_request(), TransportRequest::Kind::close_after_flush);
    } else {
        EXPECT_EQ(script.take_request(), TransportRequest::Kind::close);
    }
    script.deliver("a", "ignored");
    script.publish("a", "queued");
    script.nothing_else();
    EXPECT_EQ(script.session().statistics().protocol_errors, 1u);
    script.cut();
    script.reconnect();
}

TEST(ViolationBehindPacketsTest, ProcessesWhatStandsBeforeItOnceAndNothingBehind) {
    Script script;
    script.connect();
    wire::ByteBuffer chunk;
    wire::Publish publish;
    publish.topic = "before";
    wire::encode(publish, ProtocolVersion::v5, chunk);
    chunk.append(std::string_view{"\0\0", 2});
    publish.topic = "behind";
    wire::encode(publish, ProtocolVersion::v5, chunk);
    script.reply_bytes(chunk.bytes());
    EXPECT_EQ(script.expect_event(Kind::message).topic, "before");
    script.expect_event(Kind::disconnected);
    script.expect<wire::Disconnect>();
    script.nothing_else();
}

// Mosquitto 2.0 does not keep v5 [MQTT-3.3.4-9]; losing the connection for that would lose messages.
TEST(ReceiveMaximumTest, IsComplainedOfOnceWhenTheBrokerDisregardsIt) {
    Options options = quiet_options(ProtocolVersion::v5);
    options.receive_maximum = 2;
    Script script{options};
    script.connect();
    for (std::uint16_t id = 1; id <= 4; ++id) {
        script.deliver("a", "x", Qos::at_least_once, id);
        script.expect_event(Kind::message);
        if (id == 3) {
            EXPECT_NE(script.expect_event(Kind::warning).failure.message.find("Receive Maximum of 2"),
                      std::string::npos);
        }
    }
    script.nothing_else();
}

TEST(PauseTest, NothingIsConsumedUntilReadingResumes) {
    Script script;
    script.connect();
    script.pause();
    script.deliver("a", "x");
    script.nothing_else();
    script.resume();
    script.expect_event(Kind::message);
}

TEST(PauseTest, DoesNotKeepANewConnectionFromComingUp) {
    Script script;
    script.connect();
    script.pause();
    script.cut();
    script.expect_event(Kind::disconnected);
    script.reconnect();
    script.deliver("a", "x");
    script.nothing_else();
    script.resume();
    script.expect_event(Kind::message);
}

// The same bytes, cut differently, are the same events.
TEST(SegmentationTest, DoesNotChangeWhatHappens) {
    wire::ByteBuffer stream;
    const auto add = [&](const auto& packet) { wire::encode(packet, ProtocolVersion::v5, stream); };
    wire::Publish publish;
    const std::string large(40'000, 'x');
    for (unsigned i = 0; i < 40; ++i) {
        publish.topic = i % 3 == 0 ? "topic/long" : "t";
        publish.payload = std::as_bytes(std::span{large}.first(i == 20 ? large.size() : i));
        publish.qos = static_cast<Qos>(i % 3);
        publish.packet_id = static_cast<std::uint16_t>(publish.qos == Qos::at_most_once ? 0 : i + 1);
        add(publish);
        if (i % 7 == 0) {
            add(wire::Pingresp{});
            add(wire::Pubrel{static_cast<std::uint16_t>(1'000 + i), ReasonCode::success, {}});
        }
    }
    stream.append(std::string_view{"\x36\x00", 2});  // Malformed at the end.
    const auto run = [&](std::uint64_t seed) {
        SeededRandom random{seed};
        Script script;
        script.connect();
        auto rest = stream.bytes();
        while (!rest.empty()) {
            const std::size_t most =
                seed == 0 ? rest.size() : 1 + random.below(random.below(4) == 0 ? 9'000 : 9);
            const std::size_t size = std::min(rest.size(), most);
            script.reply_bytes(rest.first(size));
            rest = rest.subspan(size);
        }
        std::string story;
        for (const Happened& event : script.events()) {
            story.append(to_string(event.kind)).append(" ").append(event.topic).append(" ");
            story.append(std::to_string(event.payload.size())).append(" ");
            story.append(std::to_string(event.delivery)).append(event.failure.message).append("\n");
        }
        for (const Sent& sent : script.sent()) {
            story.append(wire::name(wire::type_of(sent.packet))).append("\n");
        }
        return story;
    };
    const std::string whole = run(0);
    EXPECT_NE(whole.find("disconnected"), std::string::npos);
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        EXPECT_EQ(run(seed), whole) << "seed " << seed;
    }
}

}  // namespace
}  // namespace multimqtt::session
