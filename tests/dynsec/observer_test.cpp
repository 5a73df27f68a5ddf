// Observing the messages of a filter on the I/O thread.
#include "multimqtt/observer.hpp"

#include "multimqtt/dynsec.hpp"
#include "secured_broker.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>

namespace multimqtt::test {
namespace {

class ObserverTest : public testing::Test {
protected:
    void SetUp() override { broker_.start(); }

    std::unique_ptr<Client> connected(unsigned handler_threads, VersionPolicy version = VersionPolicy::v5) {
        Options options = Options::from_uri(broker_.uri()).value();
        options.handler_threads = handler_threads;
        options.version = version;
        options.prefix = "plant";
        auto client = std::make_unique<Client>(std::move(options));
        client->on_log([](LogLevel, std::string_view) {});
        client->connect().value();
        client->wait_connected(kPatience).value();
        return client;
    }

    static PublishOptions absolute() {
        PublishOptions options;
        options.qos = Qos::at_least_once;
        options.no_prefix = true;
        return options;
    }

    Mosquitto broker_;
};

TEST_F(ObserverTest, AMessageReachesAnObserverOfAClientThatNobodyPullsFrom) {
    const auto client = connected(0);
    std::promise<std::string> seen;
    std::atomic<bool> inside{false};
    const auto observation = observe(*client, "watched/+", {[&](const Message& message) {
        inside = inside_observer();
        seen.set_value(std::string{message.topic()} + "=" + std::string{message.text()});
    }});
    ASSERT_TRUE(succeeded(observation));
    ASSERT_TRUE(succeeded(observation->wait_subscribed(kPatience)));
    ASSERT_TRUE(succeeded(client->publish("watched/x", "1", absolute()).wait(kPatience)));
    auto coming = seen.get_future();
    ASSERT_EQ(coming.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(coming.get(), "watched/x=1");
    EXPECT_TRUE(inside);
    EXPECT_FALSE(inside_observer());
}

class EitherVersionTest : public ObserverTest, public testing::WithParamInterface<VersionPolicy> {};

TEST_P(EitherVersionTest, ARouteOfTheSameFilterGetsTheMessageToo) {
    const auto client = connected(2, GetParam());
    std::promise<void> observed;
    std::promise<void> handled;
    TopicOptions options;
    options.no_prefix = true;
    options.qos = Qos::at_least_once;
    auto topic = client->register_topic("both", options).value();
    topic.on_message([&](const Message&, Captures) { handled.set_value(); });
    const auto observation = observe(*client, "both", {[&](const Message&) { observed.set_value(); }});
    ASSERT_TRUE(succeeded(observation));
    ASSERT_TRUE(succeeded(client->wait_subscribed(kPatience)));
    ASSERT_TRUE(succeeded(client->publish("both", "", absolute()).wait(kPatience)));
    EXPECT_EQ(observed.get_future().wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(handled.get_future().wait_for(kPatience), std::future_status::ready);
}

INSTANTIATE_TEST_SUITE_P(Versions, EitherVersionTest,
                         testing::Values(VersionPolicy::v3_1_1, VersionPolicy::v5),
                         [](const auto& row) { return row.param == VersionPolicy::v5 ? "V5" : "V311"; });

TEST_F(ObserverTest, AnObservationThatHasEndedSeesNothingAndLeavesTheOthers) {
    const auto client = connected(0);
    std::atomic<int> ended{0};
    std::promise<void> seen;
    auto first = observe(*client, "watched", {[&](const Message&) { ++ended; }});
    const auto second = observe(*client, "watched", {[&](const Message&) { seen.set_value(); }});
    ASSERT_TRUE(succeeded(second->wait_subscribed(kPatience)));
    first = Observation{};
    ASSERT_TRUE(succeeded(client->publish("watched", "", absolute()).wait(kPatience)));
    EXPECT_EQ(seen.get_future().wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(ended, 0);
}

TEST_F(ObserverTest, AnObserverHearsThatTheConnectionIsGone) {
    const auto client = connected(0);
    std::promise<void> gone;
    std::atomic<bool> told{false};
    const auto observation = observe(*client, "watched",
                                     {[](const Message&) {},
                                      [&](const Failure&) {
                                          if (!told.exchange(true)) {
                                              gone.set_value();
                                          }
                                      }});
    ASSERT_TRUE(succeeded(observation));
    ASSERT_TRUE(succeeded(observation->wait_subscribed(kPatience)));
    broker_.kill();
    EXPECT_EQ(gone.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST_F(ObserverTest, AFilterThatCannotBeIsRefused) {
    const auto client = connected(0);
    const auto observation = observe(*client, "a/#/b", {[](const Message&) {}});
    ASSERT_FALSE(observation);
    EXPECT_TRUE(observation.error().is(Error::bad_pattern)) << observation.error();
}

TEST_F(ObserverTest, AnObserverCannotAskTheDynamicSecurityPlugin) {
    const auto client = connected(0);
    Dynsec dynsec{*client};
    std::promise<Failure> refused;
    const auto observation = observe(
        *client, "watched", {[&](const Message&) { refused.set_value(dynsec.list_roles().error()); }});
    ASSERT_TRUE(succeeded(observation->wait_subscribed(kPatience)));
    ASSERT_TRUE(succeeded(client->publish("watched", "", absolute()).wait(kPatience)));
    auto coming = refused.get_future();
    ASSERT_EQ(coming.wait_for(kPatience), std::future_status::ready);
    const Failure failure = coming.get();
    EXPECT_TRUE(failure.is(Error::would_block)) << failure;
}

}  // namespace
}  // namespace multimqtt::test
