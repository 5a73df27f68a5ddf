// Batches and deliveries, as Python sees them.
#include "bindings.hpp"
#include "client_object.hpp"
#include "delivery_object.hpp"
#include "failures.hpp"
#include "instance.hpp"
#include "message_object.hpp"
#include "topic_values.hpp"

#include <array>

namespace multimqtt::bindings {
namespace {

constinit PyObject* type_of_deliveries = nullptr;
constinit PyObject* type_of_batches = nullptr;

/// Placeholders whose values go to a handler without a dictionary. Far more than patterns have.
constexpr std::size_t kPlaceholdersMax = 16;

// Null with a Python error set when `self` is at no delivery.
DeliveryObject* current_of(PyObject* self) {
    DeliveryObject* const object = instance_of<DeliveryObject>(self);
    if (object != nullptr && object->current() == nullptr) {
        PyErr_SetString(PyExc_RuntimeError,
                        "this delivery is over; take what you need from it before the batch goes on");
        return nullptr;
    }
    return object;
}

// One getter for each attribute; `Read` makes it from the current delivery.
template <auto Read>
PyObject* get(PyObject* self, void*) {
    DeliveryObject* const object = current_of(self);
    return object == nullptr ? nullptr : Read(*object, *object->current());
}

PyObject* kind(DeliveryObject&, Delivery& delivery) {
    return PyLong_FromLong(static_cast<long>(delivery.kind()));
}

PyObject* route_id(DeliveryObject&, Delivery& delivery) {
    return PyLong_FromUnsignedLong(delivery.kind() == Delivery::Kind::message ? delivery.route() : 0);
}

PyObject* message(DeliveryObject& object, Delivery&) {
    return object.message();
}

PyObject* captures(DeliveryObject&, Delivery& delivery) {
    if (delivery.kind() != Delivery::Kind::message) {
        return PyTuple_New(0);
    }
    return guarded([&] { return tuple_of_captures(delivery.captures()); });
}

PyObject* arguments(DeliveryObject& object, Delivery&) {
    return guarded([&] { return object.arguments(); });
}

PyObject* failure(DeliveryObject&, Delivery& delivery) {
    if (delivery.kind() != Delivery::Kind::disconnected) {
        return Py_NewRef(Py_None);
    }
    return guarded([&] { return exception_of(delivery.failure()); });
}

PyObject* level(DeliveryObject&, Delivery& delivery) {
    return PyLong_FromLong(delivery.kind() == Delivery::Kind::log ? static_cast<long>(delivery.level()) : 0);
}

PyObject* text(DeliveryObject&, Delivery& delivery) {
    const std::string_view line =
        delivery.kind() == Delivery::Kind::log ? delivery.text() : std::string_view{};
    return PyUnicode_DecodeUTF8(line.data(), static_cast<Py_ssize_t>(line.size()), "replace");
}

PyObject* receipt_key(DeliveryObject&, Delivery& delivery) {
    return PyLong_FromVoidPtr(delivery.kind() == Delivery::Kind::receipt ? delivery.receipt() : nullptr);
}

PyGetSetDef delivery_attributes[] = {
    {"kind", &get<&kind>, nullptr, "One of KIND_MESSAGE, ...", nullptr},
    {"route_id", &get<&route_id>, nullptr, "The route of a message, 0 for other kinds.", nullptr},
    {"message", &get<&message>, nullptr, "The message.", nullptr},
    {"captures", &get<&captures>, nullptr, "The values of the placeholders, in their order.", nullptr},
    {"arguments", &get<&arguments>, nullptr, "The values of the placeholders, by name.", nullptr},
    {"failure", &get<&failure>, nullptr, "Why the connection ended.", nullptr},
    {"level", &get<&level>, nullptr, "One of LEVEL_INFO, ...", nullptr},
    {"text", &get<&text>, nullptr, "The line of a log delivery.", nullptr},
    {"receipt_key", &get<&receipt_key>, nullptr, "The key of the receipt that is done.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyObject* delivery_call(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "call() takes a handler and a client (%zd arguments given)", count);
        return nullptr;
    }
    DeliveryObject* const object = current_of(self);
    if (object == nullptr) {
        return nullptr;
    }
    return guarded([&] { return object->call(arguments[0], arguments[1]); });
}

PyMethodDef delivery_methods[] = {
    {"call", as_method(&delivery_call), METH_FASTCALL, "Call handler(client, message, **arguments)."},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* batch_next(PyObject* self) {
    BatchObject* const object = instance_of<BatchObject>(self);
    return object == nullptr ? nullptr : guarded([&] { return object->next(); });
}

int batch_bool(PyObject* self) {
    BatchObject* const object = instance_of<BatchObject>(self);
    return object == nullptr ? -1 : static_cast<int>(!object->empty());
}

PyObject* batch_failed(PyObject* self, PyObject*) {
    BatchObject* const object = instance_of<BatchObject>(self);
    if (object == nullptr) {
        return nullptr;
    }
    object->failed();
    Py_RETURN_NONE;
}

PyMethodDef batch_methods[] = {
    {"failed", &batch_failed, METH_NOARGS, "Tell that the handler of the current delivery failed."},
    {nullptr, nullptr, 0, nullptr},
};

void bind_constants(nb::module_& module) {
    module.attr("KIND_MESSAGE") = static_cast<int>(Delivery::Kind::message);
    module.attr("KIND_CONNECTED") = static_cast<int>(Delivery::Kind::connected);
    module.attr("KIND_DISCONNECTED") = static_cast<int>(Delivery::Kind::disconnected);
    module.attr("KIND_LOG") = static_cast<int>(Delivery::Kind::log);
    module.attr("KIND_RECEIPT") = static_cast<int>(Delivery::Kind::receipt);
    module.attr("LEVEL_INFO") = static_cast<int>(LogLevel::info);
    module.attr("LEVEL_WARNING") = static_cast<int>(LogLevel::warning);
    module.attr("LEVEL_ERROR") = static_cast<int>(LogLevel::error);
}

}  // namespace

DeliveryObject::~DeliveryObject() {
    Py_XDECREF(message_);
    Py_DECREF(client_);
}

bool DeliveryObject::end() {
    current_ = nullptr;
    if (!std::exchange(message_is_current_, false)) {
        return true;
    }
    if (Py_REFCNT(message_) == 1 && nb::inst_ptr<ClientObject>(client_)->reuses_messages()) {
        return true;
    }
    PyObject* const message = std::exchange(message_, nullptr);
    const bool kept = Py_REFCNT(message) == 1 || guarded([&] {
                                                     nb::inst_ptr<MessageObject>(message)->keep(client_);
                                                     return Py_None;
                                                 }) != nullptr;
    Py_DECREF(message);
    return kept;
}

PyObject* DeliveryObject::message() {
    if (current_->kind() != Delivery::Kind::message) {
        PyErr_SetString(PyExc_RuntimeError, "this delivery is not a message; look at its kind first");
        return nullptr;
    }
    if (!message_is_current_) {
        if (message_ != nullptr) {
            nb::inst_ptr<MessageObject>(message_)->show(*current_);
        } else {
            message_ = guarded([&] {
                return make_instance<MessageObject>(nb::inst_ptr<ClientObject>(client_)->message_type(),
                                                    *current_);
            });
        }
        message_is_current_ = message_ != nullptr;
    }
    return Py_XNewRef(message_);
}

PyObject* DeliveryObject::arguments() {
    PyObject* const by_name = PyDict_New();
    if (by_name == nullptr || current_->kind() != Delivery::Kind::message) {
        return by_name;
    }
    const auto values = current_->captures();
    PyObject* const names = nb::inst_ptr<ClientObject>(client_)->names_of(current_->route());
    const std::size_t count =
        names == nullptr ? 0 : std::min(values.size(), static_cast<std::size_t>(PyTuple_GET_SIZE(names)));
    for (std::size_t index = 0; index < count; ++index) {
        PyObject* const value = value_of_capture(values[index]);
        if (value == nullptr ||
            PyDict_SetItem(by_name, PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(index)), value) != 0) {
            Py_XDECREF(value);
            Py_DECREF(by_name);
            return nullptr;
        }
        Py_DECREF(value);
    }
    return by_name;
}

// The handler may be killed with its thread while the interpreter goes away: nothing here is owned by a
// destructor.
PyObject* DeliveryObject::call(PyObject* handler, PyObject* client) {
    PyObject* const shown = message();
    if (shown == nullptr) {
        return nullptr;
    }
    const auto values = current_->captures();
    PyObject* const names = nb::inst_ptr<ClientObject>(client_)->names_of(current_->route());
    const std::size_t count = names == nullptr ? 0 : static_cast<std::size_t>(PyTuple_GET_SIZE(names));
    if (count != values.size() || count > kPlaceholdersMax) {
        Py_DECREF(shown);
        return call_with_dictionary(handler, client);
    }
    std::array<PyObject*, 2 + kPlaceholdersMax> arguments;  // Not initialised: only `made` of it are used.
    arguments[0] = client;
    arguments[1] = shown;
    std::size_t made = 2;
    for (const TopicCapture& value : values) {
        arguments[made] = value_of_capture(value);
        if (arguments[made] == nullptr) {
            break;
        }
        ++made;
    }
    PyObject* const result =
        made == 2 + count ? PyObject_Vectorcall(handler, arguments.data(), 2, count == 0 ? nullptr : names)
                          : nullptr;
    for (std::size_t index = 1; index < made; ++index) {
        Py_DECREF(arguments[index]);
    }
    return result;
}

PyObject* DeliveryObject::call_with_dictionary(PyObject* handler, PyObject* client) {
    PyObject* const shown = message();
    PyObject* const positional = shown == nullptr ? nullptr : PyTuple_Pack(2, client, shown);
    PyObject* const by_name = positional == nullptr ? nullptr : arguments();
    PyObject* const result = by_name == nullptr ? nullptr : PyObject_Call(handler, positional, by_name);
    Py_XDECREF(by_name);
    Py_XDECREF(positional);
    Py_XDECREF(shown);
    return result;
}

BatchObject::~BatchObject() {
    DeliveryObject* const delivery = nb::inst_ptr<DeliveryObject>(delivery_);
    if (!delivery->end()) {
        PyErr_WriteUnraisable(delivery_);
    }
    // The batch ends before the client that it belongs to is let go.
    batch_ = Batch{};
    Py_DECREF(delivery_);
}

PyObject* BatchObject::next() {
    DeliveryObject* const delivery = nb::inst_ptr<DeliveryObject>(delivery_);
    if (!delivery->end()) {
        return nullptr;
    }
    Delivery* const begun = batch_.next();
    if (begun == nullptr) {
        // A batch that is used up may live on in a variable; it must not keep the order of its topics to
        // itself.
        batch_ = Batch{};
        return nullptr;
    }
    delivery->begin(begun);
    return Py_NewRef(delivery_);
}

PyObject* make_batch(Batch&& batch, PyObject* client) {
    nb::object delivery = nb::steal(make_instance<DeliveryObject>(type_of_deliveries, client));
    PyObject* const made = make_instance<BatchObject>(type_of_batches, std::move(batch), delivery.ptr());
    static_cast<void>(delivery.release());
    return made;
}

void bind_delivery(nb::module_& module) {
    static const PyType_Slot delivery_slots[] = {
        {Py_tp_getset, delivery_attributes}, {Py_tp_methods, delivery_methods}, {0, nullptr}};
    static const PyType_Slot batch_slots[] = {{Py_tp_iter, as_slot(&PyObject_SelfIter)},
                                              {Py_tp_iternext, as_slot(&batch_next)},
                                              {Py_nb_bool, as_slot(&batch_bool)},
                                              {Py_tp_methods, batch_methods},
                                              {0, nullptr}};
    type_of_deliveries = nb::class_<DeliveryObject>(module, "Delivery", nb::is_final(),
                                                    nb::type_slots(delivery_slots), "What a batch is at.")
                             .release()
                             .ptr();
    type_of_batches = nb::class_<BatchObject>(module, "Batch", nb::is_final(), nb::type_slots(batch_slots),
                                              "Deliveries that one thread has taken.")
                          .release()
                          .ptr();
    bind_constants(module);
}

}  // namespace multimqtt::bindings
