// The methods of `Client` that Python calls without nanobind's dispatch: those that may wait, see
// `InterpreterGate`, and those that must be fast.
#pragma once

#include <Python.h>

namespace multimqtt::bindings {

/// The rows of the method table; they end with an empty one.
[[nodiscard]] PyMethodDef* client_calls() noexcept;

PyObject* publish(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords);
PyObject* publish_many(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords);

}  // namespace multimqtt::bindings
