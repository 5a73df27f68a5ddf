// The parts of the module `flask_multimqtt._native`, one for each public header of the engine.
#pragma once

#include <nanobind/nanobind.h>

namespace multimqtt::bindings {

namespace nb = nanobind;

void bind_result(nb::module_& module);
void bind_options(nb::module_& module);
void bind_publish(nb::module_& module);
void bind_topic_pattern(nb::module_& module);
void bind_topic(nb::module_& module);
void bind_receipt(nb::module_& module);
void bind_message(nb::module_& module);
void bind_delivery(nb::module_& module);
void bind_client(nb::module_& module);
void bind_dynsec(nb::module_& module);

}  // namespace multimqtt::bindings
