// A session, its network and its broker in virtual time, so that a test reads like a sequence diagram.
#pragma once

#include "support/script_words.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <boost/assert/source_location.hpp>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace multimqtt::support {

/// The same numbers on every run.
class SeededRandom final : public session::Random {
public:
    explicit SeededRandom(std::uint64_t seed = 1) noexcept : state_{seed} {}
    std::uint64_t next() override;
    /// 0 to `count` - 1.
    [[nodiscard]] std::size_t below(std::size_t count) { return next() % count; }
    [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }

private:
    std::uint64_t state_;
};

/// Options under which nothing happens by itself: no keep-alive, and one second between attempts at most.
[[nodiscard]] Options quiet_options(ProtocolVersion version = ProtocolVersion::v5);

class Script;
/// The line of the test that expects something; failures are reported there.
using Where = boost::source_location;

/// The application's side of the session.
class Client {
public:
    explicit Client(Script& script) noexcept : script_{script} {}

    /// Starts, and goes through a whole handshake, up to the event `connected`.
    wire::Connect connects(const wire::Connack& connack = {}, Where where = BOOST_CURRENT_LOCATION);
    /// Lets time pass until the next attempt, and goes through it as `connects` does.
    wire::Connect reconnects(const wire::Connack& connack = {}, Where where = BOOST_CURRENT_LOCATION);

    void start();
    /// Publishes with a new token; fails the test when the message is not taken.
    Token publish(std::string_view topic, std::string_view payload, Qos qos = Qos::at_most_once,
                  Where where = BOOST_CURRENT_LOCATION);
    Result<void> try_publish(Token token, std::string_view topic, std::string_view payload, Qos qos,
                             bool retain = false, const PublishProperties* properties = nullptr);
    void subscribe(std::string filter, Qos qos = Qos::at_most_once, std::uint32_t identifier = 0);
    void subscribe(session::Subscription subscription);
    void unsubscribe(std::string_view filter);
    void acknowledge(session::DeliveryId delivery, ReasonCode reason = ReasonCode::success);
    void close(TimePoint within = 2s, ReasonCode reason = ReasonCode::success);
    void pause();
    void resume();

    /// The next event, which has to be of this kind.
    Happened reports(Event::Kind kind, const EventDetails& details = {},
                     Where where = BOOST_CURRENT_LOCATION);
    /// The same, after exactly this time, in which nothing else happens.
    Happened reports(Event::Kind kind, After after, Where where = BOOST_CURRENT_LOCATION);
    Happened reports(Event::Kind kind, const EventDetails& details, After after,
                     Where where = BOOST_CURRENT_LOCATION);

    /// Events that no test has asked for yet.
    [[nodiscard]] std::deque<Happened>& events() noexcept;
    /// The next token, not used before.
    [[nodiscard]] Token token() noexcept;

private:
    Script& script_;
};

/// What carries the bytes.
class Network {
public:
    explicit Network(Script& script) noexcept : script_{script} {}

    /// Does what the session asks for: opens a transport.
    void opens(Where where = BOOST_CURRENT_LOCATION);
    /// Opens a transport, asked or not.
    void opens_unasked();
    /// Opens one after having let time pass until the session asks for it.
    void reopens(Where where = BOOST_CURRENT_LOCATION);
    /// Opening fails.
    void refuses(Where where = BOOST_CURRENT_LOCATION);
    /// The connection ends; what was not written, and what the broker has not sent yet, is lost.
    void cuts(const Failure& cause = {});
    /// While it sticks, output stays where it is.
    void sticks() noexcept;
    void flows();
    /// Takes `bytes` more of the chunk that is stuck.
    void takes(std::size_t bytes);

    /// What was last asked of the transport, once.
    [[nodiscard]] TransportRequest::Kind take_request();
    /// The endpoint that was last to be opened.
    [[nodiscard]] std::size_t endpoint() const noexcept;

private:
    Script& script_;
};

/// A packet of the client that the broker has read, and may answer.
class Received {
public:
    enum class As : std::uint8_t { expected, something_else };
    Received(Script& script, Sent sent, As as, Where where) noexcept
        : script_{script}, sent_{std::move(sent)}, as_{as}, where_{where} {}

    [[nodiscard]] const wire::Packet& packet() const noexcept { return sent_.packet; }
    [[nodiscard]] std::uint16_t packet_id() const { return support::packet_id(sent_.packet); }
    template <class AnyPacket>
    [[nodiscard]] const AnyPacket& as() const {
        return std::get<AnyPacket>(sent_.packet);
    }

    /// Answers with a packet of this type, for the same packet identifier. SUBACK grants what was asked for,
    /// unless `reason` refuses it. A delayed answer is sent when its time has come, if the connection lasts.
    const Received& replies(wire::PacketType type, ReasonCode reason, After after = {}) const;
    const Received& replies(wire::PacketType type, After after = {}) const {
        return replies(type, ReasonCode::success, after);
    }
    template <class AnyPacket>
    const Received& replies(const AnyPacket& packet, After after = {}) const;

private:
    Script& script_;
    Sent sent_;
    As as_;  // What is not as expected, which has been reported, is not answered.
    Where where_;
};

/// The other side of the connection.
class Broker {
public:
    explicit Broker(Script& script) noexcept : script_{script} {}

    /// The next packet of the client, which has to be of this type.
    Received expects(wire::PacketType type, const PacketDetails& details = {},
                     Where where = BOOST_CURRENT_LOCATION);
    /// The same, after exactly this time, in which nothing else happens.
    Received expects(wire::PacketType type, After after, Where where = BOOST_CURRENT_LOCATION);
    Received expects(wire::PacketType type, const PacketDetails& details, After after,
                     Where where = BOOST_CURRENT_LOCATION);
    /// The same as a packet to look at. Its views stay valid as long as the script.
    template <class AnyPacket>
    AnyPacket expects(Where where = BOOST_CURRENT_LOCATION);

    /// Sends any packet.
    template <class AnyPacket>
    void sends(const AnyPacket& packet, After after = {});
    void sends_bytes(std::span<const std::byte> bytes, After after = {});
    void sends_bytes(std::initializer_list<int> bytes);
    void publishes(std::string_view topic, std::string_view payload, Qos qos = Qos::at_most_once,
                   std::uint16_t packet_id = 0, bool dup = false);

    /// Packets of the client that no test has asked for yet.
    [[nodiscard]] bool has_heard() const noexcept;
    [[nodiscard]] std::deque<Sent>& heard() noexcept;

private:
    Script& script_;
};

/// Who takes part. In a test that is no fixture: `auto& [client, network, broker] = script.roles();`.
struct Roles {
    Client client;
    Network network;
    Broker broker;
};

/// Drives one session by its contract: after every input all outputs are drained.
///
///     client.connects();
///     const Token token = client.publish("topic", "payload", Qos::at_least_once);
///     broker.expects(publish, {.dup = false}).replies(puback, after(2s));
///     client.reports(published, {.token = token}, after(2s));
///     silence(1h);
///
/// A fixture that derives from it has `client`, `network`, `broker`, `wait` and `silence` at hand.
class Script : public Roles {
public:
    explicit Script(const Options& options = quiet_options(), session::QueueLimits limits = {});
    explicit Script(ProtocolVersion version) : Script{quiet_options(version)} {}
    ~Script();
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    [[nodiscard]] Roles& roles() noexcept { return *this; }

    /// Lets time pass, serving every deadline and sending every delayed answer on the way.
    void wait(TimePoint duration);
    /// Neither a packet nor an event is left over, and none comes within `duration`.
    void silence(TimePoint duration = TimePoint{0}, Where where = BOOST_CURRENT_LOCATION);

    /// What has happened since, in one line, and is forgotten with that: "published, PUBLISH dup" are an
    /// event and a packet of the client. For tables.
    [[nodiscard]] std::string story();

    [[nodiscard]] session::Session& session() noexcept { return session_; }
    [[nodiscard]] TimePoint now() const noexcept { return now_; }
    [[nodiscard]] ProtocolVersion version() const noexcept { return version_; }
    /// Takes all outputs of the session; for inputs that a test gives to `session()` itself.
    void drain();

private:
    friend Client;
    friend Network;
    friend Broker;
    friend Received;

    [[nodiscard]] Received take_packet(wire::PacketType type, const PacketDetails& details,
                                       std::optional<After> after, Where where);
    [[nodiscard]] Happened take_event(Event::Kind kind, const EventDetails& details,
                                      std::optional<After> after, Where where);
    void receive(std::span<const std::byte> bytes);
    void write(std::size_t bytes);
    void take_sent(std::span<const std::byte> bytes);

    SeededRandom random_;
    session::Session session_;
    TimePoint now_ = 1h;
    ProtocolVersion version_;
    std::size_t endpoint_ = 0;
    bool open_ = false;
    bool stuck_ = false;
    std::optional<TransportRequest::Kind> request_;
    session::OutputChunk chunk_;
    std::size_t chunk_left_ = 0;
    std::vector<std::byte> stream_;   // Written, not yet a whole packet.
    std::vector<std::byte> inbound_;  // Sent by the broker, not yet consumed.
    std::multimap<TimePoint, std::vector<std::byte>> delayed_;
    std::deque<Sent> sent_;
    std::deque<Sent> kept_;
    std::deque<Happened> events_;
    Token last_token_ = 0;
};

template <class AnyPacket>
const Received& Received::replies(const AnyPacket& packet, After after) const {
    if (as_ == As::expected) {
        script_.broker.sends(packet, after);
    }
    return *this;
}

template <class AnyPacket>
AnyPacket Broker::expects(Where where) {
    const Received received = expects(wire::type_of(wire::Packet{AnyPacket{}}), PacketDetails{}, where);
    const auto* packet = std::get_if<AnyPacket>(&received.packet());
    return packet != nullptr ? *packet : AnyPacket{};
}

template <class AnyPacket>
void Broker::sends(const AnyPacket& packet, After after) {
    wire::ByteBuffer buffer;
    wire::encode(packet, script_.version(), buffer);
    sends_bytes(buffer.bytes(), after);
}

}  // namespace multimqtt::support
