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
    int overflow = 0;
    const long level = PyLong_AsLongAndOverflow(value, &overflow);
    if (level == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (overflow != 0 || level < 0 || level > 2) {
        const std::string given = overflow != 0 ? "out of range" : std::to_string(level);
        raise_failure({Error::bad_config, "qos is " + given + "; allowed: 0, 1 or 2"});
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

// What cannot be UTF-8 is a wrong topic like any other. Null with a Python error set, as for other objects.
PyObject* refuse_topic(bool raises) {
    if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) {
        return nullptr;
    }
    PyErr_Clear();
    return guarded([raises] {
        Failure failure{Error::bad_topic, "the topic has a lone surrogate, so it cannot be written as UTF-8"};
        return raises ? raise_failure(failure) : make_receipt(Receipt{std::move(failure)});
    });
}

// The Python receipt of one message; null with a Python error set when the arguments are of wrong types.
PyObject* publish_one(Client& client, PyObject* topic, PyObject* payload, PublishOptions& options,
                      bool raises) {
    std::string_view name;
    PayloadBytes bytes;
    if (!read_text(topic, "topic", name)) {
        return refuse_topic(raises);
    }
    if (!bytes.read(payload)) {
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

// The pair of topic and payload that an item of `publish_many` is; null with a Python error set.
PyObject* read_pair(PyObject* item) {
    PyObject* pair = PySequence_Fast(item, "each message must be a pair of topic and payload");
    if (pair != nullptr && PySequence_Fast_GET_SIZE(pair) != 2) {
        PyErr_Format(PyExc_TypeError, "each message must be a pair of topic and payload, not %zd items",
                     PySequence_Fast_GET_SIZE(pair));
        Py_CLEAR(pair);
    }
    return pair;
}

// Whether an item can be published as far as its types go. False with a Python error set.
bool check_item(PyObject* item) {
    PyObject* const pair = read_pair(item);
    if (pair == nullptr) {
        return false;
    }
    PyObject* const topic = PySequence_Fast_GET_ITEM(pair, 0);
    PayloadBytes bytes;
    bool good = PyUnicode_Check(topic) != 0;
    if (!good) {
        PyErr_Format(PyExc_TypeError, "topic must be a str, not %s", Py_TYPE(topic)->tp_name);
    } else if (good = bytes.read(PySequence_Fast_GET_ITEM(pair, 1)); good) {
        bytes.release();
    }
    Py_DECREF(pair);
    return good;
}

// Publishes one item and appends its receipt. False with a Python error set.
bool publish_item(Client& client, PyObject* item, PublishOptions& options, PyObject* receipts) {
    PyObject* const pair = read_pair(item);
    if (pair == nullptr) {
        return false;
    }
    PyObject* const receipt = publish_one(client, PySequence_Fast_GET_ITEM(pair, 0),
                                          PySequence_Fast_GET_ITEM(pair, 1), options, false);
    const bool appended = receipt != nullptr && PyList_Append(receipts, receipt) == 0;
    Py_XDECREF(receipt);
    Py_DECREF(pair);
    return appended;
}

PyObject* publish_items(Client& client, PyObject* messages, PublishOptions& options) {
    PyObject* const items = PySequence_Tuple(messages);
    if (items == nullptr) {
        return nullptr;
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(items);
    // All before the first, because who gets an exception has no receipts and cannot know what was sent.
    bool good = true;
    for (Py_ssize_t index = 0; good && index < count; ++index) {
        good = check_item(PyTuple_GET_ITEM(items, index));
    }
    PyObject* receipts = good ? PyList_New(0) : nullptr;
    for (Py_ssize_t index = 0; receipts != nullptr && index < count; ++index) {
        if (!publish_item(client, PyTuple_GET_ITEM(items, index), options, receipts)) {
            Py_CLEAR(receipts);
        }
    }
    Py_DECREF(items);
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
