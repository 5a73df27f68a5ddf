// How a TCP stream is opened, and what happens when that is given up.

#include "io/tcp_stream.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace multimqtt::io {

TcpStream::TcpStream(const boost::asio::any_io_executor& executor, const Endpoint& endpoint)
    : SocketStream{executor, endpoint.to_string()},
      host_{endpoint.host},
      port_{endpoint.port},
      connector_{executor, name_} {
}

void TcpStream::open(OpenHandler handler) {
    open_handler_ = std::move(handler);
    connector_.start(host_, port_, [this](Result<Socket> connected) { finish_open(std::move(connected)); });
}

void TcpStream::close() noexcept {
    if (open_handler_ && !closed_) {
        // The handler still has to hear of it, but not from inside this call.
        auto given_up = closed_failure("waiting for " + connector_.waiting_for());
        connector_.cancel();
        boost::asio::post(executor_,
                          lifetime_.guard([this, given_up = std::move(given_up)] { finish_open(given_up); }));
    }
    SocketStream::close();
}

}  // namespace multimqtt::io
