// Brokers that break the protocol, refuse, or say nothing, and behave afterwards.
#include "client/client_fixture.hpp"
#include "support/scripted_broker.hpp"

namespace multimqtt::client {
namespace {

using test::ScriptedBroker;
using test::ScriptedLink;

struct Misbehaviour {
    const char* name;
    VersionPolicy version;
    /// What the broker answers to CONNECT before it closes; empty: nothing.
    std::string_view answer;
    /// Part of what the client says.
    const char* said;
};

class BadBrokerTest : public testing::TestWithParam<Misbehaviour> {
protected:
    static Options options(const ScriptedBroker& broker, VersionPolicy version) {
        Options options = test_options(broker.uri(), version);
        options.packet_bytes_max = 2'000;
        options.reconnect_max = 20ms;
        return options;
    }
};

TEST_P(BadBrokerTest, IsSaidAndTheNextAttemptSucceeds) {
    ScriptedBroker broker;
    Collector said;
    Client mqtt{options(broker, GetParam().version)};
    mqtt.on_log([&](LogLevel level, std::string_view text) {
        if (level != LogLevel::info) {
            said.add(std::string{text});
        }
    });
    ASSERT_TRUE(mqtt.connect());
    {
        ScriptedLink link = broker.accept();
        EXPECT_FALSE(link.receive_packet().empty());
        if (!GetParam().answer.empty()) {
            link.send(GetParam().answer);
            EXPECT_TRUE(link.ended()) << "the client closes";
        }
    }
    const auto lines = said.wait(1);
    ASSERT_FALSE(lines.empty());
    EXPECT_NE(lines[0].find(GetParam().said), std::string::npos) << lines[0];
    const ScriptedLink link = broker.accept_session();
    EXPECT_TRUE(mqtt.wait_connected(kPatience));
    mqtt.close(0ms);
}

using std::string_view_literals::operator""sv;

INSTANTIATE_TEST_SUITE_P(
    Misbehaviours, BadBrokerTest,
    testing::Values(
        Misbehaviour{"nonsense", VersionPolicy::v5, "\xFF\xFF\xFF\xFF\xFF\xFF"sv, ""},
        Misbehaviour{"a_web_server", VersionPolicy::v5, "HTTP/1.1 400 Bad Request\r\n\r\n"sv, ""},
        Misbehaviour{"closes_at_once", VersionPolicy::v3_1_1, ""sv, "closed the connection"},
        Misbehaviour{"publish_before_connack", VersionPolicy::v5, "\x30\x04\x00\x01\x61\x00"sv, "CONNACK"},
        Misbehaviour{"oversized_packet", VersionPolicy::v5, "\x20\x03\x00\x00\x00\x30\xFF\xFF\x7F"sv, ""},
        Misbehaviour{"refused_3_1_1", VersionPolicy::v3_1_1, "\x20\x02\x00\x05"sv, "uthori"},
        Misbehaviour{"refused_5", VersionPolicy::v5, "\x20\x03\x00\x87\x00"sv, "uthori"},
        Misbehaviour{"disconnect_with_reason", VersionPolicy::v5, "\x20\x03\x00\x00\x00\xE0\x02\x8B\x00"sv,
                     "hut"}),
    [](const auto& row) { return row.param.name; });

TEST(SilentBrokerTest, TheConnectTimeoutEndsTheAttempt) {
    ScriptedBroker broker;
    Options options = test_options(broker.uri(), VersionPolicy::v5);
    options.connect_timeout = 50ms;
    Client mqtt{options};
    mqtt.on_log([](LogLevel, std::string_view) {});
    ASSERT_TRUE(mqtt.connect());
    const ScriptedLink silent = broker.accept();
    ASSERT_TRUE(eventually([&] { return mqtt.statistics().connects_failed > 0; }));
    const auto waited = mqtt.wait_connected(0ms);
    ASSERT_FALSE(waited);
    EXPECT_NE(waited.error().message.find("50 ms"), std::string::npos) << waited.error();
}

TEST(LostBrokerTest, AReceiptOutlivesTheConnectionAndEndsWithTheNextOne) {
    ScriptedBroker broker;
    Client mqtt{test_options(broker.uri(), VersionPolicy::v5)};
    mqtt.on_log([](LogLevel, std::string_view) {});
    ASSERT_TRUE(mqtt.connect());
    Receipt receipt;
    {
        ScriptedLink link = broker.accept_session();
        receipt = mqtt.publish("a", "x", {.qos = Qos::at_least_once});
        EXPECT_EQ(link.receive_packet().substr(0, 1), "\x32");
    }
    ScriptedLink link = broker.accept_session();
    const std::string again = link.receive_packet();
    ASSERT_GE(again.size(), 7u);
    EXPECT_EQ(again[0], '\x32') << "a new session gets it as a new message, without DUP";
    EXPECT_FALSE(receipt.done());
    const std::string packet_id = again.substr(5, 2);  // Behind the header and the topic "a".
    link.send("\x40\x03" + packet_id + "\x87");
    const auto outcome = receipt.wait(kPatience);
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().is(Error::refused)) << outcome.error();
    EXPECT_EQ(outcome.error().reason, 0x87);
    mqtt.close(0ms);
}

}  // namespace
}  // namespace multimqtt::client
