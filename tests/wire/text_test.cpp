// Text in packets of the broker, in each place where a packet has text.
#include "bytes.hpp"
#include "wire/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;

// v5 [MQTT-1.5.4-3]; v3.1.1 [MQTT-1.5.3-3].
TEST(ByteOrderMarkTest, IsACharacterThatStaysWhereverItStands) {
    for (const std::string_view topic :
         {"\xEF\xBB\xBF", "\xEF\xBB\xBF/a", "a/\xEF\xBB\xBF", "a\xEF\xBB\xBF/b"}) {
        for (const ProtocolVersion version : {v3_1_1, v5}) {
            ByteVector input = bytes(version == v5 ? "30 00 00 00 00" : "30 00 00 00");
            input.insert(input.begin() + 4, as_bytes(topic).begin(), as_bytes(topic).end());
            input[1] = static_cast<std::byte>(input.size() - 2);
            input[3] = static_cast<std::byte>(topic.size());
            const Decoded decoded = decode(input, {.version = version});
            ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message();
            EXPECT_EQ(std::get<Publish>(decoded.packet).topic, topic);
        }
    }
}

struct BadText {
    const char* name;
    const char* bytes;
    const char* field;
};

std::ostream& operator<<(std::ostream& stream, const BadText& row) {
    return stream << row.name;
}

class BadTextTest : public testing::TestWithParam<BadText> {};

// v5 [MQTT-1.5.4-1], [MQTT-1.5.4-2].
TEST_P(BadTextTest, IsRefusedInEveryFieldOfABroker) {
    const Decoded decoded = decode(bytes(GetParam().bytes), {});
    ASSERT_EQ(decoded.status, DecodeStatus::failed);
    EXPECT_EQ(decoded.failure.reason_code, ReasonCode::malformed_packet);
    EXPECT_EQ(decoded.failure.field, GetParam().field);
}

// Each field with a surrogate, or with U+0000.
const BadText kBadTexts[] = {
    {"assigned_identifier", "20 09 00 00 06 12 00 03 ED A0 80", "Assigned Client Identifier"},
    {"reason_string_of_connack", "20 07 00 00 04 1F 00 01 00", "Reason String"},
    {"response_information", "20 07 00 00 04 1A 00 01 00", "Response Information"},
    {"server_reference", "20 09 00 00 06 1C 00 03 ED BF BF", "Server Reference"},
    {"authentication_method", "20 07 00 00 04 15 00 01 00", "Authentication Method"},
    {"topic", "30 06 00 03 ED A0 80 00", "the Topic Name"},
    {"content_type", "30 08 00 01 'a' 04 03 00 01 00", "Content Type"},
    {"response_topic", "30 08 00 01 'a' 04 08 00 01 00", "Response Topic"},
    // v5 [MQTT-1.5.7-1].
    {"user_property_name", "30 0B 00 01 'a' 07 26 00 01 00 00 01 'v'", "the name of a User Property"},
    {"user_property_value", "30 0B 00 01 'a' 07 26 00 01 'k' 00 01 00", "the value of a User Property"},
    {"user_property_of_puback", "40 0B 00 01 00 07 26 00 01 'k' 00 01 FF", "the value of a User Property"},
    {"reason_string_of_puback", "40 08 00 01 00 04 1F 00 01 00", "Reason String"},
    {"reason_string_of_suback", "90 08 00 01 04 1F 00 01 00 00", "Reason String"},
    {"reason_string_of_disconnect", "E0 06 00 04 1F 00 01 00", "Reason String"},
};

INSTANTIATE_TEST_SUITE_P(Fields, BadTextTest, testing::ValuesIn(kBadTexts),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace multimqtt::wire
