// The body of a message to send, from whatever the caller has.
#pragma once

#include <boost/json/value.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace multimqtt {

/// Bytes to publish: text, raw bytes, a number, a JSON value, or nothing.
///
///     mqtt.publish("a", "text");
///     mqtt.publish("a", 21.5);                                 // "21.5"
///     mqtt.publish("a", {{"hello", "world"}, {"answer", 42}}); // JSON
///     mqtt.publish("a", {});                                   // empty: clears a retained message
///
/// Text and spans are borrowed, so the value must outlive the call it is passed to; `publish` copies what it
/// keeps. `Payload::shared` hands over ownership instead, so that a large payload is never copied.
///
/// Threads: a plain value.
class Payload {
public:
    Payload() noexcept = default;
    // NOLINTBEGIN(google-explicit-constructor): these are what a payload is made of.
    Payload(std::string_view text) noexcept : bytes_{std::as_bytes(std::span{text})} {}
    Payload(const char* text) noexcept : Payload(std::string_view{text}) {}
    Payload(const std::string& text) noexcept : Payload(std::string_view{text}) {}
    Payload(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}
    Payload(std::nullptr_t) noexcept {}
    template <class Number>
    requires std::integral<Number> || std::floating_point<Number> Payload(Number number)
        : Payload(text_of(number)) {}
    Payload(const boost::json::value& value);
    Payload(const boost::json::object& value);
    Payload(const boost::json::array& value);
    Payload(std::initializer_list<boost::json::value_ref> list);
    // NOLINTEND(google-explicit-constructor)

    /// A payload that `owner` keeps alive; sent without a copy when it is large.
    [[nodiscard]] static Payload shared(std::shared_ptr<const void> owner,
                                        std::span<const std::byte> bytes) noexcept {
        Payload payload;
        payload.owner_ = std::move(owner);
        payload.bytes_ = bytes;
        return payload;
    }

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

private:
    struct Owned {
        std::shared_ptr<const std::string> text;
    };
    explicit Payload(Owned owned) noexcept;

    [[nodiscard]] static Owned text_of(bool value);
    [[nodiscard]] static Owned text_of(double value);
    [[nodiscard]] static Owned text_of(float value);
    [[nodiscard]] static Owned text_of(long long value);
    [[nodiscard]] static Owned text_of(unsigned long long value);
    template <std::integral Number>
    [[nodiscard]] static Owned text_of(Number value) {
        if constexpr (std::is_signed_v<Number>) {
            return text_of(static_cast<long long>(value));
        } else {
            return text_of(static_cast<unsigned long long>(value));
        }
    }

    std::shared_ptr<const void> owner_;
    std::span<const std::byte> bytes_;
};

}  // namespace multimqtt
