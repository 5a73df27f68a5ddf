// One MQTT session as a state machine: bytes, commands and the time go in; events and bytes are pulled out.
#pragma once

#include "multimqtt/options.hpp"
#include "multimqtt/protocol.hpp"
#include "multimqtt/publish.hpp"
#include "multimqtt/reason_code.hpp"
#include "multimqtt/result.hpp"
#include "session/random.hpp"
#include "session/time_point.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/packets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace multimqtt::session {

/// Chosen by the caller for a publish; comes back in the one event that ends it. 0: no event wanted.
using Token = std::uint64_t;

/// One inbound QoS 1 or 2 message that waits for `acknowledge`. 0 for QoS 0. Stays valid across reconnects.
using DeliveryId = std::uint64_t;

/// A message to send. Views are only read during the call, except a payload that has an owner.
struct OutboundMessage {
    std::string_view topic;  ///< Absolute and valid; checked by whoever accepted it from the user.
    std::span<const std::byte> payload;
    std::shared_ptr<const void> payload_owner;  ///< When set, the payload is referenced, not copied.
    Qos qos = Qos::at_most_once;
    bool retain = false;
    const PublishProperties* properties = nullptr;  ///< Null: none. Dropped on 3.1.1.
    TimePoint accepted_at{0};  ///< When the user handed it over; the message expiry counts from here.
};

/// A subscription the session shall hold at the broker whenever it is connected.
struct Subscription {
    std::string filter;
    Qos qos = Qos::at_most_once;
    bool no_local = false;                                              ///< 5.0 only.
    std::uint32_t identifier = 0;                                       ///< 5.0 only; 0: none.
    wire::RetainHandling retain_handling = wire::RetainHandling::send;  ///< 5.0 only.
};

/// What the broker granted in CONNACK, with the defaults of MQTT 5.0 where it said nothing.
struct Grants {
    ProtocolVersion version = ProtocolVersion::v5;
    bool session_present = false;
    std::string client_id;  ///< Ours, or the one that the broker assigned.
    std::uint16_t receive_maximum = 65'535;
    Qos maximum_qos = Qos::exactly_once;
    bool retain_available = true;
    std::uint32_t packet_bytes_max = 268'435'460;
    std::uint16_t topic_alias_maximum = 0;
    bool wildcard_subscription_available = true;
    bool subscription_identifiers_available = true;
    bool shared_subscription_available = true;
    std::chrono::seconds keep_alive{0};
    std::chrono::seconds session_expiry{0};
};

/// Something that happened. Views into received bytes are valid until the next call of `receive`.
struct Event {
    enum class Kind : std::uint8_t {
        connected,       ///< CONNACK accepted; see `Session::grants()`.
        connect_failed,  ///< An attempt failed: `failure`; the session tries again unless it was closed.
        disconnected,    ///< An established connection ended: `failure` (ok after our own DISCONNECT).
        message,         ///< `publish` and `delivery`.
        published,  ///< `token` ended well: QoS 0 left, QoS 1/2 acknowledged; `reason` may be "no matching
                    ///< subscribers".
        publish_failed,    ///< `token` ended badly: `failure`.
        subscribed,        ///< `filter` is granted with `reason` (0, 1, 2 as granted QoS).
        subscribe_failed,  ///< `filter` was refused: `failure`.
        unsubscribed,      ///< `filter` is gone at the broker.
        warning,           ///< For the log: `failure.message`. A broker that breaks a rule we can live with.
        closed,            ///< The end: after `close`, when nothing more will come.
    };
    Kind kind = Kind::warning;
    wire::Publish publish;  // Views.
    DeliveryId delivery = 0;
    Token token = 0;
    ReasonCode reason = ReasonCode::success;
    bool permanent = false;  ///< With connect_failed: trying again is unlikely to help (bad password).
    std::string filter;
    Failure failure;
};

/// What the driver shall do with the transport. Ask after each drain.
struct TransportRequest {
    enum class Kind : std::uint8_t {
        none,
        open,   ///< Open a new one to `endpoint`, then call `transport_opened` or `transport_closed`.
        close,  ///< Close at once, then call `transport_closed`.
        close_after_flush,  ///< Write what `take_output` still has (bounded by `deadline`), then close.
    };
    Kind kind = Kind::none;
    std::size_t endpoint = 0;  ///< Index into `Options::endpoints`.
};

/// Bytes on their way to the transport: encoded packets, or one large payload that is referenced.
struct OutputChunk {
    wire::ByteBuffer buffer;
    std::shared_ptr<const void> owner;      ///< Keeps `referenced` alive.
    std::span<const std::byte> referenced;  ///< When not empty, write this and not `buffer`.

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return referenced.empty() ? buffer.bytes() : referenced;
    }
};

/// What to keep at most while it cannot leave.
struct QueueLimits {
    std::size_t messages_max = 4'096;
    std::size_t bytes_max = 4u * 1'024 * 1'024;
    std::uint16_t packet_id_max = 65'535;  ///< The last packet identifier to use; less only in tests.
};

struct Statistics {
    std::uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t connects = 0, reconnects = 0, retransmissions = 0, protocol_errors = 0;
    std::uint64_t inflight = 0, queued = 0, unacknowledged_in = 0;
};

/// One session: connects, keeps alive, reconnects, and carries QoS 0, 1 and 2 both ways.
///
/// Enhanced authentication is not offered: an AUTH packet of the broker is a protocol error. Another server
/// that a broker names is told in the failure's text, and not followed.
///
/// In 3.1.1 Clean Session is set when the options ask for a clean start and for no session expiry; it then
/// ends the session with each connection. A first connection that does not ask for a clean start takes
/// over the session that an earlier process left at the broker. A QoS 2 message that meets a packet
/// identifier which that process left without PUBREL is lost: MQTT cannot tell the two apart. Identifiers
/// begin elsewhere then, so that this is rare.
///
/// With `VersionPolicy::automatic`, 3.1.1 is tried right after a CONNECT of 5.0 that was refused for its
/// version, not answered, or answered with something that cannot be read. Only the refusal is remembered
/// beyond one connection. CONNACK of 3.1 does not tell whether a session is present; it is then taken for
/// perhaps there.
///
/// Contract: after any non-const call drain `next_event`, then `take_output`, then `transport`, then arm
/// `deadline`. Nothing here calls back, blocks, or reads a clock.
///
/// Threads: none; one thread owns the session.
/// Spec:    MQTT 5.0 and 3.1.1 as a whole, client side; nothing beyond them is needed of a broker, v3.1.1
///          [MQTT-7.0.0-2].
class Session {
public:
    Session(const Options& options, Random& random, QueueLimits limits = {});
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Commands.

    /// Begins to connect, and to reconnect for ever, until `close`.
    void start(TimePoint now);

    /// Takes a message over. QoS 0 is encoded at once when connected; QoS 1 and 2 wait for quota.
    ///
    /// Every message taken over with a token ends in exactly one `published` or `publish_failed`.
    ///
    /// Errors: `would_block`       the queue is full: nothing was taken, offer it again later.
    ///         `payload_too_large`, `not_supported`, `expired`  can never be sent here; not taken.
    ///         `closed`            `close` was called.
    [[nodiscard]] Result<void> publish(Token token, const OutboundMessage& message, TimePoint now);

    /// False while `publish` would answer `would_block`, or while enough output waits to be written
    /// that taking more would only grow memory.
    [[nodiscard]] bool accepts_publish() const noexcept;

    /// Adds to, or replaces in, the subscriptions that are held at the broker. A filter that is already
    /// held is subscribed again (which brings its retained messages).
    ///
    /// What a broker does not offer is left out where the subscription works without it (identifiers), and
    /// refused with `not_supported` where it does not (wildcards, shared subscriptions).
    void subscribe(Subscription subscription);
    void unsubscribe(std::string_view filter);

    /// Acknowledges an inbound message, in any order; the session releases acknowledgements in the order
    /// that MQTT asks for. A reason of 0x80 or more is sent on 5.0 and becomes success on 3.1.1.
    void acknowledge(DeliveryId delivery, ReasonCode reason = ReasonCode::success);

    /// Says good-bye: finishes what was taken over until `deadline`, connecting for it if need be, then sends
    /// DISCONNECT and ends with `closed`. With nothing unfinished it does not wait.
    /// Publishes that are still unfinished then end with `Error::closed`.
    void close(TimePoint now, TimePoint deadline, ReasonCode reason = ReasonCode::success);

    // Transport inputs.

    void transport_opened(TimePoint now);
    void transport_closed(const Failure& cause, TimePoint now);

    /// Takes received bytes; returns how many were consumed. Fewer than given means that the last packet
    /// is incomplete (offer the rest again with more behind it) or that reading is paused.
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes, TimePoint now);

    /// While the application has no room: the caller stops reading, and silence is not held against the
    /// broker; PINGREQ leaves twice as often, so that writing finds out when the connection is gone. Until
    /// `connected` the caller reads on: the CONNACK of a new connection is taken all the same.
    void pause_reading(TimePoint now);
    void resume_reading(TimePoint now);

    /// To be called at or after `deadline`; early calls do nothing.
    void timeout(TimePoint now);

    // Outputs.

    [[nodiscard]] const Event* next_event() const noexcept;
    void pop_event() noexcept;

    /// Moves everything that waits to be written into `chunk`, for a driver whose write is under way while
    /// the session goes on; the caller reports it with `output_written` as it leaves. At most one chunk is
    /// under way. Returns false when there is nothing. `chunk`'s memory is swapped in and reused by the next
    /// call.
    [[nodiscard]] bool take_output(OutputChunk& chunk, TimePoint now);
    /// `bytes` of the chunk have been accepted by the transport; may end mid-packet.
    void output_written(std::size_t bytes, TimePoint now);
    /// The transport was full and takes bytes again: a sign of life, since the other side has made room.
    void output_moves(TimePoint now) noexcept;

    /// Gives each request once; then `none`, until there is another.
    [[nodiscard]] TransportRequest transport() noexcept;
    [[nodiscard]] std::optional<TimePoint> deadline() const noexcept;

    // Facts.

    [[nodiscard]] bool connected() const noexcept;
    [[nodiscard]] const Grants& grants() const noexcept;
    /// Index into `Options::endpoints` of the broker that is connected, or tried next.
    [[nodiscard]] std::size_t endpoint() const noexcept;
    [[nodiscard]] Statistics statistics() const noexcept;
    /// Smallest unread packet or partial packet that `receive` still needs, for the read buffer's size.
    [[nodiscard]] std::size_t bytes_needed() const noexcept;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace multimqtt::session
