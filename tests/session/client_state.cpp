// The exchanges that lead into each state.
#include "client_state.hpp"

#include <algorithm>

namespace multimqtt::session {

using namespace support;

const std::vector<std::pair<State, const char*>>& states() {
    static const std::vector<std::pair<State, const char*>> kStates = {
        {State::not_started, "not_started"},
        {State::opening, "opening"},
        {State::connect_sent, "connect_sent"},
        {State::idle, "idle"},
        {State::publish_1_sent, "publish_1_sent"},
        {State::publish_2_sent, "publish_2_sent"},
        {State::pubrel_sent, "pubrel_sent"},
        {State::subscribe_sent, "subscribe_sent"},
        {State::unsubscribe_sent, "unsubscribe_sent"},
        {State::message_1_taken, "message_1_taken"},
        {State::message_2_taken, "message_2_taken"},
        {State::pubrec_sent, "pubrec_sent"},
        {State::ping_sent, "ping_sent"},
        {State::dropping, "dropping"},
        {State::disconnecting, "disconnecting"},
        {State::waiting, "waiting"},
        {State::closed, "closed"},
    };
    return kStates;
}

std::vector<State> connected_except(std::initializer_list<State> exceptions) {
    std::vector<State> connected;
    for (const auto& [state, name] : states()) {
        const bool excepted = std::ranges::find(exceptions, state) != exceptions.end();
        if (state >= State::idle && state <= State::ping_sent && !excepted) {
            connected.push_back(state);
        }
    }
    return connected;
}

Options state_options(ProtocolVersion version) {
    Options options = quiet_options(version);
    options.keep_alive = 10s;
    return options;
}

void reach(State state, Script& script) {
    auto& [client, network, broker] = script.roles();
    if (state == State::not_started) {
        return;
    }
    if (state > State::connect_sent) {
        client.connects();
    }
    switch (state) {
        case State::opening:
            client.start();
            break;
        case State::connect_sent:
            client.start();
            network.opens();
            break;
        case State::publish_1_sent:
            client.publish("a", "x", Qos::at_least_once);
            break;
        case State::publish_2_sent:
            client.publish("a", "x", Qos::exactly_once);
            break;
        case State::pubrel_sent:
            client.publish("a", "x", Qos::exactly_once);
            broker.expects(wire::PacketType::publish, {.packet_id = 1}).replies(wire::PacketType::pubrec);
            break;
        case State::subscribe_sent:
            client.subscribe("a");
            break;
        case State::unsubscribe_sent:
            client.unsubscribe("a");
            break;
        case State::message_1_taken:
            broker.publishes("a", "x", Qos::at_least_once, 1);
            break;
        case State::message_2_taken:
            broker.publishes("a", "x", Qos::exactly_once, 1);
            break;
        case State::pubrec_sent:
            broker.publishes("a", "x", Qos::exactly_once, 1);
            client.acknowledge(client.reports(Event::Kind::message).delivery);
            break;
        case State::ping_sent:
            script.wait(9s);
            break;
        case State::dropping:
            broker.sends_bytes({0x00, 0x00});
            break;
        case State::disconnecting:
            client.close();
            break;
        case State::waiting:
            network.cuts();
            break;
        case State::closed:
            client.close();
            network.cuts();
            break;
        default:
            break;
    }
    broker.heard().clear();
    client.events().clear();
    static_cast<void>(network.take_request());
}

}  // namespace multimqtt::session
