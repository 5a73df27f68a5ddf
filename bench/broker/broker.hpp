// The bench broker: counts, acknowledges, floods or echoes, and does nothing else.
#pragma once

#include "connection.hpp"
#include "packets.hpp"
#include "sequence.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace bench {

/// What the broker does in this run.
enum class Mode : std::uint8_t {
    sink,  ///< Counts what arrives; it answers QoS 1 and 2 too, so this is `acknowledge` by another name.
    acknowledge,  ///< PUBACK, PUBREC and PUBCOMP for all that arrived in one read, in one write.
    flood,        ///< After a SUBSCRIBE, numbered messages as fast as the socket or the window takes them.
    echo,         ///< Each PUBLISH to each subscriber with a filter that matches.
};

struct Options {
    Mode mode = Mode::sink;
    FloodPlan plan;
    /// A run that makes no progress for so long is reported as it stands.
    int patience_s = 10;
    /// PEM files; empty: no TLS.
    std::string certificate_file;
    std::string key_file;
};

/// Serves any number of connections in the calling thread.
class Broker {
public:
    explicit Broker(Options options);
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    /// The loopback port, chosen by the system.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// Serves until the process is ended from outside; prints one line of JSON when the run is complete.
    void serve();

private:
    void accept_all();
    void serve_connection(int socket, std::uint32_t events);
    void close_connection(int socket);
    void watch(Connection& connection, bool was_waiting) const;

    [[nodiscard]] bool handle_input(Connection& connection);
    [[nodiscard]] bool handle(Connection& connection, const Frame& frame);
    [[nodiscard]] bool handle_connect(Connection& connection, const Frame& frame);
    [[nodiscard]] bool handle_publish(Connection& connection, const Frame& frame);
    [[nodiscard]] bool handle_subscribe(Connection& connection, const Frame& frame);
    void handle_unsubscribe(Connection& connection, const Frame& frame);
    void echo(const Publish& publish);
    void flush_others(const Connection& current);
    void report_if_complete();
    void report();

    Options options_;
    TlsServer tls_;
    Sequence sequence_;
    int epoll_ = -1;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    bool reported_ = false;
    bool forwarded_ = false;
    Clock::time_point last_progress_{};
    Connection* flooded_ = nullptr;
    std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace bench
