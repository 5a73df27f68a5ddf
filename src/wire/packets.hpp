// The packets of MQTT 3.1.1 and 5.0 as structs.
//
// All of them are views: text and bytes belong to whoever made the packet, or, after decoding, to the
// input buffer. Nothing here allocates, and every packet is trivially copyable. Fields that only MQTT 5.0
// knows are ignored by the encoder, and left at their defaults by the decoder, in 3.1.1.
#pragma once

#include "multimqtt/protocol.hpp"
#include "multimqtt/reason_code.hpp"
#include "wire/list_view.hpp"
#include "wire/properties.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace multimqtt::wire {

/// The upper four bits of the first byte of a packet.
enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,
};

/// The packet as the specification writes it, such as "PUBLISH"; "reserved" for a value that is none.
[[nodiscard]] std::string_view name(PacketType type) noexcept;

struct Will {
    std::string_view topic = {};
    BytesView payload = {};
    Qos qos = Qos::at_most_once;
    bool retain = false;
    WillProperties properties = {};

    friend bool operator==(const Will&, const Will&) = default;
};

struct Connect {
    ProtocolVersion version = ProtocolVersion::v5;
    bool clean_start = true;  ///< In 3.1.1: Clean Session.
    std::uint16_t keep_alive_s = 0;
    std::string_view client_id = {};
    std::optional<Will> will = {};
    std::optional<std::string_view> user_name = {};
    std::optional<BytesView> password = {};
    ConnectProperties properties = {};

    friend bool operator==(const Connect&, const Connect&) = default;
};

struct Connack {
    bool session_present = false;
    /// The return codes 1 to 5 of 3.1.1 appear as the reason codes of 5.0 that mean the same. A server
    /// that knows no 5.0 answers a 5.0 CONNECT in the form of 3.1.1; that too decodes to
    /// `unsupported_protocol_version`.
    ReasonCode reason_code = ReasonCode::success;
    ConnackProperties properties = {};

    friend bool operator==(const Connack&, const Connack&) = default;
};

struct Publish {
    std::string_view topic = {};  ///< Empty only when a topic alias stands for it.
    BytesView payload = {};
    std::uint16_t packet_id = 0;  ///< 0 with QoS 0, never otherwise.
    Qos qos = Qos::at_most_once;
    bool dup = false;
    bool retain = false;
    PublishProperties properties = {};

    friend bool operator==(const Publish&, const Publish&) = default;
};

/// The four acknowledgements of a PUBLISH.
template <PacketType type>
struct Ack {
    std::uint16_t packet_id = 0;
    ReasonCode reason_code = ReasonCode::success;
    AckProperties properties = {};

    friend bool operator==(const Ack&, const Ack&) = default;
};
using Puback = Ack<PacketType::puback>;
using Pubrec = Ack<PacketType::pubrec>;
using Pubrel = Ack<PacketType::pubrel>;
using Pubcomp = Ack<PacketType::pubcomp>;

/// What a subscriber wants to be sent of the retained messages.
enum class RetainHandling : std::uint8_t {
    send = 0,
    send_if_new = 1,  ///< Only when the subscription did not exist before.
    do_not_send = 2,
};

struct Subscription {
    std::string_view filter = {};
    Qos qos = Qos::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    RetainHandling retain_handling = RetainHandling::send;

    friend bool operator==(const Subscription&, const Subscription&) = default;
};

/// Reads the payload of SUBSCRIBE.
struct SubscriptionReader {
    static bool next(const std::byte*& cursor, const std::byte* end, Subscription& item) noexcept;
};

/// Reads the payload of UNSUBSCRIBE.
struct FilterReader {
    static bool next(const std::byte*& cursor, const std::byte* end, std::string_view& item) noexcept;
};

using Subscriptions = ListView<Subscription, SubscriptionReader>;
using Filters = ListView<std::string_view, FilterReader>;

struct Subscribe {
    std::uint16_t packet_id = 0;
    Subscriptions subscriptions = {};  ///< At least one.
    SubscribeProperties properties = {};

    friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

struct Unsubscribe {
    std::uint16_t packet_id = 0;
    Filters filters = {};  ///< At least one.
    UnsubscribeProperties properties = {};

    friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

/// One reason code for each filter of the request, in its order.
///
/// The receiver has to compare `size()` with the number of filters it asked for, v5 [MQTT-3.8.4-6].
class ReasonCodes {
public:
    constexpr ReasonCodes() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor): reason codes are what this is made of.
    ReasonCodes(std::span<const ReasonCode> codes) noexcept : bytes_{std::as_bytes(codes)} {}
    template <class Codes>
    requires std::constructible_from < std::span<const ReasonCode>,
    const Codes& >
        // NOLINTNEXTLINE(google-explicit-constructor): the same for an array or a vector of them.
        ReasonCodes(const Codes& codes) noexcept : ReasonCodes{std::span<const ReasonCode>{codes}} {}
    [[nodiscard]] static ReasonCodes from_encoded(std::span<const std::byte> bytes) noexcept {
        ReasonCodes codes;
        codes.bytes_ = bytes;
        return codes;
    }

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] ReasonCode operator[](std::size_t index) const noexcept {
        return static_cast<ReasonCode>(bytes_[index]);
    }
    [[nodiscard]] BytesView bytes() const noexcept { return bytes_; }

    friend bool operator==(const ReasonCodes&, const ReasonCodes&) = default;

private:
    BytesView bytes_;
};

struct Suback {
    std::uint16_t packet_id = 0;
    ReasonCodes reason_codes = {};
    AckProperties properties = {};

    friend bool operator==(const Suback&, const Suback&) = default;
};

struct Unsuback {
    std::uint16_t packet_id = 0;
    ReasonCodes reason_codes = {};  ///< Empty in 3.1.1, which has none.
    AckProperties properties = {};

    friend bool operator==(const Unsuback&, const Unsuback&) = default;
};

struct Pingreq {
    friend bool operator==(const Pingreq&, const Pingreq&) = default;
};

struct Pingresp {
    friend bool operator==(const Pingresp&, const Pingresp&) = default;
};

struct Disconnect {
    ReasonCode reason_code = ReasonCode::normal_disconnection;
    DisconnectProperties properties = {};

    friend bool operator==(const Disconnect&, const Disconnect&) = default;
};

/// MQTT 5.0 only.
struct Auth {
    ReasonCode reason_code = ReasonCode::success;
    AuthProperties properties = {};

    friend bool operator==(const Auth&, const Auth&) = default;
};

/// Any packet. One without fields comes first: a variant starts as its first type, and that costs nothing.
using Packet = std::variant<Pingreq, Pingresp, Publish, Puback, Pubrec, Pubrel, Pubcomp, Connect, Connack,
                            Subscribe, Suback, Unsubscribe, Unsuback, Disconnect, Auth>;

[[nodiscard]] PacketType type_of(const Packet& packet) noexcept;

}  // namespace multimqtt::wire
