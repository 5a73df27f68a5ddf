// Values of placeholders between the engine and Python.
#pragma once

#include "multimqtt/topic_pattern.hpp"
#include "multimqtt/topic_value.hpp"

#include <nanobind/nanobind.h>

#include <span>
#include <vector>

namespace multimqtt::bindings {

namespace nb = nanobind;

/// The Python value of a capture: `str`, `int`, `float` or `uuid.UUID`. A new reference, null with a Python
/// error set.
[[nodiscard]] PyObject* value_of_capture(const TopicCapture& capture);

/// The values of all captures; a new reference, null with a Python error set.
[[nodiscard]] PyObject* tuple_of_captures(std::span<const TopicCapture> captures);

/// The arguments for `topic_for` from a mapping of names; throws `nb::python_error`.
[[nodiscard]] std::vector<TopicArgument> read_topic_values(nb::handle values);

/// Name and kind of each placeholder.
[[nodiscard]] nb::tuple to_python(std::span<const Placeholder> placeholders);

}  // namespace multimqtt::bindings
