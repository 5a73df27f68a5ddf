// What holds on a connection, as Python sees it.
#pragma once

#include "multimqtt/connection_facts.hpp"

#include <nanobind/nanobind.h>

namespace multimqtt::bindings {

namespace nb = nanobind;

/// The facts by name, ready for JSON.
[[nodiscard]] nb::dict to_python(const ConnectionFacts& facts);

}  // namespace multimqtt::bindings
