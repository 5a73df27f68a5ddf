// Answers of the dynamic-security plugin, as a broker that cannot be trusted might send them.
#pragma once

#include "dynsec/answer.hpp"
#include "dynsec/command.hpp"
#include "dynsec/exchange.hpp"
#include "instructions.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace multimqtt::fuzz {

/// Reads everything that an answer can hold, whatever it does hold. Returns how many texts there were.
inline std::size_t read_answer(const boost::json::object& data) {
    std::size_t texts = 0;
    for (const std::string_view member : {"client", "group", "role"}) {
        const boost::json::object& object = dynsec::object_in(data, member);
        const ClientDetails client = dynsec::client_of(object);
        const GroupDetails group = dynsec::group_of(object);
        const RoleDetails role = dynsec::role_of(object);
        texts += client.roles.size() + client.groups.size() + client.connections.size() + group.roles.size() +
                 group.clients.size() + role.acls.size();
        for (const Acl& acl : role.acls) {
            texts += boost::json::serialize(dynsec::acl_of(acl, acl.topic)).empty() ? 0 : 1;
        }
    }
    for (const std::string_view member : {"clients", "groups", "roles", "acls"}) {
        const boost::json::array& list = dynsec::array_in(data, member);
        (void)dynsec::default_access_of(list);
        texts += dynsec::texts_of(list).size();
    }
    return texts + (dynsec::count_in(data, "totalCount") > 0 ? 1 : 0);
}

/// The property of the target "answer": how many commands were asked, then payloads, one on each line.
[[nodiscard]] inline std::string check_answer(Input input) {
    Instructions instructions{input};
    const std::size_t commands = 1 + instructions.below(4);
    const boost::json::object command{
        {"command", "addClientRole"}, {"username", "u"}, {"password", "secret word"}};
    dynsec::Exchange exchange{"me"};
    const auto request = exchange.begin(commands);
    while (!instructions.empty()) {
        exchange.receive(instructions.take_until('\n'));
    }
    const auto outcome = exchange.wait(request, std::chrono::steady_clock::time_point::min());
    exchange.end(request);
    if (!outcome) {
        return {};
    }
    if (!*outcome) {
        return outcome->error().message.empty() ? "a failure without a sentence" : "";
    }
    if ((*outcome)->size() != commands) {
        return "another number of answers than of commands";
    }
    for (const boost::json::object& answer : **outcome) {
        const auto data = dynsec::outcome_of(command, answer);
        if (data) {
            (void)read_answer(*data);
        } else if (data.error().message.empty() ||
                   (boost::json::serialize(answer).find("secret word") == std::string::npos &&
                    data.error().message.find("secret word") != std::string::npos)) {
            return "a failure without a sentence, or with the password";
        }
    }
    return {};
}

}  // namespace multimqtt::fuzz
