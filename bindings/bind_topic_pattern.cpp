// Topic patterns without a client, as Python sees them.
#include "bindings.hpp"
#include "field.hpp"
#include "multimqtt/topic_pattern.hpp"
#include "topic_values.hpp"

namespace multimqtt::bindings {
namespace {

void construct(TopicPattern* self, nb::handle text) {
    new (self) TopicPattern{value_of(TopicPattern::parse(Field{"text", text}.text()))};
}

nb::object text(const TopicPattern& pattern) {
    return to_python(std::string_view{pattern.text()});
}

nb::object filter(const TopicPattern& pattern) {
    return to_python(std::string_view{pattern.filter()});
}

nb::object share_group(const TopicPattern& pattern) {
    return to_python(pattern.share_group());
}

nb::tuple placeholders(const TopicPattern& pattern) {
    return to_python(std::span<const Placeholder>{pattern.placeholders()});
}

nb::object match(const TopicPattern& pattern, nb::handle topic) {
    const std::string name = Field{"topic", topic}.text();
    const auto captures = pattern.match(name);
    if (!captures) {
        return nb::none();
    }
    PyObject* const values = tuple_of_captures(std::span<const TopicCapture>{*captures});
    if (values == nullptr) {
        throw nb::python_error();
    }
    return nb::steal(values);
}

nb::object topic_for(const TopicPattern& pattern, nb::handle values) {
    const std::vector<TopicArgument> arguments = read_topic_values(values);
    return to_python(
        std::string_view{value_of(pattern.topic_for(std::span<const TopicArgument>{arguments}))});
}

}  // namespace

void bind_topic_pattern(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<TopicPattern>(module, "Pattern", nb::is_final(),
                             "A topic pattern with typed placeholders, without a client.")
        .def("__init__", &construct, "text"_a)
        .def_prop_ro("text", &text)
        .def_prop_ro("filter", &filter)
        .def_prop_ro("share_group", &share_group)
        .def_prop_ro("placeholders", &placeholders)
        .def("match", &match, "topic"_a)
        .def("topic_for", &topic_for, "values"_a);
}

}  // namespace multimqtt::bindings
