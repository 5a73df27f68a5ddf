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
using wire::PacketType;

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

class ReceivingTest : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    ReceivingTest() : Script{GetParam()} {}
    void resume() {
        network.cuts();
        client.reports(Kind::disconnected);
        client.reconnects(resuming());
    }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, ReceivingTest, testing::ValuesIn(kVersions),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

// v5 and v3.1.1 [MQTT-3.3.4-1].
TEST_P(ReceivingTest, Qos0IsDeliveredWithoutAnAcknowledgement) {
    client.connects();
    broker.publishes("a/b", "hello");
    const Happened message = client.reports(Kind::message);
    EXPECT_EQ(message.topic, "a/b");
    EXPECT_EQ(message.payload, "hello");
    EXPECT_EQ(message.delivery, 0u);
    client.acknowledge(message.delivery);
    silence();
}

// v5 and v3.1.1 [MQTT-3.3.4-1], [MQTT-4.6.0-2]; v5 [MQTT-2.2.1-5], [MQTT-4.3.2-4]; v3.1.1 [MQTT-2.3.1-6].
TEST_P(ReceivingTest, PubacksLeaveInTheOrderOfArrivalWhateverTheApplicationDoes) {
    client.connects();
    std::vector<DeliveryId> deliveries;
    for (const std::uint16_t id : {std::uint16_t{30}, std::uint16_t{10}, std::uint16_t{20}}) {
        broker.publishes("a", "x", Qos::at_least_once, id);
        deliveries.push_back(client.reports(Kind::message).delivery);
    }
    client.acknowledge(deliveries[2]);
    client.acknowledge(deliveries[1]);
    silence();
    client.acknowledge(deliveries[0]);
    for (const std::uint16_t id : {std::uint16_t{30}, std::uint16_t{10}, std::uint16_t{20}}) {
        broker.expects(PacketType::puback, {.packet_id = id});
    }
    client.acknowledge(deliveries[0]);  // A second time.
    silence();
}

// v5 and v3.1.1 [MQTT-4.6.0-3]: each kind by itself.
TEST_P(ReceivingTest, PubrecsWaitForEarlierPubrecsButNotForPubacks) {
    client.connects();
    broker.publishes("a", "x", Qos::at_least_once, 1);
    broker.publishes("a", "x", Qos::exactly_once, 2);
    broker.publishes("a", "x", Qos::exactly_once, 3);
    client.reports(Kind::message);
    const DeliveryId second = client.reports(Kind::message).delivery;
    const DeliveryId third = client.reports(Kind::message).delivery;
    client.acknowledge(third);
    silence();
    client.acknowledge(second);
    broker.expects(PacketType::pubrec, {.packet_id = 2});
    broker.expects(PacketType::pubrec, {.packet_id = 3});
    silence();
}

// v5 [MQTT-4.3.2-5]; v3.1.1 [MQTT-4.3.2-2].
TEST_P(ReceivingTest, Qos1WithTheSameIdentifierAfterPubackIsANewMessageWhateverDupSays) {
    client.connects();
    for (int i = 0; i < 2; ++i) {
        broker.publishes("a", "x", Qos::at_least_once, 5, i == 1);
        client.acknowledge(client.reports(Kind::message).delivery);
        broker.expects(PacketType::puback, {.packet_id = 5});
    }
}

// v5 [MQTT-2.2.1-5], [MQTT-4.3.3-8], [MQTT-4.3.3-10] to [MQTT-4.3.3-12]; v3.1.1 [MQTT-2.3.1-6],
// [MQTT-4.3.3-2]; v5 and v3.1.1 [MQTT-3.3.4-1].
TEST_P(ReceivingTest, Qos2IsDeliveredOnceUntilPubrel) {
    client.connects();
    broker.publishes("a", "x", Qos::exactly_once, 5);
    const DeliveryId delivery = client.reports(Kind::message).delivery;
    broker.publishes("a", "x", Qos::exactly_once, 5, true);
    silence();  // PUBREC follows when the application has acknowledged.
    client.acknowledge(delivery);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    broker.publishes("a", "x", Qos::exactly_once, 5, true);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    broker.sends(wire::Pubrel{5, ReasonCode::success, {}});
    broker.expects(PacketType::pubcomp, {.reason = ReasonCode::success});
    silence();
    broker.publishes("a", "y", Qos::exactly_once, 5);
    client.reports(Kind::message, {.payload = "y"});
}

TEST_P(ReceivingTest, AnUnknownPubrelIsAnsweredWithPubcomp) {
    client.connects();
    broker.sends(wire::Pubrel{77, ReasonCode::success, {}});
    const auto pubcomp = broker.expects<wire::Pubcomp>();
    EXPECT_EQ(pubcomp.packet_id, 77);
    const bool v5 = GetParam() == ProtocolVersion::v5;
    EXPECT_EQ(pubcomp.reason_code, v5 ? ReasonCode::packet_identifier_not_found : ReasonCode::success);
}

// v5 [MQTT-3.1.2-23]; v3.1.1 [MQTT-3.1.2-4], [MQTT-4.1.0-1].
TEST_P(ReceivingTest, Qos2StateOutlivesTheConnection) {
    client.connects();
    broker.publishes("a", "x", Qos::exactly_once, 5);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects<wire::Pubrec>();
    resume();
    broker.publishes("a", "x", Qos::exactly_once, 5, true);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    broker.sends(wire::Pubrel{5, ReasonCode::success, {}});
    broker.expects(PacketType::pubcomp, {.reason = ReasonCode::success});
    silence();
}

// v5 and v3.1.1 [MQTT-4.6.0-3].
TEST(PubrecOrderTest, HoldsForThoseThatAreSentAgain) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", Qos::exactly_once, 1);
    client.acknowledge(client.reports(Kind::message).delivery, ReasonCode::not_authorized);
    broker.expects<wire::Pubrec>();  // Refused, so that the exchange is over for us; it is lost.
    broker.publishes("a", "y", Qos::exactly_once, 2);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects<wire::Pubrec>();
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects(resuming());
    broker.publishes("a", "x", Qos::exactly_once, 1, true);
    const DeliveryId again = client.reports(Kind::message).delivery;
    broker.publishes("a", "y", Qos::exactly_once, 2, true);
    script.silence();
    client.acknowledge(again);
    broker.expects(PacketType::pubrec, {.packet_id = 1});
    broker.expects(PacketType::pubrec, {.packet_id = 2});
    script.silence();
}

TEST(PubrecOrderTest, SurvivesABrokerThatReleasesWhatItHasJustRepeated) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", Qos::exactly_once, 1);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects<wire::Pubrec>();
    broker.publishes("a", "y", Qos::exactly_once, 2);
    const DeliveryId second = client.reports(Kind::message).delivery;
    broker.publishes("a", "x", Qos::exactly_once, 1, true);  // Its PUBREC waits for that of the second.
    script.silence();
    broker.sends(wire::Pubrel{1, ReasonCode::success, {}});
    broker.expects(PacketType::pubcomp, {.packet_id = 1});
    client.acknowledge(second);
    broker.expects(PacketType::pubrec, {.packet_id = 2});
    script.silence();
}

// The unanswered CONNECT may have begun a new session after the broker had lost ours; the doubt lasts until
// the broker uses the identifier again, however many connections later.
TEST_P(ReceivingTest, Qos2StateThatMayBeOfALostSessionDoesNotHideANewMessage) {
    client.connects();
    for (const std::uint16_t id : {std::uint16_t{5}, std::uint16_t{6}}) {
        broker.publishes("a", "x", Qos::exactly_once, id);
        client.acknowledge(client.reports(Kind::message).delivery);
        broker.expects<wire::Pubrec>();
    }
    network.cuts();
    client.reports(Kind::disconnected);
    wait(1s);
    network.opens();
    broker.expects<wire::Connect>();
    network.cuts();
    client.reports(Kind::connect_failed);
    client.reconnects(resuming());
    resume();
    broker.publishes("a", "x", Qos::exactly_once, 5, true);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    broker.publishes("a", "new", Qos::exactly_once, 6);
    const Happened message = client.reports(Kind::message);
    EXPECT_EQ(message.payload, "new");
    client.acknowledge(message.delivery);
    broker.expects<wire::Pubrec>();
    broker.publishes("a", "x", Qos::exactly_once, 5);
    EXPECT_EQ(broker.expects<wire::Pubrec>().packet_id, 5) << "of this session, without doubt";
    silence();
}

// Refused, the broker would repeat it on every connection, and none would last.
TEST_P(ReceivingTest, Qos2StateThatMayBeOfALostSessionDoesNotRefuseTheRepetitionOfAnotherMessage) {
    client.connects();
    broker.publishes("a", "x", Qos::exactly_once, 5);
    client.acknowledge(client.reports(Kind::message).delivery);
    broker.expects(PacketType::pubrec, {.packet_id = 5});
    network.cuts();
    client.reports(Kind::disconnected);
    network.reopens();
    broker.expects<wire::Connect>();
    network.cuts();
    client.reports(Kind::connect_failed);
    client.reconnects(resuming());
    broker.publishes("a", "new", Qos::at_least_once, 5, true);
    client.acknowledge(client.reports(Kind::message, {.payload = "new"}).delivery);
    broker.expects(PacketType::puback, {.packet_id = 5});
    silence();
}

class PendingDeliveryTest : public testing::TestWithParam<std::tuple<ProtocolVersion, Qos>>, public Script {
protected:
    PendingDeliveryTest() : Script{quiet_options(std::get<0>(GetParam()))} {}
    Qos qos = std::get<1>(GetParam());
    DeliveryId delivery = 0;

    void SetUp() override {
        client.connects();
        broker.publishes("a", "x", qos, 5);
        delivery = client.reports(Kind::message).delivery;
        network.cuts();
        client.reports(Kind::disconnected);
    }
    void resume(bool session_present) {
        wire::Connack connack;
        connack.session_present = session_present;
        client.reconnects(connack);
    }
    void expect_ack() {
        if (qos == Qos::at_least_once) {
            broker.expects(PacketType::puback, {.packet_id = 5});
        } else {
            broker.expects(PacketType::pubrec, {.packet_id = 5});
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
    broker.publishes("a", "x", qos, 5, true);
    silence();
    client.acknowledge(delivery);
    expect_ack();
    silence();
}

TEST_P(PendingDeliveryTest, IsAcknowledgedOnRedeliveryWhenTheApplicationWasFaster) {
    client.acknowledge(delivery);
    resume(true);
    silence();
    broker.publishes("a", "x", qos, 5, true);
    expect_ack();
    silence();
}

TEST_P(PendingDeliveryTest, IsForgottenWhenTheSessionIsLost) {
    resume(false);
    client.acknowledge(delivery);
    silence();
    broker.publishes("a", "x", qos, 5);
    const Happened again = client.reports(Kind::message);
    EXPECT_NE(again.delivery, delivery);
    client.acknowledge(again.delivery);
    expect_ack();
}

TEST_P(PendingDeliveryTest, DoesNotHideANewMessageWithItsIdentifier) {
    resume(true);
    broker.publishes("a", "new", qos, 5, false);
    const Happened message = client.reports(Kind::message);
    EXPECT_EQ(message.payload, "new");
    client.acknowledge(delivery);
    silence();
    client.acknowledge(message.delivery);
    expect_ack();
}

TEST(AcknowledgeTest, SendsAReasonOf0x80AndAboveInVersion5) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", Qos::at_least_once, 1);
    client.acknowledge(client.reports(Kind::message).delivery, ReasonCode::not_authorized);
    broker.expects(PacketType::puback, {.reason = ReasonCode::not_authorized});
    broker.publishes("a", "x", Qos::exactly_once, 2);
    client.acknowledge(client.reports(Kind::message).delivery, ReasonCode::server_busy);
    EXPECT_EQ(broker.expects<wire::Pubrec>().reason_code, ReasonCode::unspecified_error)
        << "server busy is no reason code of PUBREC, v5 [MQTT-3.5.2-1]";
    broker.publishes("a", "y", Qos::exactly_once, 2);  // v5 [MQTT-4.3.3-9]
    client.reports(Kind::message, {.payload = "y"});
}

TEST(AcknowledgeTest, SendsTheReasonInVersion5ThoughTheMessageCameIn311) {
    Options options = quiet_options();
    options.version = VersionPolicy::automatic;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.start();
    network.opens();
    broker.expects<wire::Connect>();
    network.cuts();  // 5.0 has no answer, so 3.1.1 is tried for once.
    client.reports(Kind::connect_failed);
    network.opens();
    ASSERT_EQ(broker.expects<wire::Connect>().version, ProtocolVersion::v3_1_1);
    broker.sends(wire::Connack{});
    client.reports(Kind::connected);
    broker.publishes("a", "x", Qos::at_least_once, 1);
    const DeliveryId delivery = client.reports(Kind::message).delivery;
    network.cuts();
    client.reports(Kind::disconnected);
    client.acknowledge(delivery, ReasonCode::not_authorized);
    ASSERT_EQ(client.reconnects(resuming()).version, ProtocolVersion::v5);
    broker.publishes("a", "x", Qos::at_least_once, 1, true);
    broker.expects(PacketType::puback, {.reason = ReasonCode::not_authorized});
}

TEST(AcknowledgeTest, SendsSuccessInVersion311) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", Qos::exactly_once, 2);
    client.acknowledge(client.reports(Kind::message).delivery, ReasonCode::not_authorized);
    broker.expects<wire::Pubrec>();
    broker.sends(wire::Pubrel{2, ReasonCode::success, {}});
    broker.expects<wire::Pubcomp>();
}

// v5 [MQTT-3.3.2-10], [MQTT-3.3.2-7].
TEST(InboundAliasTest, StandsForTheTopicEvenWhenItIsRedefinedInTheSameChunk) {
    Script script;
    script.client.connects();
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
    script.broker.sends_bytes(chunk.bytes());
    for (const char* topic : {"one", "one", "two", "two"}) {
        script.client.reports(Kind::message, {.topic = topic});
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
    script.broker.sends(publish);
}

std::vector<Violation> violations() {
    const auto connack = [](Script& script) { script.broker.sends(wire::Connack{}); };
    return {
        {"second_connack", connack, ReasonCode::protocol_error},  // v5 [MQTT-3.2.0-2]
        {"alias_unknown", [](Script& script) { deliver_alias(script, 5); }, ReasonCode::protocol_error},
        // v5 [MQTT-3.3.2-11].
        {"alias_above_maximum", [](Script& script) { deliver_alias(script, 65); },
         ReasonCode::topic_alias_invalid},
        // v5 [MQTT-3.1.2-24].
        {"packet_too_large", [](Script& script) { script.broker.publishes("a", std::string(3'000, 'x')); },
         ReasonCode::packet_too_large},
        {"reserved_packet_type",
         [](Script& script) {
             script.broker.sends_bytes({0x00, 0x00});
         },
         ReasonCode::malformed_packet},
        {"publish_qos_3",
         [](Script& script) {
             script.broker.sends_bytes({0x36, 0x03, 0x00, 0x01, 0x61});
         },
         ReasonCode::malformed_packet},
        {"pingreq_from_broker",
         [](Script& script) {
             script.broker.sends_bytes({0xC0, 0x00});
         },
         ReasonCode::protocol_error},
        {"auth_without_a_method",
         [](Script& script) {
             script.broker.sends_bytes({0xF0, 0x00});
         },
         ReasonCode::protocol_error},
        {"qos_1_identifier_in_use",
         [](Script& script) {
             script.broker.publishes("a", "x", Qos::at_least_once, 1);
             script.client.reports(Kind::message);
             script.broker.publishes("a", "y", Qos::at_least_once, 1);
         },
         ReasonCode::protocol_error},
        {"pubrel_before_pubrec",
         [](Script& script) {
             script.broker.publishes("a", "x", Qos::exactly_once, 1);
             script.client.reports(Kind::message);
             script.broker.sends(wire::Pubrel{1, ReasonCode::success, {}});
         },
         ReasonCode::protocol_error},
        {"puback_for_qos_2",
         [](Script& script) {
             script.client.publish("a", "x", Qos::exactly_once);
             script.broker.sends(
                 wire::Puback{script.broker.expects<wire::Publish>().packet_id, ReasonCode::success, {}});
         },
         ReasonCode::protocol_error},
        // v5 [MQTT-3.8.4-6].
        {"suback_with_too_many_codes",
         [](Script& script) {
             script.client.subscribe("a");
             const ReasonCode codes[] = {ReasonCode::success, ReasonCode::success};
             script.broker.sends(wire::Suback{script.broker.expects<wire::Subscribe>().packet_id,
                                              wire::ReasonCodes{std::span{codes}},
                                              {}});
         },
         ReasonCode::protocol_error},
        {"disconnect_in_3_1_1",
         [](Script& script) {
             script.broker.sends_bytes({0xE0, 0x00});
         },
         ReasonCode::success, ProtocolVersion::v3_1_1},
        {"packet_too_large_in_3_1_1",
         [](Script& script) {
             script.broker.sends_bytes(
                 {0x30, 0xFF, 0xFF, 0xFF, 0x7F});  // A quarter of a gigabyte is announced.
         },
         ReasonCode::success, ProtocolVersion::v3_1_1},
        {"malformed_in_3_1_1",
         [](Script& script) {
             script.broker.sends_bytes({0x00, 0x00});
         },
         ReasonCode::success, ProtocolVersion::v3_1_1},
    };
}

class ViolationTest : public testing::TestWithParam<Violation>, public Script {
protected:
    ViolationTest() : Script{options()} {}
    static Options options() {
        Options options = quiet_options(GetParam().version);
        options.receive_maximum = 2;
        options.packet_bytes_max = 2'048;
        return options;
    }
};

INSTANTIATE_TEST_SUITE_P(Each, ViolationTest, testing::ValuesIn(violations()),
                         [](const auto& row) { return std::string{row.param.name}; });

// v5 [MQTT-4.13.2-1]; v3.1.1 [MQTT-4.8.0-1].
TEST_P(ViolationTest, EndsTheConnectionAndTellsABrokerOfVersion5Why) {
    client.connects();
    GetParam().commit(*this);
    const Happened disconnected = client.reports(Kind::disconnected);
    EXPECT_FALSE(disconnected.failure.message.empty());
    if (GetParam().version == ProtocolVersion::v5) {
        broker.expects(PacketType::disconnect, {.reason = GetParam().reason});
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::close_after_flush);
    } else {
        EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    }
    broker.publishes("a", "ignored");
    client.publish("a", "queued");
    silence();
    EXPECT_EQ(session().statistics().protocol_errors, 1u);
    network.cuts();
    client.reconnects();
}

TEST(ViolationBehindPacketsTest, ProcessesWhatStandsBeforeItOnceAndNothingBehind) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    wire::ByteBuffer chunk;
    wire::Publish publish;
    publish.topic = "before";
    wire::encode(publish, ProtocolVersion::v5, chunk);
    chunk.append(std::string_view{"\0\0", 2});
    publish.topic = "behind";
    wire::encode(publish, ProtocolVersion::v5, chunk);
    broker.sends_bytes(chunk.bytes());
    client.reports(Kind::message, {.topic = "before"});
    client.reports(Kind::disconnected);
    broker.expects<wire::Disconnect>();
    script.silence();
}

// Mosquitto 2.0 does not keep v5 [MQTT-3.3.4-9]; losing the connection for that would lose messages.
TEST(ReceiveMaximumTest, IsComplainedOfOnceWhenTheBrokerDisregardsIt) {
    Options options = quiet_options(ProtocolVersion::v5);
    options.receive_maximum = 2;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    for (std::uint16_t id = 1; id <= 4; ++id) {
        broker.publishes("a", "x", Qos::at_least_once, id);
        client.reports(Kind::message);
        if (id == 3) {
            EXPECT_NE(client.reports(Kind::warning).failure.message.find("Receive Maximum of 2"),
                      std::string::npos);
        }
    }
    script.silence();
}

TEST(PauseTest, NothingIsConsumedUntilReadingResumes) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.pause();
    broker.publishes("a", "x");
    script.silence();
    client.resume();
    client.reports(Kind::message);
}

TEST(PauseTest, DoesNotKeepANewConnectionFromComingUp) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.connects();
    client.pause();
    network.cuts();
    client.reports(Kind::disconnected);
    client.reconnects();
    broker.publishes("a", "x");
    script.silence();
    client.resume();
    client.reports(Kind::message);
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
        script.client.connects();
        auto rest = stream.bytes();
        while (!rest.empty()) {
            const std::size_t most =
                seed == 0 ? rest.size() : 1 + random.below(random.below(4) == 0 ? 9'000 : 9);
            const std::size_t size = std::min(rest.size(), most);
            script.broker.sends_bytes(rest.first(size));
            rest = rest.subspan(size);
        }
        std::string story;
        for (const Happened& event : script.client.events()) {
            story.append(to_string(event.kind)).append(" ").append(event.topic).append(" ");
            story.append(std::to_string(event.payload.size())).append(" ");
            story.append(std::to_string(event.delivery)).append(event.failure.message).append("\n");
        }
        for (const Sent& sent : script.broker.heard()) {
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
