// What MQTT says about the packets that a broker sends, written down from its text and not from the code.
#pragma once

#include "bytes.hpp"
#include "wire/decode.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace multimqtt::wire {

/// What has to become of bytes. The names are those of the reason codes that MQTT 5.0 answers with.
enum class Verdict : std::uint8_t { good, malformed, protocol_error, topic_alias_invalid };

/// What may stand behind the last field of a packet.
enum class Behind : std::uint8_t { nothing, payload, reason_codes };

/// One form of a packet, with the fields that it cannot do without.
struct PacketRule {
    const char* name;
    ProtocolVersion version;
    unsigned first;          ///< The first byte: type and flags.
    const char* fields;      ///< Everything before the properties.
    const char* properties;  ///< The properties it needs; null where there is not even a Property Length.
    const char* behind;      ///< What follows the properties.
    Behind more;             ///< What any further byte would be.
    std::vector<std::size_t> shorter;  ///< Sizes of the body, below that of all this, that are packets too.
    int packet_id_at;                  ///< Where in the body the Packet Identifier stands, or -1.
    int reason_code_at;                ///< Where a Reason Code stands, or -1.
    const char* reason_codes;          ///< The codes that are allowed there.
};

/// How a property's value is encoded, and what it may hold.
enum class Value : std::uint8_t { flag, two_bytes, four_bytes, variable, text, topic, binary, text_pair };

struct PropertyRule {
    unsigned id;
    const char* name;
    Value value;
    std::vector<PacketType> packets;        ///< The packets of a broker that may carry it.
    std::vector<PacketType> repeated = {};  ///< Those of them in which it may come more than once.
    Verdict zero = Verdict::good;           ///< What the value 0 is.
};

/// Every packet that a broker may send, in each version. MQTT 5.0 and 3.1.1, sections 3.2 to 3.15.
[[nodiscard]] const std::vector<PacketRule>& packet_rules();
/// All 27 properties. MQTT 5.0, section 2.2.2.2, table 2-4.
[[nodiscard]] const std::vector<PropertyRule>& property_rules();
/// The rule for an identifier, or null when MQTT knows no such property.
[[nodiscard]] const PropertyRule* property_rule(unsigned id);

[[nodiscard]] inline PacketType type_of(const PacketRule& rule) {
    return static_cast<PacketType>(rule.first >> 4);
}
[[nodiscard]] inline bool has_properties(const PacketRule& rule) {
    return rule.properties != nullptr;
}

/// A text that is well-formed for MQTT, or is not. MQTT 5.0, section 1.5.4; 3.1.1, section 1.5.3.
struct TextRule {
    const char* name;
    const char* bytes;
    bool good;
};
[[nodiscard]] const std::vector<TextRule>& text_rules();

/// A variable byte integer in its shortest form, and in as many bytes as asked for.
[[nodiscard]] ByteVector variable(std::size_t value, std::size_t size_min = 1);
/// Bytes with their Two Byte Integer length before them.
[[nodiscard]] ByteVector counted(const ByteVector& content);
[[nodiscard]] ByteVector joined(std::initializer_list<ByteVector> parts);

/// A packet with its fixed header.
[[nodiscard]] ByteVector packet(unsigned first, const ByteVector& body);
/// The body of the packet, with these properties instead of those that it needs.
[[nodiscard]] ByteVector body_with(const PacketRule& rule, const ByteVector& properties);
/// The body of the packet as the rule has it.
[[nodiscard]] ByteVector plain_body(const PacketRule& rule);
/// A property with a value that is good.
[[nodiscard]] ByteVector sample(const PropertyRule& rule);
/// `property` and all that the packet cannot do without; not twice the same.
[[nodiscard]] ByteVector with_needed(const PacketRule& packet, const PropertyRule& property,
                                     const ByteVector& encoded);

/// Decodes `input` as coming from a broker, and holds the outcome against `expected`: whole, with more bytes
/// behind, and each beginning of it.
void expect_verdict(const std::string& name, ProtocolVersion version, const ByteVector& input,
                    Verdict expected);

}  // namespace multimqtt::wire
