// A scope in which threads are made that no signal reaches.
#pragma once

#include <csignal>
#include <pthread.h>

namespace multimqtt::bindings {

/// Blocks every signal on this thread, and so on those that it makes, until the end of the scope.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

}  // namespace multimqtt::bindings
