// A session and a scripted broker in virtual time, so that a test reads like a sequence diagram.
#pragma once

#include "session/session.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"
#include "wire/packets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace multimqtt::support {

using namespace std::chrono_literals;
using session::Event;
using session::TimePoint;
using session::Token;
using session::TransportRequest;

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

/// An event that owns what it says, so that it can be looked at later.
struct Happened {
    Event::Kind kind = Event::Kind::warning;
    std::string topic;
    std::string payload;
    Qos qos = Qos::at_most_once;
    bool dup = false;
    bool retain = false;
    session::DeliveryId delivery = 0;
    Token token = 0;
    ReasonCode reason = ReasonCode::success;
    bool permanent = false;
    std::string filter;
    Failure failure;
    std::vector<std::uint32_t> subscription_identifiers;

    explicit Happened(const Event& event);
};

[[nodiscard]] std::string_view to_string(Event::Kind kind) noexcept;

/// A packet that the client has sent; the views in it stay valid as long as it lives.
struct Sent {
    std::shared_ptr<const std::vector<std::byte>> bytes;
    wire::Packet packet;
};

/// Options under which nothing happens by itself: no keep-alive, and one second between attempts at most.
[[nodiscard]] Options quiet_options(ProtocolVersion version = ProtocolVersion::v5);

/// Drives one session by its contract: after every input all outputs are drained.
///
///     Script script;
///     script.connect();
///     const Token token = script.publish("topic", "payload", Qos::at_least_once);
///     const auto publish = script.expect<wire::Publish>();
///     script.reply(wire::Puback{publish.packet_id});
///     script.expect_event(Event::Kind::published);
///     script.nothing_else();
class Script {
public:
    explicit Script(Options options = quiet_options(), session::QueueLimits limits = {});
    ~Script();
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    // The client.

    /// Starts, opens the transport, expects CONNECT, answers it and takes the `connected` event.
    wire::Connect connect(wire::Connack connack = {});
    /// Lets time pass until the next attempt, and goes through it as `connect` does.
    wire::Connect reconnect(wire::Connack connack = {});
    void start();
    /// Publishes with a new token; fails the test when it is not taken.
    Token publish(std::string_view topic, std::string_view payload, Qos qos = Qos::at_most_once);
    Result<void> try_publish(Token token, std::string_view topic, std::string_view payload, Qos qos,
                             bool retain = false, const PublishProperties* properties = nullptr);
    void subscribe(std::string filter, Qos qos = Qos::at_most_once, std::uint32_t identifier = 0);
    void subscribe(session::Subscription subscription);
    void unsubscribe(std::string_view filter);
    void acknowledge(session::DeliveryId delivery, ReasonCode reason = ReasonCode::success);
    void close(TimePoint within = 2s);
    void pause();
    void resume();

    // The transport.

    void open();
    /// The connection breaks; what was not written is lost.
    void cut();
    /// Lets time pass, serving every deadline on the way.
    void after(TimePoint duration);
    /// While writing is stuck, output stays where it is.
    void stick() { stuck_ = true; }
    void unstick();
    /// Lets the transport take `bytes` more of the chunk that is stuck.
    void write(std::size_t bytes);
    /// What was last asked of the transport, once.
    [[nodiscard]] TransportRequest::Kind take_request();
    [[nodiscard]] std::size_t endpoint() const noexcept { return endpoint_; }

    // The broker.

    /// Sends any packet as the broker.
    template <class AnyPacket>
    void reply(const AnyPacket& packet) {
        wire::ByteBuffer buffer;
        wire::encode(packet, version_, buffer);
        reply_bytes(buffer.bytes());
    }
    void reply_bytes(std::span<const std::byte> bytes);
    void reply_bytes(std::initializer_list<int> bytes);
    /// Sends a PUBLISH as the broker.
    void deliver(std::string_view topic, std::string_view payload, Qos qos = Qos::at_most_once,
                 std::uint16_t packet_id = 0, bool dup = false);

    // What came out.

    /// The next packet of the client, which has to be of this type.
    template <class AnyPacket>
    AnyPacket expect() {
        if (sent_.empty()) {
            ADD_FAILURE() << "the client has sent nothing";
            return {};
        }
        kept_.push_back(std::move(sent_.front()));
        sent_.pop_front();
        const auto* packet = std::get_if<AnyPacket>(&kept_.back().packet);
        if (packet == nullptr) {
            ADD_FAILURE() << "the client has sent " << wire::name(wire::type_of(kept_.back().packet));
            return {};
        }
        return *packet;
    }
    /// The next event, which has to be of this kind.
    Happened expect_event(Event::Kind kind);
    /// Neither a packet nor an event is left over.
    void nothing_else();
    [[nodiscard]] bool sent_anything() const noexcept { return !sent_.empty(); }
    [[nodiscard]] std::deque<Sent>& sent() noexcept { return sent_; }
    [[nodiscard]] std::deque<Happened>& events() noexcept { return events_; }
    [[nodiscard]] session::Session& session() noexcept { return session_; }
    [[nodiscard]] TimePoint now() const noexcept { return now_; }
    [[nodiscard]] ProtocolVersion version() const noexcept { return version_; }
    /// The next token, not used before.
    [[nodiscard]] Token token() noexcept { return ++last_token_; }

    void drain();

private:
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
    std::deque<Sent> sent_;
    std::deque<Sent> kept_;
    std::deque<Happened> events_;
    Token last_token_ = 0;
};

}  // namespace multimqtt::support
