// Name lookup, then the race of the addresses.

#include "io/connector.hpp"

#include "io/fork_guard.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace multimqtt::io {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Alternates the families, beginning with that of the first address: RFC 8305, section 4.
Addresses interleaved(const Addresses& addresses) {
    Addresses first;
    Addresses second;
    for (const auto& address : addresses) {
        (address.protocol() == addresses.front().protocol() ? first : second).push_back(address);
    }
    Addresses mixed;
    mixed.reserve(addresses.size());
    for (std::size_t index = 0; index < std::max(first.size(), second.size()); ++index) {
        if (index < first.size()) {
            mixed.push_back(first[index]);
        }
        if (index < second.size()) {
            mixed.push_back(second[index]);
        }
    }
    return mixed;
}

/// Whether the error says something about this host rather than about the broker.
bool is_local(const error_code& error) {
    return error.value() == ENETUNREACH || error.value() == EADDRNOTAVAIL || error.value() == EAFNOSUPPORT;
}

}  // namespace

error_code open_socket(Socket& socket, int family) {
    // Asio's own `open` leaves a window, or all time, in which another thread's fork and exec inherits it.
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return {errno, boost::system::system_category()};
    }
    error_code error;
    socket.assign(boost::asio::generic::stream_protocol{family, 0}, descriptor, error);
    if (error) {
        ::close(descriptor);
    }
    return error;
}

std::string connect_advice(const std::error_code& error) {
    if (error == std::errc::connection_refused) {
        return "; is a broker running there?";
    }
    if (error == std::errc::timed_out) {
        return "; the host is down, or a firewall drops the packets";
    }
    if (error == std::errc::network_unreachable || error == std::errc::host_unreachable) {
        return "; check this machine's network and routes";
    }
    if (error == std::errc::no_such_file_or_directory) {
        return "; is the broker running, with a listener at this path?";
    }
    if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted) {
        return "; this process may not connect there: check permissions and firewall";
    }
    if (error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system) {
        return "; raise the limit of open files (ulimit -n)";
    }
    return "";
}

struct Connector::Attempt {
    Attempt(const boost::asio::any_io_executor& executor, const tcp::endpoint& to)
        : socket{executor}, address{to} {}

    Socket socket;
    tcp::endpoint address;
    GuardedDescriptor guard;  // Ends before the socket does, so that it never names somebody else's.
};

Connector::Connector(const boost::asio::any_io_executor& executor, std::string name,
                     NameLookup::Resolve resolve)
    : executor_{executor},
      name_{std::move(name)},
      lookup_{executor, std::move(resolve)},
      head_start_{executor} {
}

void Connector::start(const std::string& host, std::uint16_t port, Handler handler) {
    host_ = host;
    handler_ = std::move(handler);
    error_code not_an_address;
    const auto address = boost::asio::ip::make_address(host, not_an_address);
    if (!not_an_address) {
        boost::asio::post(executor_, lifetime_.guard([this, address, port] { race({{address, port}}); }));
        return;
    }
    lookup_.start(host, port, [this](Result<Addresses> addresses) {
        if (!addresses) {
            finish(Failure{addresses.error().code, "cannot resolve the host name '" + host_ + "' of " +
                                                       name_ + ": " + addresses.error().message +
                                                       "; check the name and this machine's DNS"});
            return;
        }
        race(interleaved(*addresses));
    });
}

Connector::~Connector() = default;

void Connector::cancel() noexcept {
    handler_ = nullptr;
    lookup_.cancel();
    head_start_.cancel();
    running_.clear();
}

std::string Connector::waiting_for() const {
    if (addresses_.empty()) {
        return "the name lookup of '" + host_ + "'";
    }
    std::string text = "an answer of";
    for (const auto& attempt : running_) {
        text += (attempt == running_.front() ? " " : ", ") + attempt->address.address().to_string();
    }
    return text;
}

void Connector::race(Addresses addresses) {
    if (!handler_) {
        return;
    }
    addresses_ = std::move(addresses);
    start_next();
}

void Connector::start_next() {
    while (next_ < addresses_.size()) {
        const std::size_t running = running_.size();
        start_attempt(addresses_[next_++]);
        if (running_.size() > running) {
            break;
        }
    }
    if (running_.empty()) {
        finish(failure());
        return;
    }
    if (next_ < addresses_.size()) {
        head_start_.expires_after(kHeadStart);
        head_start_.async_wait(lifetime_.guard([this](const error_code& error) {
            if (!error && handler_) {
                start_next();
            }
        }));
    }
}

void Connector::start_attempt(const tcp::endpoint& address) {
    auto attempt = std::make_unique<Attempt>(executor_, address);
    if (const auto error = open_socket(attempt->socket, address.protocol().family())) {
        failed_.push_back({address, error});
        return;
    }
    attempt->guard.guard(attempt->socket.native_handle());
    const Attempt* const key = attempt.get();
    attempt->socket.async_connect(
        address, lifetime_.guard([this, key](const error_code& error) { on_connect(key, error); }));
    running_.push_back(std::move(attempt));
}

void Connector::on_connect(const Attempt* key, const error_code& error) {
    const auto position = std::find_if(running_.begin(), running_.end(),
                                       [&](const auto& running) { return running.get() == key; });
    if (position == running_.end()) {
        return;  // Another address has won, or the owner gave up.
    }
    const auto attempt = std::move(*position);
    running_.erase(position);
    if (error) {
        failed_.push_back({attempt->address, error});
        head_start_.cancel();
        start_next();
        return;
    }
    // A failure to set it costs latency, not the connection.
    const int on = 1;
    ::setsockopt(attempt->socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    attempt->guard.guard(-1);  // From here on it is the stream's.
    finish(std::move(attempt->socket));
}

void Connector::finish(Result<Socket> result) {
    const Handler handler = std::exchange(handler_, nullptr);
    running_.clear();
    head_start_.cancel();
    if (handler) {
        handler(std::move(result));
    }
}

Failure Connector::failure() const {
    if (failed_.empty()) {
        return {error_code{boost::asio::error::host_not_found},
                "cannot connect to " + name_ + ": the name '" + host_ + "' has no address"};
    }
    const auto telling = std::find_if(failed_.begin(), failed_.end(),
                                      [](const auto& failed) { return !is_local(failed.error); });
    const error_code code = (telling == failed_.end() ? failed_.front() : *telling).error;
    std::string text = "cannot connect to " + name_ + ": ";
    if (failed_.size() == 1) {
        text += code.message();
    } else {
        for (const auto& failed : failed_) {
            text += (&failed == &failed_.front() ? "" : ", ") + failed.address.address().to_string() + ": " +
                    failed.error.message();
        }
    }
    return {code, text + connect_advice(code)};
}

}  // namespace multimqtt::io
