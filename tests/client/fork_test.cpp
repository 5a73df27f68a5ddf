// A forked child: it knows that the client is its parent's, and keeps nothing of it open.
#include "client/client_fixture.hpp"
#include "support/scripted_broker.hpp"

#include <atomic>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace multimqtt::client {
namespace {

// Bits that a child reports through its exit status.
int child_findings(Client& mqtt) {
    int wrong = mqtt.state() == State::inherited ? 0 : 1;
    wrong |= mqtt.publish("a", "x").outcome()->error().is(Error::inherited) ? 0 : 2;
    wrong |= mqtt.connect().error().is(Error::inherited) ? 0 : 4;
    wrong |= mqtt.take(1, 1h).empty() ? 0 : 8;
    wrong |= mqtt.register_topic("b").error().is(Error::inherited) ? 0 : 16;
    mqtt.close();
    return wrong;
}

TEST(ForkTest, AChildHasNoPartInTheConnectionAndDoesNotDisturbIt) {
    test::Mosquitto broker;
    Options options = test_options(broker.uri());
    options.client_id = "parent";
    auto mqtt = std::make_unique<Client>(options);
    ASSERT_TRUE(mqtt->connect());
    ASSERT_TRUE(mqtt->wait_connected(kPatience));
    const pid_t child = fork();
    if (child == 0) {
        const int wrong = child_findings(*mqtt);
        mqtt.reset();
        _exit(wrong);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(mqtt->connected());
    EXPECT_TRUE(mqtt->publish("a", "x", {.qos = Qos::at_least_once}).wait(kPatience));
    EXPECT_EQ(broker.log().find("Client parent disconnected"), std::string::npos);
    EXPECT_EQ(broker.log().find("Client parent closed"), std::string::npos);
}

/// Everything that may be called, while other threads of the parent may have held each lock.
int calls_that_do_not_hang(Client& mqtt, Batch& batch, Topic topic, const Receipt& receipt) {
    alarm(20);
    int wrong = mqtt.topic_for("route").error().is(Error::inherited) ? 0 : 1;
    wrong |= receipt.done() || receipt.wait().error().is(Error::inherited) ? 0 : 2;
    wrong |= batch.next() == nullptr ? 0 : 4;
    wrong |= mqtt.connection() ? 8 : 0;
    wrong |= mqtt.wait_subscribed(1h).error().is(Error::inherited) ? 0 : 16;
    mqtt.on_connect([] {});
    mqtt.on_disconnect([](const Failure&) {});
    mqtt.on_log([](LogLevel, std::string_view) {});
    topic.on_message([](const Message&, Captures) {});
    (void)mqtt.statistics();
    (void)mqtt.fileno();
    { const Batch ending = std::move(batch); }
    return wrong;
}

TEST(ForkTest, NoCallInAChildHangsOnALockThatAThreadOfTheParentHeld) {
    test::Mosquitto broker;
    Options options = test_options(broker.uri());
    options.handler_threads = 0;
    Client mqtt{options};
    Topic topic = mqtt.register_topic("route", {.qos = Qos::at_least_once}).value();
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(mqtt.wait_subscribed(kPatience));
    std::atomic<bool> ended{false};
    std::vector<std::thread> threads;
    for (int number = 0; number < 2; ++number) {
        threads.emplace_back([&] {
            while (!ended) {
                (void)mqtt.topic_for("route");
                (void)mqtt.publish("route", "x", {.qos = Qos::at_least_once});
                (void)mqtt.statistics();
                Batch taken = mqtt.take(1, 1ms);
                while (taken.next() != nullptr) {
                }
            }
        });
    }
    for (int round = 0; round < 30; ++round) {
        Batch batch = mqtt.take(1, kPatience);
        const Receipt receipt = mqtt.publish("other", "x", {.qos = Qos::at_least_once});
        const pid_t child = fork();
        if (child == 0) {
            _exit(calls_that_do_not_hang(mqtt, batch, topic, receipt));
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0) << "in round " << round;
    }
    ended = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
}

/// A process of its own that has a client, and a child that outlives it.
class Parent {
public:
    /// It forks when its client is connected, or with `Fork::when_told` after `go`.
    enum class Fork : std::uint8_t { when_connected, when_told };

    Parent(const Options& options, Fork when) {
        EXPECT_EQ(pipe(ready_), 0);
        EXPECT_EQ(pipe(until_), 0);
        process_ = fork();
        if (process_ == 0) {
            close(until_[1]);
            live(options, when);
        }
        close(ready_[1]);
    }
    ~Parent() {
        close(until_[1]);
        char byte = 0;
        EXPECT_EQ(read(ready_[0], &byte, 1), 0) << "the child lived until now, and has ended";
        close(ready_[0]);
        close(until_[0]);
    }
    Parent(const Parent&) = delete;
    Parent& operator=(const Parent&) = delete;

    void go() const { EXPECT_EQ(write(until_[1], "g", 1), 1); }
    /// Kills it once its child is there.
    void kill_it() const {
        char byte = 0;
        EXPECT_EQ(read(ready_[0], &byte, 1), 1);
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }

private:
    [[noreturn]] void live(const Options& options, Fork when) const {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        Client mqtt{options};
        char byte = 0;
        const bool connecting = mqtt.connect().has_value();
        const bool forks = when == Fork::when_connected ? mqtt.wait_connected(kPatience).has_value()
                                                        : read(until_[0], &byte, 1) == 1;
        if (!connecting || !forks) {
            _exit(1);
        }
        if (fork() == 0) {
            // Lives until the test closes its end of the other pipe.
            (void)!write(ready_[1], "r", 1);
            (void)!read(until_[0], &byte, 1);
            _exit(0);
        }
        for (;;) {
            pause();
        }
    }

    int ready_[2] = {-1, -1};
    int until_[2] = {-1, -1};
    pid_t process_ = -1;
};

TEST(ForkTest, TheBrokerSeesTheDeathOfAParentWhoseChildLives) {
    test::Mosquitto broker;
    Options options = test_options(broker.uri());
    options.will.emplace();
    options.will->topic = "will";
    options.will->payload = "gone";
    options.keep_alive = 60s;
    // Before this process has threads: the thread sanitizer takes none in a process forked from one that has.
    const Parent parent{options, Parent::Fork::when_connected};

    Collector seen;
    Client watcher{test_options(broker.uri())};
    watcher.register_topic("will").value().on_message(
        [&](const Message& message, Captures) { seen.add(text_of(message)); });
    ASSERT_TRUE(watcher.connect());
    ASSERT_TRUE(watcher.wait_subscribed(kPatience));
    parent.kill_it();
    EXPECT_EQ(seen.wait(1), (std::vector<std::string>{"will=gone"}));
}

TEST(ForkTest, TheBrokerSeesTheDeathOfAParentThatForkedDuringAHandshake) {
    test::ScriptedBroker broker;
    const Options options = test_options("mqtts://127.0.0.1:" + std::to_string(broker.port()));
    const Parent parent{options, Parent::Fork::when_told};
    test::ScriptedLink link = broker.accept();
    EXPECT_FALSE(link.receive_packet().empty()) << "the handshake of TLS has begun, and is never answered";
    parent.go();
    parent.kill_it();
    EXPECT_TRUE(link.ended()) << "while the child lives";
}

}  // namespace
}  // namespace multimqtt::client
