// The error category of the library, and how failures are printed and thrown.
#include "multimqtt/result.hpp"

#include <array>
#include <ostream>

namespace multimqtt {
namespace {

struct Entry {
    std::string_view name;
    std::string_view description;
};

// In the order of `Error`.
constexpr std::array kEntries = {
    Entry{"ok", "No failure."},
    Entry{"bad_config", "An option has a value that is not allowed."},
    Entry{"bad_uri", "The broker address cannot be used."},
    Entry{"bad_topic", "The topic is not allowed in a PUBLISH."},
    Entry{"bad_pattern", "The topic pattern cannot be used as a route."},
    Entry{"bad_value", "A value does not fit, is missing or is superfluous."},
    Entry{"unknown_route", "No route has this name."},
    Entry{"bad_payload", "The payload cannot be sent."},
    Entry{"payload_too_large", "The packet exceeds our own or the broker's limit."},
    Entry{"queue_full", "There is no room in the outbox."},
    Entry{"not_connected", "There is no connection."},
    Entry{"closed", "The client has been closed."},
    Entry{"timed_out", "The answer did not come in time."},
    Entry{"inherited", "The client belongs to the parent of this forked process."},
    Entry{"would_block", "Waiting here would stop the thread that is waited for."},
    Entry{"dropped", "The message was given up to make room."},
    Entry{"expired", "The message expired before it could be sent."},
    Entry{"refused", "The broker refused the request."},
    Entry{"session_lost", "The broker has lost the session."},
    Entry{"not_supported", "The broker or the protocol version does not offer this."},
    Entry{"malformed_packet", "The broker sent bytes that are not MQTT."},
    Entry{"protocol_error", "The broker sent a packet that is not allowed here."},
    Entry{"packet_too_large", "The broker sent a packet above our maximum packet size."},
    Entry{"receive_maximum_exceeded", "The broker sent more unacknowledged messages than we allow."},
    Entry{"topic_alias_invalid", "The broker used a topic alias above our maximum, or 0."},
    Entry{"keep_alive_timeout", "The broker was silent for too long."},
    Entry{"connection_lost", "The broker or the network closed the connection."},
};
static_assert(kEntries.size() == static_cast<std::size_t>(Error::connection_lost) + 1);

class Category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "multimqtt"; }
    [[nodiscard]] std::string message(int value) const override {
        const auto index = static_cast<std::size_t>(value);
        return std::string{index < kEntries.size() ? kEntries[index].description : "unknown failure"};
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    // Leaked on purpose: an error code may outlive static destruction.
    static const Category& category = *new Category;
    return category;
}

std::error_code make_error_code(Error error) noexcept {
    return {static_cast<int>(error), error_category()};
}

std::string_view to_string(Error error) noexcept {
    const auto index = static_cast<std::size_t>(error);
    return index < kEntries.size() ? kEntries[index].name : "unknown";
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
