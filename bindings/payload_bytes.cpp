// How objects become payloads without a copy where they are bytes already.
#include "payload_bytes.hpp"

#include <charconv>
#include <cstring>

namespace multimqtt::bindings {

bool PayloadBytes::read(PyObject* value) {
    if (PyBytes_Check(value)) {
        set(PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value)));
        return true;
    }
    if (PyUnicode_Check(value)) {
        return read_text(value);
    }
    if (value == Py_None) {
        return true;
    }
    if (PyBool_Check(value)) {
        set(value == Py_True ? "true" : "false", value == Py_True ? 4 : 5);
        return true;
    }
    if (PyLong_Check(value)) {
        return read_integer(value);
    }
    if (PyFloat_Check(value)) {
        return read_floating(value);
    }
    return read_buffer(value);
}

void PayloadBytes::release() {
    Py_CLEAR(owner_);
    if (has_buffer_) {
        has_buffer_ = false;
        PyBuffer_Release(&buffer_);
    }
}

bool PayloadBytes::read_text(PyObject* value) {
    Py_ssize_t size = 0;
    const char* const data = PyUnicode_AsUTF8AndSize(value, &size);
    if (data == nullptr) {
        return false;
    }
    set(data, static_cast<std::size_t>(size));
    return true;
}

bool PayloadBytes::read_integer(PyObject* value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) {
        const auto end = std::to_chars(number_.data(), number_.data() + number_.size(), number).ptr;
        set(number_.data(), static_cast<std::size_t>(end - number_.data()));
        return true;
    }
    owner_ = PyLong_Type.tp_repr(value);
    if (owner_ == nullptr) {
        return false;
    }
    return read_text(owner_);
}

bool PayloadBytes::read_floating(PyObject* value) {
    char* const digits = PyOS_double_to_string(PyFloat_AS_DOUBLE(value), 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
    if (digits == nullptr) {
        return false;
    }
    // The shortest form of a double has at most 24 characters.
    const std::size_t size = std::strlen(digits);
    std::memcpy(number_.data(), digits, size);
    PyMem_Free(digits);
    set(number_.data(), size);
    return true;
}

bool PayloadBytes::read_buffer(PyObject* value) {
    if (PyObject_CheckBuffer(value) == 0) {
        PyErr_Format(
            PyExc_TypeError,
            "payload must be bytes-like, str, int, float or None, or a list or dict for JSON, not %s",
            Py_TYPE(value)->tp_name);
        return false;
    }
    if (PyObject_GetBuffer(value, &buffer_, PyBUF_SIMPLE) != 0) {
        return false;
    }
    has_buffer_ = true;
    set(static_cast<const char*>(buffer_.buf), static_cast<std::size_t>(buffer_.len));
    return true;
}

}  // namespace multimqtt::bindings
