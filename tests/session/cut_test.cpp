// The connection is cut at every point of every flow: what the next connection begins with, when the session
// is still there and when it is not.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;
using wire::PacketType;

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

// How far the last packet of the client had come when the connection was cut.
enum class Written : std::uint8_t { nothing, one_byte, all };
constexpr std::pair<Written, const char*> kWritten[] = {
    {Written::nothing, "nothing"}, {Written::one_byte, "one byte"}, {Written::all, "all"}};

// Does `step`, after which the client has one packet to write, and lets as much of it leave.
template <class Step>
void write_up_to(Script& script, Written written, const Step& step) {
    script.network.sticks();
    step();
    if (written == Written::one_byte) {
        script.network.takes(1);
    } else if (written == Written::all) {
        script.network.flows();
    }
}

void cut(Script& script) {
    script.network.cuts();
    script.client.reports(disconnected);
}

wire::Connack connack(bool session_present) {
    return {.session_present = session_present};
}

// Our own messages.

struct OutboundRow {
    Qos qos;
    bool released;         // PUBREC has come; the last packet is PUBREL.
    Written written;       // Of PUBLISH, or of PUBREL.
    const char* resumed;   // What the next connection begins with: the session is there;
    const char* lost;      // it is lost, and messages are published again;
    const char* given_up;  // it is lost, and messages fail.
};

// v5 [MQTT-4.4.0-1], [MQTT-3.3.1-1], [MQTT-4.3.3-6]; v3.1.1 [MQTT-4.4.0-1], [MQTT-3.3.1-1], [MQTT-4.3.3-1].
constexpr OutboundRow kOutbound[] = {
    // Nothing of it has left: it is no repetition, and no session can have lost it.
    {Qos::at_least_once, false, Written::nothing, "PUBLISH", "PUBLISH", "PUBLISH"},
    {Qos::at_least_once, false, Written::one_byte, "PUBLISH dup", "PUBLISH", "publish_failed"},
    {Qos::at_least_once, false, Written::all, "PUBLISH dup", "PUBLISH", "publish_failed"},
    {Qos::exactly_once, false, Written::nothing, "PUBLISH", "PUBLISH", "PUBLISH"},
    {Qos::exactly_once, false, Written::one_byte, "PUBLISH dup", "PUBLISH", "publish_failed"},
    {Qos::exactly_once, false, Written::all, "PUBLISH dup", "PUBLISH", "publish_failed"},
    // The broker has the message; without the session there is nothing to release.
    {Qos::exactly_once, true, Written::nothing, "PUBREL", "published", "published"},
    {Qos::exactly_once, true, Written::one_byte, "PUBREL", "published", "published"},
    {Qos::exactly_once, true, Written::all, "PUBREL", "published", "published"},
};

Options policy_options(ProtocolVersion version, LostSession policy) {
    Options options = quiet_options(version);
    options.lost_session = policy;
    return options;
}

void send_up_to(Script& script, const OutboundRow& row) {
    auto& [client, network, broker] = script.roles();
    client.connects();
    if (!row.released) {
        write_up_to(script, row.written, [&] { script.client.publish("a", "x", row.qos); });
    } else {
        client.publish("a", "x", row.qos);
        const auto publish = broker.expects(PacketType::publish);
        write_up_to(script, row.written, [&] { publish.replies(PacketType::pubrec); });
    }
    broker.heard().clear();
}

// What the new connection begins with. The broker then goes through the rest, which ends well and once.
std::string goes_on_with(Script& script, const OutboundRow& row) {
    auto& [client, network, broker] = script.roles();
    if (broker.heard().empty()) {
        return script.story();
    }
    const std::uint16_t id = packet_id(broker.heard().front().packet);
    const bool released = wire::type_of(broker.heard().front().packet) == PacketType::pubrel;
    const std::string story = script.story();
    if (row.qos == Qos::at_least_once) {
        broker.sends(wire::Puback{id, ReasonCode::success, {}});
    } else {
        if (!released) {
            broker.sends(wire::Pubrec{id, ReasonCode::success, {}});
            broker.expects(PacketType::pubrel, {.packet_id = id});
        }
        broker.sends(wire::Pubcomp{id, ReasonCode::success, {}});
    }
    client.reports(published, {.token = 1});
    script.silence(1h);
    EXPECT_EQ(script.session().statistics().inflight, 0U);
    return story;
}

template <class Visit>
void for_each_outbound(const Visit& visit) {
    for (const ProtocolVersion version : kVersions) {
        for (const OutboundRow& row : kOutbound) {
            SCOPED_TRACE(std::string{to_string(version)} + ", QoS " +
                         std::to_string(static_cast<int>(row.qos)) + ", of " +
                         (row.released ? "PUBREL" : "PUBLISH") +
                         " was written: " + kWritten[static_cast<int>(row.written)].second);
            visit(row, version);
        }
    }
}

TEST(CutWhileSendingTest, AResumedSessionGoesOnWhereItWas) {
    for_each_outbound([](const OutboundRow& row, ProtocolVersion version) {
        Script script{version};
        send_up_to(script, row);
        cut(script);
        EXPECT_EQ(script.story(), "");
        script.client.reconnects(connack(true));
        if (row.released || row.written != Written::nothing) {
            EXPECT_EQ(packet_id(script.broker.heard().front().packet), 1) << "the identifier stays";
        }
        EXPECT_EQ(goes_on_with(script, row), row.resumed);
    });
}

// v5 [MQTT-3.2.2-5].
TEST(CutWhileSendingTest, ALostSessionPublishesAgainWhatTheBrokerMayNotHave) {
    for_each_outbound([](const OutboundRow& row, ProtocolVersion version) {
        Script script{version};
        send_up_to(script, row);
        cut(script);
        script.client.reconnects(connack(false));
        EXPECT_EQ(goes_on_with(script, row), row.lost);
    });
}

TEST(CutWhileSendingTest, ALostSessionFailsWhatTheBrokerMayNotHaveWhenAskedTo) {
    for_each_outbound([](const OutboundRow& row, ProtocolVersion version) {
        Script script{policy_options(version, LostSession::fail)};
        send_up_to(script, row);
        cut(script);
        script.client.reconnects(connack(false));
        EXPECT_EQ(goes_on_with(script, row), row.given_up);
    });
}

TEST(CutWhileSendingTest, ASecondCutBeforeAnythingLeftChangesNothing) {
    for_each_outbound([](const OutboundRow& row, ProtocolVersion version) {
        Script script{version};
        send_up_to(script, row);
        cut(script);
        script.network.reopens();
        script.broker.expects(PacketType::connect);
        script.network.sticks();
        script.broker.sends(connack(true));
        script.client.reports(connected);
        cut(script);
        script.client.reconnects(connack(true));
        EXPECT_EQ(goes_on_with(script, row), row.resumed);
    });
}

TEST(CutWhileSendingTest, AClosedSessionFailsItOnce) {
    for_each_outbound([](const OutboundRow& row, ProtocolVersion version) {
        Script script{version};
        send_up_to(script, row);
        cut(script);
        script.client.close(0s);
        EXPECT_EQ(script.story(), "publish_failed, closed");
        script.silence(1h);
    });
}

TEST(CutWhileSendingTest, Qos0EndsWithTheConnectionUnlessAllOfItHasLeft) {
    for (const ProtocolVersion version : kVersions) {
        for (const auto& [written, name] : kWritten) {
            SCOPED_TRACE(name);
            Script script{version};
            script.client.connects();
            write_up_to(script, written, [&script] { script.client.publish("a", "x"); });
            script.broker.heard().clear();
            script.network.cuts();
            EXPECT_EQ(script.story(),
                      written == Written::all ? "published, disconnected" : "disconnected, publish_failed");
            script.client.reconnects(connack(true));
            script.silence(1h);
        }
    }
}

// All orders of three messages, each in one of three states: PUBLISH of QoS 1 or 2 sent, or PUBREL sent.
// v5 and v3.1.1 [MQTT-4.6.0-1], [MQTT-4.6.0-4].
TEST(CutWhileSendingTest, EverythingIsSentAgainInItsOrder) {
    constexpr unsigned kStates = 3;
    for (const ProtocolVersion version : kVersions) {
        for (unsigned number = 0; number < kStates * kStates * kStates; ++number) {
            Script script{version};
            auto& [client, network, broker] = script.roles();
            client.connects();
            std::vector<std::uint16_t> publishes;
            std::vector<std::uint16_t> releases;
            for (unsigned rest = number, i = 0; i < 3; ++i, rest /= kStates) {
                const bool release = rest % kStates == 2;
                client.publish("a", "x", rest % kStates == 0 ? Qos::at_least_once : Qos::exactly_once);
                const auto publish = broker.expects(PacketType::publish, {.dup = false});
                (release ? releases : publishes).push_back(publish.packet_id());
            }
            for (const std::uint16_t id : releases) {
                broker.sends(wire::Pubrec{id, ReasonCode::success, {}});
                broker.expects(PacketType::pubrel, {.packet_id = id});
            }
            cut(script);
            client.reconnects(connack(true));
            for (const std::uint16_t id : releases) {
                broker.expects(PacketType::pubrel, {.packet_id = id});
            }
            for (const std::uint16_t id : publishes) {
                broker.expects(PacketType::publish, {.dup = true, .packet_id = id});
            }
            script.silence();
        }
    }
}

// Messages of the broker.

struct InboundRow {
    Qos qos;
    enum class Last : std::uint8_t {
        publish,
        acknowledgement,
        pubcomp
    } last;               // What came, or was answered, last.
    Written written;      // Of that answer.
    PacketType repeated;  // With what the broker goes on.
    const char* resumed;  // What the client does then.
};

constexpr const char* kUnknown = "PUBCOMP packet_identifier_not_found";

// v5 [MQTT-4.3.2-5], [MQTT-4.3.3-10], [MQTT-4.3.3-11]; v3.1.1 [MQTT-4.3.2-2], [MQTT-4.3.3-2].
constexpr InboundRow kInbound[] = {
    // The application still has it: it gets it once, and the acknowledgement waits for it.
    {Qos::at_least_once, InboundRow::Last::publish, Written::all, PacketType::publish, ""},
    {Qos::exactly_once, InboundRow::Last::publish, Written::all, PacketType::publish, ""},
    // A QoS 1 message that is done with is forgotten with its PUBACK.
    {Qos::at_least_once, InboundRow::Last::acknowledgement, Written::nothing, PacketType::publish, "message"},
    {Qos::at_least_once, InboundRow::Last::acknowledgement, Written::one_byte, PacketType::publish,
     "message"},
    {Qos::at_least_once, InboundRow::Last::acknowledgement, Written::all, PacketType::publish, "message"},
    // A QoS 2 message is known until PUBREL, whether or not PUBREC has arrived.
    {Qos::exactly_once, InboundRow::Last::acknowledgement, Written::nothing, PacketType::publish, "PUBREC"},
    {Qos::exactly_once, InboundRow::Last::acknowledgement, Written::one_byte, PacketType::publish, "PUBREC"},
    {Qos::exactly_once, InboundRow::Last::acknowledgement, Written::all, PacketType::publish, "PUBREC"},
    {Qos::exactly_once, InboundRow::Last::acknowledgement, Written::all, PacketType::pubrel, "PUBCOMP"},
    {Qos::exactly_once, InboundRow::Last::pubcomp, Written::nothing, PacketType::pubrel, kUnknown},
    {Qos::exactly_once, InboundRow::Last::pubcomp, Written::one_byte, PacketType::pubrel, kUnknown},
    {Qos::exactly_once, InboundRow::Last::pubcomp, Written::all, PacketType::pubrel, kUnknown},
};

constexpr std::uint16_t kInboundId = 5;

DeliveryId take_up_to(Script& script, const InboundRow& row) {
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.publishes("a", "x", row.qos, kInboundId);
    const DeliveryId delivery = client.reports(message).delivery;
    if (row.last == InboundRow::Last::acknowledgement) {
        write_up_to(script, row.written, [&] { script.client.acknowledge(delivery); });
    } else if (row.last == InboundRow::Last::pubcomp) {
        client.acknowledge(delivery);
        broker.expects(PacketType::pubrec);
        write_up_to(script, row.written, [&script] {
            script.broker.sends(wire::Pubrel{kInboundId, ReasonCode::success, {}});
        });
    }
    broker.heard().clear();
    return delivery;
}

void repeat(Script& script, const InboundRow& row, bool dup) {
    if (row.repeated == PacketType::publish) {
        script.broker.publishes("a", "x", row.qos, kInboundId, dup);
    } else {
        script.broker.sends(wire::Pubrel{kInboundId, ReasonCode::success, {}});
    }
}

template <class Visit>
void for_each_inbound(const Visit& visit) {
    for (const ProtocolVersion version : kVersions) {
        for (const InboundRow& row : kInbound) {
            SCOPED_TRACE(std::string{to_string(version)} + ", QoS " +
                         std::to_string(static_cast<int>(row.qos)) + ", row " +
                         std::to_string(&row - std::begin(kInbound)));
            visit(row, version);
        }
    }
}

TEST(CutWhileReceivingTest, AResumedSessionGoesOnWhereItWas) {
    for_each_inbound([](const InboundRow& row, ProtocolVersion version) {
        Script script{version};
        const DeliveryId delivery = take_up_to(script, row);
        cut(script);
        script.client.reconnects(connack(true));
        script.silence();  // It is for the broker to go on.
        repeat(script, row, true);
        EXPECT_EQ(script.story(), outline_in(version, row.resumed));
        if (row.last == InboundRow::Last::publish) {
            script.client.acknowledge(delivery);
            EXPECT_EQ(script.story(), row.qos == Qos::at_least_once ? "PUBACK" : "PUBREC");
        }
    });
}

TEST(CutWhileReceivingTest, WhatIsAcknowledgedWhileAwayIsSentWhenTheBrokerRepeatsTheMessage) {
    for_each_inbound([](const InboundRow& row, ProtocolVersion version) {
        if (row.last != InboundRow::Last::publish) {
            return;
        }
        Script script{version};
        const DeliveryId delivery = take_up_to(script, row);
        cut(script);
        script.client.acknowledge(delivery);
        script.client.reconnects(connack(true));
        script.silence();
        repeat(script, row, true);
        EXPECT_EQ(script.story(), row.qos == Qos::at_least_once ? "PUBACK" : "PUBREC");
    });
}

// v5 [MQTT-3.2.2-5].
TEST(CutWhileReceivingTest, ALostSessionKnowsNothing) {
    for_each_inbound([](const InboundRow& row, ProtocolVersion version) {
        Script script{version};
        const DeliveryId delivery = take_up_to(script, row);
        cut(script);
        script.client.reconnects(connack(false));
        script.client.acknowledge(delivery);
        script.silence();
        repeat(script, row, false);
        EXPECT_EQ(script.story(),
                  row.repeated == PacketType::publish ? "message" : outline_in(version, kUnknown));
    });
}

// A message that was cut in two on its way is as if it had never been sent.
TEST(CutWhileReceivingTest, HalfAPacketIsForgotten) {
    for (const ProtocolVersion version : kVersions) {
        const bool v5 = version == ProtocolVersion::v5;
        const std::vector<int> bytes = v5 ? std::vector<int>{0x32, 7, 0, 1, 'a', 0, 5, 0, 'x'}
                                          : std::vector<int>{0x32, 6, 0, 1, 'a', 0, 5, 'x'};
        for (std::size_t size = 1; size < bytes.size(); ++size) {
            SCOPED_TRACE(size);
            Script script{version};
            script.client.connects();
            std::vector<std::byte> half;
            for (std::size_t i = 0; i < size; ++i) {
                half.push_back(static_cast<std::byte>(bytes[i]));
            }
            script.broker.sends_bytes(half);
            cut(script);
            script.client.reconnects(connack(true));
            script.broker.publishes("a", "x", Qos::at_least_once, 5, true);
            EXPECT_EQ(script.story(), "message");
        }
    }
}

// Requests.

TEST(CutWhileSubscribingTest, TheRequestIsMadeAgainUntilItIsAnswered) {
    for (const ProtocolVersion version : kVersions) {
        for (const auto& [written, name] : kWritten) {
            for (const bool present : {false, true}) {
                SCOPED_TRACE(name);
                Script script{version};
                script.client.connects();
                write_up_to(script, written, [&script] { script.client.subscribe("a"); });
                script.broker.heard().clear();
                cut(script);
                script.client.reconnects(connack(present));
                script.broker.expects(PacketType::subscribe).replies(PacketType::suback);
                EXPECT_EQ(script.story(), "subscribed");
                cut(script);
                script.client.reconnects(connack(present));
                EXPECT_EQ(script.story(), present ? "" : "SUBSCRIBE") << "a session keeps its subscriptions";
            }
        }
    }
}

TEST(CutWhileSubscribingTest, AnUnsubscribeIsMadeAgainWhileThereIsSomethingToRemove) {
    for (const ProtocolVersion version : kVersions) {
        for (const auto& [written, name] : kWritten) {
            for (const bool present : {false, true}) {
                SCOPED_TRACE(name);
                Script script{version};
                auto& [client, network, broker] = script.roles();
                client.connects();
                client.subscribe("a");
                broker.expects(PacketType::subscribe).replies(PacketType::suback);
                client.reports(subscribed);
                write_up_to(script, written, [&script] { script.client.unsubscribe("a"); });
                broker.heard().clear();
                cut(script);
                client.reconnects(connack(present));
                if (present) {
                    broker.expects(PacketType::unsubscribe).replies(PacketType::unsuback);
                }
                EXPECT_EQ(script.story(), "unsubscribed");
                cut(script);
                client.reconnects(connack(present));
                EXPECT_EQ(script.story(), "");
            }
        }
    }
}

// The handshake.

TEST(CutWhileConnectingTest, TheNextAttemptBeginsWithAWholeConnect) {
    for (const ProtocolVersion version : kVersions) {
        for (const auto& [written, name] : kWritten) {
            SCOPED_TRACE(name);
            Script script{version};
            script.client.publish("a", "x", Qos::at_least_once);
            script.client.start();
            write_up_to(script, written, [&script] { script.network.opens(); });
            script.broker.heard().clear();
            script.network.cuts();
            EXPECT_EQ(script.story(), "connect_failed");
            script.client.reconnects();
            EXPECT_EQ(script.story(), "PUBLISH");
        }
    }
}

TEST(CutWhileConnectingTest, HalfAConnackIsForgotten) {
    for (const ProtocolVersion version : kVersions) {
        const std::byte rest = version == ProtocolVersion::v5 ? std::byte{3} : std::byte{2};
        const std::vector<std::byte> whole = {std::byte{0x20}, rest, std::byte{0}, std::byte{0},
                                              std::byte{0}};
        for (std::size_t size = 1; size < 2 + static_cast<std::size_t>(rest); ++size) {
            SCOPED_TRACE(size);
            Script script{version};
            script.client.start();
            script.network.opens();
            script.broker.expects(PacketType::connect);
            script.broker.sends_bytes(std::span{whole}.first(size));
            script.network.cuts();
            EXPECT_EQ(script.story(), "connect_failed");
            script.client.reconnects();
            script.silence();
        }
    }
}

TEST(CutWhileConnectingTest, ATransportThatDoesNotOpenIsTriedAgain) {
    Script script;
    auto& [client, network, broker] = script.roles();
    client.start();
    for (int attempt = 0; attempt < 5; ++attempt) {
        network.refuses();
        client.reports(connect_failed, {.permanent = false});
        script.wait(1s);
    }
    client.reconnects();
    script.silence();
}

}  // namespace
}  // namespace multimqtt::session
