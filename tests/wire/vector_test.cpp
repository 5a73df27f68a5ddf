// Packets written by hand from the text of the specification, so that encode and decode do not merely agree
// with each other.
#include "bytes.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <array>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;

std::string encoded(const Packet& packet, ProtocolVersion version) {
    ByteBuffer buffer;
    encode(packet, version, buffer);
    return hex(buffer.bytes());
}

struct Vector {
    const char* name;
    ProtocolVersion version;
    Sender sender;
    const char* bytes;
    Packet packet;
};

std::ostream& operator<<(std::ostream& stream, const Vector& vector) {
    return stream << vector.name;
}

class VectorTest : public testing::TestWithParam<Vector> {};

TEST_P(VectorTest, IsWhatThePacketEncodesTo) {
    EXPECT_EQ(encoded(GetParam().packet, GetParam().version), hex(bytes(GetParam().bytes)));
}

TEST_P(VectorTest, DecodesToThePacket) {
    const ByteVector input = bytes(GetParam().bytes);
    const Decoded decoded = decode(input, {.version = GetParam().version, .sender = GetParam().sender});
    ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message();
    EXPECT_TRUE(decoded.packet == GetParam().packet);
}

// 3.1.1, figure 3.6: user name, password, will with QoS 1, clean session, keep alive 10.
Connect connect_of_figure_3_6() {
    Connect packet{.version = v3_1_1, .clean_start = true, .keep_alive_s = 10, .client_id = "c"};
    packet.will = Will{.topic = "w", .payload = as_bytes("x"), .qos = Qos::at_least_once};
    packet.user_name = "u";
    packet.password = BytesView{as_bytes("p")};
    return packet;
}

Connect connect_with_properties() {
    Connect packet{.version = v5, .clean_start = false, .keep_alive_s = 60};
    packet.properties.session_expiry_interval_s = 10;  // 5.0, figure 3.6.
    packet.properties.receive_maximum = 20;
    return packet;
}

Publish publish_with_alias() {
    Publish packet{.topic = "a/b", .payload = as_bytes("hi"), .packet_id = 10, .qos = Qos::at_least_once};
    packet.properties.message_expiry_interval_s = 0x01020304;
    packet.properties.topic_alias = 5;
    return packet;
}

constexpr std::array<Subscription, 2> kSubscriptionsOfFigure = {{
    {"a/b", Qos::at_least_once, false, false, RetainHandling::send},
    {"c/d", Qos::exactly_once, true, true, RetainHandling::do_not_send},
}};
constexpr std::array<Subscription, 2> kOldSubscriptionsOfFigure = {{
    {"a/b", Qos::at_least_once, false, false, RetainHandling::send},
    {"c/d", Qos::exactly_once, false, false, RetainHandling::send},
}};
constexpr std::array<std::string_view, 2> kFilters = {"a/b", "c/d"};
constexpr std::array kCodes = {ReasonCode::granted_qos_1, ReasonCode::not_authorized};
constexpr std::array kOldCodes = {ReasonCode::granted_qos_1, ReasonCode::unspecified_error};

Subscribe subscribe_with_identifier() {
    Subscribe packet{.packet_id = 10, .subscriptions = kSubscriptionsOfFigure};
    packet.properties.subscription_identifier = 321;  // 0x41 + 2 * 128, section 1.5.5.
    return packet;
}

Disconnect disconnect_with_reason() {
    Disconnect packet{.reason_code = ReasonCode::server_shutting_down};
    packet.properties.reason_string = "off";
    return packet;
}

Auth auth_step() {
    Auth packet{.reason_code = ReasonCode::continue_authentication};
    packet.properties.authentication_method = "M";
    packet.properties.authentication_data = BytesView{as_bytes("D")};
    return packet;
}

const Vector kVectors[] = {
    {"connect_3_1", v3_1, Sender::client, "10 0F 00 06 'MQIsdp' 03 02 00 0A 00 01 'c'",
     Connect{.version = v3_1, .keep_alive_s = 10, .client_id = "c"}},
    {"connect_3_1_1", v3_1_1, Sender::client,
     "10 19 00 04 'MQTT' 04 CE 00 0A 00 01 'c' 00 01 'w' 00 01 'x' 00 01 'u' 00 01 'p'",
     connect_of_figure_3_6()},
    {"connect_5", v5, Sender::client, "10 15 00 04 'MQTT' 05 00 00 3C 08 11 00 00 00 0A 21 00 14 00 00",
     connect_with_properties()},
    {"connack_3_1_1", v3_1_1, Sender::server, "20 02 01 00", Connack{.session_present = true}},
    {"connack_3_1_1_refused", v3_1_1, Sender::server, "20 02 00 04",
     Connack{.reason_code = ReasonCode::bad_user_name_or_password}},
    {"connack_5", v5, Sender::server, "20 03 00 86 00",
     Connack{.reason_code = ReasonCode::bad_user_name_or_password}},
    {"publish_qos_0", v3_1_1, Sender::server, "30 07 00 03 'a/b' 'hi'",
     Publish{.topic = "a/b", .payload = as_bytes("hi")}},
    {"publish_qos_1", v3_1_1, Sender::server, "32 07 00 03 'a/b' 00 0A",
     Publish{.topic = "a/b", .packet_id = 10, .qos = Qos::at_least_once}},
    {"publish_qos_2_dup_retain", v5, Sender::client, "3D 08 00 03 'a/b' 00 0A 00",
     Publish{.topic = "a/b", .packet_id = 10, .qos = Qos::exactly_once, .dup = true, .retain = true}},
    {"publish_5", v5, Sender::client, "32 12 00 03 'a/b' 00 0A 08 02 01 02 03 04 23 00 05 'hi'",
     publish_with_alias()},
    {"puback", v5, Sender::server, "40 02 00 0A", Puback{.packet_id = 10}},
    {"puback_reason", v5, Sender::server, "40 03 00 0A 10",
     Puback{.packet_id = 10, .reason_code = ReasonCode::no_matching_subscribers}},
    {"pubrec", v3_1_1, Sender::server, "50 02 00 0A", Pubrec{.packet_id = 10}},
    {"pubrel", v3_1_1, Sender::client, "62 02 00 0A", Pubrel{.packet_id = 10}},
    {"pubcomp_unknown", v5, Sender::client, "70 03 01 00 92",
     Pubcomp{.packet_id = 256, .reason_code = ReasonCode::packet_identifier_not_found}},
    {"subscribe_3_1_1", v3_1_1, Sender::client, "82 0E 00 0A 00 03 'a/b' 01 00 03 'c/d' 02",
     Subscribe{.packet_id = 10, .subscriptions = kOldSubscriptionsOfFigure}},
    {"subscribe_5", v5, Sender::client, "82 12 00 0A 03 0B C1 02 00 03 'a/b' 01 00 03 'c/d' 2E",
     subscribe_with_identifier()},
    {"suback_3_1_1", v3_1_1, Sender::server, "90 04 00 0A 01 80",
     Suback{.packet_id = 10, .reason_codes = kOldCodes}},
    {"suback_5", v5, Sender::server, "90 05 00 0A 00 01 87", Suback{.packet_id = 10, .reason_codes = kCodes}},
    {"unsubscribe_3_1_1", v3_1_1, Sender::client, "A2 0C 00 0A 00 03 'a/b' 00 03 'c/d'",
     Unsubscribe{.packet_id = 10, .filters = kFilters}},
    {"unsubscribe_5", v5, Sender::client, "A2 0D 00 0A 00 00 03 'a/b' 00 03 'c/d'",
     Unsubscribe{.packet_id = 10, .filters = kFilters}},
    {"unsuback_3_1_1", v3_1_1, Sender::server, "B0 02 00 0A", Unsuback{.packet_id = 10}},
    {"pingreq", v5, Sender::client, "C0 00", Pingreq{}},
    {"pingresp", v3_1_1, Sender::server, "D0 00", Pingresp{}},
    {"disconnect_3_1_1", v3_1_1, Sender::client, "E0 00", Disconnect{}},
    {"disconnect_5", v5, Sender::client, "E0 01 04",
     Disconnect{.reason_code = ReasonCode::disconnect_with_will_message}},
    {"disconnect_reason", v5, Sender::server, "E0 08 8B 06 1F 00 03 'off'", disconnect_with_reason()},
    {"auth", v5, Sender::server, "F0 0A 18 08 15 00 01 'M' 16 00 01 'D'", auth_step()},
};

INSTANTIATE_TEST_SUITE_P(ByHand, VectorTest, testing::ValuesIn(kVectors),
                         [](const auto& row) { return row.param.name; });

// Forms that are read but never written.
struct LongForm {
    const char* name;
    const char* bytes;
    Packet packet;
};

std::ostream& operator<<(std::ostream& stream, const LongForm& form) {
    return stream << form.name;
}

class LongFormTest : public testing::TestWithParam<LongForm> {};

TEST_P(LongFormTest, MeansTheSameAsTheShortOne) {
    const ByteVector input = bytes(GetParam().bytes);
    const Decoded decoded = decode(input, {});
    ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message();
    EXPECT_TRUE(decoded.packet == GetParam().packet);
}

const LongForm kLongForms[] = {
    {"puback_three_bytes", "40 03 00 0A 00", Puback{.packet_id = 10}},
    {"puback_four_bytes", "40 04 00 0A 00 00", Puback{.packet_id = 10}},
    {"pubrel_four_bytes", "62 04 00 0A 92 00",
     Pubrel{.packet_id = 10, .reason_code = ReasonCode::packet_identifier_not_found}},
    {"disconnect_one_byte", "E0 01 00", Disconnect{}},
    {"disconnect_two_bytes", "E0 02 8B 00", Disconnect{.reason_code = ReasonCode::server_shutting_down}},
    {"auth_one_byte", "F0 01 00", Auth{}},
    {"auth_two_bytes", "F0 02 00 00", Auth{}},
    // What a server that knows only 3.1.1 answers to a CONNECT of 5.0.
    {"connack_of_older_server", "20 02 00 01",
     Connack{.reason_code = ReasonCode::unsupported_protocol_version}},
    {"connack_of_older_server_unauthorized", "20 02 00 05",
     Connack{.reason_code = ReasonCode::not_authorized}},
};

INSTANTIATE_TEST_SUITE_P(Accepted, LongFormTest, testing::ValuesIn(kLongForms),
                         [](const auto& row) { return row.param.name; });

TEST(DecodedPropertiesTest, KeepTheOrderOfUserPropertiesAndSubscriptionIdentifiers) {
    const ByteVector input = bytes(
        "30 1C 00 01 't' 17 26 00 01 'a' 00 01 '1' 0B 01 26 00 01 'a' 00 01 '2' 0B FF FF FF 7F 01 01 'p'");
    const Decoded decoded = decode(input, {});
    ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message();
    const auto& publish = std::get<Publish>(decoded.packet);
    EXPECT_EQ(publish.properties.user_properties.size(), 2U);
    EXPECT_EQ(publish.properties.subscription_identifiers.size(), 2U);
    const std::array<UserProperty, 2> expected = {{{"a", "1"}, {"a", "2"}}};
    EXPECT_TRUE(publish.properties.user_properties == UserProperties{expected});
    const std::array<std::uint32_t, 2> identifiers = {1, 268'435'455};
    EXPECT_TRUE(publish.properties.subscription_identifiers == SubscriptionIdentifiers{identifiers});
}

}  // namespace
}  // namespace multimqtt::wire
