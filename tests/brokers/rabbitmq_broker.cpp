// RabbitMQ with its MQTT plugin: an Erlang node that nobody else can find.
#include "brokers/launched_broker.hpp"

#include <stdexcept>

namespace multimqtt::brokers {
namespace {

namespace fs = std::filesystem;

// The one entry of `folder` whose name begins with `start`.
fs::path child_of(const fs::path& folder, std::string_view start) {
    for (const auto& entry : fs::directory_iterator{folder}) {
        if (entry.path().filename().string().starts_with(start)) {
            return entry.path();
        }
    }
    throw std::runtime_error("There is no " + std::string{start} + "* in " + folder.string() + ".");
}

fs::path erlang() {
    return installation_of("rabbitmq") / "usr" / "lib" / "erlang";
}

class RabbitMqBroker : public LaunchedBroker {
public:
    RabbitMqBroker()
        : LaunchedBroker{
              {.ports = 2, .ready = "started MQTT TCP listener", .version = "Starting RabbitMQ (\\S+)"}} {}

protected:
    void configure() const override {
        write("enabled_plugins", "[rabbitmq_mqtt].\n");
        write("rabbitmq.conf",
              "listeners.tcp = none\n"
              "mqtt.listeners.tcp.1 = 127.0.0.1:" +
                  std::to_string(port(0)) +
                  "\n"
                  "mqtt.allow_anonymous = true\n"
                  "mqtt.prefetch = 1000\n"
                  "log.console = true\n");
    }

    // The port mapper that Erlang nodes register with is one of our own, on a port of its own. The node
    // itself does not listen for other nodes.
    [[nodiscard]] std::vector<Command> commands() const override {
        const fs::path programs = child_of(erlang(), "erts-") / "bin";
        const fs::path home =
            child_of(installation_of("rabbitmq") / "usr" / "lib" / "rabbitmq" / "lib", "rabbitmq_server-");
        const std::string plugins = (home / "plugins").string();
        const std::string state = folder().string();
        const std::string mapper_port = std::to_string(port(1));
        return {
            {.arguments = {(programs / "epmd").string(), "-port", mapper_port, "-address", "127.0.0.1"}},
            {.arguments = {(programs / "erlexec").string(),
                           "-noinput",
                           "-s",
                           "rabbit",
                           "boot",
                           "-boot",
                           "start_sasl",
                           "+W",
                           "w",
                           "+Bi",
                           "-syslog",
                           "logger",
                           "[]",
                           "-syslog",
                           "syslog_error_logger",
                           "false",
                           "-kernel",
                           "prevent_overlapping_partitions",
                           "false",
                           "-start_epmd",
                           "false",
                           "-dist_listen",
                           "false"},
             .environment = {{"HOME", state},
                             {"LANG", "C.UTF-8"},
                             {"PATH", (erlang() / "bin").string() + ":/usr/bin:/bin"},
                             {"ROOTDIR", erlang().string()},
                             {"BINDIR", programs.string()},
                             {"EMU", "beam"},
                             {"PROGNAME", "erl"},
                             {"ERL_LIBS", plugins},
                             {"ERL_EPMD_PORT", mapper_port},
                             {"ERL_EPMD_ADDRESS", "127.0.0.1"},
                             {"ERL_CRASH_DUMP_SECONDS", "0"},
                             {"SYS_PREFIX", state},
                             {"RABBITMQ_NODENAME", "multimqtt" + mapper_port + "@localhost"},
                             {"RABBITMQ_HOME", home.string()},
                             {"RABBITMQ_PLUGINS_DIR", plugins},
                             {"RABBITMQ_CONFIG_FILE", state + "/rabbitmq.conf"},
                             {"RABBITMQ_ADVANCED_CONFIG_FILE", state + "/advanced.config"},
                             {"RABBITMQ_CONF_ENV_FILE", state + "/rabbitmq-env.conf"},
                             {"RABBITMQ_ENABLED_PLUGINS_FILE", state + "/enabled_plugins"},
                             {"RABBITMQ_GENERATED_CONFIG_DIR", state + "/generated"},
                             {"RABBITMQ_MNESIA_BASE", state + "/state"},
                             {"RABBITMQ_LOG_BASE", state + "/logs"},
                             {"RABBITMQ_LOGS", "-"},
                             {"RABBITMQ_PID_FILE", state + "/pid"}}},
        };
    }
};

constexpr Limit kLimits[] = {
    {Feature::version_5, "refuses the version in CONNACK"},
    {Feature::qos_2, "grants QoS 1"},
    {Feature::qos_2_publish, "answers with PUBACK, as if it were QoS 1"},
    {Feature::retained_wildcards, "sends none"},
    {Feature::dots, "turns the dot into a slash"},
    {Feature::publisher_session, "starts a new one, so that QoS 2 may arrive twice"},
    {Feature::shared_subscriptions, "takes the filter literally: nothing arrives"},
};

}  // namespace

const BrokerKind kRabbitMq{
    .id = "rabbitmq",
    .name = "RabbitMQ",
    .origin = "Erlang, Debian package `rabbitmq-server`",
    .settings = "the plugin `rabbitmq_mqtt`; `mqtt.prefetch`",
    .limits = kLimits,
    .installed = [] { return fs::exists(erlang()); },
    .make = []() -> std::unique_ptr<Broker> { return std::make_unique<RabbitMqBroker>(); },
};

}  // namespace multimqtt::brokers
