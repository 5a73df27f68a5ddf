// How integers of any size, floats and UUIDs are read from topics and written into them.
#include "topic_values.hpp"

#include "field.hpp"

namespace multimqtt::bindings {
namespace {

// `uuid.UUID`, imported at first need and never released; null with a Python error set.
PyObject* uuid_type() {
    static constinit PyObject* type = nullptr;
    if (type == nullptr) {
        PyObject* const module = PyImport_ImportModule("uuid");
        if (module != nullptr) {
            type = PyObject_GetAttrString(module, "UUID");
            Py_DECREF(module);
        }
    }
    return type;
}

PyObject* text_of(std::string_view text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
}

PyObject* integer_of(const TopicCapture& capture) {
    if (const std::optional<std::int64_t> number = capture.as_int64()) {
        return PyLong_FromLongLong(*number);
    }
    return PyLong_FromString(std::string{capture.text}.c_str(), nullptr, 10);
}

PyObject* floating_of(const TopicCapture& capture) {
    if (const std::optional<double> number = capture.as_double()) {
        return PyFloat_FromDouble(*number);
    }
    PyObject* const text = text_of(capture.text);
    PyObject* const number = text == nullptr ? nullptr : PyFloat_FromString(text);
    Py_XDECREF(text);
    return number;
}

PyObject* uuid_of(const TopicCapture& capture) {
    PyObject* const type = uuid_type();
    PyObject* const text = type == nullptr ? nullptr : text_of(capture.text);
    PyObject* const uuid = text == nullptr ? nullptr : PyObject_CallOneArg(type, text);
    Py_XDECREF(text);
    return uuid;
}

TopicValue topic_value(const std::string& name, nb::handle value) {
    PyObject* const type = uuid_type();
    if (type == nullptr) {
        throw nb::python_error();
    }
    if (PyUnicode_Check(value.ptr())) {
        return TopicValue{Field{name.c_str(), value}.text()};
    }
    if (PyFloat_Check(value.ptr())) {
        return TopicValue{PyFloat_AS_DOUBLE(value.ptr())};
    }
    const int is_uuid = PyObject_IsInstance(value.ptr(), type);
    if (is_uuid < 0) {
        throw nb::python_error();
    }
    if (PyLong_Check(value.ptr()) || is_uuid == 1) {
        const nb::object text = nb::str(value);
        return TopicValue{Field{name.c_str(), text}.text()};
    }
    Field{name.c_str(), value}.refuse_type("a str, int, float or UUID");
}

}  // namespace

PyObject* value_of_capture(const TopicCapture& capture) {
    switch (capture.kind) {
        case PlaceholderKind::integer:
            return integer_of(capture);
        case PlaceholderKind::floating:
            return floating_of(capture);
        case PlaceholderKind::uuid:
            return uuid_of(capture);
        case PlaceholderKind::text:
        case PlaceholderKind::path:
            break;
    }
    return text_of(capture.text);
}

PyObject* tuple_of_captures(std::span<const TopicCapture> captures) {
    PyObject* const values = PyTuple_New(static_cast<Py_ssize_t>(captures.size()));
    if (values == nullptr) {
        return nullptr;
    }
    for (std::size_t index = 0; index < captures.size(); ++index) {
        PyObject* const value = value_of_capture(captures[index]);
        if (value == nullptr) {
            Py_DECREF(values);
            return nullptr;
        }
        PyTuple_SET_ITEM(values, static_cast<Py_ssize_t>(index), value);
    }
    return values;
}

std::vector<TopicArgument> read_topic_values(nb::handle values) {
    if (PyMapping_Check(values.ptr()) == 0 || PyUnicode_Check(values.ptr())) {
        Field{"values", values}.refuse_type("a mapping of names to values");
    }
    std::vector<TopicArgument> arguments;
    const nb::object items = nb::steal(PyMapping_Items(values.ptr()));
    if (!items.is_valid()) {
        throw nb::python_error();
    }
    for (nb::handle item : nb::iter(items)) {
        const nb::object key = item[0];
        const nb::object value = item[1];
        std::string name = Field{"the name of a placeholder", key}.text();
        TopicValue converted = topic_value(name, value);
        arguments.push_back({std::move(name), std::move(converted)});
    }
    return arguments;
}

nb::tuple to_python(std::span<const Placeholder> placeholders) {
    nb::list pairs;
    for (const Placeholder& placeholder : placeholders) {
        pairs.append(nb::make_tuple(to_python(std::string_view{placeholder.name}),
                                    to_python(to_string(placeholder.kind))));
    }
    return nb::tuple(pairs);
}

}  // namespace multimqtt::bindings
