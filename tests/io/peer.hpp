// The other end of a stream: a small server on a thread of its own, for every transport.
#pragma once

#include "multimqtt/options.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace multimqtt::io {

/// What a `Peer` does with a connection, after the handshakes of its transport.
enum class Conduct {
    echo,           ///< Sends back what it gets until the client leaves.
    echo_bytes,     ///< The same, but a WebSocket echo comes in small fragments with pings between them.
    close_at_once,  ///< Closes before any handshake.
    close_after,    ///< Closes in good order after the handshakes.
    silent,         ///< Reads nothing and sends nothing, not even a handshake.
    sends_text,     ///< Sends "this is no MQTT\r\n", on a WebSocket as a text message.
};

struct PeerOptions {
    Transport transport = Transport::tcp;
    std::string address = "127.0.0.1";  ///< Where to listen; for `unix_socket` the path.
    Conduct conduct = Conduct::echo;

    std::string certfile;  ///< TLS: the server's certificate and key.
    std::string keyfile;
    std::string client_ca;  ///< TLS: not empty asks for a client certificate that this authority signed.
    bool tls_1_2_only = false;
    std::string alpn;  ///< TLS: the one protocol to agree on.

    std::string subprotocol = "mqtt";  ///< WebSocket: what to agree on; empty: nothing.
    unsigned http_status = 101;        ///< WebSocket: anything but 101 refuses.
};

/// What a `Peer` saw of its last client.
struct PeerObservations {
    std::string host_header;
    std::string target;
    std::string offered_subprotocol;
    std::string server_name;   ///< SNI.
    std::string alpn;          ///< The protocol agreed on.
    std::string received;      ///< What came in after the handshakes, when not echoed in fragments.
    bool orderly_end = false;  ///< The client said goodbye: FIN, close_notify or a close frame.
    std::size_t clients = 0;   ///< How many have gone.
};

/// Serves one client after the other until it is destroyed.
class Peer {
public:
    explicit Peer(PeerOptions options);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// Where it listens, with the port that the system chose.
    [[nodiscard]] Endpoint endpoint() const;

    /// Waits until the client has gone, at most 20 s.
    [[nodiscard]] PeerObservations after_client();

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace multimqtt::io
