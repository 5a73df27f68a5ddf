// One thread between the two sides of the tunnel.
#include "networks/packet_link.hpp"

#include "networks/own_network.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace multimqtt::test {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kPacketBytesMax = 65'536;
constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

struct Headers {
    iphdr ip;
    tcphdr tcp;
};

// False for what is no TCP over IPv4, such as the kernel's own attempts at IPv6.
bool read_headers(std::span<const std::byte> packet, Headers& headers) {
    if (packet.size() < sizeof headers.ip) {
        return false;
    }
    std::memcpy(&headers.ip, packet.data(), sizeof headers.ip);
    const std::size_t at = headers.ip.ihl * std::size_t{4};
    if (headers.ip.version != 4 || headers.ip.protocol != IPPROTO_TCP ||
        packet.size() < at + sizeof headers.tcp) {
        return false;
    }
    std::memcpy(&headers.tcp, packet.data() + at, sizeof headers.tcp);
    return true;
}

void exchange_addresses(std::span<std::byte> packet) {
    constexpr std::size_t kSourceAt = 12;
    constexpr std::size_t kAddressBytes = 4;
    std::byte* const source = packet.data() + kSourceAt;
    std::swap_ranges(source, source + kAddressBytes, source + kAddressBytes);
}

// Spec: RFC 1071.
std::size_t sum_of(const void* data, std::size_t size) {
    const auto* const bytes = static_cast<const unsigned char*>(data);
    std::size_t sum = 0;
    for (std::size_t i = 0; i + 1 < size; i += 2) {
        sum += (std::size_t{bytes[i]} << 8) | bytes[i + 1];
    }
    return sum;
}

std::uint16_t checksum_of(std::size_t sum) {
    while (sum > 0xFFFF) {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return htons(static_cast<std::uint16_t>(~sum));
}

// The answer of a machine that knows nothing of the connection. Spec: RFC 9293, section 3.5.2.
std::vector<std::byte> reset_for(const Headers& offending) {
    Headers answer{};
    answer.ip.version = 4;
    answer.ip.ihl = sizeof answer.ip / 4;
    answer.ip.tot_len = htons(sizeof answer.ip + sizeof answer.tcp);
    answer.ip.ttl = 64;
    answer.ip.protocol = IPPROTO_TCP;
    answer.ip.saddr = offending.ip.daddr;
    answer.ip.daddr = offending.ip.saddr;
    answer.ip.check = checksum_of(sum_of(&answer.ip, sizeof answer.ip));
    answer.tcp.source = offending.tcp.dest;
    answer.tcp.dest = offending.tcp.source;
    answer.tcp.seq = offending.tcp.ack_seq;
    answer.tcp.doff = sizeof answer.tcp / 4;
    answer.tcp.rst = 1;
    answer.tcp.check = checksum_of(sum_of(&answer.ip.saddr, 2 * sizeof answer.ip.saddr) + IPPROTO_TCP +
                                   sizeof answer.tcp + sum_of(&answer.tcp, sizeof answer.tcp));
    std::vector<std::byte> packet(sizeof answer.ip + sizeof answer.tcp);
    std::memcpy(packet.data(), &answer.ip, sizeof answer.ip);
    std::memcpy(packet.data() + sizeof answer.ip, &answer.tcp, sizeof answer.tcp);
    return packet;
}

void inject(std::span<const std::byte> packet) {
    // A full queue loses it, as a real link would.
    (void)!::write(OwnNetwork::tunnel(), packet.data(), packet.size());
}

}  // namespace

PacketLink::PacketLink(std::uint16_t broker_port, unsigned seed)
    : broker_port_{broker_port}, random_{seed}, wake_{::eventfd(0, EFD_CLOEXEC)} {
    if (wake_ < 0) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    thread_ = std::thread{[this] { run(); }};
}

PacketLink::~PacketLink() {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    ::close(wake_);
}

void PacketLink::set(const PacketFaults& faults) {
    const std::lock_guard lock{mutex_};
    faults_ = faults;
}

void PacketLink::black_hole() {
    black_hole_after(0);
}

void PacketLink::black_hole_after(std::size_t from_broker) {
    const std::lock_guard lock{mutex_};
    broker_packets_left_ = from_broker;
    if (from_broker == 0) {
        counts_.swallowed += under_way_.size();
        under_way_.clear();
    }
}

void PacketLink::heal() {
    const std::lock_guard lock{mutex_};
    broker_packets_left_ = kNever;
}

void PacketLink::strand() {
    forget_connections(Fate::stranded);
}

void PacketLink::power_cycle() {
    forget_connections(Fate::reset);
}

void PacketLink::forget_connections(Fate fate) {
    const std::lock_guard lock{mutex_};
    for (auto& [port, present] : connections_) {
        present = fate;
    }
    counts_.swallowed += under_way_.size();
    under_way_.clear();
}

PacketCounts PacketLink::counts() const {
    const std::lock_guard lock{mutex_};
    return counts_;
}

void PacketLink::run() {
    while (true) {
        int wait_ms = -1;
        {
            const std::lock_guard lock{mutex_};
            const Time now = std::chrono::steady_clock::now();
            send_due(now);
            if (!under_way_.empty()) {
                const auto left = under_way_.begin()->first - now;
                wait_ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
            }
        }
        std::array<pollfd, 2> waiting{{{OwnNetwork::tunnel(), POLLIN, 0}, {wake_, POLLIN, 0}}};
        ::poll(waiting.data(), waiting.size(), wait_ms);
        if (waiting[1].revents != 0) {
            return;
        }
        if (waiting[0].revents != 0) {
            const std::lock_guard lock{mutex_};
            take_all();
        }
    }
}

void PacketLink::take_all() {
    std::array<std::byte, kPacketBytesMax> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const Time now = std::chrono::steady_clock::now();
    while (true) {
        const ssize_t size = ::read(OwnNetwork::tunnel(), buffer.data(), buffer.size());
        if (size <= 0) {
            return;
        }
        take({buffer.data(), static_cast<std::size_t>(size)}, now);
    }
}

void PacketLink::take(std::span<std::byte> packet, Time now) {
    Headers headers{};
    if (!read_headers(packet, headers) || ntohl(headers.ip.daddr) != OwnNetwork::kFarAddress) {
        return;
    }
    const bool from_broker = ntohs(headers.tcp.source) == broker_port_;
    if (!from_broker && ntohs(headers.tcp.dest) != broker_port_) {
        return;  // Of a link before this one.
    }
    const std::uint16_t client_port = ntohs(from_broker ? headers.tcp.dest : headers.tcp.source);
    Fate& fate = connections_[client_port];
    if (!from_broker && headers.tcp.syn != 0) {
        fate = Fate::carried;  // A new connection, perhaps from a port that one of before had.
    }
    if (broker_packets_left_ == 0 || fate == Fate::stranded || (fate == Fate::reset && from_broker)) {
        ++counts_.swallowed;
        return;
    }
    if (fate == Fate::reset) {
        if (headers.tcp.rst == 0) {
            ++counts_.reset;
            inject(reset_for(headers));
        }
        return;
    }
    if (from_broker && broker_packets_left_ != kNever) {
        --broker_packets_left_;
    }
    std::uniform_int_distribution<unsigned> percent{0, 99};
    if (percent(random_) < faults_.lost_percent) {
        ++counts_.lost;
        return;
    }
    exchange_addresses(packet);
    const bool doubled = percent(random_) < faults_.doubled_percent;
    counts_.doubled += doubled ? 1 : 0;
    for (int copy = 0; copy < (doubled ? 2 : 1); ++copy) {
        const microseconds delay{std::uniform_int_distribution<microseconds::rep>{
            faults_.delay_min.count(), faults_.delay_max.count()}(random_)};
        const auto place = under_way_.emplace(now + delay, Packet{packet.begin(), packet.end()});
        counts_.overtaken += std::next(place) != under_way_.end() ? 1 : 0;
    }
}

void PacketLink::send_due(Time now) {
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
        inject(under_way_.begin()->second);
        ++counts_.carried;
        under_way_.erase(under_way_.begin());
    }
}

}  // namespace multimqtt::test
