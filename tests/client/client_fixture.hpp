// What the tests of a whole client share: waiting with patience, collecting, and options for a private
// broker.
#pragma once

#include "multimqtt/multimqtt.hpp"
#include "support/mosquitto.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace multimqtt::client {

using namespace std::chrono_literals;

/// How long something may take before the test takes it for lost. Far above what it takes.
inline constexpr std::chrono::milliseconds kPatience{30'000};

/// What handlers saw, in order, until the test looks at it.
class Collector {
public:
    void add(std::string text) {
        const std::lock_guard lock{mutex_};
        items_.push_back(std::move(text));
        changed_.notify_all();
    }
    /// Waits for `count` items and returns all that came; fewer than that when it takes too long.
    std::vector<std::string> wait(std::size_t count, std::chrono::milliseconds patience = kPatience) {
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, patience, [&] { return items_.size() >= count; });
        return items_;
    }
    /// The same, sorted: for what comes on several threads.
    std::vector<std::string> wait_sorted(std::size_t count) {
        auto items = wait(count);
        std::sort(items.begin(), items.end());
        return items;
    }
    /// Waits until `text` has come.
    bool wait_for(const std::string& text) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(
            lock, kPatience, [&] { return std::find(items_.begin(), items_.end(), text) != items_.end(); });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> items_;
};

/// Opens once.
class Gate {
public:
    void open() {
        const std::lock_guard lock{mutex_};
        open_ = true;
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, kPatience, [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Asks again and again; for what has no event of its own.
inline bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

/// Options for tests: they reconnect at once.
inline Options test_options(std::string_view uri, VersionPolicy version = VersionPolicy::automatic) {
    Options options = Options::from_uri(uri).value();
    options.version = version;
    options.reconnect_min = 10ms;
    options.reconnect_max = 100ms;
    options.connect_timeout = 20s;
    options.drain = 10s;
    return options;
}

/// With a session that outlives the connection.
inline Options lasting(Options options, std::string client_id) {
    options.client_id = std::move(client_id);
    options.clean_start = false;
    options.session_expiry = 1h;
    return options;
}

inline std::string name_of(VersionPolicy version) {
    switch (version) {
        case VersionPolicy::automatic:
            return "automatic";
        case VersionPolicy::v3_1:
            return "v3_1";
        case VersionPolicy::v3_1_1:
            return "v3_1_1";
        case VersionPolicy::v5:
            return "v5";
    }
    return "unknown";
}

inline auto versions() {
    return testing::Values(VersionPolicy::v3_1_1, VersionPolicy::v5, VersionPolicy::automatic);
}

inline std::string text_of(const Message& message) {
    return std::string{message.topic()}.append("=").append(message.text());
}

}  // namespace multimqtt::client
