#include "brokers/broker_fixture.hpp"

#include <iostream>

namespace multimqtt::brokers {

void BrokerTest::SetUp() {
    if (!kind().installed()) {
        GTEST_SKIP() << kind().name << " is not set up; `./run test --only brokers` does that.";
    }
    if (broker_ == nullptr) {
        broker_ = kind().make();
        broker_->start();
        std::cout << "broker: " << kind().name << ' ' << broker_->version() << std::endl;
    }
    broker_->start();  // A test that failed may have left it stopped.
    name_ = "t" + std::to_string(++tests_);
}

void BrokerTest::TearDownTestSuite() {
    broker_.reset();
}

void BrokerTest::say_limit(Feature feature) {
    const Limit* limit = kind().limit(feature);
    std::cout << "limit: " << kind().name << " has no " << to_string(feature) << ": "
              << (limit == nullptr ? "it has no MQTT 5.0" : limit->instead) << std::endl;
}

namespace {

auto rows_of(const BrokerKind& kind) {
    std::vector<Row> rows{{&kind, VersionPolicy::v3_1_1}};
    if (kind.can(Feature::version_5)) {
        rows.push_back({&kind, VersionPolicy::v5});
    }
    return testing::ValuesIn(rows);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(mosquitto, BrokerTest, rows_of(kMosquitto), RowName{});
INSTANTIATE_TEST_SUITE_P(rabbitmq, BrokerTest, rows_of(kRabbitMq), RowName{});
INSTANTIATE_TEST_SUITE_P(nats, BrokerTest, rows_of(kNats), RowName{});
INSTANTIATE_TEST_SUITE_P(aedes, BrokerTest, rows_of(kAedes), RowName{});
INSTANTIATE_TEST_SUITE_P(mochi, BrokerTest, rows_of(kMochi), RowName{});

}  // namespace multimqtt::brokers
