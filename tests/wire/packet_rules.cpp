// The tables of the rules, and the bytes that are made from them.
#include "packet_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;
using enum PacketType;

// Reason codes as the tables of each section list them.
constexpr const char* kConnackCodes =  // 3.2.2.2
    "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F";
constexpr const char* kReturnCodes = "00 01 02 03 04 05";                    // 3.1.1, table 3.1
constexpr const char* kPubackCodes = "00 10 80 83 87 90 91 97 99";           // 3.4.2.1 and 3.5.2.1
constexpr const char* kPubrelCodes = "00 92";                                // 3.6.2.1 and 3.7.2.1
constexpr const char* kSubackCodes = "00 01 02 80 83 87 8F 91 97 9E A1 A2";  // 3.9.3
constexpr const char* kOldSubackCodes = "00 01 02 80";                       // 3.1.1, section 3.9.3
constexpr const char* kUnsubackCodes = "00 11 80 83 87 8F 91";               // 3.11.3
constexpr const char* kDisconnectCodes =                                     // 3.14.2.1
    "00 04 80 81 82 83 87 89 8B 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2";
constexpr const char* kAuthCodes = "00 18";  // 3.15.2.1; 0x19 is for clients.

const std::vector<PacketType> kAllWithProperties = {connack, publish, puback,   pubrec,     pubrel,
                                                    pubcomp, suback,  unsuback, disconnect, auth};
const std::vector<PacketType> kAllWithReasons = {connack, puback,   pubrec,     pubrel, pubcomp,
                                                 suback,  unsuback, disconnect, auth};

ReasonCode reason_for(Verdict verdict) {
    switch (verdict) {
        case Verdict::good:
            return ReasonCode::success;
        case Verdict::malformed:
            return ReasonCode::malformed_packet;
        case Verdict::protocol_error:
            return ReasonCode::protocol_error;
        case Verdict::topic_alias_invalid:
            return ReasonCode::topic_alias_invalid;
    }
    return ReasonCode::success;
}

void expect_good(const ByteVector& input, const DecodeOptions& options) {
    const Decoded decoded = decode(input, options);
    ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message();
    EXPECT_EQ(decoded.bytes, input.size());
    EXPECT_EQ(static_cast<unsigned>(type_of(decoded.packet)), static_cast<unsigned>(input[0]) >> 4);
}

void expect_refusal(const ByteVector& input, const DecodeOptions& options, Verdict expected) {
    const Decoded decoded = decode(input, options);
    ASSERT_EQ(decoded.status, DecodeStatus::failed) << "expected " << to_string(reason_for(expected));
    EXPECT_EQ(decoded.failure.reason_code, reason_for(expected)) << decoded.failure.message();
    EXPECT_EQ(to_string(decoded.failure.error), to_string(reason_for(expected)));
}

}  // namespace

const std::vector<PacketRule>& packet_rules() {
    using enum Behind;
    static const std::vector<PacketRule> kRules = {
        {"connack", v5, 0x20, "00 00", "", "", nothing, {}, -1, 1, kConnackCodes},
        {"publish_qos_0", v5, 0x30, "00 01 'a'", "", "'x'", payload, {4}, -1, -1, ""},
        {"publish_qos_1", v5, 0x32, "00 01 'a' 00 07", "", "'x'", payload, {6}, 3, -1, ""},
        {"publish_qos_2", v5, 0x34, "00 01 'a' 00 07", "", "'x'", payload, {6}, 3, -1, ""},
        {"puback", v5, 0x40, "00 07 00", "", "", nothing, {2, 3}, 0, 2, kPubackCodes},
        {"pubrec", v5, 0x50, "00 07 00", "", "", nothing, {2, 3}, 0, 2, kPubackCodes},
        {"pubrel", v5, 0x62, "00 07 00", "", "", nothing, {2, 3}, 0, 2, kPubrelCodes},
        {"pubcomp", v5, 0x70, "00 07 00", "", "", nothing, {2, 3}, 0, 2, kPubrelCodes},
        {"suback", v5, 0x90, "00 07", "", "00", reason_codes, {}, 0, 3, kSubackCodes},
        {"unsuback", v5, 0xB0, "00 07", "", "00", reason_codes, {}, 0, 3, kUnsubackCodes},
        {"pingresp", v5, 0xD0, "", nullptr, "", nothing, {}, -1, -1, ""},
        {"disconnect", v5, 0xE0, "00", "", "", nothing, {0, 1}, -1, 0, kDisconnectCodes},
        {"auth", v5, 0xF0, "18", "15 00 01 'm'", "", nothing, {0}, -1, 0, kAuthCodes},

        {"connack", v3_1_1, 0x20, "00 00", nullptr, "", nothing, {}, -1, 1, kReturnCodes},
        {"publish_qos_0", v3_1_1, 0x30, "00 01 'a'", nullptr, "'x'", payload, {3}, -1, -1, ""},
        {"publish_qos_1", v3_1_1, 0x32, "00 01 'a' 00 07", nullptr, "'x'", payload, {5}, 3, -1, ""},
        {"publish_qos_2", v3_1_1, 0x34, "00 01 'a' 00 07", nullptr, "'x'", payload, {5}, 3, -1, ""},
        {"puback", v3_1_1, 0x40, "00 07", nullptr, "", nothing, {}, 0, -1, ""},
        {"pubrec", v3_1_1, 0x50, "00 07", nullptr, "", nothing, {}, 0, -1, ""},
        {"pubrel", v3_1_1, 0x62, "00 07", nullptr, "", nothing, {}, 0, -1, ""},
        {"pubcomp", v3_1_1, 0x70, "00 07", nullptr, "", nothing, {}, 0, -1, ""},
        {"suback", v3_1_1, 0x90, "00 07", nullptr, "00", reason_codes, {}, 0, 2, kOldSubackCodes},
        {"unsuback", v3_1_1, 0xB0, "00 07", nullptr, "", nothing, {}, 0, -1, ""},
        {"pingresp", v3_1_1, 0xD0, "", nullptr, "", nothing, {}, -1, -1, ""},
    };
    return kRules;
}

const std::vector<PropertyRule>& property_rules() {
    using enum Value;
    constexpr Verdict kError = Verdict::protocol_error;
    static const std::vector<PropertyRule> kRules = {
        {0x01, "payload_format_indicator", flag, {publish}},
        {0x02, "message_expiry_interval", four_bytes, {publish}},
        {0x03, "content_type", text, {publish}},
        {0x08, "response_topic", topic, {publish}},
        {0x09, "correlation_data", binary, {publish}},
        {0x0B, "subscription_identifier", variable, {publish}, {publish}, kError},
        {0x11, "session_expiry_interval", four_bytes, {connack}},
        {0x12, "assigned_client_identifier", text, {connack}},
        {0x13, "server_keep_alive", two_bytes, {connack}},
        {0x15, "authentication_method", text, {connack, auth}},
        {0x16, "authentication_data", binary, {connack, auth}},
        {0x17, "request_problem_information", flag, {}},
        {0x18, "will_delay_interval", four_bytes, {}},
        {0x19, "request_response_information", flag, {}},
        {0x1A, "response_information", text, {connack}},
        {0x1C, "server_reference", text, {connack, disconnect}},
        {0x1F, "reason_string", text, kAllWithReasons},
        {0x21, "receive_maximum", two_bytes, {connack}, {}, kError},
        {0x22, "topic_alias_maximum", two_bytes, {connack}},
        {0x23, "topic_alias", two_bytes, {publish}, {}, Verdict::topic_alias_invalid},
        {0x24, "maximum_qos", flag, {connack}},
        {0x25, "retain_available", flag, {connack}},
        {0x26, "user_property", text_pair, kAllWithProperties, kAllWithProperties},
        {0x27, "maximum_packet_size", four_bytes, {connack}, {}, kError},
        {0x28, "wildcard_subscription_available", flag, {connack}},
        {0x29, "subscription_identifier_available", flag, {connack}},
        {0x2A, "shared_subscription_available", flag, {connack}},
    };
    return kRules;
}

const PropertyRule* property_rule(unsigned id) {
    const auto found = std::ranges::find(property_rules(), id, &PropertyRule::id);
    return found == property_rules().end() ? nullptr : &*found;
}

const std::vector<TextRule>& text_rules() {
    static const std::vector<TextRule> kRules = {
        {"ascii", "'abcdefghijklmnop'", true},
        {"control_character", "01", true},
        {"delete", "7F", true},
        {"first_of_two_bytes", "C2 80", true},
        {"last_of_two_bytes", "DF BF", true},
        {"first_of_three_bytes", "E0 A0 80", true},
        {"before_the_surrogates", "ED 9F BF", true},
        {"behind_the_surrogates", "EE 80 80", true},
        {"byte_order_mark", "EF BB BF", true},  // v5 [MQTT-1.5.4-3], v3.1.1 [MQTT-1.5.3-3]
        {"last_of_three_bytes", "EF BF BF", true},
        {"first_of_four_bytes", "F0 90 80 80", true},
        {"last_scalar_value", "F4 8F BF BF", true},
        {"null", "00", false},  // v5 [MQTT-1.5.4-2], v3.1.1 [MQTT-1.5.3-2]
        {"null_in_a_word", "'abcdefgh' 00 'abcdefgh'", false},
        // v5 [MQTT-1.5.4-1], v3.1.1 [MQTT-1.5.3-1]
        {"first_surrogate", "ED A0 80", false},
        {"last_high_surrogate", "ED AF BF", false},
        {"first_low_surrogate", "ED B0 80", false},
        {"last_surrogate", "ED BF BF", false},
        {"pair_of_surrogates", "ED A0 BD ED B8 80", false},
        {"overlong_null", "C0 80", false},
        {"overlong_slash", "C0 AF", false},
        {"overlong_of_two_bytes", "C1 BF", false},
        {"overlong_of_three_bytes", "E0 9F BF", false},
        {"overlong_of_four_bytes", "F0 8F BF BF", false},
        {"above_the_last_scalar_value", "F4 90 80 80", false},
        {"lead_f5", "F5 80 80 80", false},
        {"five_bytes", "F8 88 80 80 80", false},
        {"fe", "FE", false},
        {"ff", "FF", false},
        {"continuation_alone", "80", false},
        {"two_bytes_cut_off", "C3", false},
        {"three_bytes_cut_off", "E2 82", false},
        {"four_bytes_cut_off", "F0 9F 98", false},
        {"cut_off_by_ascii", "E2 82 'a'", false},
        {"bad_at_the_end_of_a_word", "'abcdefg' FF", false},
        {"bad_behind_a_word", "'abcdefgh' C3", false},
    };
    return kRules;
}

ByteVector variable(std::size_t value, std::size_t size_min) {
    ByteVector result;
    do {
        const std::size_t rest = value >> 7;
        const bool more = rest != 0 || result.size() + 1 < size_min;
        result.push_back(static_cast<std::byte>((value & 0x7F) | (more ? 0x80 : 0)));
        value = rest;
    } while (value != 0 || result.size() < size_min);
    return result;
}

ByteVector counted(const ByteVector& content) {
    ByteVector result = {static_cast<std::byte>(content.size() >> 8), static_cast<std::byte>(content.size())};
    result.insert(result.end(), content.begin(), content.end());
    return result;
}

ByteVector joined(std::initializer_list<ByteVector> parts) {
    ByteVector result;
    for (const ByteVector& part : parts) {
        result.insert(result.end(), part.begin(), part.end());
    }
    return result;
}

ByteVector packet(unsigned first, const ByteVector& body) {
    return joined({{static_cast<std::byte>(first)}, variable(body.size()), body});
}

ByteVector body_with(const PacketRule& rule, const ByteVector& properties) {
    return joined({bytes(rule.fields), variable(properties.size()), properties, bytes(rule.behind)});
}

ByteVector plain_body(const PacketRule& rule) {
    return has_properties(rule) ? body_with(rule, bytes(rule.properties))
                                : joined({bytes(rule.fields), bytes(rule.behind)});
}

ByteVector sample(const PropertyRule& rule) {
    const ByteVector id = {static_cast<std::byte>(rule.id)};
    switch (rule.value) {
        case Value::flag:
            return joined({id, bytes("01")});
        case Value::two_bytes:
            return joined({id, bytes("01 02")});
        case Value::four_bytes:
            return joined({id, bytes("01 02 03 04")});
        case Value::variable:
            return joined({id, bytes("81 01")});
        case Value::text:
        case Value::topic:
        case Value::binary:
            return joined({id, bytes("00 02 'ab'")});
        case Value::text_pair:
            return joined({id, bytes("00 02 'ab' 00 02 'cd'")});
    }
    return {};
}

ByteVector with_needed(const PacketRule& packet, const PropertyRule& property, const ByteVector& encoded) {
    const ByteVector needed = bytes(packet.properties);
    const bool is_needed = !needed.empty() && needed.front() == static_cast<std::byte>(property.id);
    return is_needed ? encoded : joined({needed, encoded});
}

void expect_verdict(const std::string& name, ProtocolVersion version, const ByteVector& input,
                    Verdict expected) {
    constexpr std::size_t kShown = 80;
    SCOPED_TRACE(name + " (" + std::string{to_string(version)} +
                 "): " + hex(std::span{input}.first(std::min(input.size(), kShown))));
    const DecodeOptions options{.version = version, .sender = Sender::server};
    if (expected == Verdict::good) {
        expect_good(input, options);
    } else {
        expect_refusal(input, options, expected);
    }
    const Decoded whole = decode(input, options);

    // What follows is another packet, and changes nothing.
    const ByteVector longer = joined({input, bytes("00 FF")});
    const Decoded with_more = decode(longer, options);
    EXPECT_EQ(with_more.status, whole.status);
    EXPECT_EQ(with_more.failure.message(), whole.failure.message());

    // A beginning waits for the rest, or is refused for what the whole is refused for.
    for (std::size_t size = 0; size < std::min(input.size(), kShown); ++size) {
        // A copy of exactly this size lets the address sanitizer see every read behind it.
        const ByteVector beginning(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
        const Decoded decoded = decode(beginning, options);
        if (decoded.status == DecodeStatus::need_more) {
            EXPECT_TRUE(whole.status != DecodeStatus::packet || decoded.bytes <= input.size() - size);
            EXPECT_GE(decoded.bytes, 1U);
        } else {
            EXPECT_EQ(decoded.status, DecodeStatus::failed) << size << " bytes of it";
            EXPECT_EQ(decoded.failure.message(), whole.failure.message()) << size << " bytes of it";
        }
    }
}

}  // namespace multimqtt::wire
