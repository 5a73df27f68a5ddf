// How threads leave the interpreter and come back, until the gate is closed.
#include "interpreter_gate.hpp"

#include <atomic>
#include <chrono>
#include <pthread.h>
#include <thread>
#include <unistd.h>

namespace multimqtt::bindings {
namespace {

// Trivially destructible, so nothing is left for the exit of the process to destroy.
constinit std::atomic<bool> gate_closed{false};
// Threads that are past the check of `gate_closed` and do not hold the interpreter lock yet.
constinit std::atomic<int> in_transit{0};

bool interpreter_is_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
}

[[noreturn]] void park() {
    for (;;) {
        pause();
    }
}

void forget_transit() {
    in_transit.store(0);
}

}  // namespace

PyThreadState* InterpreterGate::leave() {
    if (gate_closed.load()) {
        return nullptr;
    }
    return PyEval_SaveThread();
}

void InterpreterGate::come_back(PyThreadState* thread) {
    // Sequentially consistent on both sides: either `close` sees the transit, or this thread sees the closed
    // gate.
    in_transit.fetch_add(1);
    // The second question is for a process whose exit hooks did not run; it narrows a race and cannot end it.
    if (gate_closed.load() || interpreter_is_finalizing()) {
        in_transit.fetch_sub(1);
        park();
    }
    PyEval_RestoreThread(thread);
    in_transit.fetch_sub(1);
}

void InterpreterGate::close() {
    gate_closed.store(true);
    if (in_transit.load() == 0) {
        return;
    }
    PyThreadState* const thread = PyEval_SaveThread();
    while (in_transit.load() != 0) {
        std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
    PyEval_RestoreThread(thread);
}

bool InterpreterGate::closed() {
    return gate_closed.load();
}

void InterpreterGate::install_fork_handler() {
    pthread_atfork(nullptr, nullptr, &forget_transit);
}

}  // namespace multimqtt::bindings
