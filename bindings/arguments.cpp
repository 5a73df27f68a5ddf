// How arguments are matched with parameters, and numbers with durations.
#include "arguments.hpp"

#include <algorithm>
#include <cmath>

namespace multimqtt::bindings {
namespace {

// Ten years: longer than any wait, and far from the end of every clock.
constexpr double kSecondsMax = 315'360'000.0;

}  // namespace

Signature::Signature(const char* method, std::initializer_list<const char*> names, std::size_t positional_max,
                     std::size_t required)
    : method_{method}, positional_max_{positional_max}, required_{required} {
    for (const char* name : names) {
        names_.push_back(PyUnicode_InternFromString(name));
    }
}

bool Signature::read(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                     PyObject** values) const {
    const auto given = static_cast<std::size_t>(count);
    if (given > positional_max_) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zu positional arguments (%zu given)", method_,
                     positional_max_, given);
        return false;
    }
    std::copy_n(arguments, given, values);
    if (keywords != nullptr && !read_keywords(arguments + given, keywords, values)) {
        return false;
    }
    for (std::size_t index = given; index < required_; ++index) {
        if (values[index] == nullptr) {
            PyErr_Format(PyExc_TypeError, "%s() misses the argument '%U'", method_, names_[index]);
            return false;
        }
    }
    return true;
}

bool Signature::read_keywords(PyObject* const* arguments, PyObject* keywords, PyObject** values) const {
    const Py_ssize_t count = PyTuple_GET_SIZE(keywords);
    for (Py_ssize_t index = 0; index < count; ++index) {
        PyObject* const name = PyTuple_GET_ITEM(keywords, index);
        const std::optional<std::size_t> place = find(name);
        if (!place) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected argument '%U'", method_, name);
            return false;
        }
        if (values[*place] != nullptr) {
            PyErr_Format(PyExc_TypeError, "%s() got the argument '%U' twice", method_, name);
            return false;
        }
        values[*place] = arguments[index];
    }
    return true;
}

std::optional<std::size_t> Signature::find(PyObject* name) const {
    // Names in a program's text are interned, so the comparison of addresses nearly always finds them.
    const auto same = std::find(names_.begin(), names_.end(), name);
    if (same != names_.end()) {
        return static_cast<std::size_t>(same - names_.begin());
    }
    for (std::size_t index = 0; index < names_.size(); ++index) {
        if (PyUnicode_Compare(names_[index], name) == 0) {
            return index;
        }
    }
    return std::nullopt;
}

bool read_text(PyObject* value, const char* name, std::string_view& text) {
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str, not %s", name, Py_TYPE(value)->tp_name);
        return false;
    }
    Py_ssize_t size = 0;
    const char* const data = PyUnicode_AsUTF8AndSize(value, &size);
    if (data == nullptr) {
        return false;
    }
    text = {data, static_cast<std::size_t>(size)};
    return true;
}

bool read_seconds(PyObject* value, const char* name, std::optional<std::chrono::milliseconds>& duration) {
    if (value == nullptr || value == Py_None) {
        duration.reset();
        return true;
    }
    if (PyBool_Check(value) || !PyNumber_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be a number of seconds or None, not %s", name,
                     Py_TYPE(value)->tp_name);
        return false;
    }
    const double seconds = PyFloat_AsDouble(value);
    if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (std::isnan(seconds)) {
        PyErr_Format(PyExc_ValueError, "%s must be a number of seconds, not NaN", name);
        return false;
    }
    duration = std::chrono::milliseconds{
        static_cast<std::int64_t>(std::ceil(std::clamp(seconds, 0.0, kSecondsMax) * 1'000.0))};
    return true;
}

}  // namespace multimqtt::bindings
