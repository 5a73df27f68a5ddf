// A received message, as Python sees it: attributes are made when they are asked for.
#include "arguments.hpp"
#include "bindings.hpp"
#include "field.hpp"
#include "instance.hpp"
#include "message_object.hpp"
#include "multimqtt/message.hpp"
#include "payload_bytes.hpp"

#include <string>
#include <utility>

namespace multimqtt::bindings {
namespace {

constinit PyObject* type_of_messages = nullptr;

PyObject* utf8(std::string_view text, const char* errors) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), errors);
}

// One getter for each attribute; `Read` makes it from the object.
template <auto Read>
PyObject* get(PyObject* self, void*) {
    MessageObject* const object = instance_of<MessageObject>(self);
    return object == nullptr ? nullptr : Read(*object);
}

PyObject* topic(MessageObject& object) {
    return object.topic();
}

PyObject* absolute_topic(MessageObject& object) {
    return utf8(object.message().absolute_topic(), nullptr);
}

PyObject* payload(MessageObject& object) {
    return object.payload();
}

PyObject* text(MessageObject& object) {
    return utf8(object.message().text(), nullptr);
}

PyObject* qos(MessageObject& object) {
    return PyLong_FromLong(static_cast<long>(object.message().qos()));
}

PyObject* retain(MessageObject& object) {
    return PyBool_FromLong(object.message().retain());
}

PyObject* dup(MessageObject& object) {
    return PyBool_FromLong(object.message().dup());
}

PyObject* mid(MessageObject& object) {
    return PyLong_FromLong(object.message().mid());
}

PyObject* properties(MessageObject& object) {
    return guarded([&]() -> PyObject* {
        PublishProperties decoded = object.message().properties();
        return decoded.empty() ? Py_NewRef(Py_None) : nb::cast(std::move(decoded)).release().ptr();
    });
}

PyObject* repr(PyObject* self) {
    MessageObject* const object = instance_of<MessageObject>(self);
    if (object == nullptr) {
        return nullptr;
    }
    PyObject* const name = object->topic();
    if (name == nullptr) {
        return nullptr;
    }
    PyObject* const shown =
        PyUnicode_FromFormat("<%s %R, %zu bytes, qos %d>", Py_TYPE(self)->tp_name, name,
                             object->message().payload().size(), static_cast<int>(object->message().qos()));
    Py_DECREF(name);
    return shown;
}

const Signature& ack_signature() {
    static const auto& signature = *new Signature{"ack", {"reason"}, 1, 0};
    return signature;
}

PyObject* ack(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    MessageObject* const object = instance_of<MessageObject>(self);
    PyObject* values[1] = {};
    if (object == nullptr || !ack_signature().read(arguments, count, keywords, values)) {
        return nullptr;
    }
    return guarded([&] {
        const auto reason =
            values[0] == nullptr ? std::uint8_t{0} : Field{"reason", values[0]}.integer<std::uint8_t>();
        object->acknowledge(static_cast<ReasonCode>(reason));
        return Py_NewRef(Py_None);
    });
}

void construct(MessageObject* self, nb::handle topic, nb::handle payload, nb::handle qos, bool retain,
               bool dup, nb::handle mid, nb::handle prefix, nb::handle properties) {
    const std::string relative = Field{"topic", topic}.text();
    std::string start = Field{"prefix", prefix}.text();
    if (!start.empty()) {
        start += '/';
    }
    if (!relative.starts_with(start)) {
        throw_failure({Error::bad_topic, "the topic \"" + relative + "\" does not start with the prefix \"" +
                                             start + "\"; give the topic as the broker knows it"});
    }
    if (!properties.is_none() && !nb::isinstance<PublishProperties>(properties)) {
        Field{"properties", properties}.refuse_type("Properties or None");
    }
    PayloadBytes bytes;
    if (!bytes.read(payload.ptr())) {
        throw nb::python_error();
    }
    const Message::Parts parts{
        .absolute_topic = relative,
        .prefix_bytes = start.size(),
        .payload = bytes.bytes(),
        .properties = properties.is_none() ? nullptr : nb::inst_ptr<PublishProperties>(properties),
        .qos = Field{"qos", qos}.qos(),
        .retain = retain,
        .dup = dup,
        .packet_id = Field{"mid", mid}.integer<std::uint16_t>()};
    new (self) MessageObject{Message{parts}};
    bytes.release();
}

PyGetSetDef attributes[] = {
    {"topic", &get<&topic>, nullptr, "The topic without the client's prefix.", nullptr},
    {"absolute_topic", &get<&absolute_topic>, nullptr, "The topic as the broker knows it.", nullptr},
    {"payload", &get<&payload>, nullptr, "The body as bytes.", nullptr},
    {"text", &get<&text>, nullptr, "The body read as UTF-8.", nullptr},
    {"qos", &get<&qos>, nullptr, nullptr, nullptr},
    {"retain", &get<&retain>, nullptr, "True for a message that the broker had kept.", nullptr},
    {"dup", &get<&dup>, nullptr, "True when the broker may have sent it before.", nullptr},
    {"mid", &get<&mid>, nullptr, "The packet identifier, 0 with QoS 0.", nullptr},
    {"properties", &get<&properties>, nullptr, "The MQTT 5.0 properties, or None.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef methods[] = {
    {"ack", as_method(&ack), METH_FASTCALL | METH_KEYWORDS, "Acknowledge the message to the broker."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

MessageObject::~MessageObject() {
    forget_attributes();
    Py_XDECREF(client_);
}

void MessageObject::show(Delivery& delivery) noexcept {
    forget_attributes();
    message_ = &delivery.message();
    delivery_ = &delivery;
}

void MessageObject::keep(PyObject* client) {
    static const auto& nothing = *new Message;  // What is left to show when there is no memory for a copy.
    const Message& message = *std::exchange(message_, &nothing);
    Delivery* const delivery = std::exchange(delivery_, nullptr);
    if (message.qos() == Qos::at_most_once) {
        kept_message_ = std::make_unique<Message>(message);
        message_ = kept_message_.get();
        return;
    }
    kept_delivery_ = std::make_unique<Delivery>(*delivery);
    delivery_ = kept_delivery_.get();
    message_ = &delivery_->message();
    client_ = Py_NewRef(client);
}

PyObject* MessageObject::topic() {
    if (topic_ == nullptr) {
        topic_ = utf8(message_->topic(), nullptr);
    }
    return Py_XNewRef(topic_);
}

PyObject* MessageObject::payload() {
    if (payload_ == nullptr) {
        payload_ = PyBytes_FromStringAndSize(message_->text().data(),
                                             static_cast<Py_ssize_t>(message_->text().size()));
    }
    return Py_XNewRef(payload_);
}

void MessageObject::acknowledge(ReasonCode reason) {
    if (delivery_ != nullptr) {
        delivery_->ack(reason);
    }
}

void MessageObject::forget_attributes() noexcept {
    Py_CLEAR(topic_);
    Py_CLEAR(payload_);
}

PyObject* message_type() noexcept {
    return type_of_messages;
}

bool is_stateless(PyObject* type) noexcept {
    const auto* const derived = reinterpret_cast<PyTypeObject*>(type);
    const auto* const base = reinterpret_cast<PyTypeObject*>(type_of_messages);
    return derived->tp_basicsize == base->tp_basicsize && derived->tp_dictoffset == base->tp_dictoffset &&
           derived->tp_weaklistoffset == base->tp_weaklistoffset;
}

void bind_message(nb::module_& module) {
    using namespace nb::literals;
    static const PyType_Slot slots[] = {
        {Py_tp_getset, attributes}, {Py_tp_methods, methods}, {Py_tp_repr, as_slot(&repr)}, {0, nullptr}};
    nb::class_<MessageObject> type{module, "Message", nb::type_slots(slots), "A received message."};
    type.def("__init__", &construct, "topic"_a, "payload"_a = nb::bytes(""), nb::kw_only(), "qos"_a = 0,
             "retain"_a = false, "dup"_a = false, "mid"_a = 0, "prefix"_a = "", "properties"_a = nb::none());
    type_of_messages = nb::borrow(type).release().ptr();
}

}  // namespace multimqtt::bindings
