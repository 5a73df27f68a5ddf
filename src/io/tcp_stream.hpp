// Plain TCP; also what TLS and WebSocket stand on.
#pragma once

#include "io/connector.hpp"
#include "io/socket_stream.hpp"

#include <cstdint>
#include <string>

namespace multimqtt::io {

/// Spec: v5 [MQTT-4.2.0-1]; v3.1.1 [MQTT-7.1.2-1].
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
