// NATS with JetStream, which keeps the state of its MQTT clients.
#include "brokers/launched_broker.hpp"

namespace multimqtt::brokers {
namespace {

std::filesystem::path program() {
    return installation_of("nats") / "usr" / "sbin" / "nats-server";
}

class NatsBroker : public LaunchedBroker {
public:
    NatsBroker() : LaunchedBroker{{.ports = 2, .ready = "Server is ready", .version = "Version: +(\\S+)"}} {}

protected:
    void configure() const override {
        write("nats.conf", "listen: \"127.0.0.1:" + std::to_string(port(1)) +
                               "\"\n"
                               "server_name: \"multimqtt\"\n"
                               "max_payload: 16MB\n"
                               "jetstream { store_dir: \"" +
                               (folder() / "state").string() +
                               "\" }\n"
                               "mqtt { host: \"127.0.0.1\", port: " +
                               std::to_string(port(0)) + ", max_ack_pending: 1024, ack_wait: \"2s\" }\n");
    }
    [[nodiscard]] std::vector<Command> commands() const override {
        return {{.arguments = {program().string(), "-c", (folder() / "nats.conf").string()}}};
    }
};

constexpr Limit kLimits[] = {
    {Feature::version_5, "refuses the version in CONNACK"},
    {Feature::qos_2, "grants QoS 1"},
    {Feature::qos_2_publish, "closes the connection"},
    {Feature::dots_taken, "closes the connection"},
    {Feature::dots, "closes the connection"},
    {Feature::redelivery, "not before `ack_wait`, 30 s, has passed"},
    {Feature::shared_subscriptions, "takes the filter literally: nothing arrives"},
};

}  // namespace

const BrokerKind kNats{
    .id = "nats",
    .name = "NATS",
    .origin = "Go, Debian package `nats-server`",
    .settings = "JetStream with a `store_dir`; `max_payload`; `ack_wait` and `max_ack_pending` of `mqtt`",
    .limits = kLimits,
    .qos_2_acknowledged = false,
    .installed = [] { return std::filesystem::exists(program()); },
    .make = []() -> std::unique_ptr<Broker> { return std::make_unique<NatsBroker>(); },
};

}  // namespace multimqtt::brokers
