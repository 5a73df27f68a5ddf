// How failures of the engine become Python exceptions.
#pragma once

#include "multimqtt/result.hpp"

#include <nanobind/nanobind.h>

#include <exception>

namespace multimqtt::bindings {

namespace nb = nanobind;

/// The exception that the factory makes of `failure`; a new reference, null with a Python error set.
[[nodiscard]] PyObject* exception_of(const Failure& failure);

/// Sets the exception as the Python error. Returns null, for `return raise_failure(...)`.
PyObject* raise_failure(const Failure& failure);

/// The same for functions dispatched by nanobind.
[[noreturn]] void throw_failure(const Failure& failure);

/// The value, or the failure as a Python exception.
template <class T>
T value_of(Result<T> result) {
    if (!result) {
        throw_failure(result.error());
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

/// Sets the Python error that says the same as a C++ exception. Returns null.
PyObject* raise_exception(const std::exception& exception);

/// Runs `function` for a method that Python calls without nanobind, so that no C++ exception reaches it.
/// Not a `catch (...)`: see `InterpreterGate`.
template <class Function>
PyObject* guarded(Function&& function) {
    try {
        return function();
    } catch (nb::python_error& error) {
        error.restore();
        return nullptr;
    } catch (const std::exception& exception) {
        return raise_exception(exception);
    }
}

}  // namespace multimqtt::bindings
