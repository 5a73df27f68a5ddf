// Packets that a broker might send, made from a fuzzer's instructions: most of them fit what is under way.
#pragma once

#include "client_watch.hpp"
#include "instructions.hpp"
#include "wire/encode.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace multimqtt::fuzz {

/// A broker's side of a connection that is up, written packet by packet.
class BrokerPackets {
public:
    explicit BrokerPackets(const ClientWatch& watch) noexcept : watch_{watch} {}

    /// One packet of the kind that the next instruction names.
    [[nodiscard]] std::vector<std::byte> next(Instructions& instructions) {
        buffer_.clear();
        const unsigned choice = instructions.next();
        switch (choice % 14) {
            case 0:
                connack(instructions.next_two());
                break;
            case 1:
            case 2:
                answer_message(instructions);
                break;
            case 3:
                answer_request(instructions);
                break;
            case 4:
            case 5:
            case 6:
            case 7:
                publish(instructions, static_cast<Qos>(choice % 14 - 4 < 3 ? choice % 14 - 4 : 1));
                break;
            case 8:
                repeat(instructions);
                break;
            case 9:
                release(instructions);
                break;
            case 10:
                put(wire::Pingresp{});
                break;
            case 11:
                stray_acknowledgement(instructions);
                break;
            case 12:
                disconnect(instructions);
                break;
            case 13:
                rare(instructions);
                break;
        }
        std::vector<std::byte> bytes{buffer_.bytes().begin(), buffer_.bytes().end()};
        if (choice >= 224 && !bytes.empty()) {  // One in eight is damaged.
            bytes[instructions.below(bytes.size())] ^= static_cast<std::byte>(instructions.next());
        }
        return bytes;
    }

    /// CONNACK with what the sixteen bits of `choice` offer.
    [[nodiscard]] std::vector<std::byte> connack_bytes(unsigned choice) {
        buffer_.clear();
        connack(choice);
        return {buffer_.bytes().begin(), buffer_.bytes().end()};
    }

private:
    template <class AnyPacket>
    void put(const AnyPacket& packet) {
        wire::encode(packet, watch_.version(), buffer_);
    }

    void connack(unsigned choice) {
        const unsigned bits = choice >> 8U;
        const unsigned more = choice & 0xFFU;
        wire::Connack connack;
        connack.session_present =
            (bits & 0x01) != 0 && !watch_.clean_start() && watch_.version() != ProtocolVersion::v3_1;
        auto& offers = connack.properties;
        if ((bits & 0x02) != 0) {
            offers.receive_maximum = static_cast<std::uint16_t>(1 + (more & 0x03));
        }
        if ((bits & 0x04) != 0) {
            offers.maximum_packet_size = 24 + (more & 0x3F);
        }
        if ((bits & 0x08) != 0) {
            offers.topic_alias_maximum = static_cast<std::uint16_t>(more >> 6);
        }
        if ((bits & 0x10) != 0) {
            offers.maximum_qos = (more & 0x04) != 0 ? Qos::at_least_once : Qos::at_most_once;
        }
        if ((bits & 0x20) != 0) {
            offers.retain_available = (more & 0x08) != 0;
            offers.wildcard_subscription_available = (more & 0x10) != 0;
            offers.subscription_identifier_available = (more & 0x20) != 0;
            offers.shared_subscription_available = (more & 0x40) != 0;
        }
        if ((bits & 0x40) != 0) {
            offers.server_keep_alive_s = static_cast<std::uint16_t>(more & 0x07);
            offers.session_expiry_interval_s = more >> 5;
        }
        if ((bits & 0x80) != 0) {
            if ((more & 0x01) != 0) {
                offers.assigned_client_identifier = "given";
                offers.reason_string = "because";
            } else {
                constexpr std::array kReasons{ReasonCode::not_authorized, ReasonCode::server_busy,
                                              ReasonCode::unsupported_protocol_version,
                                              ReasonCode::server_unavailable};
                connack.reason_code = kReasons[more / 2 % kReasons.size()];
                connack.session_present = false;
            }
        }
        put(connack);
    }

    // Answers to the client.

    void answer_message(Instructions& instructions) {
        const auto& open = watch_.client_messages();
        if (open.empty()) {
            return put(wire::Pingresp{});
        }
        const ClientWatch::ClientMessage& message = open[instructions.below(open.size())];
        const unsigned bits = instructions.next();
        const bool refuses = (bits & 0x0F) == 0x0F && watch_.version() == ProtocolVersion::v5;
        const ReasonCode reason = refuses              ? ReasonCode::quota_exceeded
                                  : (bits & 0x10) != 0 ? ReasonCode::no_matching_subscribers
                                                       : ReasonCode::success;
        if (message.qos == Qos::at_least_once) {
            put(wire::Puback{message.packet_id, reason, {}});
        } else if (message.release_sent && (bits & 0xE0) != 0xE0) {
            put(wire::Pubcomp{message.packet_id, ReasonCode::success, {}});
        } else {
            put(wire::Pubrec{message.packet_id, message.received ? ReasonCode::success : reason, {}});
        }
    }

    void answer_request(Instructions& instructions) {
        const auto& open = watch_.requests();
        if (open.empty()) {
            return put(wire::Suback{1, std::array{ReasonCode::success}, {}});
        }
        const ClientWatch::Request& request = open[instructions.below(open.size())];
        const unsigned bits = instructions.next();
        std::vector<ReasonCode> codes(request.filters + (bits == 0xFF ? 1 : 0), ReasonCode::success);
        codes[bits / 4 % codes.size()] = (bits & 0x03) == 0x03 ? ReasonCode::unspecified_error
                                         : request.unsubscribe ? ReasonCode::success
                                                               : static_cast<ReasonCode>(bits & 0x03);
        if (request.unsubscribe) {
            put(wire::Unsuback{request.packet_id, codes, {}});
        } else {
            put(wire::Suback{request.packet_id, codes, {}});
        }
    }

    // Messages of the broker.

    void publish(Instructions& instructions, Qos qos) {
        constexpr std::array<std::string_view, 3> kTopics{"f/1", "f/2/x", "g"};
        const unsigned bits = instructions.next();
        const std::string payload = std::to_string(++last_number_) + ":" + std::string(bits >> 5, 'y');
        wire::Publish publish;
        publish.topic = kTopics[bits % kTopics.size()];
        publish.payload = std::as_bytes(std::span{payload});
        publish.qos = qos;
        publish.packet_id = qos == Qos::at_most_once ? std::uint16_t{0} : free_identifier();
        publish.retain = (bits & 0x08) != 0;
        if ((bits & 0x10) != 0 && watch_.version() == ProtocolVersion::v5) {
            publish.properties.topic_alias = static_cast<std::uint16_t>(1 + instructions.below(4));
            if (instructions.next() % 2 == 0) {
                publish.topic = {};
            }
        }
        put(publish);
    }

    [[nodiscard]] std::uint16_t free_identifier() const {
        for (std::uint16_t identifier = 1;; ++identifier) {
            const auto& open = watch_.broker_messages();
            if (std::ranges::find(open, identifier, &ClientWatch::BrokerMessage::packet_id) == open.end()) {
                return identifier;
            }
        }
    }

    void repeat(Instructions& instructions) {
        const auto& open = watch_.broker_messages();
        if (open.empty()) {
            return put(wire::Pingresp{});
        }
        const ClientWatch::BrokerMessage& message = open[instructions.below(open.size())];
        const std::string payload = std::to_string(message.number);
        wire::Publish publish;
        publish.topic = "f/1";
        publish.payload = std::as_bytes(std::span{payload});
        publish.qos = message.qos;
        publish.packet_id = message.packet_id;
        publish.dup = instructions.next() % 8 != 0;
        put(publish);
    }

    void release(Instructions& instructions) {
        const auto& open = watch_.broker_messages();
        const std::size_t chosen = instructions.below(open.size() + 1);
        put(wire::Pubrel{
            chosen < open.size() ? open[chosen].packet_id : std::uint16_t{9}, ReasonCode::success, {}});
    }

    // What does not fit.

    void stray_acknowledgement(Instructions& instructions) {
        const auto packet_id = static_cast<std::uint16_t>(1 + instructions.below(5));
        switch (instructions.next() % 6) {
            case 0:
                return put(wire::Puback{packet_id, ReasonCode::success, {}});
            case 1:
                return put(wire::Pubrec{packet_id, ReasonCode::success, {}});
            case 2:
                return put(wire::Pubrel{packet_id, ReasonCode::success, {}});
            case 3:
                return put(wire::Pubcomp{packet_id, ReasonCode::success, {}});
            case 4:
                return put(wire::Suback{packet_id, std::array{ReasonCode::success}, {}});
            case 5:
                return put(wire::Unsuback{packet_id, std::array{ReasonCode::success}, {}});
        }
    }

    void disconnect(Instructions& instructions) {
        constexpr std::array kReasons{ReasonCode::server_shutting_down, ReasonCode::session_taken_over,
                                      ReasonCode::server_moved, ReasonCode::quota_exceeded};
        if (watch_.version() == ProtocolVersion::v5) {
            put(wire::Disconnect{kReasons[instructions.below(kReasons.size())], {}});
        } else {
            put(wire::Pingresp{});
        }
    }

    void rare(Instructions& instructions) {
        switch (instructions.next() % 4) {
            case 0:
                return put(wire::Pingreq{});
            case 1:
                return wire::encode(wire::Auth{ReasonCode::continue_authentication, {}}, ProtocolVersion::v5,
                                    buffer_);
            case 2:
                return wire::encode(wire::Connect{}, buffer_);
            case 3:
                return buffer_.append(std::string_view{"\x30\xFF\xFF\xFF\x7F", 5});  // 256 MiB are to come.
        }
    }

    const ClientWatch& watch_;
    wire::ByteBuffer buffer_;
    std::uint64_t last_number_ = 0;
};

}  // namespace multimqtt::fuzz
