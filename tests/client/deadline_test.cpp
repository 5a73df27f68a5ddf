// Time-outs of every length.
#include "client/deadline.hpp"

#include "client/client_fixture.hpp"

namespace multimqtt::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(DeadlineTest, IsThatFarFromNow) {
    const auto before = steady_clock::now();
    const auto deadline = deadline_after(1h);
    EXPECT_GE(deadline, before + 1h);
    EXPECT_LE(deadline, steady_clock::now() + 1h);
    EXPECT_LE(deadline_after(-1h), steady_clock::now());
}

TEST(DeadlineTest, NeverComesWhenItIsTooFarAway) {
    EXPECT_EQ(deadline_after(milliseconds::max()), kEndOfTime);
    EXPECT_EQ(deadline_after(std::chrono::hours{24} * 365 * 300), kEndOfTime);
}

TEST(DeadlineTest, EveryWaitOfAClientTakesTheLongestTimeout) {
    test::Mosquitto broker;
    broker.stop();
    Collector seen;
    Client mqtt{test_options(broker.uri())};
    mqtt.on_log([](LogLevel, std::string_view) {});
    mqtt.register_topic("a").value().on_message(
        [&](const Message& message, Captures) { seen.add(text_of(message)); });
    ASSERT_TRUE(mqtt.connect());
    std::thread starts{[&] { broker.start(); }};
    EXPECT_TRUE(mqtt.wait_connected(milliseconds::max()));
    starts.join();
    EXPECT_TRUE(mqtt.wait_subscribed(milliseconds::max()));
    EXPECT_TRUE(mqtt.publish("a", "x", {.qos = Qos::at_least_once}).wait(milliseconds::max()));
    EXPECT_EQ(seen.wait(1).size(), 1u);
    mqtt.close(milliseconds::max());
    EXPECT_EQ(mqtt.state(), State::stopped);
}

}  // namespace
}  // namespace multimqtt::client
