// bench_socket_limit: what the sockets allow when nothing of a client is in the way: fixed packets, no
// routing, no session. It has the command line of the peers' drivers.
#include "arguments.hpp"
#include "packets.hpp"
#include "sequence.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace bench;

constexpr std::size_t kChunkBytes = 32 * 1024;
constexpr std::size_t kReadBytes = 128 * 1024;

/// A blocking socket with a receive buffer.
class Link {
public:
    explicit Link(std::uint16_t port)
        : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}, buffer_(kReadBytes) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (socket_ < 0 || ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
            throw std::system_error(errno, std::generic_category(), "connect to the broker");
        }
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ~Link() { ::close(socket_); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) throw std::system_error(errno, std::generic_category(), "write to the broker");
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// Reads once, then calls `take(frame)` for each whole packet.
    template <typename Take>
    void read(Take&& take) {
        const ssize_t received = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
        if (received <= 0) throw std::system_error(errno, std::generic_category(), "read from the broker");
        end_ += static_cast<std::size_t>(received);
        std::size_t used = 0;
        Frame frame;
        while (next_frame(buffer_.data() + used, end_ - used, frame) == FrameState::complete) {
            take(frame);
            used += frame.total_bytes;
        }
        if (used == 0 && end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(used),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= used;
    }

    [[nodiscard]] int socket() const noexcept { return socket_; }

    void await(PacketType type) {
        for (bool found = false; !found;) {
            read([&](const Frame& frame) { found = found || frame.type() == type; });
        }
    }

private:
    int socket_;
    std::size_t end_ = 0;
    std::vector<std::uint8_t> buffer_;
};

void open_session(Link& link) {
    std::string connect{"\x10\x12\0\4MQTT\4\2\0\x3C\0\6bench0", 20};
    link.write(connect);
    link.await(PacketType::connack);
}

/// The packet that the run publishes, and where its number stands.
struct Template {
    explicit Template(const Run& run) : payload_at{0} {
        const std::string payload(run.payload_bytes, 'x');
        Publish publish;
        publish.topic = run.topic;
        publish.payload = payload;
        publish.qos = run.qos();
        append_publish(packet, publish, false);
        payload_at = packet.size() - run.payload_bytes;
    }

    void append(std::string& out, std::uint64_t number, std::uint16_t packet_id) const {
        const std::size_t at = out.size();
        out += packet;
        store_number(out.data() + at + payload_at, number);
        if (packet_id == 0) return;
        out[at + payload_at - 2] = static_cast<char>(packet_id >> 8);
        out[at + payload_at - 1] = static_cast<char>(packet_id & 0xFF);
    }

    std::string packet;
    std::size_t payload_at;
};

/// A buffer that one thread fills while another writes what was in it before.
class Row {
public:
    /// Encodes up to a chunk; waits first while several wait to be written.
    void encode(const Template& packet, std::uint64_t& number, std::uint64_t count) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return buffer_.size() < kRowBytes; });
        const bool was_empty = buffer_.empty();
        for (const std::size_t end = buffer_.size() + kChunkBytes; buffer_.size() < end && number < count;)
            packet.append(buffer_, number++, 0);
        if (was_empty) changed_.notify_one();
    }

    /// Waits until there is something to write, and takes all of it.
    void swap(std::string& buffer) {
        buffer.clear();
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return !buffer_.empty(); });
        const bool was_full = buffer_.size() >= kRowBytes;
        buffer.swap(buffer_);
        if (was_full) changed_.notify_one();
    }

private:
    static constexpr std::size_t kRowBytes = 8 * kChunkBytes;

    std::string buffer_;
    std::mutex mutex_;
    std::condition_variable changed_;
};

void publish_without_acknowledgement(const Run& run, Link& link) {
    const Template packet{run};
    Row row;
    const auto started = Clock::now();
    std::thread encoder{[&] {
        for (std::uint64_t number = 0; number < run.count;) row.encode(packet, number, run.count);
    }};
    std::string buffer;
    for (std::uint64_t left = run.count * packet.packet.size(); left > 0; left -= buffer.size()) {
        row.swap(buffer);
        for (std::string_view rest = buffer; !rest.empty();
             rest.remove_prefix(std::min(kChunkBytes, rest.size())))
            link.write(rest.substr(0, kChunkBytes));
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    encoder.join();
    print_report(run, run.count, seconds, 0);
}

/// The buffer between the thread that encodes and the one that writes, and the window between them.
class Exchange {
public:
    explicit Exchange(std::uint64_t window) : window_{window}, wake_up_{::eventfd(0, EFD_CLOEXEC)} {
        if (wake_up_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~Exchange() { ::close(wake_up_); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Waits until half of the window is free, then encodes up to its end.
    void encode(const Template& packet, std::uint64_t& number, std::uint64_t count) {
        std::unique_lock lock{mutex_};
        room_.wait(lock, [&] { return number - acknowledged_ <= window_ / 2; });
        for (const std::uint64_t end = std::min(count, acknowledged_ + window_); number < end; ++number) {
            packet.append(buffer_, number, static_cast<std::uint16_t>(number % 65535 + 1));
        }
        lock.unlock();
        const std::uint64_t one = 1;
        if (::write(wake_up_, &one, sizeof one) < 0)
            throw std::system_error(errno, std::generic_category(), "write");
    }

    /// Takes what has been encoded; tells how far the acknowledgements have come.
    void swap(std::string& buffer, std::uint64_t acknowledged) {
        buffer.clear();
        const std::lock_guard lock{mutex_};
        buffer.swap(buffer_);
        acknowledged_ = acknowledged;
        room_.notify_one();
    }

    void clear_wake_up() const {
        std::uint64_t ignored = 0;
        if (::read(wake_up_, &ignored, sizeof ignored) < 0)
            throw std::system_error(errno, std::generic_category(), "read");
    }
    [[nodiscard]] int wake_up() const noexcept { return wake_up_; }

private:
    std::uint64_t window_;
    std::uint64_t acknowledged_ = 0;
    int wake_up_;
    std::string buffer_;
    std::mutex mutex_;
    std::condition_variable room_;
};

/// One thread encodes what the window allows; another reads acknowledgements, swaps buffers and writes.
void publish_with_acknowledgement(const Run& run, Link& link) {
    const Template packet{run};
    Exchange exchange{run.window};
    Sequence sequence{run.count, run.warmup};
    std::thread encoder{[&] {
        for (std::uint64_t number = 0; number < run.count;) exchange.encode(packet, number, run.count);
    }};
    std::string buffer;
    std::uint64_t next = 0;
    std::array<pollfd, 2> sources{pollfd{link.socket(), POLLIN, 0}, pollfd{exchange.wake_up(), POLLIN, 0}};
    while (!sequence.complete()) {
        if (::poll(sources.data(), sources.size(), -1) < 0)
            throw std::system_error(errno, std::generic_category(), "poll");
        if (sources[1].revents != 0) exchange.clear_wake_up();
        if (sources[0].revents != 0) {
            link.read([&](const Frame& frame) {
                if (frame.type() == PacketType::puback && load_u16(frame.body) == next % 65535 + 1) {
                    sequence.arrived(next++);
                }
            });
        }
        exchange.swap(buffer, next);
        link.write(buffer);
    }
    encoder.join();
    print_report(run, sequence.timed(), sequence.seconds(), sequence.lost(), sequence.duplicates());
}

void receive(const Run& run, Link& link) {
    std::string subscribe;
    subscribe.push_back(static_cast<char>(0x82));
    append_variable(subscribe, 2 + 2 + run.filter.size() + 1);
    append_u16(subscribe, 1);
    append_text(subscribe, run.filter);
    subscribe.push_back(static_cast<char>(run.qos()));
    link.write(subscribe);
    Sequence sequence{run.count, run.warmup};
    std::string answers;
    while (!sequence.complete()) {
        link.read([&](const Frame& frame) {
            Publish publish;
            if (frame.type() != PacketType::publish || !read_publish(frame, false, publish)) return;
            sequence.arrived(publish.payload.data(), publish.payload.size());
            if (publish.qos == 1) append_answer(answers, PacketType::puback, publish.packet_id);
        });
        if (!answers.empty()) link.write(answers);
        answers.clear();
    }
    print_report(run, sequence.timed(), sequence.seconds(), sequence.lost(), sequence.duplicates());
}

void measure(const Run& run) {
    Link link{run.port};
    open_session(link);
    if (run.mode == "publish0") {
        publish_without_acknowledgement(run, link);
    } else if (run.mode == "publish1") {
        publish_with_acknowledgement(run, link);
    } else if (run.receives()) {
        receive(run, link);
    } else {
        throw std::invalid_argument("this program does not measure " + run.mode);
    }
}

}  // namespace

int main(int argument_count, char** arguments) {
    try {
        measure(Run{Arguments{argument_count, arguments}});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_socket_limit: %s\n", error.what());
        return 2;
    }
}
