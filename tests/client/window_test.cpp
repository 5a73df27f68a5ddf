// How many messages are under way at once, at a broker with the settings that it comes with.
#include "client/client_fixture.hpp"

#include <tuple>

namespace multimqtt::client {
namespace {

class WindowTest : public testing::TestWithParam<std::tuple<VersionPolicy, bool>> {};

TEST_P(WindowTest, ABurstOfAcknowledgedMessagesArrivesAsAWhole) {
    const auto& [version, mixed] = GetParam();
    constexpr int kMessages = 2'000;
    // What the subscriber has not yet taken is queued without a limit; the windows are Mosquitto's own.
    test::Mosquitto broker{{.settings = {{"max_queued_messages", "0"}}}};
    Collector seen;
    Client receiver{test_options(broker.uri(), version)};
    receiver.register_topic("burst", {.qos = Qos::exactly_once})
        .value()
        .on_message([&](const Message& message, Captures) { seen.add(std::string{message.text()}); });
    ASSERT_TRUE(receiver.connect());
    ASSERT_TRUE(receiver.wait_subscribed(kPatience));
    Client sender{test_options(broker.uri(), version)};
    ASSERT_TRUE(sender.connect());
    ASSERT_TRUE(sender.wait_connected(kPatience));

    std::vector<Receipt> receipts;
    std::vector<std::string> expected;
    for (int i = 0; i < kMessages; ++i) {
        const Qos qos = mixed && i % 2 == 0 ? Qos::at_least_once : Qos::exactly_once;
        receipts.push_back(sender.publish("burst", i, {.qos = qos}));
        expected.push_back(std::to_string(i));
    }
    for (const Receipt& receipt : receipts) {
        EXPECT_TRUE(receipt.wait(kPatience));
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(seen.wait_sorted(kMessages), expected) << "what was acknowledged has arrived";
    EXPECT_EQ(sender.statistics().connects, 1u) << "and the broker had no reason to close";
}

INSTANTIATE_TEST_SUITE_P(Versions, WindowTest, testing::Combine(versions(), testing::Bool()),
                         [](const auto& row) {
                             return name_of(std::get<0>(row.param)) +
                                    (std::get<1>(row.param) ? "_with_qos_1" : "");
                         });

}  // namespace
}  // namespace multimqtt::client
