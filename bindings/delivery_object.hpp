// The Python objects of a batch and of the delivery it is at.
#pragma once

#include "multimqtt/delivery.hpp"

#include <Python.h>

namespace multimqtt::bindings {

/// What a batch is at. One object serves all deliveries of a batch.
///
/// Threads: with the interpreter locked.
class DeliveryObject {
public:
    /// `client` is a Python `Client`.
    explicit DeliveryObject(PyObject* client) noexcept : client_{Py_NewRef(client)} {}
    DeliveryObject(const DeliveryObject&) = delete;
    DeliveryObject& operator=(const DeliveryObject&) = delete;
    ~DeliveryObject();

    /// Null between deliveries and after the batch.
    [[nodiscard]] Delivery* current() const noexcept { return current_; }
    void begin(Delivery* delivery) noexcept { current_ = delivery; }

    /// Before the current delivery becomes invalid: a message that is referred to elsewhere is copied, one
    /// that is not is used again. False with a Python error set when there is no memory for the copy.
    [[nodiscard]] bool end();

    /// A new reference, null with a Python error set.
    [[nodiscard]] PyObject* message();
    [[nodiscard]] PyObject* arguments();
    /// Calls `handler(client, message, name=value, ...)`; its result as a new reference, null with a Python
    /// error set. The current delivery must be a message.
    [[nodiscard]] PyObject* call(PyObject* handler, PyObject* client);

private:
    [[nodiscard]] PyObject* call_with_dictionary(PyObject* handler, PyObject* client);

    PyObject* const client_;
    Delivery* current_ = nullptr;
    PyObject* message_ = nullptr;
    bool message_is_current_ = false;
};

/// A batch of the engine with its Python side.
///
/// Threads: the thread that took it, with the interpreter locked.
class BatchObject {
public:
    BatchObject(Batch&& batch, PyObject* delivery) noexcept : batch_{std::move(batch)}, delivery_{delivery} {}
    BatchObject(const BatchObject&) = delete;
    BatchObject& operator=(const BatchObject&) = delete;
    ~BatchObject();

    [[nodiscard]] bool empty() const noexcept { return batch_.empty(); }
    /// The delivery as a new reference; null at the end, or with a Python error set.
    [[nodiscard]] PyObject* next();
    void failed() noexcept { batch_.failed(); }

private:
    Batch batch_;
    PyObject* const delivery_;  // A Python `Delivery`, owned.
};

/// A Python `Batch`; a new reference. Throws `nb::python_error`.
[[nodiscard]] PyObject* make_batch(Batch&& batch, PyObject* client);

}  // namespace multimqtt::bindings
