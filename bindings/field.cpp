// How Python values become strings, flags, numbers, durations and pairs of text.
#include "field.hpp"

#include "arguments.hpp"

#include <cmath>
#include <optional>

namespace multimqtt::bindings {

std::string Field::text() const {
    std::string_view text;
    if (!read_text(value_.ptr(), name_, text)) {
        throw nb::python_error();
    }
    return std::string{text};
}

std::string Field::text_or_bytes() const {
    if (PyBytes_Check(value_.ptr())) {
        return {PyBytes_AS_STRING(value_.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(value_.ptr()))};
    }
    if (!PyUnicode_Check(value_.ptr())) {
        refuse_type("a str or bytes");
    }
    return text();
}

bool Field::flag() const {
    if (!PyBool_Check(value_.ptr())) {
        refuse_type("a bool");
    }
    return value_.is(Py_True);
}

std::chrono::milliseconds Field::milliseconds() const {
    const double seconds = PyFloat_Check(value_.ptr()) || PyLong_Check(value_.ptr())
                               ? PyFloat_AsDouble(value_.ptr())
                               : std::nan("");
    if (PyErr_Occurred() != nullptr) {
        throw nb::python_error();
    }
    if (PyBool_Check(value_.ptr()) || (std::isnan(seconds) && !PyFloat_Check(value_.ptr()))) {
        refuse_type("a number of seconds");
    }
    if (!(seconds >= 0.0 && seconds <= 1e12)) {
        refuse(nb::cast<std::string>(nb::repr(value_)), "0 or more seconds");
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(seconds * 1'000.0))};
}

std::chrono::seconds Field::seconds() const {
    return std::chrono::ceil<std::chrono::seconds>(milliseconds());
}

std::vector<std::string> Field::texts() const {
    if (PyUnicode_Check(value_.ptr()) || !PySequence_Check(value_.ptr())) {
        refuse_type("a sequence of str");
    }
    std::vector<std::string> texts;
    for (nb::handle item : nb::iter(value_)) {
        texts.push_back(Field{name_, item}.text());
    }
    return texts;
}

UserProperties Field::user_properties() const {
    const bool is_mapping = PyDict_Check(value_.ptr());
    const nb::object pairs = is_mapping ? value_.attr("items")() : nb::borrow(value_);
    UserProperties properties;
    for (nb::handle item : nb::iter(pairs)) {
        if (!PyTuple_Check(item.ptr()) && !PyList_Check(item.ptr())) {
            Field{name_, item}.refuse_type("pairs of str");
        }
        if (nb::len(item) != 2) {
            Field{name_, item}.refuse_type("pairs of str");
        }
        const nb::object name = item[0];
        const nb::object value = item[1];
        properties.emplace_back(Field{name_, name}.text(), Field{name_, value}.text());
    }
    return properties;
}

Qos Field::qos() const {
    const auto qos = integer<std::uint8_t>();
    if (qos > 2) {
        refuse(std::to_string(qos), "0, 1 or 2");
    }
    return static_cast<Qos>(qos);
}

std::uint64_t Field::integer(std::uint64_t maximum) const {
    if (PyBool_Check(value_.ptr()) || !PyLong_Check(value_.ptr())) {
        refuse_type("an int");
    }
    const unsigned long long number = PyLong_AsUnsignedLongLong(value_.ptr());
    const bool overflow = PyErr_Occurred() != nullptr;
    PyErr_Clear();
    if (overflow || number > maximum) {
        refuse(nb::cast<std::string>(nb::repr(value_)), "0 to " + std::to_string(maximum));
    }
    return number;
}

void Field::refuse_type(const char* expected) const {
    PyErr_Format(PyExc_TypeError, "%s must be %s, not %s", name_, expected, Py_TYPE(value_.ptr())->tp_name);
    throw nb::python_error();
}

void Field::refuse(const std::string& given, const std::string& allowed) const {
    throw_failure({Error::bad_config, std::string{name_} + " is " + given + "; allowed: " + allowed});
}

nb::list to_python(const UserProperties& properties) {
    nb::list pairs;
    for (const auto& [name, value] : properties) {
        pairs.append(nb::make_tuple(to_python(std::string_view{name}), to_python(std::string_view{value})));
    }
    return pairs;
}

nb::object to_python(std::string_view text) {
    PyObject* const decoded =
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
    if (decoded == nullptr) {
        throw nb::python_error();
    }
    return nb::steal(decoded);
}

}  // namespace multimqtt::bindings
