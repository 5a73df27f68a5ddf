// Which stream an endpoint asks for, and what all streams have in common.

#include "io/stream.hpp"

#include "io/tcp_stream.hpp"
#include "io/tls_engine.hpp"
#include "io/tls_stream.hpp"
#include "io/unix_stream.hpp"
#include "io/websocket_stream.hpp"

#include <algorithm>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace multimqtt::io {

void Stream::give_up_after(std::chrono::milliseconds silence) noexcept {
    constexpr std::chrono::milliseconds kLongest{std::numeric_limits<int>::max()};
    const auto limit = static_cast<unsigned>(std::min(silence, kLongest).count());
    ::setsockopt(descriptor(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

void Stream::acknowledge() noexcept {
    const int now = 1;
    ::setsockopt(descriptor(), IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now);
}

Result<std::unique_ptr<Stream>> make_stream(const boost::asio::any_io_executor& executor,
                                            const Endpoint& endpoint, const TlsOptions& tls) {
    const Transport transport = endpoint.transport;
    if (transport == Transport::unix_socket) {
        return UnixStream::make(executor, endpoint);
    }
    std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(executor, endpoint);
    if (transport == Transport::tls || transport == Transport::secure_websocket) {
        auto engine = TlsEngine::make(endpoint, tls);
        if (!engine) {
            return engine.error();
        }
        stream = std::make_unique<TlsStream>(executor, endpoint.to_string(), std::move(*engine),
                                             std::move(stream));
    }
    if (transport == Transport::websocket || transport == Transport::secure_websocket) {
        stream = std::make_unique<WebSocketStream>(executor, endpoint, std::move(stream));
    }
    return stream;
}

}  // namespace multimqtt::io
