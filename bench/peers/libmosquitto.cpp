// bench_libmosquitto: drives Debian's libmosquitto with its own network thread.
#include "arguments.hpp"
#include "progress.hpp"
#include "sequence.hpp"

#include <cstdio>
#include <exception>
#include <mosquitto.h>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace bench;

void check(int code, const char* what) {
    if (code != MOSQ_ERR_SUCCESS)
        throw std::runtime_error(std::string(what) + ": " + mosquitto_strerror(code));
}

class Driver {
public:
    explicit Driver(const Run& run)
        : run_{run},
          window_{run.count, run.warmup, run.mode == "publish1" ? run.window : run.count},
          received_{run.count, run.warmup},
          payload_(run.payload_bytes, 'x') {
        mosquitto_lib_init();
        client_ = mosquitto_new(nullptr, true, this);
        mosquitto_max_inflight_messages_set(client_, run.window);
        mosquitto_connect_callback_set(
            client_, [](mosquitto*, void* self, int) { static_cast<Driver*>(self)->connected_.set(); });
        mosquitto_subscribe_callback_set(client_, [](mosquitto*, void* self, int, int, const int*) {
            static_cast<Driver*>(self)->subscribed_.set();
        });
        mosquitto_publish_callback_set(
            client_, [](mosquitto*, void* self, int) { static_cast<Driver*>(self)->window_.leave(); });
        mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* message) {
            static_cast<Driver*>(self)->take(*message);
        });
        if (!run.ca_file.empty())
            check(mosquitto_tls_set(client_, run.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr), "TLS");
        check(mosquitto_connect(client_, "127.0.0.1", run.port, 60), "connect");
        check(mosquitto_loop_start(client_), "start the network thread");
        if (!connected_.wait()) throw std::runtime_error("the broker did not answer");
    }

    ~Driver() {
        mosquitto_disconnect(client_);
        mosquitto_loop_stop(client_, false);
        mosquitto_destroy(client_);
        mosquitto_lib_cleanup();
    }
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    void measure() {
        if (run_.mode == "roundtrip") {
            subscribe();
            if (!subscribed_.wait()) throw std::runtime_error("the broker did not answer SUBSCRIBE");
            trips_.measure(run_, [&](std::uint64_t number) { publish(number); });
        } else if (run_.receives()) {
            subscribe();
            (void)finished_.wait(std::chrono::seconds(run_.patience_s));
            std::this_thread::sleep_for(kLastAcknowledgement);
            print_report(run_, received_.timed(), received_.seconds(), received_.lost(),
                         received_.duplicates());
        } else {
            for (std::uint64_t number = 0; number < run_.count && window_.enter(); ++number) publish(number);
            window_.drain();
            const Sequence& sent = window_.sequence();
            print_report(run_, sent.timed(), sent.seconds(), sent.lost());
        }
    }

private:
    void subscribe() {
        check(mosquitto_subscribe(client_, nullptr, run_.filter.c_str(), run_.qos()), "subscribe");
    }

    void publish(std::uint64_t number) {
        store_number(payload_.data(), number);
        check(mosquitto_publish(client_, nullptr, run_.topic.c_str(), static_cast<int>(payload_.size()),
                                payload_.data(), run_.qos(), false),
              "publish");
    }

    void take(const mosquitto_message& message) {
        if (run_.mode == "roundtrip") return trips_.returned(message.payload);
        if (received_.arrived(message.payload, static_cast<std::size_t>(message.payloadlen))) finished_.set();
    }

    const Run& run_;
    mosquitto* client_ = nullptr;
    Event connected_;
    Event subscribed_;
    Event finished_;
    Window window_;
    Sequence received_;
    RoundTrips trips_;
    std::string payload_;
};

}  // namespace

int main(int argument_count, char** arguments) {
    try {
        const Run run{Arguments{argument_count, arguments}};
        Driver{run}.measure();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_libmosquitto: %s\n", error.what());
        return 2;
    }
}
