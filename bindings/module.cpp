// The module itself: what is checked when it is imported, and the parts it is put together from.
#include "bindings.hpp"
#include "close_clients.hpp"
#include "interpreter_gate.hpp"

#include <stdexcept>

namespace multimqtt::bindings {
namespace {

constexpr const char* kSubinterpreterRefusal =
    "MultiMQTT cannot run in a Python subinterpreter. uWSGI: set `single-interpreter = true`. mod_wsgi: set "
    "`WSGIApplicationGroup %{GLOBAL}` and give each application its own WSGIDaemonProcess.";

PyObject* close_gate(PyObject*, PyObject*) {
    InterpreterGate::close();
    Py_RETURN_NONE;
}

// Plain functions, because they unlock the interpreter: see InterpreterGate.
constinit PyMethodDef plain_functions[] = {
    {"close_gate", &close_gate, METH_NOARGS,
     "Keep every thread that is inside the engine from coming back into the interpreter, for ever."},
    {"close_clients", &close_clients, METH_O, "Close many clients in the time of one."},
    {nullptr, nullptr, 0, nullptr},
};

void bind(nb::module_& module) {
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        throw std::runtime_error{kSubinterpreterRefusal};
    }
    nb::set_leak_warnings(false);
    InterpreterGate::install_fork_handler();
    if (PyModule_AddFunctions(module.ptr(), plain_functions) != 0) {
        throw nb::python_error();
    }
    bind_result(module);
    bind_options(module);
    bind_publish(module);
    bind_topic_pattern(module);
    bind_topic(module);
    bind_receipt(module);
    bind_message(module);
    bind_delivery(module);
    bind_client(module);
    bind_dynsec(module);
}

}  // namespace
}  // namespace multimqtt::bindings

NB_MODULE(_native, module) {
    module.doc() = "The C++ engine of flask_multimqtt.";
    multimqtt::bindings::bind(module);
}
