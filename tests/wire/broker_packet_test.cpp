// Every packet that a broker can send, in every form, byte for byte: what is taken, and that all else is
// refused. Each case is one packet of `packet_rules` with one thing changed; a failure names both.
#include "packet_rules.hpp"
#include "samples.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;

std::string number(std::size_t value) {
    return "_" + std::to_string(value);
}

// The Verdict on a reason code, or on a flag: one of the list, or malformed.
Verdict listed(unsigned value, const char* list) {
    const ByteVector allowed = bytes(list);
    return std::ranges::find(allowed, static_cast<std::byte>(value)) != allowed.end() ? Verdict::good
                                                                                      : Verdict::malformed;
}

ByteVector changed(ByteVector body, std::size_t position, unsigned value) {
    body[position] = static_cast<std::byte>(value);
    return body;
}

TEST(BrokerPacketTest, IsTakenAsTheRulesHaveIt) {
    std::set<std::pair<ProtocolVersion, PacketType>> types;
    for (const PacketRule& rule : packet_rules()) {
        expect_verdict(rule.name, rule.version, packet(rule.first, plain_body(rule)), Verdict::good);
        types.emplace(rule.version, type_of(rule));
    }
    EXPECT_EQ(types.size(), 11U + 9U) << "AUTH and DISCONNECT of a broker are of 5.0 alone";
}

// v5 [MQTT-2.1.3-1]; v3.1.1 [MQTT-2.2.2-1], [MQTT-2.2.2-2].
TEST(BrokerPacketTest, HasTheFlagsOfItsTypeAndNoOther) {
    for (const PacketRule& rule : packet_rules()) {
        const bool is_publish = type_of(rule) == PacketType::publish;
        for (unsigned flags = 0; flags < 16 && !is_publish; ++flags) {
            const Verdict expected = flags == (rule.first & 0x0F) ? Verdict::good : Verdict::malformed;
            expect_verdict(rule.name + ("_flags" + number(flags)), rule.version,
                           packet((rule.first & 0xF0) | flags, plain_body(rule)), expected);
        }
    }
}

// v5 and v3.1.1 [MQTT-3.3.1-2], [MQTT-3.3.1-4].
TEST(BrokerPacketTest, PublishHasAQosThatExistsAndNoDupWithQos0) {
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        for (unsigned flags = 0; flags < 16; ++flags) {
            const unsigned qos = flags >> 1 & 3;
            const bool dup = (flags & 8) != 0;
            const ByteVector body = joined(
                {bytes("00 01 'a'"), bytes(qos == 0 ? "" : "00 07"), bytes(version == v5 ? "00" : "")});
            expect_verdict("publish_flags" + number(flags), version, packet(0x30 | flags, body),
                           qos == 3 || (qos == 0 && dup) ? Verdict::malformed : Verdict::good);
        }
    }
}

// MQTT 5.0 and 3.1.1, section 2.1.2, table 2-1: the rest belongs to clients, or to nobody.
TEST(BrokerPacketTest, IsOfATypeThatABrokerMaySend) {
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        for (unsigned type = 0; type < 16; ++type) {
            const bool allowed = std::ranges::any_of(packet_rules(), [&](const PacketRule& rule) {
                return rule.version == version && rule.first >> 4 == type;
            });
            if (allowed) {
                continue;
            }
            const bool reserved = type == 0 || (type == 15 && version == v3_1_1);
            const unsigned flags = type == 8 || type == 10 ? 2 : 0;
            expect_verdict("type" + number(type), version, packet(type << 4 | flags, {}),
                           reserved ? Verdict::malformed : Verdict::protocol_error);
        }
    }
}

TEST(BrokerPacketTest, OfAClientIsRefusedWhateverIsInIt) {
    std::size_t refused = 0;
    for (const Sample& sample : samples()) {
        const PacketType type = type_of(sample.packet);
        if (type == PacketType::connect || type == PacketType::subscribe || type == PacketType::unsubscribe ||
            type == PacketType::pingreq) {
            ByteBuffer buffer;
            encode(sample.packet, sample.version, buffer);
            expect_verdict(sample.name, sample.version, {buffer.bytes().begin(), buffer.bytes().end()},
                           Verdict::protocol_error);
            ++refused;
        }
    }
    EXPECT_GE(refused, 30U);
}

// v5 [MQTT-1.5.5-1]; 3.1.1, section 2.2.3.
TEST(BrokerPacketTest, HasARemainingLengthInItsShortestForm) {
    for (const PacketRule& rule : packet_rules()) {
        const ByteVector body = plain_body(rule);
        const ByteVector first = {static_cast<std::byte>(rule.first)};
        for (std::size_t size = 2; size <= 4; ++size) {
            expect_verdict(rule.name + ("_length_of" + number(size)), rule.version,
                           joined({first, variable(body.size(), size), body}), Verdict::malformed);
        }
        for (const char* length : {"80 80 80 80 00", "80 80 80 80 01", "FF FF FF FF 7F"}) {
            expect_verdict(rule.name + (std::string{"_length_"} + length), rule.version,
                           joined({first, bytes(length), body}), Verdict::malformed);
        }
    }
}

// The short forms of MQTT 5.0 (3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.14.2.1, 3.15.2.1) are the only ones.
TEST(BrokerPacketTest, EndsWhereOneOfItsFormsEnds) {
    for (const PacketRule& rule : packet_rules()) {
        const ByteVector body = plain_body(rule);
        for (std::size_t size = 0; size < body.size(); ++size) {
            const bool allowed = std::ranges::find(rule.shorter, size) != rule.shorter.end();
            // AUTH without anything says success; with a reason code alone it lacks the method.
            const bool no_method = rule.first == 0xF0 && size == 1;
            expect_verdict(
                rule.name + ("_body_of" + number(size)), rule.version,
                packet(rule.first, {body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size)}),
                allowed     ? Verdict::good
                : no_method ? Verdict::protocol_error
                            : Verdict::malformed);
        }
        for (unsigned extra = 0; extra < 256; ++extra) {
            const Verdict expected = rule.more == Behind::payload        ? Verdict::good
                                     : rule.more == Behind::reason_codes ? listed(extra, rule.reason_codes)
                                                                         : Verdict::malformed;
            expect_verdict(rule.name + ("_one_more_byte" + number(extra)), rule.version,
                           packet(rule.first, joined({body, {static_cast<std::byte>(extra)}})), expected);
        }
    }
}

// v5 [MQTT-2.2.1-4]; v3.1.1 [MQTT-2.3.1-1].
TEST(BrokerPacketTest, HasAPacketIdentifierThatIsNot0) {
    for (const PacketRule& rule : packet_rules()) {
        if (rule.packet_id_at < 0) {
            continue;
        }
        const auto at = static_cast<std::size_t>(rule.packet_id_at);
        for (const unsigned id : {0U, 1U, 255U, 256U, 65'535U}) {
            const ByteVector body = changed(changed(plain_body(rule), at, id >> 8), at + 1, id & 0xFF);
            expect_verdict(rule.name + ("_id" + number(id)), rule.version, packet(rule.first, body),
                           id == 0 ? Verdict::protocol_error : Verdict::good);
        }
    }
}

// v5 [MQTT-3.2.2-8], [MQTT-3.4.2-1], [MQTT-3.5.2-1], [MQTT-3.6.2-1], [MQTT-3.7.2-1], [MQTT-3.9.3-2],
// [MQTT-3.11.3-2], [MQTT-3.14.2-1], [MQTT-3.15.2-1]; v3.1.1 [MQTT-3.9.3-2] and table 3.1.
TEST(BrokerPacketTest, HasAReasonCodeOfItsTableInEachForm) {
    for (const PacketRule& rule : packet_rules()) {
        if (rule.reason_code_at < 0) {
            continue;
        }
        const auto at = static_cast<std::size_t>(rule.reason_code_at);
        const ByteVector body = plain_body(rule);
        for (unsigned code = 0; code < 256; ++code) {
            // 0x19 asks for a new authentication, which is for clients to do. Section 3.15.2.1.
            const bool of_clients = rule.first == 0xF0 && code == 0x19;
            const Verdict expected = of_clients ? Verdict::protocol_error : listed(code, rule.reason_codes);
            const ByteVector whole = changed(body, at, code);
            expect_verdict(rule.name + ("_reason" + number(code)), rule.version, packet(rule.first, whole),
                           expected);
            if (std::ranges::find(rule.shorter, at + 1) != rule.shorter.end()) {
                const auto end = whole.begin() + static_cast<std::ptrdiff_t>(at + 1);
                expect_verdict(rule.name + ("_reason_alone" + number(code)), rule.version,
                               packet(rule.first, {whole.begin(), end}), expected);
            }
        }
    }
}

// v5 [MQTT-3.2.2-1], [MQTT-3.2.2-6]; v3.1.1 [MQTT-3.2.2-4].
TEST(ConnackTest, HasNoFlagButSessionPresentAndThatOnlyWhenItAccepts) {
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        for (unsigned flags = 0; flags < 256; ++flags) {
            for (const unsigned code : {0U, version == v5 ? 0x87U : 5U}) {
                const ByteVector body = joined({{static_cast<std::byte>(flags), static_cast<std::byte>(code)},
                                                bytes(version == v5 ? "00" : "")});
                expect_verdict("connack_flags" + number(flags) + "_reason" + number(code), version,
                               packet(0x20, body),
                               flags > 1                 ? Verdict::malformed
                               : flags == 1 && code != 0 ? Verdict::protocol_error
                                                         : Verdict::good);
            }
        }
    }
}

// A broker that knows no 5.0 answers a CONNECT of 5.0 in the form of 3.1.1: MQTT 3.1.1, section 3.2.2.3.
TEST(ConnackTest, OfAnOlderBrokerIsUnderstoodWhenItRefuses) {
    for (unsigned code = 0; code < 256; ++code) {
        expect_verdict("connack_of_3_1_1" + number(code), v5,
                       packet(0x20, {std::byte{0}, static_cast<std::byte>(code)}),
                       code >= 1 && code <= 5 ? Verdict::good : Verdict::malformed);
    }
}

// v5 and v3.1.1 [MQTT-3.3.2-2]; v5 [MQTT-4.7.3-1], v3.1.1 [MQTT-4.7.3-1].
TEST(PublishTopicTest, IsTextWithoutWildcardsAndEmptyOnlyForAnAlias) {
    const auto publish = [](ProtocolVersion version, const ByteVector& topic, const char* properties) {
        return packet(0x30, joined({counted(topic), bytes(version == v5 ? properties : ""), bytes("'x'")}));
    };
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        for (const TextRule& text : text_rules()) {
            expect_verdict(std::string{"topic_"} + text.name, version,
                           publish(version, bytes(text.bytes), "00"),
                           text.good ? Verdict::good : Verdict::malformed);
        }
        for (const char* topic :
             {"'#'", "'+'", "'a/#'", "'abcdefgh+'", "'+abcdefgh'", "'abcdefghijk#lmnop'"}) {
            expect_verdict(std::string{"topic_"} + topic, version, publish(version, bytes(topic), "00"),
                           Verdict::malformed);
        }
        expect_verdict("longest_topic", version, publish(version, ByteVector(65'535, std::byte{'a'}), "00"),
                       Verdict::good);
    }
    expect_verdict("topic_empty", v3_1_1, publish(v3_1_1, {}, ""), Verdict::malformed);
    expect_verdict("topic_empty", v5, publish(v5, {}, "00"), Verdict::protocol_error);
    expect_verdict("topic_empty_with_alias", v5, publish(v5, {}, "03 23 00 01"), Verdict::good);
    expect_verdict("topic_cut_off", v5, packet(0x30, bytes("00 05 'a' 00 00")), Verdict::malformed);
}

// Reads a stream that arrives in pieces as a session does: what is not a whole packet yet is offered again.
std::string read_in_pieces(const ByteVector& stream, const std::vector<std::size_t>& ends,
                           ProtocolVersion version) {
    std::string story;
    ByteVector waiting;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        waiting.insert(waiting.end(), stream.begin() + static_cast<std::ptrdiff_t>(begin),
                       stream.begin() + static_cast<std::ptrdiff_t>(end));
        begin = end;
        for (;;) {
            const Decoded decoded = decode(waiting, {.version = version});
            if (decoded.status != DecodeStatus::packet) {
                story.append(decoded.status == DecodeStatus::failed ? decoded.failure.message() : "");
                break;
            }
            story.append(hex(std::span{waiting}.first(decoded.bytes))).append("\n");
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(decoded.bytes));
        }
    }
    return story;
}

// Each split into two and three pieces, and each byte by itself.
TEST(SegmentationTest, OfTheSameBytesGivesTheSamePackets) {
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        ByteVector stream;
        for (const PacketRule& rule : packet_rules()) {
            if (rule.version == version) {
                stream = joined({stream, packet(rule.first, plain_body(rule))});
            }
        }
        const std::string whole = read_in_pieces(stream, {stream.size()}, version);
        EXPECT_EQ(std::ranges::count(whole, '\n'), version == v5 ? 13 : 11);
        std::vector<std::size_t> each_byte;
        for (std::size_t first = 1; first <= stream.size(); ++first) {
            each_byte.push_back(first);
            for (std::size_t second = first; second <= stream.size(); ++second) {
                EXPECT_EQ(read_in_pieces(stream, {first, second, stream.size()}, version), whole)
                    << first << ", " << second;
            }
        }
        EXPECT_EQ(read_in_pieces(stream, each_byte, version), whole);
    }
}

}  // namespace
}  // namespace multimqtt::wire
