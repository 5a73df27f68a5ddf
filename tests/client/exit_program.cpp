// Ends in the way that its argument names, while messages come and go on every thread: for exit_test.cpp.
#include "multimqtt/multimqtt.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;

// Long enough for a loaded machine; only reached when something hangs.
constexpr std::chrono::milliseconds kPatience{20'000};
constexpr int kMessages = 200;

class Traffic {
public:
    explicit Traffic(multimqtt::Client& mqtt, std::string_view ending) : mqtt_{mqtt}, ending_{ending} {}

    void begin() {
        mqtt_.register_topic("exit/#", {.qos = multimqtt::Qos::at_least_once})
            .value()
            .on_message([this](const multimqtt::Message&, multimqtt::Captures) { handle(); });
        mqtt_.connect().value();
        mqtt_.wait_subscribed(kPatience).value();
        for (int thread = 0; thread < 2; ++thread) {
            std::thread{[this] {
                while (true) {
                    mqtt_.publish("exit/now", "x", {.qos = multimqtt::Qos::at_least_once});
                }
            }}.detach();
        }
        handled_.wait(false);
    }

private:
    void handle() {
        if (++count_ < kMessages) {
            return;
        }
        if (ending_ == "exit_in_handler") {
            std::exit(0);
        }
        handled_ = true;
        handled_.notify_all();
        if (ending_ == "stuck_handler") {
            std::this_thread::sleep_for(1h);
        }
    }

    multimqtt::Client& mqtt_;
    const std::string_view ending_;
    std::atomic<int> count_{0};
    std::atomic<bool> handled_{false};
};

}  // namespace

/// Arguments: the address of a broker, the certificate authorities to trust, and the ending.
int main(int count, char** arguments) {
    if (count != 4) {
        std::cerr << "usage: exit_program URI CA_CERTS ENDING\n";
        return 2;
    }
    const std::string_view ending{arguments[3]};
    multimqtt::Options options = multimqtt::Options::from_uri(arguments[1]).value();
    options.tls.ca_certs = arguments[2];
    options.drain = 200ms;
    auto mqtt = std::make_unique<multimqtt::Client>(options);
    mqtt->on_log([](multimqtt::LogLevel, std::string_view) {});
    auto& traffic = *new Traffic{*mqtt, ending};  // Its threads outlive `main`.
    traffic.begin();
    if (ending == "closed") {
        mqtt->close();
    }
    mqtt.release();  // NOLINT(bugprone-unused-return-value): a client that nobody closes is what is tested.
    return 0;
}
