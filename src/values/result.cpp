// The error category of the library, and how failures are printed and thrown.
#include "multimqtt/result.hpp"

#include "values/error_table.hpp"

#include <iterator>
#include <ostream>

namespace multimqtt {
namespace {

// In the order of `Error`.
constexpr ErrorEntry kEntries[] = {
    {"ok", "No failure."},
    {"bad_config", "An option has a value that is not allowed."},
    {"bad_uri", "The broker address cannot be used."},
    {"bad_topic", "The topic is not allowed in a PUBLISH."},
    {"bad_pattern", "The topic pattern cannot be used as a route."},
    {"bad_value", "A value does not fit, is missing or is superfluous."},
    {"unknown_route", "No route has this name."},
    {"bad_payload", "The payload cannot be sent."},
    {"payload_too_large", "The packet exceeds our own or the broker's limit."},
    {"queue_full", "There is no room in the outbox."},
    {"not_connected", "There is no connection."},
    {"closed", "The client has been closed."},
    {"timed_out", "The answer did not come in time."},
    {"inherited", "The client belongs to the parent of this forked process."},
    {"would_block", "Waiting here would stop the thread that is waited for."},
    {"dropped", "The message was given up to make room."},
    {"expired", "The message expired before it could be sent."},
    {"refused", "The broker refused the request."},
    {"session_lost", "The broker has lost the session."},
    {"not_supported", "The broker or the protocol version does not offer this."},
    {"malformed_packet", "The broker sent bytes that are not MQTT."},
    {"protocol_error", "The broker sent a packet that is not allowed here."},
    {"packet_too_large", "The broker sent a packet above our maximum packet size."},
    {"receive_maximum_exceeded", "The broker sent more unacknowledged messages than we allow."},
    {"topic_alias_invalid", "The broker used a topic alias above our maximum, or 0."},
    {"keep_alive_timeout", "The broker was silent for too long."},
    {"connection_lost", "The broker or the network closed the connection."},
};
static_assert(std::size(kEntries) == static_cast<std::size_t>(Error::connection_lost) + 1);

const auto& category() noexcept {
    // Leaked on purpose: an error code may outlive static destruction.
    static const auto& table = *new ErrorTable{"multimqtt", kEntries};
    return table;
}

}  // namespace

const std::error_category& error_category() noexcept {
    return category();
}

std::error_code make_error_code(Error error) noexcept {
    return {static_cast<int>(error), category()};
}

std::string_view to_string(Error error) noexcept {
    return category().name_of(static_cast<int>(error));
}

std::ostream& operator<<(std::ostream& stream, const Failure& failure) {
    if (failure.message.empty()) {
        return stream << failure.code.message();
    }
    return stream << failure.message;
}

Exception::Exception(Failure failure)
    : std::system_error{failure.code, failure.message}, failure_{std::move(failure)} {
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw Exception{failure};
}

std::ostream& operator<<(std::ostream& stream, const Result<std::string>& result) {
    if (result) {
        return stream << *result;
    }
    return stream << result.error();
}

}  // namespace multimqtt
