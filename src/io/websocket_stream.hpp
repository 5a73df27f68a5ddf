// MQTT in WebSocket messages, over another stream.
#pragma once

#include "io/stream.hpp"

#include <memory>
#include <string>

namespace multimqtt::io {

/// Each write is one binary message; reads take messages and fragments as a row of bytes, because packets
/// may straddle them.
/// Spec: v5 and v3.1.1 [MQTT-6.0.0-1], [MQTT-6.0.0-2], [MQTT-6.0.0-3], [MQTT-6.0.0-4].
class WebSocketStream final : public Stream {
public:
    WebSocketStream(const boost::asio::any_io_executor& executor, const Endpoint& endpoint,
                    std::unique_ptr<Stream> below);
    ~WebSocketStream() override;

    void open(OpenHandler handler) override;
    void read_some(std::span<std::byte> buffer, TransferHandler handler) override;
    void write_some(std::span<const std::byte> bytes, TransferHandler handler) override;
    /// Always 0 while the connection is good: a message may not be cut off.
    [[nodiscard]] Result<std::size_t> try_write(std::span<const std::byte> bytes) override;
    void close() noexcept override;
    [[nodiscard]] int descriptor() const noexcept override;

private:
    struct Session;

    const std::shared_ptr<Session> session_;
};

}  // namespace multimqtt::io
