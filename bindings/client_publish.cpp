// Publishing from Python: as few steps as possible between the call and the engine's outbox.
#include "arguments.hpp"
#include "client_calls.hpp"
#include "client_object.hpp"
#include "failures.hpp"
#include "instance.hpp"
#include "interpreter_gate.hpp"
#include "payload_bytes.hpp"
#include "receipt_object.hpp"
#include "waiting.hpp"

#include <utility>

namespace multimqtt::bindings {
namespace {

/// From here on the copy into the outbox takes longer than handing over the interpreter lock.
/// Chosen because a copy of 256 KiB takes about 25 us, and the lock changes hands in 5 to 10 us.
constexpr std::size_t kUnlockedPayloadBytes = 256 * 1'024;

enum Parameter : std::size_t { kTopic, kPayload, kQos, kRetain, kNoPrefix, kProperties, kParameters };

bool read_qos(PyObject* value, Qos& qos) {
    const long level = PyLong_AsLong(value);
    if (level == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (level < 0 || level > 2) {
        raise_failure({Error::bad_value, "qos is " + std::to_string(level) + "; allowed: 0, 1 or 2"});
        return false;
    }
    qos = static_cast<Qos>(level);
    return true;
}

bool read_flag(PyObject* value, bool& flag) {
    const int truth = PyObject_IsTrue(value);
    flag = truth == 1;
    return truth >= 0;
}

bool read_properties(PyObject* value, PublishProperties& properties) {
    if (value == Py_None) {
        return true;
    }
    if (!nb::isinstance<PublishProperties>(value)) {
        PyErr_Format(PyExc_TypeError, "properties must be Properties or None, not %s",
                     Py_TYPE(value)->tp_name);
        return false;
    }
    properties = *nb::inst_ptr<PublishProperties>(value);
    return true;
}

// The options from the parameters of a call; those that were not given keep their defaults.
bool read_options(PyObject* const* values, PublishOptions& options) {
    return (values[kQos] == nullptr || read_qos(values[kQos], options.qos)) &&
           (values[kRetain] == nullptr || read_flag(values[kRetain], options.retain)) &&
           (values[kNoPrefix] == nullptr || read_flag(values[kNoPrefix], options.no_prefix)) &&
           (values[kProperties] == nullptr || read_properties(values[kProperties], options.properties));
}

Receipt publish_unlocked(Client& client, std::string_view topic, const Payload& payload,
                         PublishOptions& options) {
    options.block = true;
    Receipt receipt;
    if (!InterpreterGate::outside([&] { receipt = client.publish(topic, payload, options); })) {
        return Receipt{gate_failure()};
    }
    return receipt;
}

bool found_queue_full(const Receipt& receipt) {
    const std::optional<Result<void>> outcome = receipt.outcome();
    return outcome && !*outcome && outcome->error().is(Error::queue_full);
}

Receipt publish_now(Client& client, std::string_view topic, std::span<const std::byte> bytes,
                    PublishOptions& options) {
    const Payload payload(bytes);  // Braces would make a JSON array.
    if (bytes.size() >= kUnlockedPayloadBytes && !InterpreterGate::closed()) {
        return publish_unlocked(client, topic, payload, options);
    }
    // Without waiting first: while there is room, the interpreter stays locked.
    options.block = false;
    Receipt receipt = client.publish(topic, payload, options);
    if (receipt.state() != nullptr && client.options().outbox_full == OutboxFull::block &&
        found_queue_full(receipt)) {
        return publish_unlocked(client, topic, payload, options);
    }
    return receipt;
}

// The Python receipt of one message; null with a Python error set when the arguments are of wrong types.
PyObject* publish_one(Client& client, PyObject* topic, PyObject* payload, PublishOptions& options,
                      bool raises) {
    std::string_view name;
    PayloadBytes bytes;
    if (!read_text(topic, "topic", name) || !bytes.read(payload)) {
        return nullptr;
    }
    PyObject* const made = guarded([&] {
        Receipt receipt = publish_now(client, name, bytes.bytes(), options);
        if (receipt.state() == nullptr) {
            return done_receipt();
        }
        if (raises && receipt.done()) {
            const std::optional<Result<void>> outcome = receipt.outcome();
            if (outcome && !*outcome) {
                return raise_failure(outcome->error());
            }
        }
        return make_receipt(std::move(receipt));
    });
    bytes.release();
    return made;
}

// Publishes one item of `publish_many` and appends its receipt. False with a Python error set.
bool publish_item(Client& client, PyObject* item, PublishOptions& options, PyObject* receipts) {
    PyObject* const pair = PySequence_Fast(item, "each message must be a pair of topic and payload");
    if (pair == nullptr) {
        return false;
    }
    PyObject* receipt = nullptr;
    if (PySequence_Fast_GET_SIZE(pair) != 2) {
        PyErr_Format(PyExc_TypeError, "each message must be a pair of topic and payload, not %zd items",
                     PySequence_Fast_GET_SIZE(pair));
    } else {
        receipt = publish_one(client, PySequence_Fast_GET_ITEM(pair, 0), PySequence_Fast_GET_ITEM(pair, 1),
                              options, false);
    }
    const bool appended = receipt != nullptr && PyList_Append(receipts, receipt) == 0;
    Py_XDECREF(receipt);
    Py_DECREF(pair);
    return appended;
}

PyObject* publish_items(Client& client, PyObject* messages, PublishOptions& options) {
    PyObject* const iterator = PyObject_GetIter(messages);
    PyObject* receipts = iterator == nullptr ? nullptr : PyList_New(0);
    while (receipts != nullptr) {
        PyObject* const item = PyIter_Next(iterator);
        const bool published = item != nullptr && publish_item(client, item, options, receipts);
        Py_XDECREF(item);
        if (!published) {
            if (PyErr_Occurred() != nullptr) {
                Py_CLEAR(receipts);
            }
            break;
        }
    }
    Py_XDECREF(iterator);
    return receipts;
}

}  // namespace

PyObject* publish(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature =
        *new Signature{"publish", {"topic", "payload", "qos", "retain", "no_prefix", "properties"}, 4, 1};
    ClientObject* const object = instance_of<ClientObject>(self);
    PyObject* values[kParameters] = {};
    PublishOptions options;
    if (object == nullptr || !signature.read(arguments, count, keywords, values) ||
        !read_options(values, options)) {
        return nullptr;
    }
    PyObject* const payload = values[kPayload] == nullptr ? Py_None : values[kPayload];
    return publish_one(object->client(), values[kTopic], payload, options, true);
}

PyObject* publish_many(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature =
        *new Signature{"publish_many", {"messages", "qos", "retain", "no_prefix", "properties"}, 3, 1};
    ClientObject* const object = instance_of<ClientObject>(self);
    // The messages take the place of the payload, so that the rest is where `read_options` looks for it.
    PyObject* values[kParameters] = {};
    PublishOptions options;
    if (object == nullptr || !signature.read(arguments, count, keywords, values + kPayload) ||
        !read_options(values, options)) {
        return nullptr;
    }
    return publish_items(object->client(), values[kPayload], options);
}

}  // namespace multimqtt::bindings
