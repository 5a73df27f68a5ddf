// The words of a script: what a packet or an event has to be like, when, and how both are told in a failure.
#pragma once

#include "session/session.hpp"
#include "wire/packets.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::support {

using namespace std::chrono_literals;
using session::Event;
using session::TimePoint;
using session::Token;
using session::TransportRequest;

/// "And that after ..."
struct After {
    TimePoint duration{0};
};
[[nodiscard]] constexpr After after(TimePoint duration) noexcept {
    return {duration};
}

/// What a packet of the client has to be like; what is not set may be anything.
struct PacketDetails {
    std::optional<std::string_view> topic = {};
    std::optional<std::string_view> payload = {};
    std::optional<Qos> qos = {};
    std::optional<bool> dup = {};
    std::optional<std::uint16_t> packet_id = {};
    std::optional<ReasonCode> reason = {};  ///< Of an acknowledgement, DISCONNECT or AUTH.
    std::optional<bool> clean_start = {};
};

/// What an event has to be like; what is not set may be anything.
struct EventDetails {
    std::optional<Token> token = {};
    std::optional<Error> error = {};
    std::optional<ReasonCode> reason = {};
    std::optional<bool> permanent = {};
    std::optional<std::string_view> topic = {};
    std::optional<std::string_view> payload = {};
    std::optional<std::string_view> filter = {};
};

/// An event that owns what it says, so that it can be looked at later.
struct Happened {
    TimePoint at{0};
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

    explicit Happened(const Event& event, TimePoint now = TimePoint{0});
};

/// A packet that the client has sent; the views in it stay valid as long as it lives.
struct Sent {
    TimePoint at{0};
    std::shared_ptr<const std::vector<std::byte>> bytes;
    wire::Packet packet;
};

/// The packet identifier, or 0 for a packet without one.
[[nodiscard]] std::uint16_t packet_id(const wire::Packet& packet) noexcept;

/// What is not as asked for, as a list of words; empty when all is.
[[nodiscard]] std::string mismatches(const wire::Packet& packet, const PacketDetails& details);
[[nodiscard]] std::string mismatches(const Happened& event, const EventDetails& details);

[[nodiscard]] std::string_view to_string(Event::Kind kind) noexcept;
/// Such as "PUBLISH 1 QoS 2 dup "a" "payload"" and "PUBREC 1 not_authorized".
[[nodiscard]] std::string to_string(const wire::Packet& packet);
/// The same without what differs from run to run: "PUBLISH dup", "PUBREC not_authorized".
[[nodiscard]] std::string outline(const wire::Packet& packet);
/// An outline of 5.0 as it is in `version`: 3.1.1 has no PUBCOMP or PUBREL that says that it is about
/// nothing.
[[nodiscard]] std::string outline_in(ProtocolVersion version, std::string outline);
/// Such as "publish_failed token 3: refused ...".
[[nodiscard]] std::string to_string(const Happened& event);

/// A CONNACK that says that the session is present.
[[nodiscard]] inline wire::Connack resuming() {
    return {.session_present = true};
}
[[nodiscard]] inline wire::Connack refusing(ReasonCode reason) {
    return {.reason_code = reason};
}

}  // namespace multimqtt::support
