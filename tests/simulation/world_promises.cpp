// world_promises.cpp: what has to be true at the end of a run.
#include "simulation/model/topic.hpp"
#include "simulation/world.hpp"

#include <string>

namespace multimqtt::simulation {
namespace {

std::string number_text(std::string_view what, std::size_t index) {
    return std::string{what} + " " + std::to_string(index + 1);
}

}  // namespace

void World::check_messages() {
    for (std::size_t i = 0; i < ledger_.messages.size() && verdict_.holds(); ++i) {
        const Message& message = ledger_.messages[i];
        const std::string name = number_text("message", i);
        if (message.process != ledger_.process) {
            continue;  // Its end died with the process.
        }
        verdict_.require(message.end != Message::End::none, Check::message_never_ends, name);
        if (message.end == Message::End::published && message.qos > 0) {
            verdict_.require(message.seen > 0 || message.swallowed, Check::message_lost,
                             name + " was never taken by the broker");
        }
    }
}

void World::check_copies() {
    for (std::size_t i = 0; i < ledger_.copies.size() && verdict_.holds(); ++i) {
        const Copy& copy = ledger_.copies[i];
        if (copy.qos > 0 && !copy.dropped && copy.deliveries == 0) {
            verdict_.violated(Check::delivery_lost, number_text("delivery", i));
        }
    }
}

void World::check_subscriptions() {
    std::string differences;
    for (const std::string& filter : wanted_) {
        const auto held = broker_.subscriptions().find(filter);
        const session::Subscription& subscription = subscriptions_[filter];
        const bool v5 = broker_.level() == 5;
        if (held == broker_.subscriptions().end()) {
            differences += " \"" + filter + "\" is missing;";
            continue;
        }
        const RequestedFilter& request = held->second.request;
        const bool same =
            request.qos == static_cast<std::uint8_t>(subscription.qos) &&
            (!v5 || (held->second.identifier == subscription.identifier &&
                     request.no_local == (subscription.no_local && !is_shared(filter)) &&
                     request.retain_handling == static_cast<std::uint8_t>(subscription.retain_handling)));
        if (!same) {
            differences += " \"" + filter + "\" has other options;";
        }
    }
    for (const auto& [filter, held] : broker_.subscriptions()) {
        if (!wanted_.contains(filter) && !left_over_.contains(filter)) {
            differences += " \"" + filter + "\" is still there;";
        }
    }
    if (!differences.empty()) {
        verdict_.violated(Check::subscriptions_differ, differences);
    }
}

}  // namespace multimqtt::simulation
