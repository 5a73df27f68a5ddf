// Taking deliveries and waiting for the connection; publishing is next door in client_publish.cpp.
#include "client_calls.hpp"

#include "arguments.hpp"
#include "client_object.hpp"
#include "delivery_object.hpp"
#include "field.hpp"
#include "instance.hpp"
#include "waiting.hpp"

#include <utility>

namespace multimqtt::bindings {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMessagesMax = 1'024;
constexpr std::size_t kMessagesDefault = 64;

// The one argument of the waiting methods: seconds.
bool read_timeout(const Signature& signature, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords, const char* name, std::optional<milliseconds>& timeout) {
    PyObject* values[1] = {};
    return signature.read(arguments, count, keywords, values) && read_seconds(values[0], name, timeout);
}

PyObject* wait_connected(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature = *new Signature{"wait_connected", {"timeout_s"}, 1, 0};
    ClientObject* const object = instance_of<ClientObject>(self);
    std::optional<milliseconds> timeout;
    if (object == nullptr || !read_timeout(signature, arguments, count, keywords, "timeout_s", timeout)) {
        return nullptr;
    }
    return guarded([&] {
        return wait_for(timeout, [&](milliseconds wait) { return object->client().wait_connected(wait); });
    });
}

PyObject* wait_subscribed(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature = *new Signature{"wait_subscribed", {"timeout_s"}, 1, 0};
    ClientObject* const object = instance_of<ClientObject>(self);
    std::optional<milliseconds> timeout;
    if (object == nullptr || !read_timeout(signature, arguments, count, keywords, "timeout_s", timeout)) {
        return nullptr;
    }
    return guarded([&] {
        return wait_for(timeout, [&](milliseconds wait) { return object->client().wait_subscribed(wait); });
    });
}

bool has_stopped(const Client& client) {
    const State state = client.state();
    return state == State::stopped || state == State::inherited;
}

PyObject* close(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature = *new Signature{"close", {"drain_s"}, 1, 0};
    ClientObject* const object = instance_of<ClientObject>(self);
    std::optional<milliseconds> drain;
    if (object == nullptr || !read_timeout(signature, arguments, count, keywords, "drain_s", drain)) {
        return nullptr;
    }
    return guarded([&]() -> PyObject* {
        if (has_stopped(object->client())) {
            return Py_NewRef(Py_None);
        }
        // Unlocked, so that the handlers it waits for can go on.
        if (!InterpreterGate::outside([&] { object->client().close(drain); })) {
            return raise_failure(gate_failure());
        }
        return Py_NewRef(Py_None);
    });
}

// The batch, empty when the time is over or the client has stopped; null with a Python error set.
PyObject* take_batch(PyObject* self, Client& client, std::size_t messages_max,
                     std::optional<milliseconds> timeout) {
    // Under load there is something already, and the lock need not change hands.
    Batch batch = client.take(messages_max, milliseconds{0});
    if (batch.empty()) {
        const Deadline deadline{timeout};
        for (;;) {
            const milliseconds wait = deadline.next_wait();
            if (wait.count() == 0 || has_stopped(client)) {
                break;
            }
            const auto start = std::chrono::steady_clock::now();
            if (!InterpreterGate::outside([&] { batch = client.take(messages_max, wait); })) {
                return raise_failure(gate_failure());
            }
            // Empty before its time means that the client wants the caller to look at its state.
            if (!batch.empty() || std::chrono::steady_clock::now() - start < wait) {
                break;
            }
            if (PyErr_CheckSignals() != 0) {
                return nullptr;
            }
        }
    }
    return make_batch(std::move(batch), self);
}

PyObject* take(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature = *new Signature{"take", {"messages_max", "timeout_s"}, 2, 0};
    ClientObject* const object = instance_of<ClientObject>(self);
    PyObject* values[2] = {};
    std::optional<milliseconds> timeout;
    if (object == nullptr || !signature.read(arguments, count, keywords, values) ||
        !read_seconds(values[1], "timeout_s", timeout)) {
        return nullptr;
    }
    return guarded([&]() -> PyObject* {
        std::size_t messages_max = kMessagesDefault;
        if (values[0] != nullptr) {
            const Field field{"messages_max", values[0]};
            messages_max = field.integer<std::size_t>();
            if (messages_max < 1 || messages_max > kMessagesMax) {
                field.refuse(std::to_string(messages_max), "1 to " + std::to_string(kMessagesMax));
            }
        }
        return take_batch(self, object->client(), messages_max, timeout);
    });
}

PyMethodDef calls[] = {
    {"publish", as_method(&publish), METH_FASTCALL | METH_KEYWORDS, "Put a message into the outbox."},
    {"publish_many", as_method(&publish_many), METH_FASTCALL | METH_KEYWORDS,
     "Publish pairs of topic and payload, in order."},
    {"take", as_method(&take), METH_FASTCALL | METH_KEYWORDS, "Take deliveries for this thread."},
    {"wait_connected", as_method(&wait_connected), METH_FASTCALL | METH_KEYWORDS,
     "Wait until the broker has accepted the connection."},
    {"wait_subscribed", as_method(&wait_subscribed), METH_FASTCALL | METH_KEYWORDS,
     "Wait until the broker has answered every subscription."},
    {"close", as_method(&close), METH_FASTCALL | METH_KEYWORDS, "End the connection."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyMethodDef* client_calls() noexcept {
    return calls;
}

}  // namespace multimqtt::bindings
