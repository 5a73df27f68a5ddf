// bench_multimqtt: drives our own client through its public interface.
#include "../peers/progress.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "multimqtt/multimqtt.hpp"
#include "percentiles.hpp"
#include "sequence.hpp"

#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace bench;

multimqtt::Options options_for(const Run& run) {
    const std::string scheme = run.ca_file.empty() ? "mqtt" : "mqtts";
    auto options = multimqtt::Options::from_uri(scheme + "://127.0.0.1:" + std::to_string(run.port)).value();
    options.version = multimqtt::VersionPolicy::v3_1_1;  // As the peers.
    options.inflight_max = run.window;
    options.tls.ca_certs = run.ca_file;
    return options;
}

multimqtt::PublishOptions publish_options_for(const Run& run) {
    return {.qos = run.qos() == 1 ? multimqtt::Qos::at_least_once : multimqtt::Qos::at_most_once};
}

/// The messages of one publishing thread: every n-th, beginning with its own number.
class Publisher {
public:
    Publisher(const Run& run, multimqtt::Client& mqtt)
        : run_{run}, mqtt_{mqtt}, options_{publish_options_for(run)}, payload_(run.payload_bytes, 'x') {}

    void publish(std::uint64_t number) {
        store_number(payload_.data(), number);
        last_ = mqtt_.publish(run_.topic, payload_, options_);
    }

    void publish_share(std::uint64_t first) {
        for (std::uint64_t number = first; number < run_.count; number += run_.threads) publish(number);
        last_.wait().value();
    }

    /// The same in small bursts with pauses, as a sensor gateway has them, so that the outbox never fills;
    /// each call is timed.
    void publish_timed(std::uint64_t first, std::vector<double>& times_us) {
        for (std::uint64_t number = first; number < run_.count; number += run_.threads) {
            const auto called = Clock::now();
            publish(number);
            times_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - called).count());
            if (times_us.size() % kBurst == 0) std::this_thread::sleep_for(kPause);
        }
        last_.wait().value();
    }

private:
    static constexpr std::size_t kBurst = 10;
    static constexpr std::chrono::microseconds kPause{500};

    const Run& run_;
    multimqtt::Client& mqtt_;
    const multimqtt::PublishOptions options_;
    std::string payload_;
    multimqtt::Receipt last_;
};

/// Runs `work(0)` to `work(threads - 1)`, each in a thread of its own.
template <typename Work>
void in_threads(std::uint64_t threads, const Work& work) {
    std::vector<std::thread> running;
    for (std::uint64_t index = 1; index < threads; ++index) running.emplace_back(work, index);
    work(0);
    for (std::thread& thread : running) thread.join();
}

class Driver {
public:
    explicit Driver(const Run& run) : run_{run}, mqtt_{options_for(run)}, received_{run.count, run.warmup} {}

    void measure() {
        if (run_.mode == "roundtrip") return measure_round_trips();
        if (run_.mode == "latency") return measure_latency();
        if (run_.mode == "memory") return measure_memory();
        if (run_.receives()) return receive();
        publish();
    }

private:
    void connect() {
        mqtt_.connect().value();
        mqtt_.wait_connected(kPatience).value();
    }

    /// The client keeps the window by itself (`Options::inflight_max`) and blocks when its outbox is full, so
    /// the publisher just publishes. The broker notes whether all have arrived, and when.
    void publish() {
        connect();
        const auto started = Clock::now();
        in_threads(run_.threads, [this](std::uint64_t index) {
            Publisher{run_, mqtt_}.publish_share(index);
        });
        mqtt_.close(kPatience);
        print_report(run_, run_.count, std::chrono::duration<double>(Clock::now() - started).count(), 0);
    }

    void measure_latency() {
        connect();
        std::vector<std::vector<double>> times_us(run_.threads);
        in_threads(run_.threads, [&](std::uint64_t index) {
            times_us[index].reserve(run_.count / run_.threads + 1);
            Publisher{run_, mqtt_}.publish_timed(index, times_us[index]);
        });
        mqtt_.close(kPatience);
        std::vector<double> all;
        for (const auto& some : times_us) all.insert(all.end(), some.begin(), some.end());
        print_percentiles(run_, std::move(all), 0);
    }

    /// What the process holds with an idle client, and how much more after all messages.
    void measure_memory() {
        const std::uint64_t before = resident_bytes();
        connect();
        const std::uint64_t idle = resident_bytes();
        Publisher publisher{run_, mqtt_};
        std::uint64_t warm = 0;
        for (std::uint64_t number = 0; number < run_.count; ++number) {
            // The first tenth fills what is kept for later: buffers, slots, the memory of the topics.
            if (number == run_.count / 10) warm = resident_when_idle();
            publisher.publish(number);
        }
        const std::uint64_t after = resident_when_idle();
        mqtt_.close(kPatience);
        std::printf(
            "{\"mode\": \"memory\", \"messages\": %llu, \"seconds\": 1, \"lost\": 0, \"duplicates\": 0, "
            "\"idle_kib\": %llu, \"client_kib\": %llu, \"growth_kib\": %llu}\n",
            static_cast<unsigned long long>(run_.count), static_cast<unsigned long long>(idle / 1024),
            static_cast<unsigned long long>((idle - before) / 1024),
            static_cast<unsigned long long>(after > warm ? (after - warm) / 1024 : 0));
    }

    std::uint64_t resident_when_idle() {
        while (mqtt_.statistics().outbox_messages > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return resident_bytes();
    }

    void receive() {
        // All messages have one topic, and so come one after the other.
        mqtt_.topic<"bench/<str:sensor>">(
            [this](const multimqtt::Message& message, std::string_view) {
                const std::span<const std::byte> payload = message.payload();
                if (received_.arrived(payload.data(), payload.size())) finished_.set();
            },
            {.qos = publish_options_for(run_).qos});
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
        Publisher publisher{run_, mqtt_};
        trips_.measure(run_, [&](std::uint64_t number) { publisher.publish(number); });
    }

    const Run& run_;
    multimqtt::Client mqtt_;
    Event finished_;
    Sequence received_;
    RoundTrips trips_;
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
