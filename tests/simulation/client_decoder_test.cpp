// The model broker's decoder takes what a client may send, and nothing else.
#include "simulation/model/client_packet.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::simulation {
namespace {

using namespace std::string_view_literals;

struct Case {
    const char* name;
    Level level;
    std::string_view bytes;
    Check expected;  // `none`: the packet is allowed.
};

// Where the versions differ in it, each has its own row.
constexpr Case kCases[] = {
    {"connect_of_5", 5, "\x10\x10\x00\x04MQTT\x05\x02\x00\x3C\x03\x21\x00\x01\x00\x00"sv, Check::none},
    {"connect_of_311", 4, "\x10\x0C\x00\x04MQTT\x04\x02\x00\x3C\x00\x00"sv, Check::none},
    {"connect_of_31", 3, "\x10\x0F\x00\x06MQIsdp\x03\x02\x00\x3C\x00\x01x"sv, Check::none},
    {"connect_with_another_name", 4, "\x10\x0C\x00\x04MQTX\x04\x02\x00\x3C\x00\x00"sv,
     Check::connect_malformed},
    {"connect_with_a_reserved_flag", 4, "\x10\x0C\x00\x04MQTT\x04\x03\x00\x3C\x00\x00"sv,
     Check::reserved_flags},
    {"connect_with_will_qos_but_no_will", 4, "\x10\x0C\x00\x04MQTT\x04\x0A\x00\x3C\x00\x00"sv,
     Check::connect_malformed},
    {"connect_without_identifier_to_resume", 4, "\x10\x0C\x00\x04MQTT\x04\x00\x00\x3C\x00\x00"sv,
     Check::connect_malformed},
    {"connect_with_a_password_alone_in_311", 4, "\x10\x0F\x00\x04MQTT\x04\x42\x00\x3C\x00\x00\x00\x01p"sv,
     Check::connect_malformed},
    {"connect_with_a_password_alone_in_5", 5, "\x10\x10\x00\x04MQTT\x05\x42\x00\x3C\x00\x00\x00\x00\x01p"sv,
     Check::none},
    {"connect_with_receive_maximum_0", 5, "\x10\x10\x00\x04MQTT\x05\x02\x00\x3C\x03\x21\x00\x00\x00\x00"sv,
     Check::property_out_of_range},
    {"connect_with_trailing_bytes", 4, "\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x00x"sv,
     Check::packet_has_trailing_bytes},
    {"publish_qos_0", 4, "\x30\x04\x00\x01tx"sv, Check::none},
    {"publish_qos_1", 5, "\x32\x06\x00\x01t\x00\x01\x00"sv, Check::none},
    {"publish_qos_3", 4, "\x36\x05\x00\x01t\x00\x01"sv, Check::qos_3},
    {"publish_dup_on_qos_0", 4, "\x38\x03\x00\x01t"sv, Check::dup_on_qos_0},
    {"publish_identifier_0", 4, "\x32\x05\x00\x01t\x00\x00"sv, Check::packet_id_zero},
    {"publish_without_topic_in_311", 4, "\x30\x02\x00\x00"sv, Check::topic_invalid},
    {"publish_without_topic_or_alias", 5, "\x30\x03\x00\x00\x00"sv, Check::topic_invalid},
    {"publish_with_an_alias_alone", 5, "\x30\x06\x00\x00\x03\x23\x00\x01"sv, Check::none},
    {"publish_with_alias_0", 5, "\x30\x06\x00\x00\x03\x23\x00\x00"sv, Check::property_out_of_range},
    {"publish_with_an_alias_twice", 5, "\x30\x0A\x00\x01t\x06\x23\x00\x01\x23\x00\x01"sv,
     Check::property_twice},
    {"publish_with_a_subscription_identifier", 5, "\x30\x06\x00\x01t\x02\x0B\x01"sv,
     Check::property_not_allowed},
    {"publish_with_a_payload_format_of_2", 5, "\x30\x06\x00\x01t\x02\x01\x02"sv,
     Check::property_out_of_range},
    {"publish_to_a_wildcard", 4, "\x30\x03\x00\x01#"sv, Check::topic_invalid},
    {"publish_with_a_wildcard_to_respond_to", 5, "\x30\x08\x00\x01t\x04\x08\x00\x01+"sv,
     Check::topic_invalid},
    {"publish_to_no_utf8", 4, "\x30\x04\x00\x02\xC0\x80"sv, Check::text_not_utf8},
    {"publish_to_a_surrogate", 4, "\x30\x05\x00\x03\xED\xA0\x80"sv, Check::text_not_utf8},
    {"publish_to_u0000", 4, "\x30\x03\x00\x01\x00"sv, Check::text_not_utf8},
    {"publish_with_a_truncated_topic", 4, "\x30\x03\x00\x02t"sv, Check::packet_truncated},
    {"publish_with_properties_too_long", 5, "\x30\x04\x00\x01t\x01"sv, Check::packet_truncated},
    {"puback", 4, "\x40\x02\x00\x01"sv, Check::none},
    {"puback_with_a_reason_in_311", 4, "\x40\x03\x00\x01\x00"sv, Check::packet_has_trailing_bytes},
    {"puback_with_a_reason_in_5", 5, "\x40\x03\x00\x01\x87"sv, Check::none},
    {"puback_with_a_reason_of_pubrel", 5, "\x40\x03\x00\x01\x92"sv, Check::reason_not_allowed},
    {"puback_identifier_0", 5, "\x40\x02\x00\x00"sv, Check::packet_id_zero},
    {"puback_with_flags", 5, "\x42\x02\x00\x01"sv, Check::reserved_flags},
    {"pubrel", 5, "\x62\x02\x00\x01"sv, Check::none},
    {"pubrel_without_flags", 5, "\x60\x02\x00\x01"sv, Check::reserved_flags},
    {"pubcomp_not_found", 5, "\x70\x04\x00\x01\x92\x00"sv, Check::none},
    {"subscribe", 4, "\x82\x06\x00\x01\x00\x01t\x01"sv, Check::none},
    {"subscribe_with_options", 5, "\x82\x07\x00\x01\x00\x00\x01t\x2E"sv, Check::none},
    {"subscribe_with_options_in_311", 4, "\x82\x06\x00\x01\x00\x01t\x04"sv, Check::reserved_flags},
    {"subscribe_with_reserved_options", 5, "\x82\x07\x00\x01\x00\x00\x01t\x40"sv, Check::reserved_flags},
    {"subscribe_with_retain_handling_3", 5, "\x82\x07\x00\x01\x00\x00\x01t\x30"sv, Check::reserved_flags},
    {"subscribe_qos_3", 5, "\x82\x07\x00\x01\x00\x00\x01t\x03"sv, Check::qos_3},
    {"subscribe_to_nothing", 4, "\x82\x02\x00\x01"sv, Check::filter_invalid},
    {"subscribe_with_identifier_0", 5, "\x82\x09\x00\x01\x02\x0B\x00\x00\x01t\x00"sv,
     Check::property_out_of_range},
    {"subscribe_to_a_hash_in_the_middle", 4, "\x82\x08\x00\x01\x00\x03#/t\x00"sv, Check::filter_invalid},
    {"subscribe_to_half_a_level", 4, "\x82\x07\x00\x01\x00\x02t+\x00"sv, Check::filter_invalid},
    {"subscribe_shared_with_no_local", 5, "\x82\x10\x00\x01\x00\x00\x0A$share/g/t\x04"sv,
     Check::shared_no_local},
    {"subscribe_shared_without_a_filter", 5, "\x82\x0E\x00\x01\x00\x00\x08$share/g\x00"sv,
     Check::filter_invalid},
    {"unsubscribe", 5, "\xA2\x06\x00\x01\x00\x00\x01t"sv, Check::none},
    {"unsubscribe_without_a_filter", 5, "\xA2\x03\x00\x01\x00"sv, Check::filter_invalid},
    {"pingreq", 5, "\xC0\x00"sv, Check::none},
    {"pingreq_with_a_body", 5, "\xC0\x01x"sv, Check::packet_has_trailing_bytes},
    {"disconnect", 4, "\xE0\x00"sv, Check::none},
    {"disconnect_with_a_reason", 5, "\xE0\x01\x04"sv, Check::none},
    {"disconnect_with_a_reason_of_servers", 5, "\xE0\x01\x8E"sv, Check::reason_not_allowed},
    {"disconnect_with_a_reason_in_311", 4, "\xE0\x01\x00"sv, Check::packet_has_trailing_bytes},
    {"connack", 5, "\x20\x03\x00\x00\x00"sv, Check::packet_not_of_a_client},
    {"pingresp", 5, "\xD0\x00"sv, Check::packet_not_of_a_client},
    {"a_length_longer_than_needed", 5, "\xC0\x80\x00"sv, Check::length_not_minimal},
    {"a_length_of_five_bytes", 5, "\x30\xFF\xFF\xFF\xFF\x01"sv, Check::length_not_minimal},
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

class ClientDecoderTest : public testing::TestWithParam<Case> {};

TEST_P(ClientDecoderTest, TakesWhatAClientMaySendAndNothingElse) {
    Check found = Check::none;
    try {
        const auto frame = next_frame(GetParam().bytes);
        ASSERT_TRUE(frame) << "the packet of this row is incomplete";
        EXPECT_EQ(frame->bytes, GetParam().bytes.size());
        (void)decode(*frame, GetParam().level);
    } catch (const Violation& violation) {
        found = violation.check;
    }
    EXPECT_EQ(to_string(found), to_string(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(Packets, ClientDecoderTest, testing::ValuesIn(kCases), name_of);

TEST(ClientFrameTest, IsIncompleteUntilItsLastByte) {
    const auto packet = "\x30\x04\x00\x01tx"sv;
    for (std::size_t bytes = 0; bytes < packet.size(); ++bytes) {
        EXPECT_FALSE(next_frame(packet.substr(0, bytes))) << bytes;
    }
    EXPECT_TRUE(next_frame(packet));
}

}  // namespace
}  // namespace multimqtt::simulation
