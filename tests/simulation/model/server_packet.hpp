// The packets that a server sends, encoded as the specification says, and what the client learns from each.
#pragma once

#include "client_packet.hpp"
#include "ledger.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::simulation {

/// What the client knows once it has read up to `end`.
struct Notice {
    enum class Kind : std::uint8_t {
        connack,
        publish,
        puback,
        pubrec,
        pubrel,
        pubcomp,
        suback,
        unsuback,
        disconnect,
        other
    };
    Kind kind = Kind::other;
    std::uint16_t packet_id = 0;
    std::uint8_t reason = 0;
    Number copy = 0;               ///< Of a PUBLISH.
    bool session_present = false;  ///< Of a CONNACK.
    std::uint32_t expiry_s = 0;    ///< Of a CONNACK: how long the session outlives the connection.
    std::string client_id{};       ///< Of a CONNACK: the one that was assigned.
    std::string codes{};           ///< Of a SUBACK or UNSUBACK.
    std::uint64_t end = 0;         ///< In the bytes of the connection.
};

/// The packet's name and identifier, for the trace.
[[nodiscard]] std::string to_string(const Notice& notice);

/// The bytes that the broker has sent on one connection and that are still on its side.
class Downstream {
public:
    void send(std::string_view packet, Notice notice = {}) {
        bytes.append(packet);
        written_ += packet.size();
        notice.end = written_;
        notices.push_back(std::move(notice));
    }
    void reset() {
        bytes.clear();
        notices.clear();
        written_ = 0;
    }

    std::string bytes;
    std::deque<Notice> notices;  ///< Of everything that the client has not read, wherever it is.

private:
    std::uint64_t written_ = 0;
};

struct SentPublish {
    std::string_view topic;
    std::string_view payload;
    std::uint16_t packet_id = 0;
    std::uint8_t qos = 0;
    bool dup = false;
    bool retain = false;
    const Properties* properties = nullptr;
};

/// Any packet: its first byte and its body.
[[nodiscard]] std::string packet(unsigned first_byte, std::string_view body);
[[nodiscard]] std::string connack(Level level, bool session_present, std::uint8_t code,
                                  const Properties& properties);
[[nodiscard]] std::string publish(Level level, const SentPublish& publish);
/// In 5.0 reason 0 is left out now and then: `explicit_reason` writes it all the same.
[[nodiscard]] std::string ack(Level level, AckType type, std::uint16_t packet_id, std::uint8_t reason,
                              bool explicit_reason);
[[nodiscard]] std::string suback(Level level, std::uint16_t packet_id, std::string_view codes);
[[nodiscard]] std::string unsuback(Level level, std::uint16_t packet_id, std::string_view codes);
[[nodiscard]] std::string pingresp();
[[nodiscard]] std::string disconnect(std::uint8_t reason, const Properties& properties);

}  // namespace multimqtt::simulation
