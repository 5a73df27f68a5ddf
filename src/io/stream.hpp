// A byte stream to the broker, whatever carries it: TCP, TLS, WebSocket, secure WebSocket, Unix socket.
#pragma once

#include "multimqtt/options.hpp"
#include "multimqtt/result.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace multimqtt::io {

/// One connection attempt and, when it succeeds, the connection. Used once; a reconnect makes a new one.
///
/// All calls and all handlers run on the executor's one thread. At most one read and one write are under
/// way at a time. After `close` no handler is called any more except with a failure, and destroying the
/// stream is safe at any time on that thread.
class Stream {
public:
    using OpenHandler = std::function<void(Result<void>)>;
    using TransferHandler = std::function<void(Result<std::size_t>)>;

    virtual ~Stream() = default;

    /// Resolves the name anew, tries each address in turn (IPv6 and IPv4), then does the handshakes of TLS
    /// and WebSocket. The failure names the endpoint, the step and the cause, and what to do.
    virtual void open(OpenHandler handler) = 0;

    /// Reads at least 1 byte into `buffer`. An orderly end by the peer is `Error::connection_lost`.
    virtual void read_some(std::span<std::byte> buffer, TransferHandler handler) = 0;

    /// Writes some of `bytes` (at least 1); `bytes` stay valid until the handler ran.
    virtual void write_some(std::span<const std::byte> bytes, TransferHandler handler) = 0;

    /// Writes what it can without waiting; 0 when the transport would block or cannot do that.
    /// Only to be called while no write is under way.
    [[nodiscard]] virtual Result<std::size_t> try_write(std::span<const std::byte> bytes) = 0;

    /// Closes at once; for TLS and WebSocket a best-effort farewell that never blocks.
    virtual void close() noexcept = 0;

    /// The descriptor of the socket, -1 when there is none; to look at its options.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;

    /// Lets the open connection fail when the other side acknowledges nothing, or has no room, for this long.
    /// A Unix socket, whose other side is on this machine, knows no such limit. Spec: TCP_USER_TIMEOUT,
    /// tcp(7).
    void give_up_after(std::chrono::milliseconds silence) noexcept;

    /// Acknowledges at once what has arrived. Spec: TCP_QUICKACK, tcp(7).
    void acknowledge() noexcept;
};

/// Makes the stream that `endpoint` asks for. `tls` is read for `tls` and `secure_websocket` only.
/// Errors: `bad_config` when a certificate, key or option cannot be used; the text names the file.
[[nodiscard]] Result<std::unique_ptr<Stream>> make_stream(const boost::asio::any_io_executor& executor,
                                                          const Endpoint& endpoint, const TlsOptions& tls);

}  // namespace multimqtt::io
