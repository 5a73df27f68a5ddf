// Arguments of methods that Python calls without nanobind's dispatch, and the values they are made of.
#pragma once

#include <Python.h>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace multimqtt::bindings {

/// The parameters of one method.
///
/// Made once and never destroyed; it owns the interned names.
class Signature {
public:
    /// The first `positional_max` parameters may be given without a name, the first `required` must be given.
    Signature(const char* method, std::initializer_list<const char*> names, std::size_t positional_max,
              std::size_t required);

    /// Puts the arguments of a call into `values`, one for each name; all null before, and those that
    /// were not given after.
    /// False with a Python error set when they do not fit.
    [[nodiscard]] bool read(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                            PyObject** values) const;

private:
    [[nodiscard]] bool read_keywords(PyObject* const* arguments, PyObject* keywords, PyObject** values) const;
    [[nodiscard]] std::optional<std::size_t> find(PyObject* name) const;

    const char* method_;
    std::vector<PyObject*> names_;
    std::size_t positional_max_;
    std::size_t required_;
};

/// The UTF-8 of a `str`, owned by it. False with a Python error set for other objects and lone surrogates.
[[nodiscard]] bool read_text(PyObject* value, const char* name, std::string_view& text);

/// Seconds as a number; `None` gives nothing. Negative numbers count as 0. False with a Python error set.
[[nodiscard]] bool read_seconds(PyObject* value, const char* name,
                                std::optional<std::chrono::milliseconds>& duration);

}  // namespace multimqtt::bindings
