// Every packet that a client sends, byte by byte as the statements of both versions ask for it.
#include "bytes.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;

struct SentBytes {
    const char* name;
    ProtocolVersion version;
    const char* bytes;
    Packet packet;
};

std::ostream& operator<<(std::ostream& stream, const SentBytes& row) {
    return stream << row.name;
}

class SentBytesTest : public testing::TestWithParam<SentBytes> {};

TEST_P(SentBytesTest, HasTheseBytes) {
    ByteBuffer buffer;
    encode(GetParam().packet, GetParam().version, buffer);
    EXPECT_EQ(hex(buffer.bytes()), hex(bytes(GetParam().bytes)));
}

Will will_of(Qos qos, bool retain) {
    Will will{.topic = "w", .payload = as_bytes("x"), .qos = qos, .retain = retain};
    will.properties.will_delay_interval_s = 5;
    return will;
}

Connect full(ProtocolVersion version, Qos qos, bool retain) {
    return {.version = version,
            .clean_start = false,
            .client_id = "c",
            .will = will_of(qos, retain),
            .user_name = "u",
            .password = BytesView{as_bytes("p")}};
}

constexpr std::array kFilters = {std::string_view{"a/b"}, std::string_view{"c"}};
constexpr std::array<Subscription, 2> kSubscriptions = {{
    {"a/b", Qos::at_least_once, true, true, RetainHandling::do_not_send},
    {"c", Qos::exactly_once, false, false, RetainHandling::send},
}};

const SentBytes kConnects[] = {
    // v5 [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-16], [MQTT-3.1.2-18], [MQTT-3.1.3-3].
    {"connect_5", v5, "10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'",
     Connect{.version = v5, .client_id = "c"}},
    {"connect_5_empty_identifier", v5, "10 0D 00 04 'MQTT' 05 02 00 00 00 00 00", Connect{.version = v5}},
    // v5 [MQTT-3.1.2-9], [MQTT-3.1.2-12], [MQTT-3.1.2-17], [MQTT-3.1.2-19], [MQTT-3.1.3-1].
    {"connect_5_full", v5,
     "10 20 00 04 'MQTT' 05 F4 00 00 00 00 01 'c' 05 18 00 00 00 05 00 01 'w' 00 01 'x' 00 01 'u' 00 01 'p'",
     full(v5, Qos::exactly_once, true)},
    {"connect_5_will_qos_0", v5,
     "10 20 00 04 'MQTT' 05 C4 00 00 00 00 01 'c' 05 18 00 00 00 05 00 01 'w' 00 01 'x' 00 01 'u' 00 01 'p'",
     full(v5, Qos::at_most_once, false)},
    {"connect_5_user_name_alone", v5, "10 11 00 04 'MQTT' 05 82 00 00 00 00 01 'c' 00 01 'u'",
     Connect{.version = v5, .client_id = "c", .user_name = "u"}},
    {"connect_5_password_alone", v5, "10 11 00 04 'MQTT' 05 42 00 00 00 00 01 'c' 00 01 'p'",
     Connect{.version = v5, .client_id = "c", .password = BytesView{as_bytes("p")}}},
    // v3.1.1 [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15], [MQTT-3.1.2-18], [MQTT-3.1.2-20],
    // [MQTT-3.1.3-3].
    {"connect_3_1_1", v3_1_1, "10 0D 00 04 'MQTT' 04 02 00 00 00 01 'c'",
     Connect{.version = v3_1_1, .client_id = "c"}},
    // v3.1.1 [MQTT-3.1.2-9], [MQTT-3.1.2-14], [MQTT-3.1.2-19], [MQTT-3.1.2-21], [MQTT-3.1.3-1].
    {"connect_3_1_1_full", v3_1_1,
     "10 19 00 04 'MQTT' 04 F4 00 00 00 01 'c' 00 01 'w' 00 01 'x' 00 01 'u' 00 01 'p'",
     full(v3_1_1, Qos::exactly_once, true)},
    {"connect_3_1_1_will_qos_1", v3_1_1,
     "10 19 00 04 'MQTT' 04 CC 00 00 00 01 'c' 00 01 'w' 00 01 'x' 00 01 'u' 00 01 'p'",
     full(v3_1_1, Qos::at_least_once, false)},
    {"connect_3_1_1_user_name_alone", v3_1_1, "10 10 00 04 'MQTT' 04 82 00 00 00 01 'c' 00 01 'u'",
     Connect{.version = v3_1_1, .client_id = "c", .user_name = "u"}},
};

const SentBytes kPublishes[] = {
    // v5 [MQTT-2.2.1-2], [MQTT-2.2.2-1], [MQTT-3.3.1-2], [MQTT-3.3.2-1].
    {"publish_5_qos_0", v5, "30 05 00 01 'a' 00 'x'", Publish{.topic = "a", .payload = as_bytes("x")}},
    // v5 [MQTT-3.3.1-4].
    {"publish_5_qos_1", v5, "33 07 00 01 'a' 01 02 00 'x'",
     Publish{.topic = "a",
             .payload = as_bytes("x"),
             .packet_id = 0x102,
             .qos = Qos::at_least_once,
             .retain = true}},
    {"publish_5_qos_2_again", v5, "3C 06 00 01 'a' 00 09 00",
     Publish{.topic = "a", .packet_id = 9, .qos = Qos::exactly_once, .dup = true}},
    // v3.1.1 [MQTT-2.3.1-5], [MQTT-3.3.1-2], [MQTT-3.3.2-1].
    {"publish_3_1_1_qos_0", v3_1_1, "30 04 00 01 'a' 'x'", Publish{.topic = "a", .payload = as_bytes("x")}},
    // v3.1.1 [MQTT-2.3.1-1], [MQTT-3.3.1-4].
    {"publish_3_1_1_qos_2_again", v3_1_1, "3C 05 00 01 'a' 00 09",
     Publish{.topic = "a", .packet_id = 9, .qos = Qos::exactly_once, .dup = true}},
};

const SentBytes kAcknowledgements[] = {
    // v5 [MQTT-2.1.3-1]; v3.1.1 [MQTT-2.2.2-1]; v5 and v3.1.1 [MQTT-3.6.1-1].
    {"puback_5", v5, "40 02 00 09", Puback{.packet_id = 9}},
    {"pubrec_5_refused", v5, "50 03 00 09 87",
     Pubrec{.packet_id = 9, .reason_code = ReasonCode::not_authorized}},
    {"pubrel_5", v5, "62 02 00 09", Pubrel{.packet_id = 9}},
    {"pubcomp_5", v5, "70 02 00 09", Pubcomp{.packet_id = 9}},
    {"puback_3_1_1", v3_1_1, "40 02 00 09", Puback{.packet_id = 9}},
    {"pubrec_3_1_1_refused", v3_1_1, "50 02 00 09",
     Pubrec{.packet_id = 9, .reason_code = ReasonCode::not_authorized}},
    {"pubrel_3_1_1", v3_1_1, "62 02 00 09", Pubrel{.packet_id = 9}},
    {"pubcomp_3_1_1", v3_1_1, "70 02 00 09", Pubcomp{.packet_id = 9}},
};

const SentBytes kRequests[] = {
    // v5 [MQTT-3.8.1-1], [MQTT-3.8.3-5].
    {"subscribe_5", v5, "82 0D 00 09 00 00 03 'a/b' 2D 00 01 'c' 02",
     Subscribe{.packet_id = 9, .subscriptions = kSubscriptions}},
    // v5 [MQTT-3.10.1-1].
    {"unsubscribe_5", v5, "A2 0B 00 09 00 00 03 'a/b' 00 01 'c'",
     Unsubscribe{.packet_id = 9, .filters = kFilters}},
    // v3.1.1 [MQTT-3.8.1-1], [MQTT-3.8.3-4].
    {"subscribe_3_1_1", v3_1_1, "82 0C 00 09 00 03 'a/b' 01 00 01 'c' 02",
     Subscribe{.packet_id = 9, .subscriptions = kSubscriptions}},
    // v3.1.1 [MQTT-3.10.1-1], [MQTT-3.10.3-1].
    {"unsubscribe_3_1_1", v3_1_1, "A2 0A 00 09 00 03 'a/b' 00 01 'c'",
     Unsubscribe{.packet_id = 9, .filters = kFilters}},
    {"pingreq_5", v5, "C0 00", Pingreq{}},
    {"pingreq_3_1_1", v3_1_1, "C0 00", Pingreq{}},
    {"disconnect_5", v5, "E0 00", Disconnect{}},
    {"disconnect_5_with_will", v5, "E0 01 04",
     Disconnect{.reason_code = ReasonCode::disconnect_with_will_message}},
    {"disconnect_3_1_1", v3_1_1, "E0 00", Disconnect{}},
};

std::string name_of(const testing::TestParamInfo<SentBytes>& row) {
    return row.param.name;
}

INSTANTIATE_TEST_SUITE_P(Connect, SentBytesTest, testing::ValuesIn(kConnects), name_of);
INSTANTIATE_TEST_SUITE_P(Publish, SentBytesTest, testing::ValuesIn(kPublishes), name_of);
INSTANTIATE_TEST_SUITE_P(Acknowledgements, SentBytesTest, testing::ValuesIn(kAcknowledgements), name_of);
INSTANTIATE_TEST_SUITE_P(Requests, SentBytesTest, testing::ValuesIn(kRequests), name_of);

struct Length {
    std::size_t value;
    const char* bytes;
};

// v5 [MQTT-1.5.5-1].
TEST(SentLengthTest, TakesAsFewBytesAsItCan) {
    constexpr std::size_t kTopicBytes = 3;
    for (const Length& length :
         {Length{3, "03"}, Length{127, "7F"}, Length{128, "80 01"}, Length{16'383, "FF 7F"},
          Length{16'384, "80 80 01"}, Length{2'097'151, "FF FF 7F"}, Length{2'097'152, "80 80 80 01"}}) {
        const std::vector<std::byte> payload(length.value - kTopicBytes);
        ByteBuffer buffer;
        encode_header(Publish{.topic = "a", .payload = BytesView{payload}}, v3_1_1, buffer);
        EXPECT_EQ(hex(buffer.bytes()), "30 " + std::string{length.bytes} + " 00 01 61");
    }
}

}  // namespace
}  // namespace multimqtt::wire
