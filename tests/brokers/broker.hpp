// One real broker under test, whichever it is.
#pragma once

#include "brokers/capabilities.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace multimqtt::brokers {

/// A private broker on a free loopback port; its destructor leaves no process and no file behind.
///
/// Errors: a broker that cannot be started throws `std::runtime_error` with its log.
/// Threads: one thread at a time.
class Broker {
public:
    Broker() = default;
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    virtual ~Broker() = default;

    /// Starts the broker, on the port it had before if it had one, and returns when it accepts connections.
    virtual void start() = 0;
    /// Ends the broker in order.
    virtual void stop() = 0;
    /// Ends the broker at once, as a power failure would.
    virtual void kill() = 0;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// What the broker itself says its version is.
    [[nodiscard]] virtual std::string version() const = 0;
    /// Everything the broker has printed since its first start.
    [[nodiscard]] virtual std::string log() const = 0;

    [[nodiscard]] std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port()); }
};

/// One broker that the suite knows, and what is known about it.
struct BrokerKind {
    std::string_view id;        ///< In names of tests and folders: "rabbitmq".
    std::string_view name;      ///< As its makers write it: "RabbitMQ".
    std::string_view origin;    ///< Where this one comes from: "Debian package `rabbitmq-server`".
    std::string_view settings;  ///< What has to be set for it to do what the table says.
    std::span<const Limit> limits;
    bool qos_2_acknowledged = true;  ///< Whether a message of QoS 2 is answered at all.
    bool topic_aliases = true;       ///< Whether a client may let it use them.
    bool (*installed)();             ///< Whether `./run test` has set it up.
    std::unique_ptr<Broker> (*make)();

    [[nodiscard]] const Limit* limit(Feature feature) const noexcept {
        const auto found = std::ranges::find(limits, feature, &Limit::feature);
        return found == limits.end() ? nullptr : &*found;
    }
    [[nodiscard]] bool can(Feature feature) const noexcept {
        return limit(feature) == nullptr && (!of_version_5(feature) || limit(Feature::version_5) == nullptr);
    }
};

extern const BrokerKind kMosquitto;
extern const BrokerKind kRabbitMq;
extern const BrokerKind kNats;
extern const BrokerKind kAedes;
extern const BrokerKind kMochi;

/// All of them, in the order of the table in docs/brokers.md.
[[nodiscard]] std::span<const BrokerKind* const> broker_kinds() noexcept;

}  // namespace multimqtt::brokers
