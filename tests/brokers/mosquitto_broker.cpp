// Mosquitto, which all other tests use too.
#include "brokers/broker.hpp"
#include "support/mosquitto.hpp"

#include <regex>

namespace multimqtt::brokers {
namespace {

class MosquittoBroker : public Broker {
public:
    void start() override { broker_.start(); }
    void stop() override { broker_.stop(); }
    void kill() override { broker_.kill(); }
    [[nodiscard]] std::uint16_t port() const override { return broker_.port(test::Listener::anonymous); }
    [[nodiscard]] std::string version() const override {
        const std::string logged = broker_.log();
        std::smatch match;
        return std::regex_search(logged, match, std::regex{"mosquitto version (\\S+)"})
                   ? match[1].str()
                   : "of unknown version";
    }
    [[nodiscard]] std::string log() const override { return broker_.log(); }

private:
    test::Mosquitto broker_{
        {.persistence = true, .settings = {{"max_queued_messages", "0"}, {"max_inflight_messages", "1000"}}}};
};

}  // namespace

const BrokerKind kMosquitto{
    .id = "mosquitto",
    .name = "Mosquitto",
    .origin = "C, Debian package `mosquitto`",
    .settings = "`persistence true`; `max_queued_messages 0`; `max_inflight_messages 1000`",
    .limits = {},
    .installed = [] { return true; },
    .make = []() -> std::unique_ptr<Broker> { return std::make_unique<MosquittoBroker>(); },
};

}  // namespace multimqtt::brokers
