// A client of the suite: what it received and what it said, kept until the test looks at it.
#pragma once

#include "client/client_fixture.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt::brokers {

/// How long the next sign of life may take before the test takes it for lost.
inline constexpr std::chrono::seconds kPatience{30};
using namespace std::chrono_literals;

/// One message as a handler saw it: "topic=text", and what came with it.
struct Arrival {
    std::string topic;
    std::string text;
    Qos qos = Qos::at_most_once;
    bool retain = false;
    bool dup = false;
    PublishProperties properties{};
};

class Peer {
public:
    explicit Peer(Options options) : client_{std::move(options)} {
        client_.on_log([this](LogLevel level, std::string_view text) {
            said_.add(std::string{level == LogLevel::info ? "info: " : "warning: "}.append(text));
        });
    }

    Client& operator*() noexcept { return client_; }
    Client* operator->() noexcept { return &client_; }

    /// Registers `pattern`, with a handler that keeps what arrives.
    void route(std::string_view pattern, Qos qos, AckMode ack = AckMode::success) {
        Topic topic = client_.register_topic(pattern, {.qos = qos, .ack = ack}).value();
        topic.on_message([this](const Message& message, Captures) {
            Arrival arrival{std::string{message.topic()},
                            std::string{message.text()},
                            message.qos(),
                            message.retain(),
                            message.dup(),
                            message.properties()};
            const std::lock_guard lock{mutex_};
            arrivals_.push_back(std::move(arrival));
            changed_.notify_all();
        });
    }

    /// Connects, and waits until the broker has answered all subscriptions; fails the test otherwise.
    testing::AssertionResult up() {
        if (const auto started = client_.connect(); !started) {
            return testing::AssertionFailure() << started.error();
        }
        if (const auto connected = client_.wait_connected(kPatience); !connected) {
            return testing::AssertionFailure() << connected.error();
        }
        const auto subscribed = client_.wait_subscribed(kPatience);
        return subscribed ? testing::AssertionSuccess() : testing::AssertionFailure() << subscribed.error();
    }

    /// Publishes and waits for the outcome.
    testing::AssertionResult publish(std::string_view topic, const Payload& payload, Qos qos,
                                     bool retain = false) {
        const auto outcome = client_.publish(topic, payload, {.qos = qos, .retain = retain}).wait(kPatience);
        return outcome ? testing::AssertionSuccess() : testing::AssertionFailure() << outcome.error();
    }

    /// Waits for `count` messages and returns all that came; fewer than that when none comes for long.
    std::vector<Arrival> arrivals(std::size_t count) {
        std::unique_lock lock{mutex_};
        while (arrivals_.size() < count) {
            const std::size_t before = arrivals_.size();
            if (!changed_.wait_for(lock, kPatience, [&] { return arrivals_.size() != before; })) {
                break;
            }
        }
        return arrivals_;
    }
    /// The same as "topic=text", in order of arrival.
    std::vector<std::string> texts(std::size_t count) {
        std::vector<std::string> texts;
        for (const Arrival& arrival : arrivals(count)) {
            texts.push_back(arrival.topic + "=" + arrival.text);
        }
        return texts;
    }
    /// Waits until a message with this text has come; what came before it is all there.
    bool wait_for(std::string_view text) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, kPatience, [&] {
            return std::ranges::find(arrivals_, text, &Arrival::text) != arrivals_.end();
        });
    }

    /// Waits until a line of the log holds `part`.
    bool says(std::string_view part) {
        return client::eventually([&] { return has_said(part); });
    }
    bool has_said(std::string_view part) {
        return std::ranges::any_of(
            said(), [&](const std::string& line) { return line.find(part) != std::string::npos; });
    }
    /// The lines of the log so far; "warning: " and "info: " stand before each.
    std::vector<std::string> said() { return said_.wait(0); }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Arrival> arrivals_;
    client::Collector said_;
    Client client_;  // Last, so that its handlers have ended before the rest goes.
};

}  // namespace multimqtt::brokers
