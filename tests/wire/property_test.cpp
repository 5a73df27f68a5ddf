// Every property on every packet of a broker: allowed, forbidden, missing, doubled, cut off, and each value.
#include "packet_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace multimqtt::wire {
namespace {

constexpr ProtocolVersion k5 = ProtocolVersion::v5;

std::string name_of(const PacketRule& packet_rule, const PropertyRule& property) {
    return std::string{packet_rule.name} + "_" + property.name;
}

bool contains(const std::vector<PacketType>& types, PacketType type) {
    return std::ranges::find(types, type) != types.end();
}

// Calls `visit(packet_rule, property)` for each pair that is allowed.
template <class Visit>
void for_each_allowed(const Visit& visit) {
    for (const PacketRule& packet_rule : packet_rules()) {
        for (const PropertyRule& property : property_rules()) {
            if (has_properties(packet_rule) && contains(property.packets, type_of(packet_rule))) {
                visit(packet_rule, property);
            }
        }
    }
}

// A packet with these bytes as its properties.
ByteVector carrying(const PacketRule& packet_rule, const PropertyRule& property, const ByteVector& encoded) {
    return packet(packet_rule.first, body_with(packet_rule, with_needed(packet_rule, property, encoded)));
}

ByteVector valued(const PropertyRule& property, const ByteVector& value) {
    return joined({{static_cast<std::byte>(property.id)}, value});
}

TEST(PropertyRulesTest, AreAsManyAsMqttHas) {
    std::set<unsigned> ids;
    std::size_t allowed = 0;
    for (const PropertyRule& property : property_rules()) {
        ids.insert(property.id);
    }
    for_each_allowed([&](const PacketRule&, const PropertyRule&) { ++allowed; });
    EXPECT_EQ(ids.size(), 27U);
    // CONNACK 17, three forms of PUBLISH 8 each, six acknowledgements 2 each, DISCONNECT 3, AUTH 4.
    EXPECT_EQ(allowed, 17U + 3 * 8 + 6 * 2 + 3 + 4);
}

// MQTT 5.0, section 2.2.2.2, table 2-4: every identifier on every packet, known or not.
TEST(PropertyTest, IsTakenOnlyOnThePacketsOfTheTable) {
    for (const PacketRule& packet_rule : packet_rules()) {
        for (unsigned id = 0; id < 256 && has_properties(packet_rule); ++id) {
            const PropertyRule unknown{id, "unknown", Value::flag, {}};
            const PropertyRule* const known = property_rule(id);
            const PropertyRule& property = known != nullptr ? *known : unknown;
            const bool allowed = contains(property.packets, type_of(packet_rule));
            // v5 [MQTT-3.14.2-2]: of DISCONNECT in general, but not of a broker's.
            const bool of_clients = id == 0x11 && packet_rule.first == 0xE0;
            expect_verdict(name_of(packet_rule, property) + "_" + std::to_string(id), k5,
                           carrying(packet_rule, property, sample(property)),
                           allowed      ? Verdict::good
                           : of_clients ? Verdict::protocol_error
                                        : Verdict::malformed);
        }
    }
}

// MQTT 5.0, section 3.15.2.2.2.
TEST(PropertyTest, IsThereWhereThePacketNeedsIt) {
    for (const char* properties : {"", "16 00 01 'd'", "1F 00 01 'r'", "26 00 01 'k' 00 01 'v'"}) {
        for (const char* reason : {"00", "18"}) {
            const ByteVector block = bytes(properties);
            const bool bare_success = block.empty() && std::string_view{reason} == "00";
            expect_verdict(std::string{"auth_without_a_method "} + reason + " " + properties, k5,
                           packet(0xF0, joined({bytes(reason), variable(block.size()), block})),
                           bare_success ? Verdict::good : Verdict::protocol_error);
        }
    }
}

// MQTT 5.0, section 2.2.2.2: "more than once" is a protocol error wherever it is not allowed in so many
// words.
TEST(PropertyTest, ComesTwiceOnlyWhereItMay) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        const ByteVector one = sample(property);
        const ByteVector other = bytes("26 00 01 'k' 00 01 'v'");
        const Verdict expected =
            contains(property.repeated, type_of(packet_rule)) ? Verdict::good : Verdict::protocol_error;
        expect_verdict(name_of(packet_rule, property) + "_twice", k5,
                       carrying(packet_rule, property, joined({one, one})), expected);
        expect_verdict(name_of(packet_rule, property) + "_twice_with_another_between", k5,
                       carrying(packet_rule, property, joined({one, other, one})), expected);
    });
}

TEST(PropertyTest, StandsInAnyOrderWithAllOthersOfItsPacket) {
    for (const PacketRule& packet_rule : packet_rules()) {
        ByteVector all;
        ByteVector backwards;
        for (const PropertyRule& property : property_rules()) {
            if (has_properties(packet_rule) && contains(property.packets, type_of(packet_rule))) {
                all = joined({all, sample(property)});
                backwards = joined({sample(property), backwards});
            }
        }
        if (!all.empty()) {
            expect_verdict(packet_rule.name + std::string{"_all"}, k5,
                           packet(packet_rule.first, body_with(packet_rule, all)), Verdict::good);
            expect_verdict(packet_rule.name + std::string{"_all_backwards"}, k5,
                           packet(packet_rule.first, body_with(packet_rule, backwards)), Verdict::good);
        }
    }
}

std::vector<std::pair<std::string, std::string>> user_properties_of(const Packet& decoded) {
    std::vector<std::pair<std::string, std::string>> found;
    std::visit(
        [&](const auto& any) {
            if constexpr (requires { any.properties.user_properties; }) {
                for (const UserProperty& item : any.properties.user_properties) {
                    found.emplace_back(item.name, item.value);
                }
            }
        },
        decoded);
    return found;
}

// Lists are read again from the bytes of the packet, past everything that stands between their items.
TEST(PropertyTest, IsNoObstacleToTheListsAroundIt) {
    const std::vector<std::pair<std::string, std::string>> expected = {{"a", "1"}, {"b", "2"}};
    for_each_allowed([&](const PacketRule& packet_rule, const PropertyRule& property) {
        SCOPED_TRACE(name_of(packet_rule, property));
        if (property.value != Value::text_pair) {
            const ByteVector input = carrying(
                packet_rule, property,
                joined({bytes("26 00 01 'a' 00 01 '1'"), sample(property), bytes("26 00 01 'b' 00 01 '2'")}));
            EXPECT_EQ(user_properties_of(decode(input, {}).packet), expected);
        }
        if (type_of(packet_rule) == PacketType::publish && property.id != 0x0B) {
            const ByteVector input = carrying(packet_rule, property,
                                              joined({bytes("0B 01"), sample(property), bytes("0B 80 01")}));
            const Decoded decoded = decode(input, {});
            const auto& publish = std::get<Publish>(decoded.packet);
            const std::array<std::uint32_t, 2> identifiers = {1, 128};
            EXPECT_TRUE(publish.properties.subscription_identifiers == SubscriptionIdentifiers{identifiers});
        }
    });
}

TEST(PropertyTest, IsCutOffNowhere) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        const ByteVector whole = sample(property);
        for (std::size_t size = 1; size < whole.size(); ++size) {
            const ByteVector part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
            expect_verdict(name_of(packet_rule, property) + "_of_" + std::to_string(size), k5,
                           carrying(packet_rule, property, part), Verdict::malformed);
        }
    });
}

// The Property Length ends inside the last value, or beyond it, by any number of bytes.
TEST(PropertyLengthTest, EndsWhereTheLastPropertyEnds) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        const ByteVector block = with_needed(packet_rule, property, sample(property));
        const std::size_t last = sample(property).size();
        const ByteVector behind = bytes(packet_rule.behind);
        for (std::size_t length = block.size() - last + 1; length <= block.size() + behind.size() + 2;
             ++length) {
            if (length != block.size()) {
                expect_verdict(name_of(packet_rule, property) + "_length_" + std::to_string(length), k5,
                               packet(packet_rule.first,
                                      joined({bytes(packet_rule.fields), variable(length), block, behind})),
                               Verdict::malformed);
            }
        }
    });
}

// v5 [MQTT-1.5.5-1].
TEST(PropertyLengthTest, IsInItsShortestForm) {
    for (const PacketRule& packet_rule : packet_rules()) {
        if (!has_properties(packet_rule)) {
            continue;
        }
        const ByteVector needed = bytes(packet_rule.properties);
        const auto with_length = [&](const ByteVector& length) {
            return packet(packet_rule.first,
                          joined({bytes(packet_rule.fields), length, needed, bytes(packet_rule.behind)}));
        };
        for (std::size_t size = 2; size <= 4; ++size) {
            expect_verdict(packet_rule.name + ("_length_in_" + std::to_string(size)), k5,
                           with_length(variable(needed.size(), size)), Verdict::malformed);
        }
        for (const char* length : {"80 80 80 80 00", "FF FF FF FF 01", "FF FF FF 7F", "80"}) {
            expect_verdict(packet_rule.name + (std::string{"_length_"} + length), k5,
                           with_length(bytes(length)), Verdict::malformed);
        }
    }
}

TEST(PropertyValueTest, OfAByteIs0Or1) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        for (unsigned value = 0; value < 256 && property.value == Value::flag; ++value) {
            expect_verdict(name_of(packet_rule, property) + "_" + std::to_string(value), k5,
                           carrying(packet_rule, property, valued(property, {static_cast<std::byte>(value)})),
                           value <= 1 ? Verdict::good : Verdict::protocol_error);
        }
    });
}

// Zero is forbidden where it would mean nothing: v5 [MQTT-3.3.2-8], sections 3.2.2.3.3, 3.2.2.3.6, 3.3.2.3.8.
TEST(PropertyValueTest, OfANumberIsInItsRange) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        const auto expect_value = [&](const char* value, Verdict expected) {
            expect_verdict(name_of(packet_rule, property) + "_" + value, k5,
                           carrying(packet_rule, property, valued(property, bytes(value))), expected);
        };
        if (property.value == Value::two_bytes) {
            expect_value("00 00", property.zero);
            for (const char* value : {"00 01", "01 00", "7F FF", "FF FF"}) {
                expect_value(value, Verdict::good);
            }
        } else if (property.value == Value::four_bytes) {
            expect_value("00 00 00 00", property.zero);
            for (const char* value : {"00 00 00 01", "01 00 00 00", "7F FF FF FF", "FF FF FF FF"}) {
                expect_value(value, Verdict::good);
            }
        } else if (property.value == Value::variable) {
            expect_value("00", property.zero);
            for (const char* value :
                 {"01", "7F", "80 01", "FF 7F", "80 80 01", "FF FF 7F", "80 80 80 01", "FF FF FF 7F"}) {
                expect_value(value, Verdict::good);
            }
            for (const char* value : {"80 00", "81 00", "81 80 00", "81 80 80 00", "FF FF FF FF 01",
                                      "80 80 80 80 00", "80 80 80 80 01"}) {
                expect_value(value, Verdict::malformed);
            }
        }
    });
}

// v5 [MQTT-1.5.4-1], [MQTT-1.5.4-2]; every text of every packet, the names and values of User Properties too.
TEST(PropertyValueTest, OfATextIsWellFormed) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        const bool is_text = property.value == Value::text || property.value == Value::topic;
        for (const TextRule& text : text_rules()) {
            const ByteVector content = counted(bytes(text.bytes));
            const Verdict expected = text.good ? Verdict::good : Verdict::malformed;
            const std::string name = name_of(packet_rule, property) + "_" + text.name;
            if (is_text) {
                expect_verdict(name, k5, carrying(packet_rule, property, valued(property, content)),
                               expected);
            } else if (property.value == Value::text_pair) {
                const ByteVector good = bytes("00 01 'k'");
                expect_verdict(name + "_as_name", k5,
                               carrying(packet_rule, property, valued(property, joined({content, good}))),
                               expected);
                expect_verdict(name + "_as_value", k5,
                               carrying(packet_rule, property, valued(property, joined({good, content}))),
                               expected);
            } else if (property.value == Value::binary) {
                expect_verdict(name, k5, carrying(packet_rule, property, valued(property, content)),
                               Verdict::good);
            }
        }
    });
}

// v5 [MQTT-3.3.2-14], [MQTT-4.7.3-1].
TEST(PropertyValueTest, OfAResponseTopicIsATopicName) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        for (const char* topic : {"", "'#'", "'+'", "'a/+/b'", "'abcdefgh#'"}) {
            if (property.value == Value::topic) {
                expect_verdict(name_of(packet_rule, property) + "_" + topic, k5,
                               carrying(packet_rule, property, valued(property, counted(bytes(topic)))),
                               Verdict::malformed);
            }
        }
    });
}

TEST(PropertyValueTest, OfATextOrOfBytesHasAnyLengthThatFits) {
    for_each_allowed([](const PacketRule& packet_rule, const PropertyRule& property) {
        for (const std::size_t size : {0U, 1U, 65'535U}) {
            const ByteVector content = counted(ByteVector(size, std::byte{'a'}));
            const std::string name = name_of(packet_rule, property) + "_of_" + std::to_string(size);
            if (property.value == Value::text || property.value == Value::binary) {
                expect_verdict(name, k5, carrying(packet_rule, property, valued(property, content)),
                               Verdict::good);
            } else if (property.value == Value::text_pair) {
                expect_verdict(name, k5,
                               carrying(packet_rule, property, valued(property, joined({content, content}))),
                               Verdict::good);
            }
        }
    });
}

}  // namespace
}  // namespace multimqtt::wire
