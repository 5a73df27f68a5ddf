// The exception factory, and what is raised without one.
#include "failures.hpp"

#include "bindings.hpp"
#include "multimqtt/dynsec_error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace multimqtt::bindings {
namespace {

// Never released: a thread may fail while the interpreter takes its modules apart.
constinit PyObject* exception_factory = nullptr;

void set_exception_factory(nb::callable factory) {
    PyObject* const previous = std::exchange(exception_factory, factory.release().ptr());
    Py_XDECREF(previous);
}

std::string name_of(const Failure& failure) {
    if (failure.code.category() == dynsec_error_category()) {
        return std::string{"dynsec:"}.append(to_string(static_cast<DynsecError>(failure.code.value())));
    }
    if (failure.code.category() != error_category()) {
        return "system";
    }
    return std::string{to_string(static_cast<Error>(failure.code.value()))};
}

PyObject* text_of(std::string_view text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

void translate(const std::exception_ptr& failure, void*) {
    try {
        std::rethrow_exception(failure);
    } catch (const Exception& exception) {
        raise_failure(exception.failure());
    }
}

}  // namespace

PyObject* exception_of(const Failure& failure) {
    PyObject* const name = text_of(name_of(failure));
    PyObject* const message = text_of(failure.message.empty() ? failure.code.message() : failure.message);
    PyObject* exception = nullptr;
    if (name != nullptr && message != nullptr) {
        exception = exception_factory == nullptr
                        ? PyObject_CallFunction(PyExc_RuntimeError, "O", message)
                        : PyObject_CallFunction(exception_factory, "OOi", name, message, failure.reason);
    }
    Py_XDECREF(name);
    Py_XDECREF(message);
    if (exception != nullptr && !PyExceptionInstance_Check(exception)) {
        PyErr_Format(PyExc_TypeError, "the exception factory returned %R, which is no exception", exception);
        Py_CLEAR(exception);
    }
    return exception;
}

PyObject* raise_failure(const Failure& failure) {
    PyObject* const exception = exception_of(failure);
    if (exception != nullptr) {
        PyErr_SetObject(PyExceptionInstance_Class(exception), exception);
        Py_DECREF(exception);
    }
    return nullptr;
}

void throw_failure(const Failure& failure) {
    raise_failure(failure);
    throw nb::python_error();
}

PyObject* raise_exception(const std::exception& exception) {
    if (const auto* failed = dynamic_cast<const Exception*>(&exception)) {
        return raise_failure(failed->failure());
    }
    if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr) {
        return PyErr_NoMemory();
    }
    PyErr_SetString(PyExc_RuntimeError, exception.what());
    return nullptr;
}

void bind_result(nb::module_& module) {
    module.def("set_exception_factory", &set_exception_factory, nb::arg("factory"),
               "Set what turns a failure of the engine into an exception.");
    nb::register_exception_translator(&translate);
}

}  // namespace multimqtt::bindings
