// The client, as Python sees it; the methods that may wait are in client_calls.cpp.
#include "bindings.hpp"
#include "client_calls.hpp"
#include "client_object.hpp"
#include "field.hpp"
#include "instance.hpp"
#include "topic_values.hpp"

#include <nanobind/stl/string.h>

namespace multimqtt::bindings {
namespace {

void construct(ClientObject* self, const nb::kwargs& fields) {
    new (self) ClientObject{read_client_fields(fields)};
}

nb::object client_id(ClientObject& object) {
    return to_python(std::string_view{object.client().options().client_id});
}

nb::object prefix(ClientObject& object) {
    return to_python(std::string_view{object.client().options().prefix});
}

bool connected(ClientObject& object) {
    return object.client().connected();
}

nb::object state(ClientObject& object) {
    return to_python(to_string(object.client().state()));
}

void connect(ClientObject& object) {
    value_of(object.client().connect());
}

int fileno(ClientObject& object) {
    return value_of(object.client().fileno());
}

AckMode read_ack(const Field& field) {
    return field.choice<AckMode>(
        {{"success", AckMode::success}, {"receive", AckMode::receive}, {"manual", AckMode::manual}});
}

Retained read_retained(const Field& field) {
    return field.choice<Retained>(
        {{"deliver", Retained::deliver}, {"ignore", Retained::ignore}, {"only", Retained::only}});
}

Topic register_topic(ClientObject& object, nb::handle pattern, nb::handle qos, bool no_local, bool no_prefix,
                     nb::handle name, nb::handle ack, nb::handle retained, nb::handle ordered_by) {
    TopicOptions options;
    options.qos = Field{"qos", qos}.qos();
    options.no_local = no_local;
    options.no_prefix = no_prefix;
    options.name = Field{"name", name}.text();
    options.ack = read_ack(Field{"ack", ack});
    options.retained = read_retained(Field{"retained", retained});
    options.ordered_by = Field{"ordered_by", ordered_by}.text();
    Topic topic =
        value_of(object.client().register_topic(Field{"pattern", pattern}.text(), std::move(options)));
    object.remember(topic);
    return topic;
}

nb::object topic_for(ClientObject& object, nb::handle name, nb::handle values, bool absolute) {
    const std::vector<TopicArgument> arguments = read_topic_values(values);
    return to_python(std::string_view{value_of(
        object.client().topic_for(Field{"name", name}.text(), std::span<const TopicArgument>{arguments},
                                  absolute ? Absolute::yes : Absolute::no))});
}

nb::dict statistics(ClientObject& object) {
    const Statistics counted = object.client().statistics();
    nb::dict by_name;
    by_name["messages_received"] = counted.messages_received;
    by_name["messages_unrouted"] = counted.messages_unrouted;
    by_name["messages_dropped"] = counted.messages_dropped;
    by_name["handlers_run"] = counted.handlers_run;
    by_name["handlers_failed"] = counted.handlers_failed;
    by_name["publishes_accepted"] = counted.publishes_accepted;
    by_name["publishes_done"] = counted.publishes_done;
    by_name["publishes_failed"] = counted.publishes_failed;
    by_name["publishes_dropped"] = counted.publishes_dropped;
    by_name["publishes_refused"] = counted.publishes_refused;
    by_name["bytes_in"] = counted.bytes_in;
    by_name["bytes_out"] = counted.bytes_out;
    by_name["packets_in"] = counted.packets_in;
    by_name["packets_out"] = counted.packets_out;
    by_name["connects"] = counted.connects;
    by_name["connects_failed"] = counted.connects_failed;
    by_name["disconnects"] = counted.disconnects;
    by_name["retransmissions"] = counted.retransmissions;
    by_name["protocol_errors"] = counted.protocol_errors;
    by_name["outbox_messages"] = counted.outbox_messages;
    by_name["outbox_bytes"] = counted.outbox_bytes;
    by_name["inbox_messages"] = counted.inbox_messages;
    by_name["inbox_bytes"] = counted.inbox_bytes;
    by_name["inflight"] = counted.inflight;
    by_name["routes"] = counted.routes;
    by_name["subscriptions"] = counted.subscriptions;
    return by_name;
}

}  // namespace

void bind_client(nb::module_& module) {
    using namespace nb::literals;
    static const PyType_Slot slots[] = {{Py_tp_methods, client_calls()}, {0, nullptr}};
    nb::class_<ClientObject>(module, "Client", nb::is_final(), nb::is_weak_referenceable(),
                             nb::type_slots(slots), "One MQTT connection and the thread that serves it.")
        .def("__init__", &construct, "fields"_a)
        .def_prop_ro("client_id", &client_id)
        .def_prop_ro("prefix", &prefix)
        .def_prop_ro("connected", &connected)
        .def_prop_ro("state", &state)
        .def("connect", &connect)
        .def("register_topic", &register_topic, "pattern"_a, nb::kw_only(), "qos"_a = 0, "no_local"_a = false,
             "no_prefix"_a = false, "name"_a = "", "ack"_a = "success", "retained"_a = "deliver",
             "ordered_by"_a = "")
        .def("topic_for", &topic_for, "name"_a, "values"_a = nb::dict(), nb::kw_only(), "absolute"_a = false)
        .def("fileno", &fileno)
        .def("statistics", &statistics);
}

}  // namespace multimqtt::bindings
