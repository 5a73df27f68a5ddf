// Two clients with one client identifier.
#include "client/client_fixture.hpp"
#include "support/scripted_broker.hpp"

namespace multimqtt::client {
namespace {

/// The errors and warnings of clients.
class Log {
public:
    void watch(Client& mqtt) {
        mqtt.on_log([this](LogLevel level, std::string_view text) {
            (level == LogLevel::error ? errors : others).add(std::string{text});
        });
    }
    Collector errors;
    Collector others;
};

TEST(TakeoverTest, ThatTheBrokerTellsMakesTheClientGiveWayForLongerEachTimeAndLogsAnError) {
    constexpr std::string_view kTakenOver{"\xE0\x01\x8E", 3};
    test::ScriptedBroker broker;
    Options options = test_options(broker.uri(), VersionPolicy::v5);
    options.client_id = "the only one";
    options.reconnect_max = 50ms;
    Log log;
    Client mqtt{options};
    log.watch(mqtt);
    ASSERT_TRUE(mqtt.connect());
    auto sent = std::chrono::steady_clock::now();
    for (std::chrono::milliseconds delay = 0ms; delay <= 800ms; delay = std::max(50ms, 2 * delay)) {
        test::ScriptedLink link = broker.accept_session();
        EXPECT_GE(std::chrono::steady_clock::now() - sent, delay);
        sent = std::chrono::steady_clock::now();
        link.send(kTakenOver);
        EXPECT_TRUE(link.ended());
    }
    for (const std::string& text : log.errors.wait(6)) {
        EXPECT_NE(text.find("Another client connected with this client identifier"), std::string::npos)
            << text;
    }
}

class SilentTakeoverTest : public testing::TestWithParam<VersionPolicy> {};

TEST_P(SilentTakeoverTest, IsSuspectedAndSaidOnceItHasHappenedAFewTimes) {
    test::Mosquitto broker;
    Options options = test_options(broker.uri(), GetParam());
    options.client_id = "the only one";
    options.reconnect_max = 10s;
    Log log;
    Client first{options};
    Client second{options};
    log.watch(first);
    log.watch(second);
    ASSERT_TRUE(first.connect());
    ASSERT_TRUE(first.wait_connected(kPatience));
    ASSERT_TRUE(second.connect());
    EXPECT_TRUE(eventually([&] {
        const auto texts = log.others.wait(0);
        return std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
            return text.find("does another client use the client identifier 'the only one' too?") !=
                   std::string::npos;
        });
    }));
}

INSTANTIATE_TEST_SUITE_P(Versions, SilentTakeoverTest, versions(),
                         [](const auto& row) { return name_of(row.param); });

}  // namespace
}  // namespace multimqtt::client
