// Real brokers that break the specification: the session bears it, and says so once.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

void expect_warning(Script& script, std::string_view part) {
    const std::string text = script.expect_event(Kind::warning).failure.message;
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

// RabbitMQ 3.10.
TEST(OddityTest, APubackEndsAQos2MessageOf311) {
    Script script{quiet_options(ProtocolVersion::v3_1_1)};
    script.connect();
    for (int round = 0; round < 2; ++round) {
        const Token token = script.publish("a", "x", Qos::exactly_once);
        script.reply(wire::Puback{script.expect<wire::Publish>().packet_id, ReasonCode::success, {}});
        if (round == 0) {
            expect_warning(script, "treats QoS 2 as QoS 1");
        }
        EXPECT_EQ(script.expect_event(Kind::published).token, token);
    }
    script.nothing_else();
}

}  // namespace
}  // namespace multimqtt::session
