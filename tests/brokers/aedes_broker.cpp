// aedes, the broker for Node.js that other programs embed.
#include "brokers/launched_broker.hpp"

namespace multimqtt::brokers {
namespace {

class AedesBroker : public LaunchedBroker {
public:
    AedesBroker() : LaunchedBroker{{.ready = "aedes \\S+ listens", .version = "aedes (\\S+) listens"}} {}

protected:
    void configure() const override {}
    [[nodiscard]] std::vector<Command> commands() const override {
        const std::filesystem::path installation = installation_of("aedes");
        return {
            {.arguments = {(installation / "node").string(), MULTIMQTT_BROKERS_SOURCES "/aedes/broker.mjs",
                           installation.string(), std::to_string(port(0))}}};
    }
};

constexpr Limit kLimits[] = {
    {Feature::version_5, "refuses the version in CONNACK"},
    {Feature::retained_kept, "forgets them: its state is in memory"},
    {Feature::session_kept, "forgets them: its state is in memory"},
    {Feature::dup, "sends them as if for the first time"},
    {Feature::publisher_session, "starts a new one, so that QoS 2 may arrive twice"},
    {Feature::shared_subscriptions, "takes the filter literally: nothing arrives"},
};

}  // namespace

const BrokerKind kAedes{
    .id = "aedes",
    .name = "aedes",
    .origin = "JavaScript, npm package `aedes`",
    .settings = "`queueLimit`",
    .limits = kLimits,
    .installed = [] { return std::filesystem::exists(installation_of("aedes") / "node_modules" / "aedes"); },
    .make = []() -> std::unique_ptr<Broker> { return std::make_unique<AedesBroker>(); },
};

}  // namespace multimqtt::brokers
