// A thread for each client, so that one whose broker is away does not use up the time of the others. The
// threads are the engine's kind and never enter Python, which no longer starts threads of its own when it
// exits.
#include "close_clients.hpp"

#include "arguments.hpp"
#include "bindings.hpp"
#include "client_object.hpp"
#include "interpreter_gate.hpp"
#include "signals_blocked.hpp"
#include "waiting.hpp"

#include <chrono>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace multimqtt::bindings {
namespace {

struct Closing {
    Client* client;
    std::optional<std::chrono::milliseconds> drain;

    void operator()() const { client->close(drain); }
};

// False with a Python error set.
bool read_closing(PyObject* item, Closing& closing) {
    PyObject* client = nullptr;
    PyObject* drain = nullptr;
    if (!PyTuple_Check(item) || PyArg_ParseTuple(item, "OO", &client, &drain) == 0) {
        PyErr_SetString(PyExc_TypeError, "each item must be a pair of Client and seconds");
        return false;
    }
    if (!nb::isinstance<ClientObject>(client)) {
        PyErr_Format(PyExc_TypeError, "each item must begin with a Client, not %s", Py_TYPE(client)->tp_name);
        return false;
    }
    closing.client = &nb::inst_ptr<ClientObject>(client)->client();
    return read_seconds(drain, "drain_s", closing.drain);
}

bool read_closings(PyObject* clients, std::vector<Closing>& closings) {
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(clients); ++index) {
        if (!read_closing(PyTuple_GET_ITEM(clients, index), closings.emplace_back())) {
            return false;
        }
    }
    return true;
}

void close_at_once(const std::vector<Closing>& closings) {
    std::vector<std::thread> threads;
    threads.reserve(closings.size());
    for (const Closing& closing : closings) {
        try {
            const SignalsBlocked blocked;
            threads.emplace_back(closing);
        } catch (const std::system_error&) {
            closing();  // No thread is left for it.
        }
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

}  // namespace

PyObject* close_clients(PyObject*, PyObject* clients) {
    PyObject* const pairs = PySequence_Tuple(clients);
    if (pairs == nullptr) {
        return nullptr;
    }
    PyObject* const closed = guarded([&]() -> PyObject* {
        std::vector<Closing> closings;
        if (!read_closings(pairs, closings)) {
            return nullptr;
        }
        if (closings.empty()) {
            return Py_NewRef(Py_None);
        }
        // Unlocked, so that the handlers they wait for can go on.
        if (!InterpreterGate::outside([&] { close_at_once(closings); })) {
            return raise_failure(gate_failure());
        }
        return Py_NewRef(Py_None);
    });
    Py_DECREF(pairs);
    return closed;
}

}  // namespace multimqtt::bindings
