// One thread that forwards all connections.
#include "support/fault_proxy.hpp"

#include "support/loopback.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace multimqtt::test {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1'024;
/// How soon `cut` and the destructor are seen.
constexpr int kPollMilliseconds = 2;

}  // namespace

/// One direction: read here, and waits to be written there.
struct FaultProxy::Pipe {
    std::array<char, kBufferBytes> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool ended = false;

    [[nodiscard]] bool empty() const noexcept { return begin == end; }
    // False when the connection is gone.
    bool read(int from) {
        const ssize_t count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0) {
            return errno == EAGAIN;
        }
        begin = 0;
        end = static_cast<std::size_t>(count);
        ended = count == 0;
        return true;
    }
    bool write(int to, std::size_t bytes_max, std::size_t& written) {
        const std::size_t size = std::min(end - begin, bytes_max);
        const ssize_t count = ::send(to, buffer.data() + begin, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0) {
            return errno == EAGAIN;
        }
        begin += static_cast<std::size_t>(count);
        written = static_cast<std::size_t>(count);
        return true;
    }
};

struct FaultProxy::Link {
    int client = -1;
    int broker = -1;
    std::size_t bytes_left = std::numeric_limits<std::size_t>::max();
    bool gone = false;
    bool stranded = false;
    Pipe up{};
    Pipe down{};
};

FaultProxy::FaultProxy(std::uint16_t target_port, unsigned seed) : target_port_{target_port}, random_{seed} {
    listener_ = listen_on_loopback(port_);
    thread_ = std::thread{[this] { run(); }};
}

FaultProxy::~FaultProxy() {
    ending_ = true;
    thread_.join();
    ::close(listener_);
}

void FaultProxy::cut_after(std::size_t bytes_min, std::size_t bytes_max) {
    const std::lock_guard lock{mutex_};
    bytes_min_ = bytes_min;
    bytes_max_ = bytes_max;
    if (bytes_max == 0) {
        for (Link& link : links_) {
            link.bytes_left = std::numeric_limits<std::size_t>::max();
        }
    }
}

void FaultProxy::take_connection() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {
        return;
    }
    const int broker = connect_to_loopback(target_port_);
    if (broker < 0) {
        reset_and_close(client);
        return;
    }
    ++connections_;
    Link& link = links_.emplace_back();
    link.client = client;
    link.broker = broker;
    if (bytes_max_ != 0) {
        link.bytes_left = std::uniform_int_distribution<std::size_t>{bytes_min_, bytes_max_}(random_);
    }
}

void FaultProxy::forward(Link& link, short client_events, short broker_events) {
    const auto move = [&link](Pipe& pipe, int from, short from_events, int to, short to_events) {
        constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
        if (pipe.empty() && !pipe.ended && (from_events & kReadable) != 0 && !pipe.read(from)) {
            link.gone = true;
        }
        std::size_t written = 0;
        if (!pipe.empty() && (to_events & (POLLERR | POLLNVAL)) != 0) {
            link.gone = true;
        } else if (!pipe.empty() && !pipe.write(to, link.bytes_left, written)) {
            link.gone = true;
        }
        if (link.bytes_left != std::numeric_limits<std::size_t>::max()) {
            link.bytes_left -= written;
        }
        link.gone = link.gone || link.bytes_left == 0 || (pipe.ended && pipe.empty());
    };
    move(link.up, link.client, client_events, link.broker, broker_events);
    move(link.down, link.broker, broker_events, link.client, client_events);
}

void FaultProxy::run() {
    std::vector<pollfd> waiting;
    while (!ending_) {
        waiting.assign(1, {listener_, POLLIN, 0});
        const bool starving = starving_;
        for (const Link& link : links_) {
            if (starving || link.stranded) {
                waiting.push_back({-1, 0, 0});
                waiting.push_back({-1, 0, 0});
                continue;
            }
            const auto events = [](const Pipe& in, const Pipe& out) {
                return static_cast<short>((in.empty() && !in.ended ? POLLIN : 0) |
                                          (out.empty() ? 0 : POLLOUT));
            };
            waiting.push_back({link.client, events(link.up, link.down), 0});
            waiting.push_back({link.broker, events(link.down, link.up), 0});
        }
        ::poll(waiting.data(), waiting.size(), kPollMilliseconds);
        const std::lock_guard lock{mutex_};
        const bool cut_all = cut_all_.exchange(false);
        const bool strand_all = strand_all_.exchange(false);
        std::size_t index = 1;
        for (Link& link : links_) {
            if (waiting[index].fd >= 0) {
                forward(link, waiting[index].revents, waiting[index + 1].revents);
            }
            index += 2;
            link.stranded = link.stranded || strand_all;
            link.gone = link.gone || cut_all;
        }
        links_.remove_if([](const Link& link) {
            if (link.gone) {
                reset_and_close(link.client);
                reset_and_close(link.broker);
            }
            return link.gone;
        });
        if ((waiting[0].revents & POLLIN) != 0) {
            take_connection();
        }
    }
    for (const Link& link : links_) {
        reset_and_close(link.client);
        reset_and_close(link.broker);
    }
    links_.clear();
}

}  // namespace multimqtt::test
