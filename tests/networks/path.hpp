// The way from the clients of a test to its broker: a link of packets where that is allowed, else a proxy.
#pragma once

#include "networks/own_network.hpp"
#include "networks/packet_link.hpp"
#include "support/fault_proxy.hpp"
#include "support/mosquitto.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace multimqtt::test {

/// Threads: any.
class Path {
public:
    Path(std::uint16_t broker_port, unsigned seed) {
        if (OwnNetwork::tunnel() >= 0) {
            port_ = broker_port;
            packets_.emplace(broker_port, seed);
        } else {
            proxy_.emplace(broker_port, seed);
            port_ = proxy_->port();
        }
    }

    /// Where a broker has to listen so that a path leads to it.
    [[nodiscard]] static std::string broker_address() {
        return OwnNetwork::tunnel() >= 0 ? "0.0.0.0" : "127.0.0.1";
    }
    /// Where the clients find it.
    [[nodiscard]] std::string host_and_port() const {
        const std::string host = packets_ ? OwnNetwork::kFarHost : "127.0.0.1";
        return host + ":" + std::to_string(port_);
    }

    /// Nothing passes any more, and neither side is told. Without packets the kernel still takes what each
    /// side writes, as it does before a frozen broker.
    void black_hole() { packets_ ? packets_->black_hole() : proxy_->starve(); }
    void heal() { packets_ ? packets_->heal() : proxy_->heal(); }
    /// The same for the connections of now, for ever; new ones pass.
    void strand() { packets_ ? packets_->strand() : proxy_->strand(); }

    /// The link of packets, null where there is only the proxy.
    [[nodiscard]] PacketLink* packets() noexcept { return packets_ ? &*packets_ : nullptr; }
    /// The proxy, null where packets are in reach.
    [[nodiscard]] FaultProxy* proxy() noexcept { return proxy_ ? &*proxy_ : nullptr; }

private:
    std::uint16_t port_ = 0;
    std::optional<PacketLink> packets_;
    std::optional<FaultProxy> proxy_;
};

}  // namespace multimqtt::test
