// What a call that can fail returns, and the failures there are.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <system_error>

namespace multimqtt {

/// Every failure that the library itself can report.
///
/// Failures of the system (a refused TCP connection, an unknown host, a certificate) keep the code of
/// their own category, so `Failure::code` may also hold an errno or an OpenSSL code.
enum class Error : std::uint8_t {
    ok = 0,
    // Wrong input.
    bad_config,         ///< An option has a value that is not allowed.
    bad_uri,            ///< A broker address that cannot be used.
    bad_topic,          ///< A topic name that MQTT does not allow in a PUBLISH.
    bad_pattern,        ///< A topic pattern that cannot be used as a route.
    bad_value,          ///< A value that does not fit its placeholder, or is missing or superfluous.
    unknown_route,      ///< No route has this name.
    bad_payload,        ///< A payload that cannot be sent, such as ill-formed UTF-8 marked as text.
    payload_too_large,  ///< The packet would exceed our own or the broker's limit.
    // The state of the client.
    queue_full,     ///< There was no room in the outbox within the time allowed.
    not_connected,  ///< The call needs a connection and there is none.
    closed,         ///< The client has been closed; it accepts nothing any more.
    timed_out,      ///< The answer did not come within the time allowed.
    inherited,      ///< The client belongs to the parent of this forked process.
    would_block,    ///< Waiting here would stop the very thread that is waited for.
    dropped,        ///< Given up to make room, as the outbox policy asks for.
    expired,        ///< The message expiry interval ended before the message could be sent.
    // What the broker said or did.
    refused,              ///< The broker refused the request; see `Failure::reason`.
    session_lost,         ///< The broker has lost the session and the policy is not to publish again.
    not_supported,        ///< This broker, or this protocol version, does not offer what was asked.
    malformed_packet,     ///< The broker sent bytes that are not MQTT.
    protocol_error,       ///< The broker sent a packet that is not allowed here.
    packet_too_large,     ///< The broker sent a packet above our maximum packet size.
    topic_alias_invalid,  ///< The broker used a topic alias above our maximum, or 0.
    keep_alive_timeout,   ///< The broker was silent for too long.
    connection_lost,      ///< The broker or the network closed the connection.
};

/// The category of `Error`; its name is "multimqtt".
[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Error error) noexcept;

/// The name of the enumerator, such as "queue_full".
[[nodiscard]] std::string_view to_string(Error error) noexcept;

/// One failure: a code for programs, a sentence for people.
struct Failure {
    std::error_code code;
    std::string message;      ///< What happened, where, and what to do. Never holds a password.
    std::uint8_t reason = 0;  ///< The MQTT reason code that the broker gave, 0 where there is none.

    Failure() = default;
    Failure(Error error, std::string text, std::uint8_t reason_code = 0)
        : code{make_error_code(error)}, message{std::move(text)}, reason{reason_code} {}
    Failure(std::error_code error, std::string text) : code{error}, message{std::move(text)} {}

    [[nodiscard]] bool is(Error error) const noexcept { return code == make_error_code(error); }
};

std::ostream& operator<<(std::ostream& stream, const Failure& failure);

/// Thrown by `Result<T>::value()` when there is no value.
class Exception : public std::system_error {
public:
    explicit Exception(Failure failure);
    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

private:
    Failure failure_;
};

[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

/// A value, or the `Failure` that came instead. `value()` throws `Exception`; `operator*` asserts.
template <class T>
using Result = boost::system::result<T, Failure>;

/// Prints the text itself, so that a result can be streamed as the value would be.
std::ostream& operator<<(std::ostream& stream, const Result<std::string>& result);

}  // namespace multimqtt

template <>
struct std::is_error_code_enum<multimqtt::Error> : std::true_type {};
