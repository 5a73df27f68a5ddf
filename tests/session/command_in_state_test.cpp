// What each command of the application and each report of the network does in each state: one table,
// complete.
#include "client_state.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;

enum class Command : std::uint8_t {
    start,
    publish_0,
    publish_1,
    subscribe,
    unsubscribe,
    acknowledge_nothing,  // A delivery that does not exist.
    pause,
    resume,
    timeout,        // Before anything is due.
    close_at_once,  // Nothing that is unfinished is waited for.
    close,          // It is waited for.
    transport_opened,
    transport_closed,
};

struct Named {
    Command command;
    const char* name;
};
constexpr Named kCommands[] = {
    {Command::start, "start"},
    {Command::publish_0, "publish_0"},
    {Command::publish_1, "publish_1"},
    {Command::subscribe, "subscribe"},
    {Command::unsubscribe, "unsubscribe"},
    {Command::acknowledge_nothing, "acknowledge_nothing"},
    {Command::pause, "pause"},
    {Command::resume, "resume"},
    {Command::timeout, "timeout"},
    {Command::close_at_once, "close_at_once"},
    {Command::close, "close"},
    {Command::transport_opened, "transport_opened"},
    {Command::transport_closed, "transport_closed"},
};

void give(Command command, Script& script) {
    auto& [client, network, broker] = script.roles();
    switch (command) {
        case Command::start:
            client.start();
            break;
        case Command::publish_0:
        case Command::publish_1: {
            const Qos qos = command == Command::publish_0 ? Qos::at_most_once : Qos::at_least_once;
            if (const auto result = client.try_publish(77, "b", "y", qos); !result) {
                EXPECT_TRUE(result.error().is(Error::closed)) << result.error();
            }
            break;
        }
        case Command::subscribe:
            client.subscribe("b");
            break;
        case Command::unsubscribe:
            client.unsubscribe("b");
            break;
        case Command::acknowledge_nothing:
            client.acknowledge(12'345);
            break;
        case Command::pause:
            client.pause();
            break;
        case Command::resume:
            client.resume();
            break;
        case Command::timeout:
            script.session().timeout(script.now());
            script.drain();
            break;
        case Command::close_at_once:
            client.close(0s);
            break;
        case Command::close:
            client.close(1h);
            break;
        case Command::transport_opened:
            network.opens_unasked();
            break;
        case Command::transport_closed:
            network.cuts();
            break;
    }
}

// The story, and what is asked of the network.
std::string told(Script& script) {
    const std::string story = script.story();
    const TransportRequest::Kind request = script.network.take_request();
    if (request == TransportRequest::Kind::none) {
        return story;
    }
    return story + (story.empty() ? "" : ", ") +
           (request == TransportRequest::Kind::open ? "opens" : "closes");
}

struct Row {
    std::vector<State> states;
    std::vector<Command> commands;
    const char* outcome;
};

std::vector<State> joined(std::vector<State> states, std::initializer_list<State> more) {
    states.insert(states.end(), more);
    return states;
}

// Each pair of a state and a command is in exactly one row.
std::vector<Row> rows() {
    using enum State;
    const std::vector<State> connected = connected_except({});
    const std::vector<State> with_our_message = {publish_1_sent, publish_2_sent, pubrel_sent};
    const std::vector<State> without_our_message =
        connected_except({publish_1_sent, publish_2_sent, pubrel_sent});
    const std::vector<State> on_the_way = {opening, connect_sent};
    const std::vector<State> not_connected = {not_started, opening,       connect_sent, dropping,
                                              waiting,     disconnecting, closed};
    const std::vector<State> all_but_new =
        joined(connected, {opening, connect_sent, dropping, waiting, disconnecting, closed});
    const std::vector<State> all = joined(all_but_new, {not_started});
    return {
        {{not_started}, {Command::start}, "opens"},
        {all_but_new, {Command::start}, ""},

        // With a connection things leave at once; without, they wait, or are refused once all is over.
        {connected, {Command::publish_0}, "published, PUBLISH"},
        {connected, {Command::publish_1}, "PUBLISH"},
        {connected, {Command::subscribe}, "SUBSCRIBE"},
        {connected, {Command::unsubscribe}, "UNSUBSCRIBE"},
        {not_connected,
         {Command::publish_0, Command::publish_1, Command::subscribe, Command::unsubscribe},
         ""},
        {all, {Command::acknowledge_nothing, Command::pause, Command::resume, Command::timeout}, ""},

        {without_our_message, {Command::close, Command::close_at_once}, "DISCONNECT, closes"},
        {with_our_message, {Command::close_at_once}, "DISCONNECT, closes"},
        {with_our_message, {Command::close}, ""},
        {{not_started, waiting}, {Command::close, Command::close_at_once}, "closed"},
        {on_the_way, {Command::close, Command::close_at_once}, "closes"},
        // The network closes already.
        {{dropping, disconnecting, closed}, {Command::close, Command::close_at_once}, ""},

        // A transport that nobody has asked for is closed.
        {{opening}, {Command::transport_opened}, "CONNECT"},
        {joined(connected, {not_started, connect_sent, dropping, disconnecting, waiting, closed}),
         {Command::transport_opened},
         "closes"},
        {connected, {Command::transport_closed}, "disconnected"},
        {on_the_way, {Command::transport_closed}, "connect_failed"},
        {{disconnecting}, {Command::transport_closed}, "disconnected, closed"},
        // That the connection failed has been reported when it did.
        {{not_started, dropping, waiting, closed}, {Command::transport_closed}, ""},
    };
}

TEST(CommandInStateTest, DoesAsItsRowSaysInEveryState) {
    std::map<std::pair<State, Command>, std::vector<std::string>> outcomes;
    for (const Row& row : rows()) {
        for (const State state : row.states) {
            for (const Command command : row.commands) {
                outcomes[{state, command}].emplace_back(row.outcome);
            }
        }
    }
    EXPECT_EQ(std::size(kCommands), static_cast<std::size_t>(Command::transport_closed) + 1);
    for (const auto& [state, state_name] : states()) {
        for (const auto& [command, command_name] : kCommands) {
            SCOPED_TRACE(std::string{command_name} + " in state " + state_name);
            const std::vector<std::string> expected = outcomes[{state, command}];
            ASSERT_EQ(expected.size(), 1U) << "a pair has one row";
            for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
                Script script{state_options(version)};
                reach(state, script);
                give(command, script);
                EXPECT_EQ(told(script), expected.front()) << to_string(version);
            }
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
