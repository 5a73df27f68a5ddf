// A Mosquitto with the dynamic-security plugin for the tests of a suite, and clients that log in to it.
#pragma once

#include "multimqtt/dynsec.hpp"
#include "support/mosquitto.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace multimqtt::test {

/// The longest that a test waits for something that has to come.
inline constexpr std::chrono::seconds kPatience{10};

class SecuredBroker : public testing::Test {
protected:
    static void SetUpTestSuite() {
        MosquittoOptions options;
        options.listeners = {Listener::dynamic_security};
        broker_ = std::make_unique<Mosquitto>(std::move(options));
        broker_->start();
    }
    static void TearDownTestSuite() { broker_.reset(); }

    static Mosquitto& broker() { return *broker_; }

    static Options login(std::string_view username, std::string_view password) {
        Options options = Options::from_uri(broker_->uri(Listener::dynamic_security)).value();
        options.username = username;
        options.password = password;
        options.reconnect_min = std::chrono::milliseconds{20};
        options.reconnect_max = std::chrono::milliseconds{50};
        return options;
    }
    static Options administrator() { return login(Mosquitto::kAdmin, Mosquitto::kAdminPassword); }

    static std::unique_ptr<Client> connected(Options options) {
        auto client = std::make_unique<Client>(std::move(options));
        client->on_log([](LogLevel, std::string_view) {});
        client->connect().value();
        client->wait_connected(kPatience).value();
        return client;
    }

private:
    static inline std::unique_ptr<Mosquitto> broker_;
};

/// Whether `result` failed with `error`.
template <class T>
testing::AssertionResult failed_with(const Result<T>& result, DynsecError error) {
    if (result.has_value()) {
        return testing::AssertionFailure() << "it succeeded";
    }
    if (result.error().code != make_error_code(error)) {
        return testing::AssertionFailure() << result.error() << " (" << result.error().code << ")";
    }
    return testing::AssertionSuccess();
}

template <class T>
testing::AssertionResult succeeded(const Result<T>& result) {
    return result.has_value() ? testing::AssertionSuccess() : testing::AssertionFailure() << result.error();
}

}  // namespace multimqtt::test
