// The MQTT 5.0 properties of a message, as Python sees them.
#include "bindings.hpp"
#include "field.hpp"
#include "multimqtt/publish.hpp"

#include <nanobind/stl/string.h>

#include <tuple>

namespace multimqtt::bindings {
namespace {

std::string bytes_of(const Field& field) {
    if (!PyBytes_Check(field.value().ptr())) {
        field.refuse_type("bytes");
    }
    return field.text_or_bytes();
}

void construct(PublishProperties* self, nb::handle expiry_s, nb::handle text, nb::handle content_type,
               nb::handle response_topic, nb::handle correlation_data, nb::handle user_properties) {
    PublishProperties properties;
    if (!expiry_s.is_none()) {
        properties.expiry = std::chrono::seconds{Field{"expiry_s", expiry_s}.integer<std::uint32_t>()};
    }
    if (!text.is_none()) {
        properties.text = Field{"text", text}.flag();
    }
    if (!content_type.is_none()) {
        properties.content_type = Field{"content_type", content_type}.text();
    }
    if (!response_topic.is_none()) {
        properties.response_topic = Field{"response_topic", response_topic}.text();
    }
    if (!correlation_data.is_none()) {
        properties.correlation_data = bytes_of(Field{"correlation_data", correlation_data});
    }
    properties.user_properties = Field{"user_properties", user_properties}.user_properties();
    new (self) PublishProperties{std::move(properties)};
}

nb::object expiry_s(const PublishProperties& properties) {
    return properties.expiry ? nb::object{nb::int_(properties.expiry->count())} : nb::none();
}

nb::object text(const PublishProperties& properties) {
    return properties.text ? nb::object{nb::bool_(*properties.text)} : nb::none();
}

nb::object text_or_none(const std::string& text) {
    return text.empty() ? nb::none() : to_python(text);
}

nb::object content_type(const PublishProperties& properties) {
    return text_or_none(properties.content_type);
}

nb::object response_topic(const PublishProperties& properties) {
    return text_or_none(properties.response_topic);
}

nb::object correlation_data(const PublishProperties& properties) {
    const std::string& data = properties.correlation_data;
    return data.empty() ? nb::none() : nb::object{nb::bytes(data.data(), data.size())};
}

nb::list user_properties(const PublishProperties& properties) {
    return to_python(properties.user_properties);
}

auto parts_of(const PublishProperties& properties) {
    return std::tie(properties.expiry, properties.text, properties.content_type, properties.response_topic,
                    properties.correlation_data, properties.user_properties);
}

nb::object equal(const PublishProperties& properties, nb::handle other) {
    if (!nb::isinstance<PublishProperties>(other)) {
        return nb::borrow(Py_NotImplemented);
    }
    return nb::bool_(parts_of(properties) == parts_of(nb::cast<const PublishProperties&>(other)));
}

std::string repr(const PublishProperties& properties) {
    std::string parts;
    const auto add = [&](const char* name, const nb::object& value) {
        if (!value.is_none()) {
            parts.append(parts.empty() ? "" : ", ").append(name).append("=");
            parts.append(nb::cast<std::string>(nb::repr(value)));
        }
    };
    add("expiry_s", expiry_s(properties));
    add("text", text(properties));
    add("content_type", content_type(properties));
    add("response_topic", response_topic(properties));
    add("correlation_data", correlation_data(properties));
    if (!properties.user_properties.empty()) {
        add("user_properties", user_properties(properties));
    }
    return "Properties(" + parts + ")";
}

}  // namespace

void bind_publish(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<PublishProperties>(module, "Properties", nb::is_final(),
                                  "The MQTT 5.0 properties of a message, sent or received.")
        .def("__init__", &construct, nb::kw_only(), "expiry_s"_a = nb::none(), "text"_a = nb::none(),
             "content_type"_a = nb::none(), "response_topic"_a = nb::none(),
             "correlation_data"_a = nb::none(), "user_properties"_a = nb::tuple())
        .def_prop_ro("expiry_s", &expiry_s)
        .def_prop_ro("text", &text)
        .def_prop_ro("content_type", &content_type)
        .def_prop_ro("response_topic", &response_topic)
        .def_prop_ro("correlation_data", &correlation_data)
        .def_prop_ro("user_properties", &user_properties)
        .def("__eq__", &equal, "other"_a.none())
        .def("__repr__", &repr)
        .attr("__hash__") = nb::none();
}

}  // namespace multimqtt::bindings
