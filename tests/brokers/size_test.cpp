// Payloads from nothing to large.
#include "brokers/broker_fixture.hpp"

namespace multimqtt::brokers {
namespace {

TEST_P(BrokerTest, PayloadsOfEverySizeArriveWhole) {
    Peer receiver{options()};
    receiver.route(topic("a"), Qos::at_least_once);
    ASSERT_TRUE(receiver.up());
    Peer sender{options()};
    ASSERT_TRUE(sender.up());
    std::size_t sent = 0;
    for (const std::size_t size : {0u, 1u, 127u, 128u, 16'383u, 65'536u, 1'048'576u, 8'388'608u}) {
        SCOPED_TRACE(size);
        std::string payload(size, '\0');
        for (std::size_t i = 0; i < size; ++i) {
            payload[i] = static_cast<char>(i * 31 + i / 251);
        }
        ASSERT_TRUE(sender.publish(topic("a"), payload, Qos::at_least_once));
        const auto arrivals = receiver.arrivals(++sent);
        ASSERT_EQ(arrivals.size(), sent);
        EXPECT_TRUE(arrivals.back().text == payload) << arrivals.back().text.size() << " bytes";
    }
}

}  // namespace
}  // namespace multimqtt::brokers
