// What the documents of the C++ API promise, against a real broker.
#include "multimqtt/multimqtt.hpp"
#include "support/mosquitto.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <poll.h>
#include <sstream>
#include <string>
#include <vector>

namespace multimqtt {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;

std::string text_of(const Payload& payload) {
    return {reinterpret_cast<const char*>(payload.bytes().data()), payload.bytes().size()};
}

class ApiTest : public testing::Test {
protected:
    [[nodiscard]] std::string uri() const { return broker_.uri() + "/myprefix"; }

    void connect(Client& client) {
        ASSERT_TRUE(client.connect());
        ASSERT_TRUE(client.wait_connected(kPatience));
        ASSERT_TRUE(client.wait_subscribed(kPatience));
    }

    test::Mosquitto broker_;
};

TEST_F(ApiTest, ATypedRouteReceivesWhatIsPublishedAndNamesItsTopics) {
    Client mqtt{uri()};
    std::promise<std::int64_t> received;
    mqtt.topic<"number/<int:number>">(
        [&](const Message& message, std::int64_t number) {
            EXPECT_EQ(message.topic(), "number/42");
            EXPECT_EQ(message.absolute_topic(), "myprefix/number/42");
            EXPECT_EQ(message.text(), R"({"hello":"world"})");
            received.set_value(number);
        },
        {.name = "number_topic"});
    connect(mqtt);

    std::ostringstream topic;
    topic << mqtt.topic_for("number_topic", {{"number", 42}});
    EXPECT_EQ(topic.str(), "number/42");
    EXPECT_TRUE(mqtt.publish(topic.str(), {{"hello", "world"}}, {.qos = Qos::at_least_once}).wait());
    auto number = received.get_future();
    ASSERT_EQ(number.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(number.get(), 42);
}

TEST_F(ApiTest, ATopicIsBuiltFromTextsToo) {
    Client mqtt{uri()};
    ASSERT_TRUE(mqtt.register_topic("one/<a>", {.name = "one"}));
    ASSERT_TRUE(mqtt.register_topic("two/<a>/<path:b>", {.name = "two"}));
    ASSERT_TRUE(mqtt.register_topic("none", {.name = "none"}));
    EXPECT_EQ(mqtt.topic_for("one", {{"a", "x"}}).value(), "one/x");
    EXPECT_EQ(mqtt.topic_for("two", {{"a", "x"}, {"b", "y/z"}}).value(), "two/x/y/z");
    EXPECT_EQ(mqtt.topic_for("none").value(), "none");
    EXPECT_EQ(mqtt.topic_for("none", {}, Absolute::yes).value(), "myprefix/none");
    EXPECT_TRUE(mqtt.topic_for("missing").error().is(Error::unknown_route));
    EXPECT_TRUE(mqtt.topic_for("one").error().is(Error::bad_value));
    EXPECT_TRUE(mqtt.topic_for("one", {{"a", "x/y"}}).error().is(Error::bad_value));
    EXPECT_TRUE(mqtt.topic_for("none", {{"a", "x"}}).error().is(Error::bad_value));
}

TEST_F(ApiTest, APayloadIsMadeOfWhateverIsAtHand) {
    EXPECT_EQ(text_of({{"hello", "world"}}), R"({"hello":"world"})");
    EXPECT_EQ(text_of({{"hello", "world"}, {"answer", 42}}), R"({"hello":"world","answer":42})");
    EXPECT_EQ(text_of({1, 2, 3}), "[1,2,3]");
    EXPECT_EQ(text_of(boost::json::object{{"on", true}}), R"({"on":true})");
    EXPECT_EQ(text_of(boost::json::array{1, "two"}), R"([1,"two"])");
    EXPECT_EQ(text_of(21.5), "21.5");
    EXPECT_EQ(text_of({}), "");
}

TEST_F(ApiTest, APatternThatIsKnownAtRunTimeHasCaptures) {
    Client mqtt{uri()};
    std::promise<std::string> received;
    const std::string pattern = "dev/<uuid:dev>/<path:rest>";
    mqtt.register_topic(pattern).value().on_message([&](const Message&, Captures captures) {
        received.set_value(captures[0].as_uuid().value().text() + " " + std::string{captures[1].text});
    });
    connect(mqtt);
    mqtt.publish("dev/no-uuid/a", nullptr);
    mqtt.publish("dev/0123ABCD-4567-89ef-0123-456789abcdef/a/b", nullptr);
    auto captures = received.get_future();
    ASSERT_EQ(captures.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(captures.get(), "0123abcd-4567-89ef-0123-456789abcdef a/b");
}

TEST_F(ApiTest, AProgramWithALoopOfItsOwnPulls) {
    Options options = Options::from_uri(uri()).value();
    options.handler_threads = 0;
    Client mqtt{options};
    std::vector<std::int64_t> numbers;
    mqtt.topic<"number/<int:number>">(
        [&](const Message&, std::int64_t number) { numbers.push_back(number); });
    connect(mqtt);
    for (int number = 0; number < 3; ++number) {
        mqtt.publish("number/" + std::to_string(number), "", {.qos = Qos::at_least_once});
    }
    ::pollfd readable{mqtt.fileno().value(), POLLIN, 0};
    while (numbers.size() < 3) {
        ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
        for (Batch batch = mqtt.take(64, 0ms); batch.next() != nullptr;) {
            batch.run();
        }
    }
    EXPECT_EQ(numbers, (std::vector<std::int64_t>{0, 1, 2}));
}

// The prefix itself is no topic under the prefix, although the broker sends it for "myprefix/#".
TEST_F(ApiTest, AMessageOnThePrefixReachesNoHandler) {
    Client mqtt{uri()};
    std::vector<std::string> topics;
    std::promise<void> last;
    mqtt.register_topic("#").value().on_message([&](const Message& message, Captures) {
        topics.emplace_back(message.topic());
        if (message.text() == "last") {
            last.set_value();
        }
    });
    connect(mqtt);
    ASSERT_TRUE(mqtt.publish("myprefix", "nobody", {.qos = Qos::at_least_once, .no_prefix = true}).wait());
    ASSERT_TRUE(mqtt.publish("a", "last", {.qos = Qos::at_least_once}).wait());
    ASSERT_EQ(last.get_future().wait_for(kPatience), std::future_status::ready);
    mqtt.close();
    EXPECT_EQ(topics, std::vector<std::string>{"a"});
}

// Runs of overlapping routes, by message.
class Runs {
public:
    void count(int route) { ++runs_.at(static_cast<std::size_t>(route)); }
    [[nodiscard]] std::vector<int> counts() const {
        return {runs_[0].load(), runs_[1].load(), runs_[2].load()};
    }

private:
    std::array<std::atomic<int>, 3> runs_{};
};

class OverlapTest : public ApiTest {
protected:
    Options session(VersionPolicy version) const {
        Options options = Options::from_uri(uri()).value();
        options.version = version;
        options.client_id = "overlapping";
        options.clean_start = false;
        options.session_expiry = 1h;
        return options;
    }
    // Publishes a message and another one behind it, and waits for that.
    static void publish(Client& client, std::future<void> arrived) {
        for (int number = 0; number < 3; ++number) {
            ASSERT_TRUE(client.publish("a/b", "same", {.qos = Qos::at_least_once}).wait(kPatience));
        }
        ASSERT_TRUE(client.publish("end", "", {.qos = Qos::at_least_once}).wait(kPatience));
        ASSERT_EQ(arrived.wait_for(kPatience), std::future_status::ready);
    }
};

struct Way {
    const char* name;
    VersionPolicy version;
};

class EarlierSessionTest : public OverlapTest, public testing::WithParamInterface<Way> {};

TEST_P(EarlierSessionTest, RunsEachRouteOncePerMessage) {
    {
        Client earlier{session(GetParam().version)};
        for (const char* pattern : {"a/+", "+/b", "a/b", "end"}) {
            ASSERT_TRUE(earlier.register_topic(pattern, {.qos = Qos::at_least_once}));
        }
        connect(earlier);
        earlier.close();
    }
    Client mqtt{session(GetParam().version)};
    Runs runs;
    std::promise<void> end;
    const auto handle = [&](const char* pattern, int route) {
        mqtt.register_topic(pattern, {.qos = Qos::at_least_once})
            .value()
            .on_message([&runs, route](auto&&...) { runs.count(route); });
    };
    handle("a/#", 0);
    handle("a/b", 1);
    handle("a/<x>", 2);
    mqtt.register_topic("end", {.qos = Qos::at_least_once}).value().on_message([&](auto&&...) {
        end.set_value();
    });
    connect(mqtt);
    publish(mqtt, end.get_future());
    mqtt.close();
    EXPECT_EQ(runs.counts(), (std::vector{3, 3, 3}));
}

TEST_F(OverlapTest, ARouteWithNoLocalIsSparedTheClientsOwnMessages) {
    Client mqtt{session(VersionPolicy::v5)};
    Runs runs;
    std::promise<void> end;
    for (const bool no_local : {false, true}) {
        mqtt.register_topic(no_local ? "a/b" : "a/+", {.no_local = no_local})
            .value()
            .on_message([&runs, no_local](auto&&...) { runs.count(no_local ? 1 : 0); });
    }
    mqtt.register_topic("end").value().on_message([&](auto&&...) { end.set_value(); });
    connect(mqtt);
    publish(mqtt, end.get_future());
    mqtt.close();
    EXPECT_EQ(runs.counts(), (std::vector{3, 0, 0}));
}

INSTANTIATE_TEST_SUITE_P(Versions, EarlierSessionTest,
                         testing::Values(Way{"V311", VersionPolicy::v3_1_1}, Way{"V5", VersionPolicy::v5}),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace multimqtt
