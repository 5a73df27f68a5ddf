// A connection on which nothing arrives any more, and nobody says so, is found dead within 1.5 keep-alives,
// whatever the client is doing. tests/session proves the bound exactly, in virtual time; here the whole
// client keeps it on a real network, with the patience of a loaded machine on top.
#include "client/client_fixture.hpp"
#include "networks/path.hpp"

#include <atomic>
#include <thread>

namespace multimqtt::client {
namespace {

using test::Listener;
using test::Mosquitto;
using test::OwnNetwork;
using test::Path;

constexpr unsigned kSeed = 42;
constexpr std::chrono::seconds kKeepAlive{2};
/// What a loaded machine may add. Without its own measures a client waits for the kernel, a quarter of an
/// hour, or for ever.
constexpr std::chrono::seconds kGrace{10};

enum class Doing : std::uint8_t { nothing, publishing_at_most_once, publishing_at_least_once, pausing };

struct Carrier {
    const char* name;
    Listener listener;
    const char* scheme;
};

constexpr Carrier kTcp{"tcp", Listener::anonymous, "mqtt"};
constexpr Carrier kTls{"tls", Listener::tls, "mqtts"};
constexpr Carrier kWebSocket{"websocket", Listener::websocket, "ws"};
constexpr Carrier kSecureWebSocket{"secure_websocket", Listener::secure_websocket, "wss"};

const char* name_of(Doing doing) {
    switch (doing) {
        case Doing::nothing:
            return "idle";
        case Doing::publishing_at_most_once:
            return "publishing_at_most_once";
        case Doing::publishing_at_least_once:
            return "publishing_at_least_once";
        case Doing::pausing:
            return "pausing";
    }
    return "unknown";
}

Options options_over(const Carrier& carrier, const Path& path) {
    Options options = test_options(std::string{carrier.scheme} + "://" + path.host_and_port());
    options.tls.ca_certs = test::shared_certificates().file("ca.crt");
    options.tls.server_name = "localhost";
    return options;
}

class BlackHoleTest : public testing::TestWithParam<std::tuple<Carrier, Doing>> {};

/// Publishes little, again and again, as a sensor does: the kernel takes it all.
class Sensor {
public:
    Sensor(Client& mqtt, Qos qos)
        : thread_{[this, &mqtt, qos] {
              while (!ending_) {
                  (void)mqtt.publish("reading", "21.5", {.qos = qos});
                  std::this_thread::sleep_for(50ms);  // Its pace; nothing waits for it.
              }
          }} {}
    ~Sensor() {
        ending_ = true;
        thread_.join();
    }
    Sensor(const Sensor&) = delete;
    Sensor& operator=(const Sensor&) = delete;

private:
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

/// Fills the inbox of `mqtt`, whose handler does not return, until it has stopped reading.
void fill(Client& mqtt, const Mosquitto& broker) {
    Client publisher{test_options(broker.uri())};
    ASSERT_TRUE(publisher.connect());
    Receipt last;
    for (std::size_t i = 0; i < 4 * mqtt.options().inbox_messages_max; ++i) {
        last = publisher.publish("flood", "x", {.qos = Qos::at_least_once});
    }
    ASSERT_TRUE(last.wait(kPatience));
    ASSERT_TRUE(
        eventually([&] { return mqtt.statistics().inbox_messages >= mqtt.options().inbox_messages_max; }));
}

TEST_P(BlackHoleTest, IsFoundWithinOneAndAHalfKeepAlives) {
    const auto& [carrier, doing] = GetParam();
    if (doing == Doing::pausing && OwnNetwork::tunnel() < 0) {
        GTEST_SKIP()
            << "behind a proxy only reading could find the hole, and there is no network of our own: "
            << OwnNetwork::obstacle();
    }
    // Mosquitto 2.0 does not start with WebSocket listeners alone, and `fill` needs a way around the hole.
    std::vector<Listener> listeners{Listener::anonymous};
    if (carrier.listener != Listener::anonymous) {
        listeners.push_back(carrier.listener);
    }
    Mosquitto broker{{.listeners = listeners,
                      .settings = {{"max_inflight_messages", "0"}, {"max_queued_messages", "0"}},
                      .address = Path::broker_address()}};
    Path path{broker.port(carrier.listener), kSeed};
    Options options = options_over(carrier, path);
    options.keep_alive = kKeepAlive;
    options.inbox_messages_max = 50;
    options.handler_threads = 1;
    options.drain = 0ms;
    Gate handled;
    Client mqtt{options};
    mqtt.register_topic("flood", {.qos = Qos::at_most_once})
        .value()
        .on_message([&](const Message&, Captures) { handled.wait(); });
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    std::optional<Sensor> sensor;
    if (doing == Doing::pausing) {
        ASSERT_NO_FATAL_FAILURE(fill(mqtt, broker));
    } else if (doing != Doing::nothing) {
        sensor.emplace(mqtt,
                       doing == Doing::publishing_at_most_once ? Qos::at_most_once : Qos::at_least_once);
    }

    const auto began = std::chrono::steady_clock::now();
    path.black_hole();
    const bool found = eventually([&] { return mqtt.statistics().disconnects > 0; });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    path.heal();
    handled.open();
    EXPECT_TRUE(found);
    EXPECT_LT(took, kKeepAlive * 1.5 + kGrace);
    RecordProperty("keep_alives_until_found", std::to_string(took / kKeepAlive));
    std::cout << "found after " << took / kKeepAlive << " keep-alives\n";
    EXPECT_TRUE(mqtt.wait_connected(kPatience)) << "once the hole has gone";
}

INSTANTIATE_TEST_SUITE_P(Ways, BlackHoleTest,
                         testing::Combine(testing::Values(kTcp, kTls, kWebSocket, kSecureWebSocket),
                                          testing::Values(Doing::nothing, Doing::publishing_at_most_once,
                                                          Doing::publishing_at_least_once, Doing::pausing)),
                         [](const auto& row) {
                             return std::string{std::get<0>(row.param).name} + "_" +
                                    name_of(std::get<1>(row.param));
                         });

}  // namespace
}  // namespace multimqtt::client
