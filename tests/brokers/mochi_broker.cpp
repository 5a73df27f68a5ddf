// mochi, a Go broker with MQTT 5.0 that shares nothing with Mosquitto.
#include "brokers/launched_broker.hpp"

namespace multimqtt::brokers {
namespace {

std::filesystem::path program() {
    return installation_of("mochi") / "mochi";
}

class MochiBroker : public LaunchedBroker {
public:
    MochiBroker() : LaunchedBroker{{.ready = "mochi \\S+ listens", .version = "mochi (\\S+) listens"}} {}

protected:
    void configure() const override {}
    [[nodiscard]] std::vector<Command> commands() const override {
        return {{.arguments = {program().string(), "-address", "127.0.0.1:" + std::to_string(port(0))}}};
    }
};

constexpr Limit kLimits[] = {
    {Feature::retained_kept, "forgets them: its state is in memory"},
    {Feature::session_kept, "forgets them: its state is in memory"},
    {Feature::kept_across_cuts, "now and then one is lost"},
    {Feature::offline_order, "sends them in another order"},
};

}  // namespace

const BrokerKind kMochi{
    .id = "mochi",
    .name = "mochi",
    .origin = "Go, module `github.com/mochi-mqtt/server/v2`",
    .settings = "`Options::topic_alias_maximum` 0: it uses aliases of earlier connections",
    .limits = kLimits,
    .topic_aliases = false,
    .installed = [] { return std::filesystem::exists(program()); },
    .make = []() -> std::unique_ptr<Broker> { return std::make_unique<MochiBroker>(); },
};

}  // namespace multimqtt::brokers
