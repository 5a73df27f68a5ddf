// The link of `OwnNetwork`, packet by packet: delayed, lost, doubled, reordered, or swallowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <span>
#include <thread>
#include <vector>

namespace multimqtt::test {

/// What befalls each packet, in both directions. A delay that varies changes the order.
struct PacketFaults {
    unsigned lost_percent = 0;
    unsigned doubled_percent = 0;
    std::chrono::microseconds delay_min{0};
    std::chrono::microseconds delay_max{0};
};

struct PacketCounts {
    std::uint64_t carried = 0, lost = 0, doubled = 0, overtaken = 0, swallowed = 0, reset = 0;
};

/// Carries the packets between the clients of this process and the one broker port behind the tunnel.
///
/// Threads: any; a thread of its own carries.
class PacketLink {
public:
    PacketLink(std::uint16_t broker_port, unsigned seed);
    ~PacketLink();
    PacketLink(const PacketLink&) = delete;
    PacketLink& operator=(const PacketLink&) = delete;

    void set(const PacketFaults& faults);
    /// Swallows everything from now on, without a word to either side. `heal` ends it.
    void black_hole();
    /// The same, after the broker has sent this many packets more.
    void black_hole_after(std::size_t from_broker);
    void heal();
    /// Swallows everything of the connections of now, for ever: as after a change of network, or of the
    /// address translation on the way. New connections pass.
    void strand();
    /// The broker's machine forgets the connections of now, as after a power failure: what the clients send
    /// on them is answered with a reset, and what the broker sends is swallowed.
    void power_cycle();
    [[nodiscard]] PacketCounts counts() const;

private:
    using Packet = std::vector<std::byte>;
    using Time = std::chrono::steady_clock::time_point;
    enum class Fate : std::uint8_t { carried, stranded, reset };

    void run();
    void take_all();
    void take(std::span<std::byte> packet, Time now);
    void send_due(Time now);
    void forget_connections(Fate fate);

    const std::uint16_t broker_port_;
    mutable std::mutex mutex_;
    std::mt19937 random_;
    PacketFaults faults_;
    PacketCounts counts_;
    std::size_t broker_packets_left_ = std::numeric_limits<std::size_t>::max();
    std::map<std::uint16_t, Fate> connections_;  // By the client's port.
    std::multimap<Time, Packet> under_way_;
    int wake_ = -1;  // Readable: end.
    std::thread thread_;
};

}  // namespace multimqtt::test
