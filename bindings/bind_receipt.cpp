// What became of a publish, as Python sees it.
#include "arguments.hpp"
#include "bindings.hpp"
#include "failures.hpp"
#include "instance.hpp"
#include "multimqtt/receipt.hpp"
#include "receipt_object.hpp"
#include "waiting.hpp"

#include <optional>
#include <utility>

namespace multimqtt::bindings {
namespace {

constinit PyObject* type_of_receipts = nullptr;
constinit PyObject* receipt_that_is_done = nullptr;

// One getter for each attribute; `Read` makes it from the receipt.
template <auto Read>
PyObject* get(PyObject* self, void*) {
    Receipt* const receipt = instance_of<Receipt>(self);
    return receipt == nullptr ? nullptr : guarded([&] { return Read(*receipt); });
}

PyObject* done(const Receipt& receipt) {
    return PyBool_FromLong(receipt.done());
}

PyObject* failure(const Receipt& receipt) {
    const std::optional<Result<void>> outcome = receipt.outcome();
    return outcome && !*outcome ? exception_of(outcome->error()) : Py_NewRef(Py_None);
}

PyObject* reason(const Receipt& receipt) {
    return PyLong_FromLong(receipt.done() ? static_cast<long>(receipt.reason()) : 0);
}

PyObject* key(const Receipt& receipt) {
    return PyLong_FromVoidPtr(receipt.state());
}

const Signature& wait_signature() {
    static const auto& signature = *new Signature{"wait", {"timeout_s"}, 1, 0};
    return signature;
}

PyObject* wait(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    const Receipt* const receipt = instance_of<Receipt>(self);
    PyObject* values[1] = {};
    std::optional<std::chrono::milliseconds> timeout;
    if (receipt == nullptr || !wait_signature().read(arguments, count, keywords, values) ||
        !read_seconds(values[0], "timeout_s", timeout)) {
        return nullptr;
    }
    return guarded([&] {
        return wait_for(timeout, [&](std::chrono::milliseconds wait) { return receipt->wait(wait); });
    });
}

PyObject* watch(PyObject* self, PyObject*) {
    Receipt* const receipt = instance_of<Receipt>(self);
    return receipt == nullptr ? nullptr : PyBool_FromLong(receipt->watch());
}

PyGetSetDef attributes[] = {
    {"done", &get<&done>, nullptr, "True once the outcome is known.", nullptr},
    {"failure", &get<&failure>, nullptr, "Why the publish failed, or None.", nullptr},
    {"reason", &get<&reason>, nullptr, "The broker's reason code.", nullptr},
    {"key", &get<&key>, nullptr, "What Delivery.receipt_key says for this receipt.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef methods[] = {
    {"wait", as_method(&wait), METH_FASTCALL | METH_KEYWORDS, "Wait for the outcome."},
    {"watch", &watch, METH_NOARGS, "Ask for a delivery when the receipt is done."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyObject* make_receipt(Receipt&& receipt) {
    return make_instance<Receipt>(type_of_receipts, std::move(receipt));
}

PyObject* done_receipt() {
    return Py_NewRef(receipt_that_is_done);
}

void bind_receipt(nb::module_& module) {
    static const PyType_Slot slots[] = {{Py_tp_getset, attributes}, {Py_tp_methods, methods}, {0, nullptr}};
    type_of_receipts = nb::class_<Receipt>(module, "Receipt", nb::is_final(), nb::type_slots(slots),
                                           "What became of one publish.")
                           .release()
                           .ptr();
    receipt_that_is_done = make_receipt(Receipt{});
}

}  // namespace multimqtt::bindings
