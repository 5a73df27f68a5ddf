// The Python object of a client.
#pragma once

#include "multimqtt/client.hpp"
#include "option_fields.hpp"

#include <Python.h>
#include <memory>
#include <vector>

namespace multimqtt::bindings {

/// A client of the engine, and what Python needs to show its deliveries.
///
/// Threads: with the interpreter locked, but `client()` at any time while the object lives.
class ClientObject {
public:
    /// Throws `Exception`, see `Client`, and `nb::python_error` when `message_type` is not derived from
    /// `Message`.
    explicit ClientObject(ClientFields&& fields);
    ClientObject(const ClientObject&) = delete;
    ClientObject& operator=(const ClientObject&) = delete;
    /// Closes the connection on a thread of its own: whoever drops the last reference holds the interpreter
    /// lock and must not wait.
    ~ClientObject();

    [[nodiscard]] Client& client() noexcept { return *client_; }

    /// Remembers the names of a route's placeholders for `names_of`.
    void remember(const Topic& topic);
    /// The names as a tuple; borrowed, null for a route that is not known.
    [[nodiscard]] PyObject* names_of(RouteId route) const noexcept {
        return route < names_.size() ? names_[route] : nullptr;
    }

    /// Borrowed.
    [[nodiscard]] PyObject* message_type() const noexcept { return message_type_; }
    /// Whether a message that nobody refers to may show the next one.
    [[nodiscard]] bool reuses_messages() const noexcept { return reuses_messages_; }

private:
    std::unique_ptr<Client> client_;
    std::vector<PyObject*> names_;
    PyObject* message_type_ = nullptr;
    bool reuses_messages_ = false;
};

}  // namespace multimqtt::bindings
