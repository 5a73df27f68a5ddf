// What a session is made of, and the steps that tie its parts together.
#pragma once

#include "session/aliases.hpp"
#include "session/event_queue.hpp"
#include "session/handshake.hpp"
#include "session/inbound.hpp"
#include "session/keep_alive.hpp"
#include "session/outbound.hpp"
#include "session/output.hpp"
#include "session/packet_ids.hpp"
#include "session/reconnect.hpp"
#include "session/session.hpp"
#include "session/subscriptions.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace multimqtt::session {

/// Where a session stands.
enum class Phase : std::uint8_t {
    idle,         ///< `start` has not been called.
    waiting,      ///< For the next attempt.
    opening,      ///< The driver opens a transport.
    handshaking,  ///< CONNECT is out.
    connected,
    dropping,  ///< Something was wrong, and has been reported; the transport is closing.
    leaving,   ///< DISCONNECT is out because of `close`; the transport is closing.
    ended,
};

/// Each file that implements some of these functions says which in its first line.
struct Session::Parts {
    Parts(const Options& given, Random& source, QueueLimits queue_limits);

    // connection.cpp: from attempt to attempt, and to the end.
    void start(TimePoint now);
    void open_transport(TimePoint now);
    void transport_opened(TimePoint now);
    void transport_closed(const Failure& cause, TimePoint now);
    /// The attempt or the connection has failed: reports it, and lets the transport close.
    void fail(Failure failure, TimePoint now, RetryPolicy policy = RetryPolicy::back_off);
    /// Of a CONNECT that was not understood: says in `failure` when another version is tried at once.
    [[nodiscard]] RetryPolicy try_other_version(VersionChoice::Evidence evidence, Failure& failure);
    /// The same for a broker that broke the protocol; a 5.0 broker is told why, v5 [MQTT-4.13.2-1].
    void fail_protocol(Failure failure, ReasonCode reason, TimePoint now);
    void forget_connection(TimePoint now);
    void retry_later(TimePoint now, bool was_established);
    void timeout(TimePoint now);
    void watch_connection(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> deadline() const noexcept;
    void close(TimePoint now, TimePoint deadline, ReasonCode reason);
    void go_on_closing(TimePoint now);
    void say_goodbye(TimePoint now);
    void end();

    // session_start.cpp: CONNACK, and what it means for everything that is kept.
    void handle(const wire::Connack& connack, TimePoint now);
    void refused(const wire::Connack& connack, TimePoint now);
    void apply_grants(TimePoint now);
    void lose_session(TimePoint now);
    void resume_releases();
    void check_kept_messages();
    void give_up_sent(Outbound::Slot slot, Failure failure);

    // sending.cpp: messages and acknowledgements on their way out.
    [[nodiscard]] bool accepts_publish() const noexcept;
    [[nodiscard]] Result<void> publish(Token token, const OutboundMessage& message, TimePoint now);
    [[nodiscard]] Result<void> check(const wire::Publish& publish, bool has_properties) const;
    [[nodiscard]] bool begin_delivery(Outbound::Slot slot);
    /// Sends what may be sent now, in order.
    void pump(TimePoint now);
    [[nodiscard]] bool send_front_of_queue(TimePoint now);
    void send_kept(Outbound::Slot slot, TimePoint now);
    void send_acks();
    /// The message as it would be sent now; its user properties are valid until the next call.
    [[nodiscard]] wire::Publish view_of(const Outbound::Message& message, TimePoint now);
    void fill(wire::PublishProperties& view, const PublishProperties& properties, TimePoint accepted_at,
              TimePoint now);
    void write_publish(wire::Publish& publish, bool has_properties, const std::shared_ptr<const void>& owner);
    template <class AnyPacket>
    void write(const AnyPacket& packet) {
        wire::encode(packet, grants.version, output.buffer());
        ++counters.packets_out;
    }
    void watch_expiry(const Outbound::Message& message) noexcept;
    void drop_expired(TimePoint now);
    void finish(Outbound::Slot slot, ReasonCode reason);
    void give_up(Outbound::Slot slot, Failure failure);
    void report_left();
    void release(const std::vector<std::uint16_t>& identifiers);
    /// For messages that are in the queue again, after these packet identifiers have served them.
    void queue_again(const std::vector<std::uint16_t>& identifiers, TimePoint now);

    // requests.cpp: SUBSCRIBE and UNSUBSCRIBE, and what the broker answers.
    void send_requests();
    [[nodiscard]] bool send_request(const Subscriptions::Batch& batch, std::uint16_t packet_id);
    [[nodiscard]] bool refuse_unavailable(const Subscription& subscription);
    void refuse(const Subscription& subscription, bool unsubscribe, Failure failure);
    void handle_known(const wire::Suback& suback, TimePoint now);
    void handle_known(const wire::Unsuback& unsuback, TimePoint now);
    void answered(std::uint16_t packet_id, const wire::ReasonCodes& reasons, bool unsubscribe, TimePoint now);

    // receiving.cpp: packets from the broker.
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes, TimePoint now);
    void handle(const wire::Packet& packet, TimePoint now);
    void handle(const wire::Disconnect& disconnect, TimePoint now);
    void handle(const wire::Publish& publish, TimePoint now);
    void handle_kept(const wire::Publish& publish, std::string_view topic, TimePoint now);
    void look_for_overrun();
    void handle_known(const wire::Puback& ack, TimePoint now);
    void handle_known(const wire::Pubrec& ack, TimePoint now);
    void handle_known(const wire::Pubrel& pubrel, TimePoint now);
    void handle_known(const wire::Pubcomp& ack, TimePoint now);
    void step(Outbound::Slot slot, DeliveryEvent event, ReasonCode reason, TimePoint now);
    void protocol_error(std::string text, TimePoint now);

    /// What `receive` needs to begin with: the shortest packet.
    static constexpr std::size_t kHeaderBytes = 2;

    const Options options;
    const QueueLimits limits;
    Random& random;

    Phase phase = Phase::idle;
    TransportRequest request;
    std::size_t endpoint = 0;
    VersionChoice version_choice;
    Greeting greeting;
    Grants grants;
    bool connected_before = false;
    bool answered_connect = false;  // By CONNACK, on this connection.
    bool established = false;       // That CONNACK accepted us.
    /// Since we last knew, a CONNECT had no answer: a session that is present may be a new one.
    bool session_doubtful = false;
    /// What a SUBSCRIBE of the last connection could say; see `subscribe_terms`.
    std::uint8_t last_subscribe_terms = 2;
    bool overrun_reported = false;  ///< That the broker disregards our Receive Maximum.
    Backoff backoff;
    RetryPolicy retry = RetryPolicy::back_off;  // For when the transport that is closing has closed.
    TimePoint phase_deadline{0};  // Of `waiting`, `opening`, `handshaking`, `dropping`, `leaving`.
    TimePoint connected_at{0};
    std::optional<TimePoint> session_ends_at;  // When the broker forgets us, while not connected.

    bool closing = false;
    TimePoint closing_deadline{0};
    ReasonCode closing_reason = ReasonCode::success;

    PacketIds packet_ids;
    Outbound outbound;
    Inbound inbound;
    InboundAliases inbound_aliases;
    OutboundAliases outbound_aliases;
    Subscriptions subscriptions;
    KeepAlive keep_alive;
    Output output;
    std::uint64_t ping_position = 0;  // Where the last PINGREQ ends in the output, 0 once it has left.
    EventQueue events;

    std::size_t inflight_limit = 0;        // On this connection.
    std::uint32_t packet_bytes_max = 0;    // What we may send on this connection.
    std::optional<TimePoint> next_expiry;  // No message in the queue expires before.
    wire::DecodeOptions decode_options;
    std::size_t bytes_needed = kHeaderBytes;
    bool paused = false;
    std::vector<wire::UserProperty> user_properties;  // Scratch of `fill`.
    Statistics counters;
};

}  // namespace multimqtt::session
