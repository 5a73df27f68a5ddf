// Attempts to connect that meet a hole, half-open connections, and networks that change under the client.
#include "client/client_fixture.hpp"
#include "networks/path.hpp"
#include "support/loopback.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace multimqtt::client {
namespace {

using test::Listener;
using test::Mosquitto;
using test::OwnNetwork;
using test::Path;

constexpr unsigned kSeed = 43;
constexpr std::chrono::milliseconds kConnectTimeout{1'000};

// What is swallowed is counted in packets of the broker, so that each row breaks off at its step.
struct StepCase {
    const char* name;
    Listener listener;
    const char* scheme;
    std::size_t broker_packets;
};

class BrokenOffTest : public testing::TestWithParam<StepCase> {};

TEST_P(BrokenOffTest, AnAttemptEndsWithTheConnectTimeoutAndALaterOneSucceeds) {
    const StepCase& step = GetParam();
    std::vector<Listener> listeners{Listener::anonymous};
    if (step.listener != Listener::anonymous) {
        listeners.push_back(step.listener);
    }
    Mosquitto broker{{.listeners = listeners, .address = Path::broker_address()}};
    Path path{broker.port(step.listener), kSeed};
    if (path.packets() == nullptr && step.broker_packets > 0) {
        GTEST_SKIP() << "breaking off at a packet needs packets, and there is no network of our own: "
                     << OwnNetwork::obstacle();
    }
    Options options = test_options(std::string{step.scheme} + "://" + path.host_and_port());
    options.connect_timeout = kConnectTimeout;
    options.tls.ca_certs = test::shared_certificates().file("ca.crt");
    options.tls.server_name = "localhost";
    Collector log;
    Client mqtt{options};
    mqtt.on_log([&](LogLevel, std::string_view text) { log.add(std::string{text}); });
    path.packets() != nullptr ? path.packets()->black_hole_after(step.broker_packets) : path.black_hole();
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(eventually([&] { return mqtt.statistics().connects_failed >= 2; }));
    EXPECT_GE(std::chrono::steady_clock::now() - began, 2 * kConnectTimeout) << "neither ended early";
    EXPECT_EQ(mqtt.statistics().connects, 0u);
    EXPECT_NE(log.wait(1).at(0).find("within 1000 ms"), std::string::npos) << log.wait(1).at(0);
    path.heal();
    EXPECT_TRUE(mqtt.wait_connected(kPatience));
}

INSTANTIATE_TEST_SUITE_P(Steps, BrokenOffTest,
                         testing::Values(StepCase{"no_answer_to_tcp", Listener::anonymous, "mqtt", 0},
                                         StepCase{"no_connack", Listener::anonymous, "mqtt", 1},
                                         StepCase{"no_answer_to_tls", Listener::tls, "mqtts", 1},
                                         StepCase{"half_an_answer_to_tls", Listener::tls, "mqtts", 2},
                                         StepCase{"no_answer_to_websocket", Listener::websocket, "ws", 1},
                                         StepCase{"no_connack_over_websocket", Listener::websocket, "ws", 3},
                                         StepCase{"no_answer_to_secure_websocket", Listener::secure_websocket,
                                                  "wss", 1}),
                         [](const auto& row) { return std::string{row.param.name}; });

/// Connected, with a short keep-alive, and one message delivered.
class HalfOpenTest : public testing::Test {
protected:
    HalfOpenTest() {
        Options options = lasting(test_options("mqtt://" + path_.host_and_port()), "half_open");
        options.keep_alive = 2s;
        mqtt_.emplace(options);
        mqtt_->register_topic("echo", {.qos = Qos::exactly_once})
            .value()
            .on_message([this](const Message& message, Captures) { seen_.add(text_of(message)); });
    }
    void SetUp() override {
        ASSERT_TRUE(mqtt_->connect());
        ASSERT_TRUE(mqtt_->wait_subscribed(kPatience));
        ASSERT_TRUE(mqtt_->publish("echo", "before", {.qos = Qos::exactly_once}).wait(kPatience));
        ASSERT_EQ(seen_.wait(1).size(), 1u);
    }
    /// Publishes into the dead connection, and expects the message to come back over another, once.
    void expect_recovery() {
        const Receipt receipt = mqtt_->publish("echo", "after", {.qos = Qos::exactly_once});
        EXPECT_TRUE(receipt.wait(kPatience));
        EXPECT_EQ(seen_.wait(2), (std::vector<std::string>{"echo=before", "echo=after"}));
        EXPECT_EQ(mqtt_->statistics().disconnects, 1u);
        EXPECT_EQ(mqtt_->statistics().connects, 2u);
    }

    Mosquitto broker_{{.persistence = true, .address = Path::broker_address()}};
    Path path_{broker_.port(Listener::anonymous), kSeed};
    Collector seen_;
    std::optional<Client> mqtt_;
};

TEST_F(HalfOpenTest, ABrokersMachineThatLostItsPowerIsReplacedByWhatComesBack) {
    if (path_.packets() == nullptr) {
        GTEST_SKIP()
            << "a machine without memory of its connections needs packets, and there is no network of our "
               "own: "
            << OwnNetwork::obstacle();
    }
    path_.black_hole();
    broker_.restart();  // Its farewells are swallowed with the rest.
    path_.packets()->power_cycle();
    path_.heal();
    expect_recovery();
    EXPECT_GE(path_.packets()->counts().reset, 1u) << "the machine knows nothing of the connection";
}

TEST_F(HalfOpenTest, ABrokersMachineThatNeverComesBackWithAResetIsFoundByItsSilence) {
    path_.black_hole();
    broker_.restart();
    path_.strand();
    path_.heal();
    expect_recovery();
}

TEST_F(HalfOpenTest, AChangeOfNetworkStrandsTheConnectionAndAnotherTakesTheSessionOver) {
    path_.strand();
    expect_recovery();
    EXPECT_TRUE(mqtt_->connection()->session_present) << "the broker still had the old connection open";
}

TEST_F(HalfOpenTest, ManyChangesOfNetworkInARowLoseNothing) {
    for (int change = 1; change <= 3; ++change) {
        path_.strand();
        const std::string text = "change " + std::to_string(change);
        EXPECT_TRUE(mqtt_->publish("echo", text, {.qos = Qos::exactly_once}).wait(kPatience));
        EXPECT_EQ(seen_.wait(static_cast<std::size_t>(1 + change)).back(), "echo=" + text);
    }
    EXPECT_EQ(seen_.wait(4).size(), 4u);
}

TEST(FrozenBrokerTest, IsFoundAlthoughItsKernelTakesEverything) {
    Mosquitto broker;
    Options options = test_options(broker.uri());
    options.keep_alive = 2s;
    options.connect_timeout = 1s;
    Client mqtt{options};
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_connected(kPatience));
    broker.freeze();
    EXPECT_TRUE(eventually([&] {
        (void)mqtt.publish("reading", "21.5");
        std::this_thread::sleep_for(20ms);  // The pace of a sensor; nothing waits for it.
        return mqtt.statistics().disconnects > 0;
    }));
    broker.thaw();
    EXPECT_TRUE(mqtt.wait_connected(kPatience));
}

TEST(ManyEndpointsTest, TheFirstOfWhichSwallowsEverythingCostsOneConnectTimeout) {
    if (OwnNetwork::tunnel() < 0) {
        GTEST_SKIP() << "an address that swallows needs packets, and there is no network of our own: "
                     << OwnNetwork::obstacle();
    }
    Mosquitto broker{{.address = Path::broker_address()}};
    Path path{broker.port(Listener::anonymous), kSeed};
    // Nobody carries what is sent to this address of the tunnel's network.
    Options options = test_options("mqtt://10.9.0.77:1883,mqtt://" + path.host_and_port());
    options.connect_timeout = kConnectTimeout;
    Client mqtt{options};
    ASSERT_TRUE(mqtt.connect());
    EXPECT_TRUE(mqtt.wait_connected(kPatience));
    EXPECT_EQ(mqtt.statistics().connects_failed, 1u);
    EXPECT_EQ(mqtt.connection()->endpoint, "mqtt://" + path.host_and_port());
}

TEST(NameLookupTest, ANameThatCannotBeLookedUpFailsTheAttemptAndTheNextEndpointIsTried) {
    if (OwnNetwork::tunnel() < 0) {
        GTEST_SKIP() << "the question would leave this machine, and there is no network of our own: "
                     << OwnNetwork::obstacle();
    }
    Mosquitto broker{{.address = Path::broker_address()}};
    Path path{broker.port(Listener::anonymous), kSeed};
    Options options = test_options("mqtt://broker.invalid,mqtt://" + path.host_and_port());
    Collector log;
    Client mqtt{options};
    mqtt.on_log([&](LogLevel, std::string_view text) { log.add(std::string{text}); });
    ASSERT_TRUE(mqtt.connect());
    EXPECT_TRUE(mqtt.wait_connected(kPatience));
    EXPECT_NE(log.wait(1).at(0).find("broker.invalid"), std::string::npos) << log.wait(1).at(0);
}

}  // namespace
}  // namespace multimqtt::client
