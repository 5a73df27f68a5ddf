// The one place where the interpreter is unlocked, and where a thread decides whether it may come back.
#pragma once

#include <Python.h>
#include <exception>

namespace multimqtt::bindings {

/// Lets a thread wait in the engine without the interpreter lock.
///
/// A thread that asks for the lock after the interpreter began to finalize is killed by
/// `pthread_exit` up to Python 3.13, which unwinds its stack: RAII guards then touch an interpreter that
/// is gone, and a `noexcept` function or a `catch (...)` on the way aborts the process. So there is no guard
/// here, and once `close` was called no thread comes back: it parks for the rest of the process.
///
/// Whoever calls `outside` holds no owned Python reference in a destructor, and has no `noexcept` frame
/// between here and Python; functions dispatched by nanobind have, so waiting functions are plain methods.
class InterpreterGate {
public:
    /// Runs `work` with the interpreter unlocked; false when the gate is closed, and then `work` did not run.
    /// An exception of `work` comes out once the interpreter is locked again.
    template <class Work>
    [[nodiscard]] static bool outside(Work&& work) {
        PyThreadState* const thread = leave();
        if (thread == nullptr) {
            return false;
        }
        std::exception_ptr failure;
        try {
            work();
        } catch (const std::exception&) {
            failure = std::current_exception();
        }
        come_back(thread);
        if (failure) {
            std::rethrow_exception(failure);
        }
        return true;
    }

    /// From here on no thread comes back. Waits until those that are on their way have arrived.
    static void close();

    [[nodiscard]] static bool closed();

    /// Makes a forked child forget the threads of its parent.
    static void install_fork_handler();

private:
    [[nodiscard]] static PyThreadState* leave();
    static void come_back(PyThreadState* thread);
};

}  // namespace multimqtt::bindings
