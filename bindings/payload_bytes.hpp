// The bytes of a payload that Python gives.
#pragma once

#include <Python.h>
#include <array>
#include <cstddef>
#include <span>

namespace multimqtt::bindings {

/// Borrows the bytes of a Python object: text as UTF-8, numbers as `str` writes them, None as nothing, other
/// objects through the buffer protocol.
///
/// No destructor gives the bytes back, so that a thread which is killed while the interpreter goes away
/// touches nothing: call `release` after `read`.
class PayloadBytes {
public:
    /// False with a Python error set for objects of other types; then there is nothing to release.
    [[nodiscard]] bool read(PyObject* value);
    void release();

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

private:
    [[nodiscard]] bool read_text(PyObject* value);
    [[nodiscard]] bool read_integer(PyObject* value);
    [[nodiscard]] bool read_floating(PyObject* value);
    [[nodiscard]] bool read_buffer(PyObject* value);
    void set(const char* data, std::size_t size) noexcept { bytes_ = std::as_bytes(std::span{data, size}); }

    std::span<const std::byte> bytes_;
    PyObject* owner_ = nullptr;    // Digits of an integer above 64 bits.
    std::array<char, 32> number_;  // Digits of any other number.
    bool has_buffer_ = false;
    Py_buffer buffer_;  // Valid when `has_buffer_`.
};

}  // namespace multimqtt::bindings
