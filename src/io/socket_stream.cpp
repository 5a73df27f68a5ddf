// Reading, writing and closing a connected socket.

#include "io/socket_stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <cerrno>
#include <limits>
#include <sys/socket.h>
#include <utility>

namespace multimqtt::io {

using boost::system::error_code;

namespace {

/// Throws away what has arrived. Closing a TCP socket with unread bytes resets the connection, and with it
/// goes what was written last, such as a DISCONNECT.
void discard_unread(int descriptor) noexcept {
    constexpr std::size_t kDiscardBytesMax = std::numeric_limits<int>::max();
    // With MSG_TRUNC a TCP socket drops the bytes without copying them; other sockets refuse, unharmed.
    ::recv(descriptor, nullptr, kDiscardBytesMax, MSG_DONTWAIT | MSG_TRUNC);
}

}  // namespace

SocketStream::SocketStream(const boost::asio::any_io_executor& executor, std::string name)
    : executor_{executor}, name_{std::move(name)}, socket_{executor} {
}

void SocketStream::finish_open(Result<Socket> connected) {
    const OpenHandler handler = std::exchange(open_handler_, nullptr);
    if (!connected) {
        handler(connected.error());
        return;
    }
    socket_ = std::move(*connected);
    guard_.guard(socket_.native_handle());
    handler({});
}

void SocketStream::read_some(std::span<std::byte> buffer, TransferHandler handler) {
    read_handler_ = std::move(handler);
    socket_.async_read_some(boost::asio::buffer(buffer.data(), buffer.size()),
                            lifetime_.guard([this](const error_code& error, std::size_t count) {
                                finish(read_handler_, error, count);
                            }));
}

void SocketStream::write_some(std::span<const std::byte> bytes, TransferHandler handler) {
    write_handler_ = std::move(handler);
    socket_.async_write_some(boost::asio::buffer(bytes.data(), bytes.size()),
                             lifetime_.guard([this](const error_code& error, std::size_t count) {
                                 finish(write_handler_, error, count);
                             }));
}

Result<std::size_t> SocketStream::try_write(std::span<const std::byte> bytes) {
    if (!socket_.is_open()) {
        return closed_failure("writing");
    }
    for (;;) {
        const ssize_t count =
            ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            return static_cast<std::size_t>(count);
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return std::size_t{0};
        }
        if (errno != EINTR) {
            return failure({errno, boost::system::system_category()});
        }
    }
}

void SocketStream::close() noexcept {
    closed_ = true;
    if (!socket_.is_open()) {
        return;
    }
    discard_unread(socket_.native_handle());
    guard_.guard(-1);
    error_code ignored;
    socket_.close(ignored);
}

int SocketStream::descriptor() const noexcept {
    // Asio's native_handle is not const, though it only reads.
    auto& socket = const_cast<Socket&>(socket_);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    return socket.is_open() ? socket.native_handle() : -1;
}

void SocketStream::finish(TransferHandler& slot, const error_code& error, std::size_t count) {
    const TransferHandler handler = std::exchange(slot, nullptr);
    if (error || closed_) {
        handler(failure(error));
        return;
    }
    handler(count);
}

Failure SocketStream::closed_failure(const std::string& during) const {
    return {Error::closed, "the connection to " + name_ + " was closed on this side while " + during};
}

Failure SocketStream::failure(const error_code& error) const {
    if (closed_) {
        return closed_failure("in use");
    }
    if (error == boost::asio::error::eof) {
        return {Error::connection_lost, "the broker at " + name_ + " closed the connection"};
    }
    return {error, "the connection to " + name_ + " was lost: " + error.message()};
}

}  // namespace multimqtt::io
