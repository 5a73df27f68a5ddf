// Which thread must look at signals, and what a wait fails with at the end of the interpreter.
#include "waiting.hpp"

#include <pthread.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace multimqtt::bindings {
namespace {

bool is_main_thread() {
#if defined(__linux__)
    return syscall(SYS_gettid) == getpid();
#elif defined(__APPLE__)
    return pthread_main_np() != 0;
#else
    return true;
#endif
}

}  // namespace

Failure gate_failure() {
    return {Error::closed, "the interpreter is shutting down, so nothing can be waited for any more"};
}

std::chrono::milliseconds patience() {
    // A tenth of a second is what people take for an immediate answer to Ctrl-C.
    using std::chrono::milliseconds;
    return is_main_thread() ? milliseconds{100} : milliseconds{std::chrono::hours{1}};
}

}  // namespace multimqtt::bindings
