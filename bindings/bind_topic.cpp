// A registered route, as Python sees it.
#include "bindings.hpp"
#include "field.hpp"
#include "multimqtt/topic.hpp"
#include "topic_values.hpp"

namespace multimqtt::bindings {
namespace {

nb::object pattern(const Topic& topic) {
    return to_python(std::string_view{topic.pattern().text()});
}

nb::object filter(const Topic& topic) {
    return to_python(std::string_view{topic.pattern().filter()});
}

nb::object name(const Topic& topic) {
    return to_python(topic.name());
}

int qos(const Topic& topic) {
    return static_cast<int>(topic.options().qos);
}

nb::tuple placeholders(const Topic& topic) {
    return to_python(std::span<const Placeholder>{topic.pattern().placeholders()});
}

}  // namespace

void bind_topic(nb::module_& module) {
    nb::class_<Topic>(module, "Route", nb::is_final(), "A pattern that was registered with a client.")
        .def_prop_ro("id", &Topic::id)
        .def_prop_ro("pattern", &pattern)
        .def_prop_ro("filter", &filter)
        .def_prop_ro("name", &name)
        .def_prop_ro("qos", &qos)
        .def_prop_ro("placeholders", &placeholders);
}

}  // namespace multimqtt::bindings
