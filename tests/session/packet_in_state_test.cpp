// What the client does with each packet of a broker in each state that it can be in: one table, complete.
//
// The packets are bytes, since some of them are not what an encoder would write. All of them that have a
// packet identifier have 1, which is also that of whatever the state has open; elsewhere it is unknown.
#include "client_state.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;

enum class Input : std::uint8_t {
    connack,
    connack_refusing,
    publish_0,
    publish_1,
    publish_1_dup,
    publish_2,
    publish_2_dup,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    suback,
    unsuback,
    pingresp,
    disconnect,
    auth,
    connect,  // This and the rest is not for brokers to send.
    subscribe,
    unsubscribe,
    pingreq,
    reserved,
};

struct Packet {
    Input input;
    const char* name;
    std::vector<int> v5;
    std::vector<int> v3_1_1;
};

const std::vector<Packet> kPackets = {
    {Input::connack, "connack", {0x20, 3, 0, 0, 0}, {0x20, 2, 0, 0}},
    {Input::connack_refusing, "connack_refusing", {0x20, 3, 0, 0x87, 0}, {0x20, 2, 0, 5}},
    {Input::publish_0, "publish_0", {0x30, 4, 0, 1, 'a', 0}, {0x30, 3, 0, 1, 'a'}},
    {Input::publish_1, "publish_1", {0x32, 6, 0, 1, 'a', 0, 1, 0}, {0x32, 5, 0, 1, 'a', 0, 1}},
    {Input::publish_1_dup, "publish_1_dup", {0x3A, 6, 0, 1, 'a', 0, 1, 0}, {0x3A, 5, 0, 1, 'a', 0, 1}},
    {Input::publish_2, "publish_2", {0x34, 6, 0, 1, 'a', 0, 1, 0}, {0x34, 5, 0, 1, 'a', 0, 1}},
    {Input::publish_2_dup, "publish_2_dup", {0x3C, 6, 0, 1, 'a', 0, 1, 0}, {0x3C, 5, 0, 1, 'a', 0, 1}},
    {Input::puback, "puback", {0x40, 2, 0, 1}, {0x40, 2, 0, 1}},
    {Input::pubrec, "pubrec", {0x50, 2, 0, 1}, {0x50, 2, 0, 1}},
    {Input::pubrel, "pubrel", {0x62, 2, 0, 1}, {0x62, 2, 0, 1}},
    {Input::pubcomp, "pubcomp", {0x70, 2, 0, 1}, {0x70, 2, 0, 1}},
    {Input::suback, "suback", {0x90, 4, 0, 1, 0, 0}, {0x90, 3, 0, 1, 0}},
    {Input::unsuback, "unsuback", {0xB0, 4, 0, 1, 0, 0}, {0xB0, 2, 0, 1}},
    {Input::pingresp, "pingresp", {0xD0, 0}, {0xD0, 0}},
    {Input::disconnect, "disconnect", {0xE0, 1, 0x8B}, {0xE0, 0}},
    {Input::auth, "auth", {0xF0, 0}, {0xF0, 0}},
    {Input::connect, "connect", {0x10, 0}, {0x10, 0}},
    {Input::subscribe, "subscribe", {0x82, 0}, {0x82, 0}},
    {Input::unsubscribe, "unsubscribe", {0xA2, 0}, {0xA2, 0}},
    {Input::pingreq, "pingreq", {0xC0, 0}, {0xC0, 0}},
    {Input::reserved, "reserved", {0x00, 0}, {0x00, 0}},
};

// What the client does: events and packets as they are told, "closes" for what it asks of the network. Reason
// codes are those of 5.0; in 3.1.1 the same happens without them, and without the DISCONNECT.
using Outcome = const char*;
constexpr Outcome kNothing = "";
constexpr Outcome kProtocolError = "DISCONNECT protocol_error, closes";
constexpr Outcome kMalformed = "DISCONNECT malformed_packet, closes";
constexpr Outcome kMessage = "message";

struct Row {
    std::vector<State> states;
    std::vector<Input> inputs;
    Outcome outcome;
};

const std::vector<State> kUnread = {State::not_started,   State::opening, State::dropping,
                                    State::disconnecting, State::waiting, State::closed};
const std::vector<Input> kAnyPublish = {Input::publish_1, Input::publish_1_dup, Input::publish_2,
                                        Input::publish_2_dup};

std::vector<Input> all_inputs() {
    std::vector<Input> inputs;
    for (const Packet& packet : kPackets) {
        inputs.push_back(packet.input);
    }
    return inputs;
}

// Each pair of a state and a packet is in exactly one row.
std::vector<Row> rows() {
    using enum Input;
    using enum State;
    return {
        // Nothing is read before there is a connection, nor once it is as good as gone.
        {kUnread, all_inputs(), kNothing},

        // v5 [MQTT-3.2.0-1] of the broker; v3.1.1 [MQTT-3.2.0-1].
        {{connect_sent}, {Input::connack}, "connected"},
        {{connect_sent}, {connack_refusing}, "connect_failed, closes"},
        {{connect_sent}, {Input::disconnect}, "connect_failed, closes"},
        {{connect_sent},
         {publish_0, publish_1, publish_1_dup, publish_2, publish_2_dup, Input::puback, Input::pubrec,
          Input::pubrel, Input::pubcomp, Input::suback, Input::unsuback, Input::pingresp},
         kProtocolError},

        // v5 [MQTT-3.2.0-2].
        {connected_except({}), {Input::connack, connack_refusing}, kProtocolError},
        {connected_except({}), {Input::disconnect}, "disconnected, closes"},
        {connected_except({}), {Input::pingresp}, kNothing},
        {connected_except({}), {publish_0}, kMessage},

        // What only a client may send; v5 [MQTT-4.12.0-6]: and AUTH, for which no method was asked.
        {connected_except({}),
         {Input::connect, Input::subscribe, Input::unsubscribe, Input::pingreq, Input::auth},
         kProtocolError},
        {{connect_sent},
         {Input::connect, Input::subscribe, Input::unsubscribe, Input::pingreq, Input::auth},
         kProtocolError},
        {connected_except({}), {reserved}, kMalformed},
        {{connect_sent}, {reserved}, kMalformed},

        // A message with an identifier that nothing holds is new, whatever DUP says.
        {connected_except({message_1_taken, message_2_taken, State::pubrec_sent}), kAnyPublish, kMessage},
        // v5 [MQTT-2.2.1-4], v3.1.1 [MQTT-2.3.1-4]: it may be repeated, and not be used for another.
        {{message_1_taken}, {publish_1_dup}, kNothing},
        {{message_1_taken}, {publish_1, publish_2, publish_2_dup}, kProtocolError},
        // v5 [MQTT-4.3.3-10], v3.1.1 [MQTT-4.3.3-2]: PUBREC follows once the application has the message.
        {{message_2_taken}, {publish_2, publish_2_dup}, kNothing},
        {{message_2_taken}, {publish_1, publish_1_dup}, kProtocolError},
        {{State::pubrec_sent}, {publish_2, publish_2_dup}, "PUBREC"},
        {{State::pubrec_sent}, {publish_1, publish_1_dup}, kProtocolError},

        // v5 [MQTT-4.3.3-11].
        {{State::pubrec_sent}, {Input::pubrel}, "PUBCOMP"},
        {{message_1_taken, message_2_taken}, {Input::pubrel}, kProtocolError},
        {connected_except({message_1_taken, message_2_taken, State::pubrec_sent}),
         {Input::pubrel},
         "PUBCOMP packet_identifier_not_found"},

        // Our own messages. An acknowledgement of nothing is ignored, but PUBREC waits for its PUBREL.
        {{publish_1_sent}, {Input::puback}, "published"},  // v5 [MQTT-4.3.2-3]
        {{publish_1_sent}, {Input::pubrec, Input::pubcomp}, kProtocolError},
        {{publish_2_sent}, {Input::pubrec}, "PUBREL"},  // v5 [MQTT-4.3.3-4]
        {{publish_2_sent}, {Input::puback, Input::pubcomp}, kProtocolError},
        {{State::pubrel_sent}, {Input::pubcomp}, "published"},  // v5 [MQTT-4.3.3-5]
        {{State::pubrel_sent}, {Input::pubrec}, "PUBREL"},      // v5 [MQTT-4.3.3-6]
        {{State::pubrel_sent}, {Input::puback}, kProtocolError},
        {connected_except({publish_1_sent, publish_2_sent, State::pubrel_sent}),
         {Input::puback, Input::pubcomp},
         kNothing},
        {connected_except({publish_1_sent, publish_2_sent, State::pubrel_sent}),
         {Input::pubrec},
         "PUBREL packet_identifier_not_found"},

        // Requests.
        {{subscribe_sent}, {Input::suback}, "subscribed"},
        {{unsubscribe_sent}, {Input::unsuback}, "unsubscribed"},
        {connected_except({subscribe_sent}), {Input::suback}, kNothing},
        {connected_except({unsubscribe_sent}), {Input::unsuback}, kNothing},
    };
}

// The story, and whether the connection is to be closed. That it ends for a violation is told once.
std::string told(Script& script) {
    const bool v5 = script.version() == ProtocolVersion::v5;
    auto& events = script.client.events();
    const auto violations = std::erase_if(events, [](const Happened& event) {
        return event.failure.is(Error::protocol_error) || event.failure.is(Error::malformed_packet);
    });
    for (const Sent& sent : script.broker.heard()) {
        EXPECT_LE(packet_id(sent.packet), 1);
    }
    const std::string story = script.story();
    const TransportRequest::Kind request = script.network.take_request();
    if (request == TransportRequest::Kind::none) {
        return story;
    }
    EXPECT_EQ(request, violations != 0 && v5 ? TransportRequest::Kind::close_after_flush
                                             : TransportRequest::Kind::close);
    return story + (story.empty() ? "closes" : ", closes");
}

std::string outcome_in(ProtocolVersion version, Input input, const std::string& outcome) {
    // 3.1.1 has no DISCONNECT of a broker, and closes without a word.
    const bool violation =
        outcome.starts_with("DISCONNECT") || (input == Input::disconnect && !outcome.empty());
    return version != ProtocolVersion::v5 && violation ? "closes" : outline_in(version, outcome);
}

std::map<std::pair<State, Input>, std::vector<Outcome>> table() {
    std::map<std::pair<State, Input>, std::vector<Outcome>> outcomes;
    for (const Row& row : rows()) {
        for (const State state : row.states) {
            for (const Input input : row.inputs) {
                outcomes[{state, input}].push_back(row.outcome);
            }
        }
    }
    return outcomes;
}

TEST(PacketInStateTest, HasOneRowForEachPair) {
    const auto outcomes = table();
    for (const auto& [state, state_name] : states()) {
        for (const Packet& packet : kPackets) {
            const auto found = outcomes.find({state, packet.input});
            EXPECT_EQ(found == outcomes.end() ? 0U : found->second.size(), 1U)
                << state_name << ", " << packet.name;
        }
    }
    EXPECT_EQ(states().size(), static_cast<std::size_t>(State::closed) + 1);
    EXPECT_EQ(kPackets.size(), static_cast<std::size_t>(Input::reserved) + 1);
    EXPECT_EQ(outcomes.size(), states().size() * kPackets.size());
}

// v5 [MQTT-4.13.2-1]; v3.1.1 [MQTT-4.8.0-1].
TEST(PacketInStateTest, IsDoneWithAsItsRowSays) {
    const auto outcomes = table();
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (const auto& [state, state_name] : states()) {
            for (const Packet& packet : kPackets) {
                SCOPED_TRACE(std::string{packet.name} + " in state " + state_name + ", " +
                             std::string{to_string(version)});
                Script script{state_options(version)};
                reach(state, script);
                const bool v5 = version == ProtocolVersion::v5;
                std::vector<std::byte> input;
                for (const int byte : v5 ? packet.v5 : packet.v3_1_1) {
                    input.push_back(static_cast<std::byte>(byte));
                }
                script.broker.sends_bytes(input);
                const std::string expected = outcomes.at({state, packet.input}).front();
                EXPECT_EQ(told(script), outcome_in(version, packet.input, expected));
            }
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
