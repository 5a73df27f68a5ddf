// A message that no route takes.
#include "client/client_fixture.hpp"
#include "support/scripted_broker.hpp"

namespace multimqtt::client {
namespace {

using std::string_view_literals::operator""sv;
using test::ScriptedBroker;
using test::ScriptedLink;

struct Version {
    const char* name;
    VersionPolicy policy;
    std::string_view publish_qos_1;  ///< With packet identifier 7.
    std::string_view publish_qos_2;  ///< With packet identifier 8.
};

std::ostream& operator<<(std::ostream& stream, const Version& version) {
    return stream << version.name;
}

class UnroutedMessageTest : public testing::TestWithParam<Version> {};

// v5 and v3.1.1 [MQTT-4.5.0-2].
TEST_P(UnroutedMessageTest, IsAcknowledgedAllTheSame) {
    ScriptedBroker broker;
    Client mqtt{test_options(broker.uri(), GetParam().policy)};
    mqtt.on_log([](LogLevel, std::string_view) {});
    ASSERT_TRUE(mqtt.connect());
    ScriptedLink link = broker.accept_session();
    link.send(GetParam().publish_qos_1);
    EXPECT_EQ(link.receive_packet(), "\x40\x02\x00\x07"sv);
    link.send(GetParam().publish_qos_2);
    EXPECT_EQ(link.receive_packet(), "\x50\x02\x00\x08"sv);
    mqtt.close(0ms);
}

INSTANTIATE_TEST_SUITE_P(
    Versions, UnroutedMessageTest,
    testing::Values(Version{"v3_1_1", VersionPolicy::v3_1_1, "\x32\x06\x00\x01\x61\x00\x07x"sv,
                            "\x34\x06\x00\x01\x61\x00\x08x"sv},
                    Version{"v5", VersionPolicy::v5, "\x32\x07\x00\x01\x61\x00\x07\x00x"sv,
                            "\x34\x07\x00\x01\x61\x00\x08\x00x"sv}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace multimqtt::client
