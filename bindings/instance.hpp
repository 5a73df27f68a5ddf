// Instances of our types for methods that Python calls without nanobind's dispatch.
#pragma once

#include <nanobind/nanobind.h>

#include <new>
#include <utility>

namespace multimqtt::bindings {

namespace nb = nanobind;

/// The C++ object inside `self`, whose type is known to be right; null with a Python error set when it was
/// never constructed.
template <class T>
[[nodiscard]] T* instance_of(PyObject* self) {
    if (!nb::inst_ready(self)) [[unlikely]] {
        PyErr_Format(PyExc_RuntimeError, "%s.__init__ was not called", Py_TYPE(self)->tp_name);
        return nullptr;
    }
    return nb::inst_ptr<T>(self);
}

/// A new instance of `type`, which is `T`'s or derived from it; throws `nb::python_error`.
template <class T, class... Argument>
[[nodiscard]] PyObject* make_instance(nb::handle type, Argument&&... argument) {
    nb::object instance = nb::inst_alloc(type);
    new (nb::inst_ptr<T>(instance)) T(std::forward<Argument>(argument)...);
    nb::inst_mark_ready(instance);
    return instance.release().ptr();
}

/// For method tables: Python knows the real signature from the flags.
template <class Function>
[[nodiscard]] PyCFunction as_method(Function* function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

/// For type slots.
template <class Function>
[[nodiscard]] void* as_slot(Function* function) {
    return reinterpret_cast<void*>(function);
}

}  // namespace multimqtt::bindings
