// The Python object of a receipt.
#pragma once

#include "multimqtt/receipt.hpp"

#include <Python.h>

namespace multimqtt::bindings {

/// A Python `Receipt`; a new reference. Throws `nb::python_error`.
[[nodiscard]] PyObject* make_receipt(Receipt&& receipt);

/// The one `Receipt` of all publishes that were done at once; a new reference.
[[nodiscard]] PyObject* done_receipt();

}  // namespace multimqtt::bindings
