// Lines for people.
#pragma once

#include "multimqtt/delivery.hpp"

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace multimqtt::client {

/// Threads: any.
class Log {
public:
    using Handler = std::function<void(LogLevel, std::string_view)>;

    void set(Handler handler) {
        const std::lock_guard lock{mutex_};
        handler_ = std::move(handler);
    }
    /// Calls the handler; without one, or when it fails, writes the line to stderr.
    void write(LogLevel level, std::string_view text) const;

private:
    mutable std::mutex mutex_;
    Handler handler_;
};

}  // namespace multimqtt::client
