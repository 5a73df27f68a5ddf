// Payloads that say which message they belong to.
#include "ledger.hpp"

#include <charconv>

namespace multimqtt::simulation {

std::string payload_of(Number number, std::size_t bytes) {
    std::string payload = std::to_string(number) + ':';
    if (payload.size() < bytes) {
        payload.resize(bytes, static_cast<char>('a' + number % 26));
    }
    return payload;
}

Number number_of(std::string_view payload) noexcept {
    Number number = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), number);
    return number;
}

}  // namespace multimqtt::simulation
