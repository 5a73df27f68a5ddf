// A client and a real broker: connections that come and go, routes, handlers, pulling.
#include "client/client_fixture.hpp"
#include "support/fault_proxy.hpp"

#include <poll.h>
#include <stdexcept>

namespace multimqtt::client {
namespace {

using test::Listener;
using test::Mosquitto;
using Strings = std::vector<std::string>;

constexpr PublishOptions kQos1{.qos = Qos::at_least_once};

class ClientTest : public testing::TestWithParam<VersionPolicy> {
protected:
    static Options options(const Mosquitto& broker, Listener listener = Listener::anonymous) {
        return test_options(broker.uri(listener), GetParam());
    }
    static void collect(Client& mqtt, std::string_view pattern, Collector& seen,
                        TopicOptions topic_options = {}) {
        mqtt.register_topic(pattern, std::move(topic_options))
            .value()
            .on_message([&seen](const Message& message, Captures) { seen.add(text_of(message)); });
    }
    static void start(Client& mqtt) {
        ASSERT_TRUE(mqtt.connect());
        ASSERT_TRUE(mqtt.wait_connected(kPatience));
        ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    }
};

INSTANTIATE_TEST_SUITE_P(Versions, ClientTest, versions(),
                         [](const auto& row) { return name_of(row.param); });

// Connecting.

TEST_P(ClientTest, ConnectsWhenABrokerThatWasAwayHasStarted) {
    Mosquitto broker;
    broker.stop();
    Collector seen;
    Client mqtt{options(broker)};
    collect(mqtt, "a", seen, {.qos = Qos::at_least_once});
    ASSERT_TRUE(mqtt.connect());
    const auto waited = mqtt.wait_connected(100ms);
    ASSERT_FALSE(waited);
    EXPECT_TRUE(waited.error().is(Error::timed_out));
    EXPECT_NE(waited.error().message.find("refused"), std::string::npos) << waited.error();
    EXPECT_EQ(mqtt.state(), State::connecting);

    const Receipt early = mqtt.publish("b", "before", kQos1);
    broker.start();
    EXPECT_TRUE(mqtt.wait_subscribed(kPatience));
    EXPECT_TRUE(early.wait(kPatience));
    EXPECT_TRUE(mqtt.publish("a", "after", kQos1).wait(kPatience));
    EXPECT_EQ(seen.wait(1), (Strings{"a=after"}));
}

TEST_P(ClientTest, SendsWhatWasPublishedBeforeConnect) {
    Mosquitto broker;
    Collector seen;
    Client mqtt{options(broker)};
    std::vector<Receipt> receipts;
    for (int i = 0; i < 3; ++i) {
        receipts.push_back(
            mqtt.publish("early", i, {.qos = Qos{static_cast<std::uint8_t>(i)}, .retain = true}));
    }
    EXPECT_FALSE(receipts[1].done());
    collect(mqtt, "early", seen);
    start(mqtt);
    for (const Receipt& receipt : receipts) {
        EXPECT_TRUE(receipt.wait(kPatience));
    }
    EXPECT_FALSE(seen.wait(1).empty());
}

TEST_P(ClientTest, AWrongPasswordIsSaidAndTriedAgainWithoutEnd) {
    Mosquitto broker{{.listeners = {Listener::password}}};
    Options wrong = options(broker, Listener::password);
    wrong.username = "username";
    wrong.password = "not it";
    wrong.reconnect_max = 20ms;
    Collector log;
    Client mqtt{wrong};
    mqtt.on_log([&](LogLevel level, std::string_view text) {
        if (level == LogLevel::error) {
            log.add(std::string{text});
        }
    });
    ASSERT_TRUE(mqtt.connect());
    const Strings lines = log.wait(1);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].find("not it"), std::string::npos) << "no password in a message";
    const auto waited = mqtt.wait_connected(10ms);
    ASSERT_FALSE(waited);
    EXPECT_NE(waited.error().message.find(lines[0]), std::string::npos) << waited.error();
    EXPECT_EQ(mqtt.state(), State::connecting);
}

TEST_P(ClientTest, TellsHandlersOfConnectionsAndLosses) {
    Mosquitto broker;
    test::FaultProxy proxy{broker.port(Listener::anonymous), 1};
    Collector happened;
    Client mqtt{test_options("mqtt://127.0.0.1:" + std::to_string(proxy.port()), GetParam())};
    mqtt.on_log([](LogLevel, std::string_view) {});
    mqtt.on_connect([&] { happened.add("up"); });
    mqtt.on_connect([] { throw std::runtime_error("an error in a handler"); });
    mqtt.on_connect([] { throw 1; });
    mqtt.on_disconnect([&](const Failure& failure) { happened.add(failure.code ? "lost" : "left"); });
    ASSERT_TRUE(mqtt.connect());
    EXPECT_EQ(happened.wait(1), (Strings{"up"}));
    proxy.cut();
    EXPECT_EQ(happened.wait(3), (Strings{"up", "lost", "up"}));
    mqtt.close();
    EXPECT_EQ(happened.wait(0), (Strings{"up", "lost", "up", "left"})) << "close waits for the handler";
}

TEST_P(ClientTest, TheBrokerPublishesTheWillOfALostClient) {
    Mosquitto broker;
    test::FaultProxy proxy{broker.port(Listener::anonymous), 1};
    Collector seen;
    Client watcher{options(broker)};
    collect(watcher, "will/#", seen);
    start(watcher);
    Options dying = test_options("mqtt://127.0.0.1:" + std::to_string(proxy.port()), GetParam());
    dying.will.emplace();
    dying.will->topic = "will/here";
    dying.will->payload = "gone";
    dying.client_id = "dying";
    Client mqtt{dying};
    start(mqtt);
    proxy.cut();
    EXPECT_EQ(seen.wait(1), (Strings{"will/here=gone"}));
    ASSERT_TRUE(mqtt.wait_connected(kPatience));
    mqtt.close();
    EXPECT_TRUE(broker.wait_for_log("Client dying disconnected"));
    EXPECT_EQ(seen.wait(0).size(), 1u) << "one that says good-bye has no will";
}

TEST_P(ClientTest, TellsWhatHoldsOnTheConnection) {
    Mosquitto broker{{.settings = {{"max_keepalive", "30"}}}};
    Options asked = lasting(options(broker), "facts");
    asked.keep_alive = 20s;
    Client mqtt{asked};
    EXPECT_FALSE(mqtt.connection()) << "there is none";
    start(mqtt);
    const auto facts = mqtt.connection();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->endpoint, broker.uri());
    EXPECT_EQ(facts->version,
              GetParam() == VersionPolicy::v3_1_1 ? ProtocolVersion::v3_1_1 : ProtocolVersion::v5);
    EXPECT_EQ(facts->client_id, "facts");
    EXPECT_FALSE(facts->session_present);
    EXPECT_EQ(facts->session_expiry, 1h);
    EXPECT_EQ(facts->keep_alive, 20s);
    EXPECT_EQ(facts->maximum_qos, Qos::exactly_once);
    EXPECT_TRUE(facts->retain_available);
    mqtt.close();
    EXPECT_FALSE(mqtt.connection());

    Client again{asked};
    start(again);
    EXPECT_TRUE(again.connection()->session_present);
}

// The session.

TEST_P(ClientTest, KeepsItsSessionAcrossARestartOfTheBroker) {
    Mosquitto broker{{.persistence = true}};
    Collector seen;
    Client mqtt{lasting(options(broker), "lasting")};
    collect(mqtt, "a/+", seen, {.qos = Qos::at_least_once});
    start(mqtt);
    broker.restart();
    EXPECT_TRUE(mqtt.publish("a/1", "x", kQos1).wait(kPatience));
    EXPECT_EQ(seen.wait(1), (Strings{"a/1=x"}));
    EXPECT_TRUE(mqtt.wait_subscribed(kPatience));
    EXPECT_EQ(mqtt.statistics().subscriptions, 1u);
}

TEST_P(ClientTest, SubscribesAgainWhenTheBrokerHasLostTheSession) {
    Mosquitto broker;
    Collector seen;
    Client mqtt{lasting(options(broker), "lasting")};
    collect(mqtt, "a/+", seen, {.qos = Qos::at_least_once});
    collect(mqtt, "b", seen);
    start(mqtt);
    broker.restart();
    ASSERT_TRUE(eventually([&] { return mqtt.statistics().connects == 2; }));
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    EXPECT_EQ(mqtt.statistics().subscriptions, 2u);
    EXPECT_TRUE(mqtt.publish("a/1", "x", kQos1).wait(kPatience));
    mqtt.publish("b", "y");
    EXPECT_EQ(seen.wait_sorted(2), (Strings{"a/1=x", "b=y"}));
}

TEST_P(ClientTest, GetsWhatCameWhileItsProcessWasAway) {
    Mosquitto broker;
    const Options kept = lasting(options(broker), "lasting");
    Collector seen;
    {
        Client mqtt{kept};
        collect(mqtt, "a", seen, {.qos = Qos::at_least_once});
        start(mqtt);
    }
    Client other{options(broker)};
    start(other);
    EXPECT_TRUE(other.publish("a", "kept", kQos1).wait(kPatience));
    Client mqtt{kept};
    collect(mqtt, "a", seen, {.qos = Qos::at_least_once});
    start(mqtt);
    EXPECT_EQ(seen.wait(1), (Strings{"a=kept"}));
}

// Routes.

TEST_P(ClientTest, ALateRouteGetsRetainedMessagesAndTheEarlyOneNotAgain) {
    Mosquitto broker;
    Collector early;
    Collector late;
    Client mqtt{options(broker)};
    collect(mqtt, "a/#", early, {.name = "early"});
    start(mqtt);
    EXPECT_TRUE(mqtt.publish("a/b", "kept", {.qos = Qos::at_least_once, .retain = true}).wait(kPatience));
    EXPECT_EQ(early.wait(1), (Strings{"a/b=kept"}));
    collect(mqtt, "a/+", late);
    EXPECT_EQ(late.wait(1), (Strings{"a/b=kept"}));
    mqtt.publish("a/b", "live");
    EXPECT_EQ(early.wait(2), (Strings{"a/b=kept", "a/b=live"}));
    EXPECT_EQ(late.wait(2), (Strings{"a/b=kept", "a/b=live"}));
}

TEST_P(ClientTest, RoutesMayIgnoreRetainedMessagesOrTakeOnlyThem) {
    Mosquitto broker;
    Collector all;
    Collector ignoring;
    Collector only;
    Client other{options(broker)};
    start(other);
    EXPECT_TRUE(other.publish("a", "kept", {.qos = Qos::at_least_once, .retain = true}).wait(kPatience));
    Client mqtt{options(broker)};
    collect(mqtt, "a", all);
    collect(mqtt, "<level>", ignoring, {.retained = Retained::ignore});
    collect(mqtt, "+", only, {.retained = Retained::only});
    start(mqtt);
    EXPECT_EQ(all.wait(1), (Strings{"a=kept"}));
    EXPECT_EQ(only.wait(1), (Strings{"a=kept"}));
    other.publish("a", "live");
    EXPECT_EQ(all.wait(2), (Strings{"a=kept", "a=live"}));
    EXPECT_EQ(ignoring.wait(1), (Strings{"a=live"}));
    EXPECT_EQ(only.wait(0), (Strings{"a=kept"}));
}

class OverlapTest : public testing::TestWithParam<std::tuple<VersionPolicy, bool>> {};

TEST_P(OverlapTest, EachOverlappingRouteRunsOnceForAMessage) {
    const auto& [version, duplicates] = GetParam();
    Mosquitto broker{{.settings = {{"allow_duplicate_messages", duplicates ? "true" : "false"}}}};
    Collector seen;
    Client mqtt{test_options(broker.uri(), version)};
    mqtt.on_log([](LogLevel, std::string_view) {});
    const std::vector<std::string> patterns{"a/b/c", "a/+/c", "a/#", "+/b/<what>", "a/<path:rest>", "#"};
    for (const std::string& pattern : patterns) {
        mqtt.register_topic(pattern, {.qos = Qos::at_least_once})
            .value()
            .on_message([&seen, pattern](const Message& message, Captures) {
                seen.add(pattern + " " + std::string{message.text()});
            });
    }
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    constexpr int kMessages = 20;
    Strings expected{"# last"};
    for (int i = 0; i < kMessages; ++i) {
        EXPECT_TRUE(mqtt.publish("a/b/c", i, kQos1).wait(kPatience));
        for (const std::string& pattern : patterns) {
            expected.push_back(pattern + " " + std::to_string(i));
        }
    }
    // Comes after everything else, so that a message too many would have come.
    EXPECT_TRUE(mqtt.publish("last", "last", kQos1).wait(kPatience));
    EXPECT_TRUE(seen.wait_for("# last"));
    mqtt.close();
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(seen.wait_sorted(expected.size()), expected);
}

INSTANTIATE_TEST_SUITE_P(Versions, OverlapTest, testing::Combine(versions(), testing::Bool()),
                         [](const auto& row) {
                             return name_of(std::get<0>(row.param)) +
                                    (std::get<1>(row.param) ? "_copies" : "_no_copies");
                         });

TEST_P(ClientTest, ReportsAConflictOfRoutesAtOnce) {
    Client mqtt{test_options("mqtt://127.0.0.1", GetParam())};
    ASSERT_TRUE(mqtt.register_topic("a", {.qos = Qos::at_least_once}));
    EXPECT_TRUE(mqtt.register_topic("a").error().is(Error::bad_config));
    EXPECT_TRUE(mqtt.register_topic("a/<int:x").error().is(Error::bad_pattern));
}

// Publishing.

struct BadPublish {
    const char* topic;
    std::size_t payload_bytes;
    Error error;
};

TEST_P(ClientTest, RefusesAtOnceWhatCanNeverBeSent) {
    Options options = test_options("mqtt://127.0.0.1", GetParam());
    options.packet_bytes_max = 2'000;
    Client mqtt{options};
    const std::string long_topic(65'536, 'x');
    for (const BadPublish& bad :
         {BadPublish{"", 0, Error::bad_topic}, BadPublish{"a/#", 0, Error::bad_topic},
          BadPublish{"a/+", 0, Error::bad_topic}, BadPublish{"\xFF", 0, Error::bad_topic},
          BadPublish{long_topic.c_str(), 0, Error::bad_topic},
          BadPublish{"a", 2'000, Error::payload_too_large}}) {
        const Receipt receipt = mqtt.publish(bad.topic, std::string(bad.payload_bytes, 'x'));
        ASSERT_TRUE(receipt.done());
        EXPECT_TRUE(receipt.outcome()->error().is(bad.error)) << receipt.outcome()->error();
    }
    EXPECT_EQ(mqtt.statistics().publishes_refused, 6u);
    EXPECT_EQ(mqtt.statistics().publishes_accepted, 0u);
}

TEST_P(ClientTest, CloseFailsWhatCannotBeSentAnyMore) {
    Mosquitto broker;
    broker.stop();
    Client mqtt{options(broker)};
    mqtt.on_log([](LogLevel, std::string_view) {});
    ASSERT_TRUE(mqtt.connect());
    const Receipt receipt = mqtt.publish("a", "never", kQos1);
    mqtt.close(10ms);
    ASSERT_TRUE(receipt.done());
    EXPECT_TRUE(receipt.outcome()->error().is(Error::closed));
    EXPECT_TRUE(mqtt.connect().error().is(Error::closed));
    EXPECT_TRUE(mqtt.wait_connected(1ms).error().is(Error::closed));
}

TEST_P(ClientTest, CloseSendsWhatWasAccepted) {
    Mosquitto broker;
    Collector seen;
    Client watcher{options(broker)};
    collect(watcher, "#", seen, {.qos = Qos::at_least_once});
    start(watcher);
    constexpr std::size_t kMessages = 500;
    {
        Client mqtt{options(broker)};
        start(mqtt);
        for (std::size_t i = 0; i < kMessages; ++i) {
            mqtt.publish("a", i, {.qos = i % 2 == 0 ? Qos::at_most_once : Qos::at_least_once});
        }
    }
    EXPECT_EQ(seen.wait(kMessages).size(), kMessages);
}

// Handlers.

TEST_P(ClientTest, AHandlerThatThrowsIsLoggedAndTheNextOneRuns) {
    Mosquitto broker;
    Collector log;
    Collector seen;
    Client mqtt{options(broker)};
    mqtt.on_log([&](LogLevel level, std::string_view text) {
        if (level == LogLevel::error) {
            log.add(std::string{text});
            throw std::runtime_error("the log fails too");
        }
    });
    Topic topic = mqtt.register_topic("a", {.qos = Qos::at_least_once, .name = "route"}).value();
    topic.on_message([](const Message&, Captures) { throw std::runtime_error("broken"); });
    topic.on_message([](const Message&, Captures) { throw 42; });
    topic.on_message([&](const Message& message, Captures) { seen.add(text_of(message)); });
    start(mqtt);
    mqtt.publish("a", "1");
    mqtt.publish("a", "2");
    EXPECT_EQ(seen.wait(2), (Strings{"a=1", "a=2"}));
    const Strings lines = log.wait(4);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_NE(lines[0].find("'route'"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("broken"), std::string::npos) << lines[0];
    EXPECT_EQ(mqtt.statistics().handlers_failed, 4u);
}

TEST_P(ClientTest, ABlockedHandlerHoldsUpNothingElse) {
    Mosquitto broker;
    Options two = options(broker);
    two.handler_threads = 2;
    Collector seen;
    Client mqtt{two};
    Gate gate;
    mqtt.register_topic("slow/+").value().on_message([&](const Message& message, Captures) {
        gate.wait();
        seen.add(text_of(message));
    });
    collect(mqtt, "quick", seen);
    start(mqtt);
    mqtt.publish("slow/1", "1");
    mqtt.publish("slow/1", "2");
    for (int i = 0; i < 10; ++i) {
        mqtt.publish("quick", i);
    }
    EXPECT_EQ(seen.wait(10).back(), "quick=9");
    gate.open();
    const Strings all = seen.wait(12);
    EXPECT_EQ((Strings{all.end() - 2, all.end()}), (Strings{"slow/1=1", "slow/1=2"}));
}

TEST_P(ClientTest, AHandlerMayPublishAndWaitRegisterAndAsk) {
    Mosquitto broker;
    Options one = options(broker);
    one.handler_threads = 1;
    Collector seen;
    Client mqtt{one};
    mqtt.register_topic("ask", {.qos = Qos::at_least_once}).value().on_message([&](const Message&, Captures) {
        EXPECT_TRUE(mqtt.publish("other", "x", {.qos = Qos::exactly_once}).wait(kPatience));
        collect(mqtt, "answer", seen);
        EXPECT_TRUE(mqtt.wait_subscribed(kPatience));
        EXPECT_GE(mqtt.statistics().handlers_run, 1u);
        mqtt.publish("answer", "here");
    });
    start(mqtt);
    mqtt.publish("ask", "");
    EXPECT_EQ(seen.wait(1), (Strings{"answer=here"}));
}

TEST_P(ClientTest, AHandlerMayCloseTheClient) {
    for (const unsigned threads : {1u, 3u}) {
        Mosquitto broker;
        Options some = options(broker);
        some.handler_threads = threads;
        Client mqtt{some};
        Gate closed;
        std::atomic<int> runs{0};
        mqtt.register_topic("close").value().on_message([&](const Message&, Captures) {
            ++runs;
            mqtt.close(5s);
            EXPECT_EQ(mqtt.state(), State::stopped);
            closed.open();
        });
        start(mqtt);
        const auto before = std::chrono::steady_clock::now();
        for (int i = 0; i < 50; ++i) {
            mqtt.publish("close", i);
        }
        ASSERT_TRUE(closed.wait());
        EXPECT_LT(std::chrono::steady_clock::now() - before, 5s) << "it has not waited for itself";
        EXPECT_EQ(runs, 1);
    }
}

TEST_P(ClientTest, CloseWaitsForRunningHandlers) {
    Mosquitto broker;
    Client mqtt{options(broker)};
    Gate running;
    Gate go_on;
    std::atomic<bool> finished{false};
    mqtt.register_topic("a", {.qos = Qos::at_least_once}).value().on_message([&](const Message&, Captures) {
        running.open();
        go_on.wait();
        EXPECT_TRUE(mqtt.publish("b", "from the handler", kQos1).wait(kPatience));
        finished = true;
    });
    start(mqtt);
    mqtt.publish("a", "");
    ASSERT_TRUE(running.wait());
    std::thread closing{[&] { mqtt.close(kPatience); }};
    ASSERT_TRUE(eventually([&] { return mqtt.state() == State::draining; }));
    go_on.open();
    closing.join();
    EXPECT_TRUE(finished);
}

TEST_P(ClientTest, CloseLeavesAHandlerThatDoesNotEnd) {
    Mosquitto broker;
    auto gate = std::make_shared<Gate>();
    auto ended = std::make_shared<Gate>();
    auto running = std::make_shared<Gate>();
    {
        Client mqtt{options(broker)};
        mqtt.register_topic("a").value().on_message([gate, ended, running](const Message& message, Captures) {
            running->open();
            gate->wait();
            EXPECT_EQ(message.text(), "still here") << "the message lives as long as its handler";
            ended->open();
        });
        start(mqtt);
        mqtt.publish("a", "still here");
        ASSERT_TRUE(running->wait());
        mqtt.close(10ms);
    }
    gate->open();
    EXPECT_TRUE(ended->wait());
}

TEST_P(ClientTest, AnUnacknowledgedMessageComesAgainToTheNextHolderOfTheSession) {
    Mosquitto broker;
    const Options kept = lasting(options(broker), "lasting");
    auto running = std::make_shared<Gate>();
    auto gate = std::make_shared<Gate>();
    auto first = std::make_unique<Client>(kept);
    first->register_topic("a", {.qos = Qos::at_least_once}).value().on_message([=](const Message&, Captures) {
        running->open();
        gate->wait();
    });
    start(*first);
    first->publish("a", "important", kQos1);
    ASSERT_TRUE(running->wait());
    first->close(10ms);
    Collector seen;
    Client second{kept};
    collect(second, "a", seen, {.qos = Qos::at_least_once});
    start(second);
    EXPECT_EQ(seen.wait(1), (Strings{"a=important"}));
    gate->open();
}

// Reading pauses while the inbox is full.

TEST_P(ClientTest, AFullInboxPausesReadingAndLosesNothing) {
    Mosquitto broker{{.settings = {{"max_queued_messages", "0"}}}};
    Options small = options(broker);
    small.inbox_messages_max = 10;
    Collector seen;
    Client mqtt{small};
    Gate gate;
    mqtt.register_topic("a", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) {
            gate.wait();
            seen.add(std::string{message.text()});
        });
    start(mqtt);
    Client other{options(broker)};
    start(other);
    constexpr int kMessages = 3'000;
    Strings expected;
    for (int i = 0; i < kMessages; ++i) {
        other.publish("a", i, kQos1);
        expected.push_back(std::to_string(i));
    }
    other.close(kPatience);
    EXPECT_LT(mqtt.statistics().inbox_messages, 2'500u);
    gate.open();
    EXPECT_EQ(seen.wait(kMessages), expected);
}

TEST_P(ClientTest, AConnectionLostWhileReadingPausesIsMadeAgain) {
    Mosquitto broker{{.settings = {{"max_queued_messages", "0"}}}};
    test::FaultProxy proxy{broker.port(Listener::anonymous), 1};
    Options small =
        lasting(test_options("mqtt://127.0.0.1:" + std::to_string(proxy.port()), GetParam()), "small");
    small.inbox_messages_max = 1;
    Collector seen;
    Client mqtt{small};
    mqtt.on_log([](LogLevel, std::string_view) {});
    Gate gate;
    Gate running;
    mqtt.register_topic("a", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) {
            running.open();
            gate.wait();
            seen.add(std::string{message.text()});
        });
    start(mqtt);
    Client other{options(broker)};
    start(other);
    EXPECT_TRUE(other.publish("a", "1", kQos1).wait(kPatience));
    ASSERT_TRUE(running.wait());
    proxy.cut();
    // The loss shows only when something is written, since nothing is read.
    ASSERT_TRUE(eventually([&] {
        (void)mqtt.publish("b", "", kQos1);
        return mqtt.statistics().connects >= 2;
    }));
    EXPECT_TRUE(other.publish("a", "2", kQos1).wait(kPatience));
    gate.open();
    EXPECT_EQ(seen.wait(2), (Strings{"1", "2"}));
}

// What a handler waits for may be behind messages that do not fit.

TEST_P(ClientTest, AHandlerMayWaitForItsReceiptBehindAFloodOfQos0) {
    Mosquitto broker{{.settings = {{"max_queued_messages", "0"}}}};
    Options small = options(broker);
    small.inbox_messages_max = 10;
    small.handler_threads = 1;
    Collector log;
    Collector outcomes;
    Client mqtt{small};
    mqtt.on_log([&](LogLevel, std::string_view text) { log.add(std::string{text}); });
    Gate running;
    Gate flooded;
    mqtt.register_topic("first").value().on_message([&](const Message&, Captures) {
        running.open();
        flooded.wait();
        outcomes.add(mqtt.publish("answer", "x", kQos1).wait(kPatience) ? "acknowledged" : "not in time");
    });
    mqtt.register_topic("flood").value().on_message([](const Message&, Captures) {});
    start(mqtt);
    Client other{options(broker)};
    start(other);
    EXPECT_TRUE(other.publish("first", "", kQos1).wait(kPatience));
    ASSERT_TRUE(running.wait());
    // More than the sockets between broker and client hold.
    const std::string payload(1'000, 'x');
    for (int i = 0; i < 20'000; ++i) {
        other.publish("flood", payload);
    }
    EXPECT_TRUE(other.publish("behind the flood", "", kQos1).wait(kPatience));
    flooded.open();
    EXPECT_EQ(outcomes.wait(1), (Strings{"acknowledged"}));
    EXPECT_GT(mqtt.statistics().messages_dropped, 0u);
    ASSERT_TRUE(eventually([&] { return mqtt.statistics().inbox_messages == 0; }));
    const Strings lines = log.wait(0);
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find("QoS 0") != std::string::npos;
    })) << "what is dropped is said";
}

TEST_P(ClientTest, HandlersThatWaitForReceiptsLoseNoQos1) {
    Mosquitto broker{{.settings = {{"max_queued_messages", "0"}}}};
    Options small = options(broker);
    small.inbox_messages_max = 10;
    small.handler_threads = 1;
    Collector seen;
    Client mqtt{small};
    mqtt.on_log([](LogLevel, std::string_view) {});
    Gate flooded;
    mqtt.register_topic("a", {.qos = Qos::at_least_once})
        .value()
        .on_message([&](const Message& message, Captures) {
            flooded.wait();
            if (mqtt.publish("answer", "x", kQos1).wait(kPatience)) {
                seen.add(std::string{message.text()});
            }
        });
    start(mqtt);
    Client other{options(broker)};
    start(other);
    Strings expected;
    for (int i = 0; i < 300; ++i) {
        expected.push_back(std::to_string(i));
        other.publish("a", expected.back(), kQos1);
    }
    EXPECT_TRUE(other.publish("behind", "", kQos1).wait(kPatience));
    flooded.open();
    EXPECT_EQ(seen.wait(expected.size()), expected);
    EXPECT_EQ(mqtt.statistics().messages_dropped, 0u);
}

// Pulling.

TEST_P(ClientTest, AProgramMayPullWithALoopOfItsOwn) {
    Mosquitto broker;
    Options pulled = options(broker);
    pulled.handler_threads = 0;
    Collector seen;
    Client mqtt{pulled};
    collect(mqtt, "a", seen, {.qos = Qos::at_least_once});
    const int descriptor = mqtt.fileno().value();
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    Receipt watched;
    bool told = false;
    for (int i = 0; i < 5; ++i) {
        watched = mqtt.publish("a", i, kQos1);
    }
    const bool will_be_told = watched.watch();
    Batch batch;
    while (seen.wait(0).size() < 5 || (will_be_told && !told)) {
        pollfd waiting{descriptor, POLLIN, 0};
        ASSERT_EQ(::poll(&waiting, 1, static_cast<int>(kPatience.count())), 1);
        batch = mqtt.take(100, 0ms);  // Gives the batch before back only after it took this one.
        while (const Delivery* delivery = batch.next()) {
            told = told ||
                   (delivery->kind() == Delivery::Kind::receipt && delivery->receipt() == watched.state());
            batch.run();
        }
        EXPECT_TRUE(batch.empty());
    }
    EXPECT_EQ(seen.wait(5), (Strings{"a=0", "a=1", "a=2", "a=3", "a=4"}));
    mqtt.close();
    EXPECT_TRUE(mqtt.take(1, 0ms).empty());
}

TEST_P(ClientTest, ADeliveryThatIsNoMessageShowsNothingOfTheMessageBefore) {
    Mosquitto broker;
    Options pulled = options(broker);
    pulled.handler_threads = 0;
    Client mqtt{pulled};
    ASSERT_TRUE(mqtt.register_topic("number/<int:number>", {.qos = Qos::at_least_once}));
    start(mqtt);
    ASSERT_TRUE(mqtt.publish("number/7", "x", kQos1).wait(kPatience));
    ASSERT_TRUE(eventually([&] { return mqtt.statistics().messages_received == 1; }));
    mqtt.on_log([](LogLevel, std::string_view) {});
    broker.stop();
    bool message = false;
    bool loss = false;
    while (!loss) {
        Batch batch = mqtt.take(100, kPatience);
        ASSERT_FALSE(batch.empty());
        while (const Delivery* delivery = batch.next()) {
            if (delivery->kind() == Delivery::Kind::message) {
                message = true;
                EXPECT_EQ(delivery->captures().size(), 1u);
                continue;
            }
            EXPECT_TRUE(delivery->captures().empty());
            EXPECT_EQ(delivery->message().topic(), "");
            EXPECT_EQ(delivery->route(), 0u);
            loss = loss || (message && delivery->kind() == Delivery::Kind::disconnected);
        }
    }
    EXPECT_TRUE(message);
}

TEST_P(ClientTest, AManualAcknowledgementFreesTheMessage) {
    Mosquitto broker;
    Options pulled = lasting(options(broker), "manual");
    pulled.handler_threads = 0;
    const TopicOptions manual{.qos = Qos::at_least_once, .ack = AckMode::manual};
    const auto take_message = [](Client& mqtt, bool acknowledge) {
        std::string text;
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (text.empty() && std::chrono::steady_clock::now() < deadline) {
            Batch batch = mqtt.take(1, 100ms);
            while (Delivery* delivery = batch.next()) {
                if (delivery->kind() == Delivery::Kind::message) {
                    text = delivery->message().text();
                    if (acknowledge) {
                        delivery->ack();
                    }
                }
            }
        }
        return text;
    };
    {
        Client mqtt{pulled};
        ASSERT_TRUE(mqtt.register_topic("a", manual));
        start(mqtt);
        EXPECT_TRUE(mqtt.publish("a", "first", kQos1).wait(kPatience));
        EXPECT_EQ(take_message(mqtt, false), "first");
        mqtt.close(0ms);
    }
    {
        Client mqtt{pulled};
        ASSERT_TRUE(mqtt.register_topic("a", manual));
        start(mqtt);
        EXPECT_EQ(take_message(mqtt, true), "first") << "it was not acknowledged";
        EXPECT_TRUE(mqtt.publish("a", "second", kQos1).wait(kPatience));
        EXPECT_EQ(take_message(mqtt, true), "second");
    }
    Client mqtt{pulled};
    ASSERT_TRUE(mqtt.register_topic("a", manual));
    start(mqtt);
    EXPECT_TRUE(mqtt.publish("a", "third", kQos1).wait(kPatience));
    EXPECT_EQ(take_message(mqtt, true), "third") << "the others were acknowledged";
}

TEST_P(ClientTest, AHandlerAcknowledgesByHandLaterOnAnotherThread) {
    Mosquitto broker;
    Options kept = lasting(options(broker), "by hand");
    const TopicOptions manual{.qos = Qos::at_least_once, .ack = AckMode::manual};
    Collector seen;
    {
        Client mqtt{kept};
        std::mutex mutex;
        std::vector<Message> waiting;
        mqtt.register_topic("a", manual).value().on_message([&](const Message& message, Captures) {
            {
                const std::lock_guard lock{mutex};
                waiting.push_back(message);
            }
            seen.add(text_of(message));
        });
        start(mqtt);
        EXPECT_TRUE(mqtt.publish("a", "done", kQos1).wait(kPatience));
        EXPECT_TRUE(mqtt.publish("a", "given up", kQos1).wait(kPatience));
        EXPECT_EQ(seen.wait(2), (Strings{"a=done", "a=given up"}));
        std::thread{[&] {
            const std::lock_guard lock{mutex};
            const Message copy = waiting.front();
            copy.ack();
            waiting.front().ack();  // Again: nothing more.
        }}.join();
        mqtt.close();
        const std::lock_guard lock{mutex};
        waiting.back().ack();  // Too late, and harmless.
    }
    Client mqtt{kept};
    collect(mqtt, "a", seen, {.qos = Qos::at_least_once});
    start(mqtt);
    EXPECT_TRUE(mqtt.publish("a", "next", kQos1).wait(kPatience));
    EXPECT_EQ(seen.wait(4), (Strings{"a=done", "a=given up", "a=given up", "a=next"}));
}

TEST_P(ClientTest, ClosingIsQuickWhenNobodyPulls) {
    Mosquitto broker;
    Options pulled = options(broker);
    pulled.handler_threads = 0;
    pulled.drain = kPatience;
    const auto before = std::chrono::steady_clock::now();
    {
        Client mqtt{pulled};
        start(mqtt);
        mqtt.publish("a", "x");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - before, kPatience);
}

TEST_P(ClientTest, CountsWhatHappened) {
    Mosquitto broker;
    Collector seen;
    Client mqtt{options(broker)};
    collect(mqtt, "a", seen, {.qos = Qos::at_least_once});
    start(mqtt);
    EXPECT_TRUE(mqtt.publish("a", "x", kQos1).wait(kPatience));
    EXPECT_TRUE(mqtt.publish("b", "y", kQos1).wait(kPatience));
    EXPECT_EQ(seen.wait(1).size(), 1u);
    ASSERT_TRUE(eventually([&] { return mqtt.statistics().inbox_messages == 0; }));
    const Statistics counts = mqtt.statistics();
    EXPECT_EQ(counts.messages_received, 1u);
    EXPECT_EQ(counts.publishes_accepted, 2u);
    EXPECT_EQ(counts.publishes_done, 2u);
    EXPECT_EQ(counts.publishes_failed, 0u);
    EXPECT_EQ(counts.handlers_run, 1u);
    EXPECT_EQ(counts.outbox_messages, 0u);
    EXPECT_EQ(counts.outbox_bytes, 0u);
    EXPECT_EQ(counts.connects, 1u);
    EXPECT_EQ(counts.routes, 1u);
    EXPECT_EQ(counts.subscriptions, 1u);
}

TEST(ArmedClientTest, OpensNothingBeforeConnect) {
    Client mqtt{"mqtt://127.0.0.1"};
    EXPECT_EQ(mqtt.state(), State::armed);
    EXPECT_TRUE(mqtt.wait_connected(0ms).error().is(Error::not_connected));
    EXPECT_TRUE(mqtt.wait_subscribed(0ms));
    const Receipt receipt = mqtt.publish("a", "x", kQos1);
    mqtt.close();
    EXPECT_TRUE(receipt.outcome()->error().is(Error::closed));
}

// v5 [MQTT-3.1.3-11]; v3.1.1 [MQTT-3.1.3-10].
TEST(ArmedClientTest, RefusesWrongOptions) {
    Options options;
    options.receive_maximum = 0;
    EXPECT_THROW(Client{options}, Exception);
    EXPECT_THROW(Client{"http://127.0.0.1"}, Exception);
    Options will;
    will.will.emplace();
    will.will->topic = "a/#";
    EXPECT_THROW(Client{will}, Exception);
}

}  // namespace
}  // namespace multimqtt::client
