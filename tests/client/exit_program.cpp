// Ends in the way that its arguments name, while its client is at work: for exit_test.cpp.
#include "multimqtt/multimqtt.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using multimqtt::Client;

// Long enough for a loaded machine; only reached when something hangs.
constexpr std::chrono::milliseconds kPatience{20'000};
constexpr int kUnexpected = 99;

struct Arguments {
    std::string_view uri, ca_certs, place, ending, activity, child;
};

Arguments arguments;

// The places, beside the stack of `main` and memory that is never freed.
std::optional<Client> static_client;
thread_local std::optional<Client> thread_local_client;
Client* leaked_client = nullptr;  // Never freed, and never lost sight of.
Client* hooked_client = nullptr;

std::atomic<bool> publishing{false};
std::atomic<int> publishers{0};
std::atomic<bool> handled{false};
std::atomic<bool> exit_in_handler{false};

multimqtt::Options options() {
    multimqtt::Options options = multimqtt::Options::from_uri(arguments.uri).value();
    options.tls.ca_certs = arguments.ca_certs;
    options.drain = 50ms;
    return options;
}

void handle() {
    if (exit_in_handler) {
        std::exit(0);
    }
    handled = true;
    handled.notify_all();
    if (arguments.activity == "handler_runs") {
        std::this_thread::sleep_for(1h);
    }
}

void publish_without_end(Client& mqtt) {
    publishing = true;
    for (int thread = 0; thread < 2; ++thread) {
        ++publishers;
        std::thread{[&mqtt] {
            while (publishing) {
                (void)mqtt.publish("exit/now", "x", {.qos = multimqtt::Qos::at_least_once, .block = false});
            }
            --publishers;
        }}.detach();
    }
}

/// Gets to where the ending shall find the client.
void begin(Client& mqtt) {
    mqtt.on_log([](multimqtt::LogLevel, std::string_view) {});
    mqtt.register_topic("exit/#", {.qos = multimqtt::Qos::at_least_once})
        .value()
        .on_message([](const multimqtt::Message&, multimqtt::Captures) { handle(); });
    mqtt.connect().value();
    if (arguments.activity == "connecting" || arguments.activity == "broker_away") {
        (void)mqtt.publish("exit/now", "x", {.qos = multimqtt::Qos::at_least_once});
        while (arguments.activity == "broker_away" && mqtt.statistics().connects_failed == 0) {
            std::this_thread::sleep_for(1ms);
        }
        return;
    }
    mqtt.wait_subscribed(kPatience).value();
    if (arguments.activity == "connected") {
        return;
    }
    if (arguments.activity == "publishing") {
        publish_without_end(mqtt);
    } else {
        (void)mqtt.publish("exit/now", "x", {.qos = multimqtt::Qos::at_least_once});
    }
    handled.wait(false);
}

/// What a program may not do is call a client that has been destroyed.
void stop_publishers() {
    publishing = false;
    while (publishers > 0) {
        std::this_thread::yield();
    }
}

void die_of(int signal_number) {
    std::raise(signal_number);
    std::_Exit(kUnexpected);
}

/// Ends the process, or returns when that is the ending.
void end(Client& mqtt) {
    const std::string_view ending = arguments.ending;
    if (ending == "exit") {
        std::exit(0);
    } else if (ending == "quick_exit") {
        std::quick_exit(0);
    } else if (ending == "underscore_exit") {
        ::_exit(0);
    } else if (ending == "abort") {
        std::abort();
    } else if (ending == "sigterm") {
        die_of(SIGTERM);
    } else if (ending == "sigint") {
        die_of(SIGINT);
    } else if (ending == "exception") {
        throw std::runtime_error{"the exception that ends the program"};
    } else if (ending == "exit_in_handler") {
        exit_in_handler = true;
        while (true) {
            (void)mqtt.publish("exit/now", "x", {.qos = multimqtt::Qos::at_least_once, .block = false});
            std::this_thread::sleep_for(1ms);
        }
    } else if (ending == "exit_in_thread") {
        std::thread{[] { std::exit(0); }}.detach();
        while (true) {
            ::pause();
        }
    } else if (ending == "atexit_closes") {
        hooked_client = &mqtt;
        std::atexit([] { hooked_client->close(); });
        std::exit(0);
    } else if (ending == "atexit_ends") {
        std::atexit([] { ::_exit(0); });
        std::exit(0);
    } else if (ending == "close") {
        mqtt.close();
    }
}

/// "none", "lives" until after the ending, or "ends_first" in the way of its parent.
void have_child(Client& mqtt) {
    if (arguments.child == "none") {
        return;
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0 && arguments.child == "lives") {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (::getppid() == parent) {
            ::pause();
        }
        ::_exit(0);
    }
    if (child == 0) {
        publishing = false;
        end(mqtt);
        std::exit(0);
    }
    int status = 0;
    if (arguments.child == "ends_first" && (::waitpid(child, &status, 0) != child || status != 0)) {
        std::cerr << "the child ended with status " << status << '\n';
        std::_Exit(kUnexpected);
    }
}

/// Loads a library that holds a client, lets it work, and unloads it while it does; and that again.
void load_and_unload() {
    for (int round = 0; round < 3; ++round) {
        void* const library = ::dlopen(EXIT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            std::cerr << ::dlerror() << '\n';
            std::_Exit(kUnexpected);
        }
        const auto hold_client =
            reinterpret_cast<bool (*)(const char*, const char*)>(::dlsym(library, "hold_client"));
        if (!hold_client(arguments.uri.data(), arguments.ca_certs.data())) {
            std::_Exit(kUnexpected);
        }
        ::dlclose(library);
        if (::dlopen(EXIT_LIBRARY, RTLD_NOW | RTLD_NOLOAD) == nullptr) {
            std::cerr << "the code that the client's threads return through has been unloaded\n";
            std::_Exit(kUnexpected);
        }
    }
}

void live_and_end(Client& mqtt) {
    begin(mqtt);
    have_child(mqtt);
    if (arguments.place != "leaked") {
        stop_publishers();
    }
    end(mqtt);
}

}  // namespace

int main(int count, char** values) {
    if (count != 7) {
        std::cerr << "usage: exit_program URI CA_CERTS PLACE ENDING ACTIVITY CHILD\n";
        return 2;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    arguments = {values[1], values[2], values[3], values[4], values[5], values[6]};
    if (arguments.place == "library") {
        load_and_unload();
    } else if (arguments.place == "static") {
        live_and_end(static_client.emplace(options()));
    } else if (arguments.place == "thread_local") {
        live_and_end(thread_local_client.emplace(options()));
    } else if (arguments.place == "stack") {
        Client mqtt{options()};
        live_and_end(mqtt);
    } else {
        leaked_client = new Client{options()};  // NOLINT(cppcoreguidelines-owning-memory): that is the place.
        live_and_end(*leaked_client);
    }
    return 0;
}
