// bench_multimqtt: drives our own client through its public interface.
#include "../peers/progress.hpp"
#include "arguments.hpp"
#include "multimqtt/multimqtt.hpp"
#include "sequence.hpp"

#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace bench;

multimqtt::Options options_for(const Run& run) {
    auto options = multimqtt::Options::from_uri("mqtt://127.0.0.1:" + std::to_string(run.port)).value();
    options.version = multimqtt::VersionPolicy::v3_1_1;  // As the peers.
    options.inflight_max = run.window;
    return options;
}

multimqtt::Qos qos_of(const Run& run) {
    return run.qos() == 1 ? multimqtt::Qos::at_least_once : multimqtt::Qos::at_most_once;
}

class Driver {
public:
    explicit Driver(const Run& run)
        : run_{run},
          mqtt_{options_for(run)},
          received_{run.count, run.warmup},
          payload_(run.payload_bytes, 'x') {
        publish_options_.qos = qos_of(run);
    }

    void measure() {
        if (run_.mode == "roundtrip") return measure_round_trips();
        if (run_.receives()) return receive();
        publish();
    }

private:
    void connect() {
        mqtt_.connect().value();
        mqtt_.wait_connected(kPatience).value();
    }

    multimqtt::Receipt publish_one(std::uint64_t number) {
        store_number(payload_.data(), number);
        return mqtt_.publish(run_.topic, payload_, publish_options_);
    }

    /// The client keeps the window by itself (`Options::inflight_max`) and blocks when its outbox is full, so
    /// the publisher just publishes. The broker notes whether all have arrived.
    void publish() {
        connect();
        multimqtt::Receipt last;
        Clock::time_point started;
        for (std::uint64_t number = 0; number < run_.count; ++number) {
            if (number == run_.warmup) started = Clock::now();
            last = publish_one(number);
        }
        last.wait().value();
        mqtt_.close(kPatience);
        const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
        print_report(run_, run_.count - run_.warmup, seconds, 0);
    }

    void receive() {
        // All messages have one topic, and so come one after the other.
        mqtt_.topic<"bench/<str:sensor>">(
            [this](const multimqtt::Message& message, std::string_view) {
                const std::span<const std::byte> payload = message.payload();
                if (received_.arrived(payload.data(), payload.size())) finished_.set();
            },
            {.qos = qos_of(run_)});
        connect();
        (void)finished_.wait(std::chrono::seconds(run_.patience_s));
        std::this_thread::sleep_for(kLastAcknowledgement);
        mqtt_.close();
        print_report(run_, received_.timed(), received_.seconds(), received_.lost(), received_.duplicates());
    }

    void measure_round_trips() {
        mqtt_.topic<"bench/<str:sensor>">([this](const multimqtt::Message& message, std::string_view) {
            trips_.returned(message.payload().data());
        });
        connect();
        mqtt_.wait_subscribed(kPatience).value();
        trips_.measure(run_, [this](std::uint64_t number) { publish_one(number); });
    }

    const Run& run_;
    multimqtt::Client mqtt_;
    Event finished_;
    Sequence received_;
    RoundTrips trips_;
    std::string payload_;
    multimqtt::PublishOptions publish_options_;
};

}  // namespace

int main(int argument_count, char** arguments) {
    try {
        const Run run{Arguments{argument_count, arguments}};
        Driver{run}.measure();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_multimqtt: %s\n", error.what());
        return 2;
    }
}
