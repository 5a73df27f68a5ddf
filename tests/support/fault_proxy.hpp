// A TCP proxy on loopback that cuts connections or lets them starve, for C++ tests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <random>
#include <thread>

namespace multimqtt::test {

/// Forwards connections to a port of 127.0.0.1; resets them, or forwards nothing any more, when told to.
///
/// Threads: any.
class FaultProxy {
public:
    FaultProxy(std::uint16_t target_port, unsigned seed);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] unsigned connections() const noexcept { return connections_; }

    /// Resets every open connection, on both sides.
    void cut() noexcept { cut_all_ = true; }
    /// Resets each new connection after a random number of forwarded bytes, from min to max.
    void cut_after(std::size_t bytes_min, std::size_t bytes_max);
    /// Ends `cut_after`, for new connections and for the open ones.
    void cut_never() { cut_after(0, 0); }

    /// Forwards nothing from now on, on open connections and new ones, and keeps them open. `heal` ends it.
    void starve() noexcept { starving_ = true; }
    void heal() noexcept { starving_ = false; }
    /// Forwards nothing any more on the connections that are open now, for ever.
    void strand() noexcept { strand_all_ = true; }

private:
    struct Pipe;
    struct Link;

    void run();
    void take_connection();
    void forward(Link& link, short client_events, short broker_events);

    const std::uint16_t target_port_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<unsigned> connections_{0};
    std::atomic<bool> cut_all_{false};
    std::atomic<bool> starving_{false};
    std::atomic<bool> strand_all_{false};
    std::atomic<bool> ending_{false};
    std::mutex mutex_;
    std::mt19937 random_;
    std::size_t bytes_min_ = 0;
    std::size_t bytes_max_ = 0;  // 0: never.
    std::list<Link> links_;
    std::thread thread_;
};

}  // namespace multimqtt::test
