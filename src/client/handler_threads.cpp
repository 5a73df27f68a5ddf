// Starting handler threads, and learning that they have ended.
#include "client/handler_threads.hpp"

#include <pthread.h>
#include <thread>

namespace multimqtt::client {
namespace {

thread_local const HandlerThreads* threads_of_this_one = nullptr;

}  // namespace

void HandlerThreads::start(unsigned count, const std::function<void()>& body) {
    const std::lock_guard lock{mutex_};
    for (unsigned number = 0; number < count; ++number) {
        ++running_;
        // `keep` keeps the client alive, and with it this object, until the thread has let go of both.
        std::thread{[this, keep = std::function<void()>{body}]() mutable {
            ::pthread_setname_np(::pthread_self(), "multimqtt-run");
            threads_of_this_one = this;
            keep();
            {
                const std::lock_guard ending{mutex_};
                --running_;
                ended_.notify_all();
            }
            keep = nullptr;
        }}.detach();
    }
}

void HandlerThreads::wait_ended(std::chrono::steady_clock::time_point deadline) {
    const unsigned own = is_current() ? 1 : 0;
    std::unique_lock lock{mutex_};
    ended_.wait_until(lock, deadline, [&] { return running_ <= own; });
}

bool HandlerThreads::is_current() const noexcept {
    return threads_of_this_one == this;
}

}  // namespace multimqtt::client
