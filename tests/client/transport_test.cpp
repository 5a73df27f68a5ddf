// Every way into a real broker, with every version of MQTT.
#include "client/client_fixture.hpp"

#include <tuple>

namespace multimqtt::client {
namespace {

using test::Listener;
using Strings = std::vector<std::string>;

struct Way {
    const char* name;
    Listener listener;
};

class TransportTest : public testing::TestWithParam<std::tuple<Way, VersionPolicy>> {
protected:
    static void SetUpTestSuite() {
        broker_ = new test::Mosquitto{
            {.listeners = {Listener::anonymous, Listener::password, Listener::tls, Listener::mutual_tls,
                           Listener::websocket, Listener::secure_websocket, Listener::unix_socket}}};
    }
    static void TearDownTestSuite() { delete broker_; }

    static Options options() {
        const auto& [way, version] = GetParam();
        Options options = test_options(broker_->uri(way.listener), version);
        const test::Certificates& certificates = test::shared_certificates();
        if (way.listener == Listener::password) {
            options.username = "username";
            options.password = "password";
        }
        options.tls.ca_certs = certificates.file("ca.crt");
        if (way.listener == Listener::mutual_tls) {
            options.tls.certfile = certificates.file("client.crt");
            options.tls.keyfile = certificates.file("client.key");
        }
        options.prefix = std::string{"prefix/"}.append(way.name).append("/").append(name_of(version));
        return options;
    }

    static inline test::Mosquitto* broker_ = nullptr;
};

TEST_P(TransportTest, CarriesEveryQosBothWaysUnderThePrefix) {
    Collector seen;
    Client mqtt{options()};
    mqtt.topic<"number/<int:number>">(
        [&](const Message& message, std::int64_t number) {
            EXPECT_EQ(message.absolute_topic(), mqtt.options().prefix + "/number/" + std::to_string(number));
            seen.add(std::to_string(number) + " " + std::string{message.text()} + " " +
                     std::string{to_string(message.qos())});
        },
        {.qos = Qos::exactly_once, .name = "number_topic"});
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_connected(kPatience));
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    EXPECT_TRUE(mqtt.connected());
    for (int qos = 0; qos <= 2; ++qos) {
        const std::string topic = *mqtt.topic_for("number_topic", {{"number", qos}});
        EXPECT_EQ(topic, "number/" + std::to_string(qos));
        const Receipt receipt = mqtt.publish(topic, "payload", {.qos = Qos{static_cast<std::uint8_t>(qos)}});
        EXPECT_TRUE(receipt.wait(kPatience));
    }
    EXPECT_EQ(seen.wait_sorted(3),
              (Strings{"0 payload at_most_once", "1 payload at_least_once", "2 payload exactly_once"}));
    mqtt.close();
    EXPECT_EQ(mqtt.state(), State::stopped);
    EXPECT_TRUE(mqtt.publish("late", "").outcome()->error().is(Error::closed));
}

TEST_P(TransportTest, CarriesALargePayload) {
    // The WebSocket listener of Mosquitto 2.0 sends about 40 kB a second of a large message, to every client;
    // the tests of src/io carry 10 MiB over WebSocket.
    const Listener listener = std::get<0>(GetParam()).listener;
    const bool slow = listener == Listener::websocket || listener == Listener::secure_websocket;
    const std::size_t size = slow ? 64u * 1'024 : 10u * 1'024 * 1'024;
    Client mqtt{options()};
    Gate arrived;
    const auto payload = std::make_shared<const std::string>(size, 'x');
    mqtt.register_topic("large", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) {
            EXPECT_EQ(message.text(), *payload);
            arrived.open();
        });
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    const auto bytes = std::as_bytes(std::span{*payload});
    EXPECT_TRUE(
        mqtt.publish("large", Payload::shared(payload, bytes), {.qos = Qos::at_least_once}).wait(kPatience));
    EXPECT_TRUE(arrived.wait());
}

INSTANTIATE_TEST_SUITE_P(Ways, TransportTest,
                         testing::Combine(testing::Values(Way{"tcp", Listener::anonymous},
                                                          Way{"password", Listener::password},
                                                          Way{"tls", Listener::tls},
                                                          Way{"client_certificate", Listener::mutual_tls},
                                                          Way{"websocket", Listener::websocket},
                                                          Way{"secure_websocket", Listener::secure_websocket},
                                                          Way{"unix_socket", Listener::unix_socket}),
                                          versions()),
                         [](const auto& row) {
                             return std::string{std::get<0>(row.param).name} + "_" +
                                    name_of(std::get<1>(row.param));
                         });

}  // namespace
}  // namespace multimqtt::client
