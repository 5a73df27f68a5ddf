// How a Unix socket is opened.

#include "io/unix_stream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace multimqtt::io {

using boost::system::error_code;

Result<std::unique_ptr<Stream>> UnixStream::make(const boost::asio::any_io_executor& executor,
                                                 const Endpoint& endpoint) {
    if (endpoint.host.empty()) {
        return Failure{Error::bad_config,
                       "the address of a Unix socket needs a path: unix:///run/broker.sock"};
    }
    if (endpoint.host.size() > kPathBytesMax) {
        return Failure{Error::bad_config, "the path of the Unix socket '" + endpoint.host + "' has " +
                                              std::to_string(endpoint.host.size()) +
                                              " bytes; the system allows " + std::to_string(kPathBytesMax)};
    }
    return std::unique_ptr<Stream>{std::make_unique<UnixStream>(executor, endpoint)};
}

UnixStream::UnixStream(const boost::asio::any_io_executor& executor, const Endpoint& endpoint)
    : SocketStream{executor, endpoint.to_string()}, path_{endpoint.host} {
}

void UnixStream::open(OpenHandler handler) {
    open_handler_ = std::move(handler);
    boost::asio::post(executor_, lifetime_.guard([this] {
        finish_open(closed_ ? Result<Socket>{closed_failure("being opened")} : connected());
    }));
}

Result<Socket> UnixStream::connected() const {
    Socket socket{executor_};
    error_code error = open_socket(socket, AF_UNIX);
    if (!error) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy(path_.begin(), path_.end(), address.sun_path);
        // A Unix socket connects at once or not at all: with a full queue the answer is EAGAIN, which Asio
        // would take for a connection in progress.
        if (::connect(socket.native_handle(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
            0) {
            error = {errno, boost::system::system_category()};
        }
    }
    if (error) {
        return Failure{error, "cannot connect to " + name_ + ": " + error.message() + connect_advice(error)};
    }
    return socket;
}

}  // namespace multimqtt::io
