// A shared library that holds a client, for exit_test.cpp to load and unload.
#include "multimqtt/multimqtt.hpp"

#include <chrono>
#include <optional>

namespace {

std::optional<multimqtt::Client> held;

}  // namespace

/// Makes a client that is connected, publishes, and has handled a message; true when all that went well.
extern "C" bool hold_client(const char* uri, const char* ca_certs) {
    using namespace std::chrono_literals;
    multimqtt::Options options = multimqtt::Options::from_uri(uri).value();
    options.tls.ca_certs = ca_certs;
    options.drain = 50ms;
    held.emplace(options);
    held->on_log([](multimqtt::LogLevel, std::string_view) {});
    held->register_topic("exit/#").value().on_message([](const multimqtt::Message&, multimqtt::Captures) {});
    if (!held->connect() || !held->wait_subscribed(20s)) {
        return false;
    }
    for (int i = 0; i < 1'000; ++i) {
        (void)held->publish("exit/now", i, {.qos = multimqtt::Qos::at_least_once});
    }
    return true;
}
