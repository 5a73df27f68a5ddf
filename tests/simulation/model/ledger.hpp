// What both ends agree on: each message that was accepted, and what has become of it on either side.
#pragma once

#include "property.hpp"
#include "trace.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::simulation {

/// Messages are numbered from 1 on, by direction.
using Number = std::uint32_t;

/// The payload of message `number`: its number, and a pattern that no other message has.
[[nodiscard]] std::string payload_of(Number number, std::size_t bytes);
/// The number that a payload begins with, 0 when it begins with none.
[[nodiscard]] Number number_of(std::string_view payload) noexcept;

/// A message that the client has accepted for sending.
struct Message {
    std::string topic;
    std::size_t payload_bytes = 0;
    std::uint8_t qos = 0;
    bool retain = false;
    Properties properties;
    std::optional<std::chrono::seconds> expiry;
    Time accepted_at{0};
    unsigned process = 0;  ///< Which life of the client accepted it.

    // What the application was told.
    enum class End : std::uint8_t { none, published, failed } end = End::none;
    unsigned end_connection = 0;  ///< The connection on which it ended.

    // What the client has handed over and been told, in this life.
    bool begun = false;     ///< Bytes of its PUBLISH left, in a session that the client still believes in.
    bool left = false;      ///< Its last byte has been taken by a transport.
    bool received = false;  ///< PUBREC without failure has been read.
    bool finished = false;  ///< PUBACK, PUBCOMP or a failing PUBREC has been read.
    bool refused = false;   ///< The broker has refused it.
    std::uint16_t packet_id = 0;  ///< The last one that it was sent with.

    // What the broker has seen.
    bool sighted = false;    ///< In any PUBLISH, taken or not.
    bool swallowed = false;  ///< Taken for a message of an earlier life, whose identifier it has met.
    unsigned seen = 0;
    unsigned seen_epoch = 0;     ///< The broker's session in which it was seen last.
    unsigned seen_in_epoch = 0;  ///< How often it was taken for a new message in that session.
};

/// One copy of a message that the broker has queued for the client.
struct Copy {
    std::string topic;
    std::size_t payload_bytes = 0;
    std::uint8_t qos = 0;
    bool retain = false;
    Properties properties;         ///< Subscription identifiers among them.
    unsigned epoch = 0;            ///< The broker's session that it belongs to.
    unsigned process = 0;          ///< The life of the client that got it last.
    unsigned deliveries = 0;       ///< In all lives.
    unsigned deliveries_here = 0;  ///< In that life.
    unsigned connection = 0;       ///< Of the last delivery.
    bool acknowledged = false;     ///< By the application, in that life.
    std::uint8_t reason = 0;       ///< With which it was acknowledged.
    bool refused = false;          ///< The application has refused it once: it may come again.
    bool dropped = false;          ///< The broker never owed it, or does not any more.
    bool in_doubt = false;         ///< First sent where the client could not know of the new session.
};

struct Ledger {
    std::vector<Message> messages;
    std::vector<Copy> copies;
    unsigned process = 0;     ///< The present life of the client.
    unsigned epoch = 0;       ///< The present session of the broker.
    unsigned told_epoch = 0;  ///< The session that the client was last told of.

    [[nodiscard]] Message* message(Number number) noexcept {
        return number == 0 || number > messages.size() ? nullptr : &messages[number - 1];
    }
    [[nodiscard]] Copy* copy(Number number) noexcept {
        return number == 0 || number > copies.size() ? nullptr : &copies[number - 1];
    }
};

}  // namespace multimqtt::simulation
