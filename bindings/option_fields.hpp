// The keyword arguments of `Client` as options of the engine.
#pragma once

#include "multimqtt/options.hpp"

#include <nanobind/nanobind.h>

namespace multimqtt::bindings {

namespace nb = nanobind;

/// What `Client(**fields)` describes.
struct ClientFields {
    Options options;
    nb::object message_type;  ///< Null when it was not given.
};

/// Throws `TypeError` for unknown fields and wrong types, and the engine's failures for wrong values.
[[nodiscard]] ClientFields read_client_fields(const nb::kwargs& fields);

}  // namespace multimqtt::bindings
