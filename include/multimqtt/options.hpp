// Everything about a client that is decided before it starts. Each limit has its default here.
#pragma once

#include "multimqtt/protocol.hpp"
#include "multimqtt/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt {

using UserProperties = std::vector<std::pair<std::string, std::string>>;

/// How bytes reach the broker.
enum class Transport : std::uint8_t { tcp, tls, websocket, secure_websocket, unix_socket };

/// Which MQTT version to speak. `automatic` tries 5.0, and then 3.1.1 when the broker refuses the version,
/// does not answer, or gives an answer that cannot be read. Only a refusal is remembered for the next
/// connection.
enum class VersionPolicy : std::uint8_t { automatic, v3_1, v3_1_1, v5 };

/// What `publish` does when the outbox is full.
enum class OutboxFull : std::uint8_t {
    block,        ///< Wait for room, up to `Options::outbox_block_timeout`.
    raise,        ///< Fail at once with `Error::queue_full`.
    drop_oldest,  ///< Give up the oldest message that waits; its receipt fails with `Error::dropped`.
};

/// What becomes of unacknowledged publishes when the broker has lost the session.
enum class LostSession : std::uint8_t {
    publish_again,  ///< Publish them as new messages: new packet identifier, DUP 0.
    fail,           ///< Report each as failed with `Error::session_lost`.
};

/// Where a broker is. Made from a URI by `Endpoint::parse`, or filled in by hand.
struct Endpoint {
    Transport transport = Transport::tcp;
    std::string host = "127.0.0.1";  ///< Host name or address; for `unix_socket` the path of the socket.
    std::uint16_t port = 1883;       ///< Not used by `unix_socket`.
    std::string path = "/mqtt";      ///< Request target of the WebSocket handshake.

    /// As a URI without user name and password, for messages: "mqtts://broker.example:8883".
    [[nodiscard]] std::string to_string() const;
};

/// The message that the broker publishes when this client is lost.
/// Spec: MQTT 5.0 section 3.1.2.5.
struct Will {
    std::string topic;  ///< Absolute: the prefix has been put before it.
    std::string payload{};
    Qos qos = Qos::at_most_once;
    bool retain = false;
    std::chrono::seconds delay{0};  ///< MQTT 5.0 only: wait this long for the client to come back.
    std::string content_type{};     ///< MQTT 5.0 only; empty means none.
    UserProperties user_properties{};
};

/// How TLS is set up. The defaults verify the broker against the system's certificate authorities.
struct TlsOptions {
    std::string ca_certs{};           ///< PEM file with the authorities to trust; empty: the system's.
    std::string certfile{};           ///< PEM file with the client certificate chain; empty: none.
    std::string keyfile{};            ///< PEM file with its key; empty: the key is in `certfile`.
    std::string key_password{};       ///< Passphrase of an encrypted key.
    std::string server_name{};        ///< Name to ask for (SNI) and to verify; empty: the endpoint's host.
    std::string min_version = "1.2";  ///< "1.2" or "1.3".
    std::string ciphers{};            ///< OpenSSL cipher list for TLS 1.2; empty: OpenSSL's default.
    std::vector<std::string> alpn{};  ///< Application protocols to offer, such as "mqtt".
    bool insecure = false;            ///< Accept any certificate. Says so in the log at each connect.
};

/// The options of a `Client`. Plain data: fill in, check with `validate`, hand over.
struct Options {
    // Where and as whom.
    std::vector<Endpoint> endpoints{Endpoint{}};  ///< Tried in turn.
    std::optional<std::string> username;
    std::optional<std::string> password;
    std::string prefix;     ///< Put before every topic, with a slash between; empty: none.
    std::string client_id;  ///< Empty: the broker (5.0) or the client (3.1.1) makes one up.
    VersionPolicy version = VersionPolicy::automatic;
    TlsOptions tls;
    std::optional<Will> will;
    UserProperties connect_properties;  ///< MQTT 5.0 user properties of CONNECT.

    // The session. Spec: MQTT 5.0 sections 3.1.2.4, 3.1.2.10 and 3.1.2.11.
    bool clean_start = true;
    std::chrono::seconds session_expiry{0};  ///< 0 ends the session with the connection; max 4,294,967,295.
    std::chrono::seconds keep_alive{60};     ///< 0 turns it off; at most 65,535.
    std::chrono::milliseconds connect_timeout{5'000};  ///< For name, TCP, TLS and CONNACK together.
    std::uint16_t receive_maximum =
        1'024;  ///< Unacknowledged QoS 1 and 2 messages from the broker, 1..65,535.
    /// Unacknowledged publishes to the broker, 1..65,535; of QoS 2 at most 20 before MQTT 5.0.
    std::uint16_t inflight_max = 1'024;
    std::uint16_t topic_alias_maximum = 64;    ///< Aliases the broker may use towards us; 0: none.
    std::uint16_t topic_aliases_out_max = 64;  ///< Aliases that we use at most; 0: none.
    /// Largest packet accepted or sent, in bytes, header included, 1 KiB..268,435,460.
    /// 16 MiB + 64 KiB: room for a 16 MiB payload, bounded against a hostile header.
    std::uint32_t packet_bytes_max = 16u * 1'024 * 1'024 + 65'536;

    // Reconnecting, for ever: exponential from min to max with full jitter.
    std::chrono::milliseconds reconnect_min{500};
    std::chrono::milliseconds reconnect_max{30'000};
    LostSession lost_session = LostSession::publish_again;

    // The hand-off between threads.
    std::size_t outbox_bytes_max = 64u * 1'024 * 1'024;  ///< Topics, payloads and bookkeeping that wait.
    std::size_t outbox_messages_max = 1'000'000;
    OutboxFull outbox_full = OutboxFull::block;
    std::chrono::milliseconds outbox_block_timeout{5'000};
    std::size_t inbox_bytes_max = 16u * 1'024 * 1'024;
    std::size_t inbox_messages_max = 100'000;
    unsigned handler_threads =
        4;  ///< The client's own threads; 0: the caller pulls with `take`. At most 256.
    /// A handler thread whose handlers take longer than this on average shares its messages with the others;
    /// 1 us..1 s. The default is about what handing a message to another thread costs.
    std::chrono::microseconds quick_handler{5};
    std::chrono::milliseconds drain{2'500};  ///< Longest time that `close` spends on unfinished work.

    /// The options that a broker address describes.
    ///
    ///     mqtt://user:password@host:1883/prefix      mqtts:// ws:// wss:// unix:///run/broker.sock
    ///
    /// Percent-encoded parts are decoded; IPv6 addresses stand in brackets. A comma-separated list of
    /// addresses is tried in turn; user, password and prefix must agree.
    ///
    /// Errors: `bad_uri` with the part that is wrong; never with the password.
    [[nodiscard]] static Result<Options> from_uri(std::string_view uri);

    /// Checks every option against its range.
    /// Errors: `bad_config`, naming the option, its value and what is allowed.
    [[nodiscard]] Result<void> validate() const;
};

}  // namespace multimqtt
