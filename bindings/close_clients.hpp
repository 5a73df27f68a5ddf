// Closing many clients in the time of one.
#pragma once

#include <Python.h>

namespace multimqtt::bindings {

/// `close_clients(clients)`, with pairs of a `Client` and its drain time in seconds. None, or null with a
/// Python error set.
PyObject* close_clients(PyObject* module, PyObject* clients);

}  // namespace multimqtt::bindings
