// bench_paho_c: drives Debian's Eclipse Paho C, the asynchronous client.
#include "arguments.hpp"
#include "progress.hpp"
#include "sequence.hpp"

#include <MQTTAsync.h>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace bench;

/// Without acknowledgements the publisher may run ahead of the socket by so many messages: the send queue of
/// the library is a linked list that it walks, so a longer one would only make it slower.
constexpr std::uint64_t kQueueMessages = 1000;

void check(int code, const char* what) {
    if (code != MQTTASYNC_SUCCESS)
        throw std::runtime_error(std::string(what) + ": code " + std::to_string(code));
}

class Driver {
public:
    explicit Driver(const Run& run)
        : run_{run},
          window_{run.count, run.warmup, run.mode == "publish1" ? run.window : kQueueMessages},
          received_{run.count, run.warmup},
          payload_(run.payload_bytes, 'x') {
        const std::string address = "tcp://127.0.0.1:" + std::to_string(run.port);
        check(
            MQTTAsync_create(&client_, address.c_str(), "bench-paho-c", MQTTCLIENT_PERSISTENCE_NONE, nullptr),
            "create");
        check(MQTTAsync_setCallbacks(client_, this, nullptr, &Driver::on_message, nullptr), "set callbacks");
        MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
        options.maxInflight = run.window;
        options.cleansession = 1;
        options.context = &connected_;
        options.onSuccess = [](void* event, MQTTAsync_successData*) { static_cast<Event*>(event)->set(); };
        check(MQTTAsync_connect(client_, &options), "connect");
        if (!connected_.wait()) throw std::runtime_error("the broker did not answer");
    }

    ~Driver() {
        Event closed;
        MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
        options.context = &closed;
        options.timeout = 1000;
        options.onSuccess = [](void* event, MQTTAsync_successData*) { static_cast<Event*>(event)->set(); };
        options.onFailure = [](void* event, MQTTAsync_failureData*) { static_cast<Event*>(event)->set(); };
        if (MQTTAsync_disconnect(client_, &options) == MQTTASYNC_SUCCESS) (void)closed.wait();
        MQTTAsync_destroy(&client_);
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
        MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
        options.context = &subscribed_;
        options.onSuccess = [](void* event, MQTTAsync_successData*) { static_cast<Event*>(event)->set(); };
        check(MQTTAsync_subscribe(client_, run_.filter.c_str(), run_.qos(), &options), "subscribe");
    }

    void publish(std::uint64_t number) {
        store_number(payload_.data(), number);
        MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
        options.context = &window_;
        options.onSuccess = [](void* window, MQTTAsync_successData*) {
            static_cast<Window*>(window)->leave();
        };
        check(MQTTAsync_send(client_, run_.topic.c_str(), static_cast<int>(payload_.size()), payload_.data(),
                             run_.qos(), 0, &options),
              "publish");
    }

    static int on_message(void* context, char* topic, int, MQTTAsync_message* message) {
        auto* self = static_cast<Driver*>(context);
        if (self->run_.mode == "roundtrip") {
            self->trips_.returned(message->payload);
        } else if (self->received_.arrived(message->payload, static_cast<std::size_t>(message->payloadlen))) {
            self->finished_.set();
        }
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        return 1;
    }

    const Run& run_;
    MQTTAsync client_ = nullptr;
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
        std::fprintf(stderr, "bench_paho_c: %s\n", error.what());
        return 2;
    }
}
