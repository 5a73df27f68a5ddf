// The bench broker: counts, acknowledges, floods or echoes, and does nothing else.
#include "broker.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bench {

namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

const char* name_of(Mode mode) noexcept {
    constexpr std::array names{"sink", "acknowledge", "flood", "echo"};
    return names[static_cast<std::size_t>(mode)];
}

/// The Receive Maximum among the properties of a CONNECT; it is found by walking those before it.
std::uint16_t find_receive_maximum(const std::uint8_t* at, const std::uint8_t* end) {
    constexpr std::uint8_t kSessionExpiry = 0x11, kReceiveMaximum = 0x21, kPacketSizeMaximum = 0x27,
                           kTopicAliasMaximum = 0x22;
    while (end - at >= 2) {
        const std::uint8_t property = *at++;
        if (property == kReceiveMaximum && end - at >= 2) return load_u16(at);
        if (property == kSessionExpiry || property == kPacketSizeMaximum) {
            at += 4;
        } else if (property == kTopicAliasMaximum) {
            at += 2;
        } else if (property == 0x17 || property == 0x19) {
            at += 1;
        } else {
            break;
        }
    }
    return 65535;
}

}  // namespace

Broker::Broker(Options options)
    : options_{std::move(options)}, sequence_{options_.plan.count, options_.plan.warmup} {
    if (!options_.certificate_file.empty()) tls_ = TlsServer{options_.certificate_file, options_.key_file};
    listener_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    checked(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), "bind");
    checked(::listen(listener_, 64), "listen");
    checked(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    port_ = ntohs(address.sin_port);
    epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event), "epoll_ctl");
}

Broker::~Broker() {
    connections_.clear();
    ::close(listener_);
    ::close(epoll_);
}

void Broker::serve() {
    std::array<epoll_event, 64> events{};
    last_progress_ = Clock::now();
    while (true) {
        const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
        if (ready < 0 && errno != EINTR) checked(ready, "epoll_wait");
        if (ready <= 0) {
            const bool begun = sequence_.distinct() > 0 || flooded_ != nullptr;
            if (begun && Clock::now() - last_progress_ > std::chrono::seconds(options_.patience_s)) report();
            continue;
        }
        last_progress_ = Clock::now();
        for (int i = 0; i < ready; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            if (event.data.fd == listener_) {
                accept_all();
            } else {
                serve_connection(event.data.fd, event.events);
            }
        }
    }
}

void Broker::accept_all() {
    while (true) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = socket;
        checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
        connections_[socket] = std::make_unique<Connection>(socket, tls_);
    }
}

void Broker::serve_connection(int socket, std::uint32_t events) {
    const auto found = connections_.find(socket);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    const bool was_waiting = connection.waits_for_room;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        auto progress = Connection::Progress::some;
        while (progress == Connection::Progress::some) {
            progress = connection.receive();
            if (progress == Connection::Progress::closed || !handle_input(connection) ||
                connection.flush() == Connection::Progress::closed) {
                return close_connection(socket);
            }
        }
    } else if (connection.flush() == Connection::Progress::closed) {
        return close_connection(socket);
    }
    watch(connection, was_waiting);
    if (forwarded_) flush_others(connection);
    report_if_complete();
}

void Broker::flush_others(const Connection& current) {
    forwarded_ = false;
    std::vector<int> broken;
    for (auto& [socket, connection] : connections_) {
        if (connection.get() == &current || connection->output.empty()) continue;
        const bool was_waiting = connection->waits_for_room;
        if (connection->flush() == Connection::Progress::closed) broken.push_back(socket);
        watch(*connection, was_waiting);
    }
    for (const int socket : broken) close_connection(socket);
}

void Broker::watch(Connection& connection, bool was_waiting) const {
    if (connection.waits_for_room == was_waiting) return;
    epoll_event event{};
    event.events = connection.waits_for_room ? std::uint32_t{EPOLLIN | EPOLLOUT} : std::uint32_t{EPOLLIN};
    event.data.fd = connection.socket();
    checked(::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket(), &event), "epoll_ctl");
}

void Broker::close_connection(int socket) {
    const Connection& connection = *connections_.at(socket);
    report_if_complete();
    // A client that has taken part and leaves early ends the run.
    if (connection.published > 0 || &connection == flooded_) report();
    if (&connection == flooded_) flooded_ = nullptr;
    connections_.erase(socket);
}

bool Broker::handle_input(Connection& connection) {
    const auto [data, size] = connection.input();
    std::size_t used = 0;
    Frame frame;
    FrameState state = next_frame(data, size, frame);
    while (state == FrameState::complete) {
        if (!handle(connection, frame)) return false;
        used += frame.total_bytes;
        state = next_frame(data + used, size - used, frame);
    }
    connection.drop_input(used);
    return state == FrameState::incomplete;
}

bool Broker::handle(Connection& connection, const Frame& frame) {
    switch (frame.type()) {
        case PacketType::publish:
            return handle_publish(connection, frame);
        case PacketType::connect:
            return handle_connect(connection, frame);
        case PacketType::puback:
        case PacketType::pubcomp:
            if (frame.body_bytes < 2) return false;
            if (connection.flood) connection.flood->acknowledged(load_u16(frame.body));
            return true;
        case PacketType::pubrec:
            if (frame.body_bytes < 2) return false;
            append_answer(connection.output, PacketType::pubrel, load_u16(frame.body));
            return true;
        case PacketType::pubrel:
            if (frame.body_bytes < 2) return false;
            append_answer(connection.output, PacketType::pubcomp, load_u16(frame.body));
            return true;
        case PacketType::subscribe:
            return handle_subscribe(connection, frame);
        case PacketType::unsubscribe:
            if (frame.body_bytes < 2) return false;
            handle_unsubscribe(connection, frame);
            return true;
        case PacketType::pingreq:
            connection.output.append("\xD0\0", 2);
            return true;
        case PacketType::disconnect:
            return false;
        default:
            return false;
    }
}

bool Broker::handle_connect(Connection& connection, const Frame& frame) {
    const std::uint8_t* at = frame.body;
    const std::uint8_t* const end = at + frame.body_bytes;
    if (frame.body_bytes < 10) return false;
    const std::size_t name_bytes = load_u16(at);
    if (frame.body_bytes < name_bytes + 6) return false;
    at += 2 + name_bytes;
    connection.version5 = *at == 5;
    at += 4;
    if (!connection.version5) {
        connection.output.append("\x20\x02\0\0", 4);
        return true;
    }
    const auto properties_bytes = load_variable(at, end);
    if (!properties_bytes || static_cast<std::size_t>(end - at) < *properties_bytes + 2U) return false;
    connection.receive_maximum = find_receive_maximum(at, at + *properties_bytes);
    at += *properties_bytes;
    std::string properties;
    properties.push_back(0x21);  // Receive Maximum.
    append_u16(properties, options_.plan.window);
    if (load_u16(at) == 0) {
        properties.push_back(0x12);  // Assigned Client Identifier.
        append_text(properties, "bench-" + std::to_string(connection.socket()));
    }
    connection.output.push_back(0x20);
    append_variable(connection.output, 3 + properties.size());
    connection.output.append(2, '\0');
    append_variable(connection.output, properties.size());
    connection.output += properties;
    return true;
}

bool Broker::handle_publish(Connection& connection, const Frame& frame) {
    Publish publish;
    if (!read_publish(frame, connection.version5, publish)) return false;
    ++connection.published;
    if (publish.qos == 1) {
        append_answer(connection.output, PacketType::puback, publish.packet_id);
    } else if (publish.qos == 2) {
        append_answer(connection.output, PacketType::pubrec, publish.packet_id);
    }
    if (options_.mode == Mode::echo) {
        echo(publish);
    } else {
        sequence_.arrived(publish.payload.data(), publish.payload.size());
    }
    return true;
}

bool Broker::handle_subscribe(Connection& connection, const Frame& frame) {
    const std::uint8_t* at = frame.body;
    const std::uint8_t* const end = at + frame.body_bytes;
    if (frame.body_bytes < 5) return false;
    const std::uint16_t packet_id = load_u16(at);
    at += 2;
    if (connection.version5) {
        const auto properties_bytes = load_variable(at, end);
        if (!properties_bytes || static_cast<std::size_t>(end - at) < *properties_bytes) return false;
        at += *properties_bytes;
    }
    std::string granted;
    while (end - at >= 3) {
        const std::size_t filter_bytes = load_u16(at);
        if (static_cast<std::size_t>(end - at) < filter_bytes + 3) return false;
        const std::string filter{reinterpret_cast<const char*>(at + 2), filter_bytes};
        const int qos = at[2 + filter_bytes] & 3;
        connection.subscriptions.emplace_back(filter, qos);
        granted.push_back(static_cast<char>(qos));
        at += 3 + filter_bytes;
    }
    connection.output.push_back(static_cast<char>(0x90));
    append_variable(connection.output, 2 + (connection.version5 ? 1 : 0) + granted.size());
    append_u16(connection.output, packet_id);
    if (connection.version5) connection.output.push_back(0);
    connection.output += granted;
    if (options_.mode == Mode::flood && flooded_ == nullptr && !connection.subscriptions.empty() &&
        matches(connection.subscriptions.back().first, options_.plan.topic)) {
        flooded_ = &connection;
        connection.flood.emplace(options_.plan, connection.receive_maximum, connection.version5);
    }
    return true;
}

void Broker::handle_unsubscribe(Connection& connection, const Frame& frame) {
    connection.output.push_back(static_cast<char>(0xB0));
    append_variable(connection.output, connection.version5 ? 4 : 2);
    append_u16(connection.output, load_u16(frame.body));
    if (connection.version5) connection.output.append(2, '\0');
    connection.subscriptions.clear();
}

void Broker::echo(const Publish& publish) {
    for (auto& [socket, connection] : connections_) {
        const auto match =
            std::find_if(connection->subscriptions.begin(), connection->subscriptions.end(),
                         [&](const auto& entry) { return matches(entry.first, publish.topic); });
        if (match == connection->subscriptions.end()) continue;
        Publish copy = publish;
        copy.qos = std::min(publish.qos, match->second);
        if (copy.qos > 0) {
            copy.packet_id = ++connection->last_packet_id;
            if (copy.packet_id == 0) copy.packet_id = ++connection->last_packet_id;
        }
        append_publish(connection->output, copy, connection->version5);
        forwarded_ = true;
    }
}

void Broker::report_if_complete() {
    const bool complete = options_.mode == Mode::flood ? flooded_ != nullptr && flooded_->flood->finished()
                                                       : sequence_.complete();
    if (complete && options_.mode != Mode::echo) report();
}

void Broker::report() {
    if (reported_ || options_.mode == Mode::echo) return;
    reported_ = true;
    const Flood* flood = flooded_ != nullptr ? &*flooded_->flood : nullptr;
    const std::uint64_t unacknowledged =
        flood != nullptr && options_.plan.qos > 0 ? options_.plan.count - flood->acknowledgements() : 0;
    const std::uint64_t timed = flood == nullptr    ? sequence_.timed()
                                : flood->finished() ? options_.plan.count - options_.plan.warmup
                                                    : 0;
    std::printf(
        "{\"mode\": \"%s\", \"messages\": %llu, \"seconds\": %.9f, \"lost\": %llu, \"duplicates\": %llu, "
        "\"foreign\": %llu}\n",
        name_of(options_.mode), static_cast<unsigned long long>(timed),
        flood != nullptr ? flood->seconds() : sequence_.seconds(),
        static_cast<unsigned long long>(flood != nullptr ? unacknowledged : sequence_.lost()),
        static_cast<unsigned long long>(flood != nullptr ? flood->unexpected() : sequence_.duplicates()),
        static_cast<unsigned long long>(sequence_.foreign()));
    std::fflush(stdout);
}

}  // namespace bench
