// Plain TCP; also what TLS and WebSocket stand on.
#pragma once

#include "io/connector.hpp"
#include "io/socket_stream.hpp"

#include <cstdint>
#include <string>

namespace multimqtt::io {

class TcpStream final : public SocketStream {
public:
    TcpStream(const boost::asio::any_io_executor& executor, const Endpoint& endpoint);

    void open(OpenHandler handler) override;
    void close() noexcept override;

private:
    const std::string host_;
    const std::uint16_t port_;
    Connector connector_;
};

}  // namespace multimqtt::io
