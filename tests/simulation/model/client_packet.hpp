// The packets that a client may send, as the model broker reads them.
#pragma once

#include "property.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace multimqtt::simulation {

/// Protocol levels of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0.
using Level = std::uint8_t;

struct ReceivedWill {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    Properties properties;
};

struct ReceivedConnect {
    Level level = 5;
    bool clean_start = false;
    std::uint16_t keep_alive_s = 0;
    std::string client_id;
    std::optional<ReceivedWill> will;
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    Properties properties;
};

struct ReceivedPublish {
    std::string topic;
    std::string payload;
    std::uint16_t packet_id = 0;
    std::uint8_t qos = 0;
    bool dup = false;
    bool retain = false;
    Properties properties;
};

/// The values are the packet types.
enum class AckType : std::uint8_t { puback = 4, pubrec = 5, pubrel = 6, pubcomp = 7 };

struct ReceivedAck {
    AckType type;
    std::uint16_t packet_id = 0;
    std::uint8_t reason = 0;
};

struct RequestedFilter {
    std::string filter;
    std::uint8_t qos = 0;
    bool no_local = false;
    bool retain_as_published = false;
    std::uint8_t retain_handling = 0;
};

struct ReceivedSubscribe {
    std::uint16_t packet_id = 0;
    std::vector<RequestedFilter> filters;
    Properties properties;
};

struct ReceivedUnsubscribe {
    std::uint16_t packet_id = 0;
    std::vector<std::string> filters;
};

struct ReceivedPingreq {};

struct ReceivedDisconnect {
    std::uint8_t reason = 0;
    Properties properties;
};

using ClientPacket = std::variant<ReceivedConnect, ReceivedPublish, ReceivedAck, ReceivedSubscribe,
                                  ReceivedUnsubscribe, ReceivedPingreq, ReceivedDisconnect>;

/// One packet in a stream of bytes: its first byte and what follows the remaining length.
struct Frame {
    std::uint8_t first_byte = 0;
    std::string_view body;
    std::size_t bytes = 0;  ///< Of the whole packet.
};

/// The packet that `stream` begins with, or nothing while it is incomplete. Throws `Violation`.
[[nodiscard]] std::optional<Frame> next_frame(std::string_view stream);

/// Decodes a packet of a client, refusing everything that MQTT does not let a client send. `level` is that of
/// the connection's CONNECT. Throws `Violation`.
[[nodiscard]] ClientPacket decode(const Frame& frame, Level level);

/// One line about a packet, for the trace.
[[nodiscard]] std::string to_string(const ClientPacket& packet);

}  // namespace multimqtt::simulation
