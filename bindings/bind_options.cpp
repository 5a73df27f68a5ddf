// `Endpoint` and `parse_uri`, as Python sees them.
#include "bindings.hpp"
#include "field.hpp"
#include "multimqtt/options.hpp"

#include <nanobind/operators.h>
#include <nanobind/stl/string.h>

#include <array>
#include <tuple>

namespace multimqtt::bindings {
namespace {

constexpr std::array<std::string_view, 5> kTransports{"tcp", "tls", "websocket", "secure_websocket",
                                                      "unix_socket"};

void construct(Endpoint* self, nb::handle transport, nb::handle host, nb::handle port, nb::handle path) {
    Endpoint endpoint;
    endpoint.transport =
        Field{"transport", transport}.choice<Transport>({{kTransports[0], Transport::tcp},
                                                         {kTransports[1], Transport::tls},
                                                         {kTransports[2], Transport::websocket},
                                                         {kTransports[3], Transport::secure_websocket},
                                                         {kTransports[4], Transport::unix_socket}});
    endpoint.host = Field{"host", host}.text();
    endpoint.port = Field{"port", port}.integer<std::uint16_t>();
    endpoint.path = Field{"path", path}.text();
    new (self) Endpoint{std::move(endpoint)};
}

nb::object transport(const Endpoint& endpoint) {
    return to_python(kTransports.at(static_cast<std::size_t>(endpoint.transport)));
}

auto parts_of(const Endpoint& endpoint) {
    return std::tie(endpoint.transport, endpoint.host, endpoint.port, endpoint.path);
}

nb::object equal(const Endpoint& endpoint, nb::handle other) {
    if (!nb::isinstance<Endpoint>(other)) {
        return nb::borrow(Py_NotImplemented);
    }
    return nb::bool_(parts_of(endpoint) == parts_of(nb::cast<const Endpoint&>(other)));
}

Py_hash_t hash(const Endpoint& endpoint) {
    return nb::hash(nb::make_tuple(transport(endpoint), endpoint.host, endpoint.port, endpoint.path));
}

std::string repr(const Endpoint& endpoint) {
    const nb::tuple parts = nb::make_tuple(transport(endpoint), endpoint.host, endpoint.port, endpoint.path);
    return "Endpoint" + nb::cast<std::string>(nb::repr(parts));
}

nb::dict parse_uri(nb::handle uri) {
    const Options options = value_of(Options::from_uri(Field{"uri", uri}.text()));
    nb::dict fields;
    nb::list endpoints;
    for (const Endpoint& endpoint : options.endpoints) {
        endpoints.append(endpoint);
    }
    fields["endpoints"] = endpoints;
    if (options.username) {
        fields["username"] = to_python(*options.username);
    }
    if (options.password) {
        fields["password"] = to_python(*options.password);
    }
    if (!options.prefix.empty()) {
        fields["prefix"] = to_python(options.prefix);
    }
    return fields;
}

}  // namespace

void bind_options(nb::module_& module) {
    using namespace nb::literals;
    const Endpoint defaults;
    nb::class_<Endpoint>(module, "Endpoint", nb::is_final(),
                         "Where a broker is. For `unix_socket` the host is the path of the socket.")
        .def("__init__", &construct, "transport"_a = "tcp", "host"_a = defaults.host,
             "port"_a = defaults.port, "path"_a = defaults.path)
        .def_prop_ro("transport", &transport)
        .def_ro("host", &Endpoint::host)
        .def_ro("port", &Endpoint::port)
        .def_ro("path", &Endpoint::path)
        .def("__eq__", &equal, "other"_a.none())
        .def("__hash__", &hash)
        .def("__str__", &Endpoint::to_string)
        .def("__repr__", &repr);
    module.def("parse_uri", &parse_uri, "uri"_a, "Read a broker address, or several with commas between.");
}

}  // namespace multimqtt::bindings
