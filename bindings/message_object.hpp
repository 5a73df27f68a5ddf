// The Python object of a received message.
#pragma once

#include "multimqtt/delivery.hpp"
#include "multimqtt/message.hpp"

#include <Python.h>
#include <memory>

namespace multimqtt::bindings {

/// Shows a message of the engine, and copies it when it is to outlive its delivery.
///
/// Threads: with the interpreter locked.
class MessageObject {
public:
    /// A message that the caller made up.
    explicit MessageObject(const Message& message)
        : kept_message_{std::make_unique<Message>(message)}, message_{kept_message_.get()} {}
    /// Shows the message of `delivery`, until `keep` or `show`.
    explicit MessageObject(Delivery& delivery) noexcept
        : message_{&delivery.message()}, delivery_{&delivery} {}
    MessageObject(const MessageObject&) = delete;
    MessageObject& operator=(const MessageObject&) = delete;
    ~MessageObject();

    /// Shows another message. Only for an object that nobody else refers to.
    void show(Delivery& delivery) noexcept;

    /// Copies what is shown, because the delivery ends; `client` is kept alive for `acknowledge`.
    void keep(PyObject* client);

    [[nodiscard]] const Message& message() const noexcept { return *message_; }

    /// New references, null with a Python error set. Made at the first call.
    [[nodiscard]] PyObject* topic();
    [[nodiscard]] PyObject* payload();

    void acknowledge(ReasonCode reason);

private:
    void forget_attributes() noexcept;

    std::unique_ptr<Message> kept_message_;
    std::unique_ptr<Delivery> kept_delivery_;  // Instead of the message, for one that can be acknowledged.
    const Message* message_;                   // Into the engine, or into what is kept.
    Delivery* delivery_ = nullptr;             // Likewise; null when there is nothing to acknowledge.
    PyObject* client_ = nullptr;
    PyObject* topic_ = nullptr;
    PyObject* payload_ = nullptr;
};

/// The Python type; borrowed.
[[nodiscard]] PyObject* message_type() noexcept;

/// True when instances of `type`, which is `message_type()` or derived from it, have no state of their own,
/// so that one of them can show one message after the other.
[[nodiscard]] bool is_stateless(PyObject* type) noexcept;

}  // namespace multimqtt::bindings
