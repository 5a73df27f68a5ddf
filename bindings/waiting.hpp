// Waiting in the engine with the interpreter unlocked, so that other threads run and Ctrl-C is heard.
#pragma once

#include "failures.hpp"
#include "interpreter_gate.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace multimqtt::bindings {

/// What a wait fails with once the gate is closed.
[[nodiscard]] Failure gate_failure();

/// The longest time to wait without a look at pending signals: short on the main thread, which is the one
/// that Python handles signals on, and long on every other, which is not to wake up for nothing.
[[nodiscard]] std::chrono::milliseconds patience();

/// The end of a wait, from now.
class Deadline {
public:
    explicit Deadline(std::optional<std::chrono::milliseconds> timeout) {
        if (timeout) {
            end_ = std::chrono::steady_clock::now() + *timeout;
        }
    }
    /// How long to wait at the next attempt; 0 when the time is over.
    [[nodiscard]] std::chrono::milliseconds next_wait() const {
        const std::chrono::milliseconds longest = patience();
        if (!end_) {
            return longest;
        }
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(*end_ - std::chrono::steady_clock::now());
        return std::clamp(left, std::chrono::milliseconds{0}, longest);
    }

private:
    std::optional<std::chrono::steady_clock::time_point> end_;
};

/// Calls `attempt(wait)`, which gives a `Result<void>`, until it is anything but `timed_out` or the time is
/// over. The first attempt does not wait, and keeps the interpreter locked. None, or null with a Python error
/// set.
template <class Attempt>
PyObject* wait_for(std::optional<std::chrono::milliseconds> timeout, Attempt attempt) {
    const Deadline deadline{timeout};
    Result<void> result = attempt(std::chrono::milliseconds{0});
    while (!result && result.error().is(Error::timed_out)) {
        const std::chrono::milliseconds wait = deadline.next_wait();
        if (wait.count() == 0) {
            break;
        }
        if (!InterpreterGate::outside([&] { result = attempt(wait); })) {
            return raise_failure(gate_failure());
        }
        if (PyErr_CheckSignals() != 0) {
            return nullptr;
        }
    }
    return result ? Py_NewRef(Py_None) : raise_failure(result.error());
}

}  // namespace multimqtt::bindings
