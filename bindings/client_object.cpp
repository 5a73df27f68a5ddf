// How a client is made from Python's keyword arguments, and how it ends when Python drops it.
#include "client_object.hpp"

#include "field.hpp"
#include "interpreter_gate.hpp"
#include "message_object.hpp"
#include "signals_blocked.hpp"
#include "topic_values.hpp"

#include <system_error>
#include <thread>
#include <utility>

namespace multimqtt::bindings {
namespace {

// Whether the end of the engine's client would wait for its connection.
bool must_be_closed(const Client& client) {
    const State state = client.state();
    return state == State::connecting || state == State::running || state == State::draining;
}

// Lets the client close on a thread that never touches Python, with all signals blocked as on the engine's
// own.
void close_in_background(std::unique_ptr<Client> client) {
    const SignalsBlocked blocked;
    Client* const closing = client.release();
    try {
        std::thread{[closing] { delete closing; }}.detach();
    } catch (const std::system_error&) {
        // No thread is left for it: the connection stays open until the process ends.
    }
}

PyObject* checked_message_type(const nb::object& given) {
    if (!given.is_valid()) {
        return message_type();
    }
    const int derived = PyObject_IsSubclass(given.ptr(), message_type());
    if (derived < 0) {
        throw nb::python_error();
    }
    if (derived == 0) {
        Field{"message_type", given}.refuse_type("a subclass of Message");
    }
    return given.ptr();
}

}  // namespace

ClientObject::ClientObject(ClientFields&& fields)
    : client_{std::make_unique<Client>(std::move(fields.options))},
      message_type_{Py_NewRef(checked_message_type(fields.message_type))},
      reuses_messages_{is_stateless(message_type_)} {
}

ClientObject::~ClientObject() {
    for (PyObject* const names : names_) {
        Py_XDECREF(names);
    }
    Py_DECREF(message_type_);
    if (!must_be_closed(*client_)) {
        return;
    }
    if (InterpreterGate::closed()) {
        // The process ends now, and closes the connection with it.
        static_cast<void>(client_.release());
        return;
    }
    close_in_background(std::move(client_));
}

void ClientObject::remember(const Topic& topic) {
    const RouteId route = topic.id();
    if (names_of(route) != nullptr) {
        return;
    }
    nb::list names;
    for (const Placeholder& placeholder : topic.pattern().placeholders()) {
        nb::object name = to_python(std::string_view{placeholder.name});
        PyObject* interned = name.release().ptr();
        PyUnicode_InternInPlace(&interned);
        names.append(nb::steal(interned));
    }
    if (names_.size() <= route) {
        names_.resize(route + 1);
    }
    names_[route] = nb::tuple(names).release().ptr();
}

}  // namespace multimqtt::bindings
