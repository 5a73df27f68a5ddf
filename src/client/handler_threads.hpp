// The client's own threads that run handlers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace multimqtt::client {

/// Threads that are not joined: one that is stuck in a handler must not hold up whoever closes the client.
///
/// Threads: any.
class HandlerThreads {
public:
    /// Starts `count` threads that run `body`.
    void start(unsigned count, const std::function<void()>& body);

    /// Waits until all of them, but not the calling one, have ended; at most until the deadline.
    void wait_ended(std::chrono::steady_clock::time_point deadline);

    /// True on one of these threads.
    [[nodiscard]] bool is_current() const noexcept;

private:
    std::mutex mutex_;
    std::condition_variable ended_;
    unsigned running_ = 0;
};

}  // namespace multimqtt::client
