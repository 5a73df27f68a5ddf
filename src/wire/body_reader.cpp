// The rarer fields, and the failures.
#include "wire/body_reader.hpp"

namespace multimqtt::wire {

bool BodyReader::four_bytes(std::uint32_t& value, std::string_view field) noexcept {
    if (remaining() < 4) {
        return truncated(field);
    }
    const std::uint32_t high = take_two_bytes(cursor_);
    value = high << 16 | take_two_bytes(cursor_);
    return true;
}

bool BodyReader::variable(std::uint32_t& value, std::string_view field) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        std::uint8_t next = 0;
        if (!byte(next, field)) {
            return false;
        }
        value |= static_cast<std::uint32_t>(next & 0x7F) << shift;
        if (next < 0x80) {
            return next != 0 || shift == 0 || malformed(field, "is not encoded in as few bytes as possible");
        }
    }
    return malformed(field, "takes more than four bytes");
}

bool BodyReader::bad_text(TextCheck found, std::string_view field) noexcept {
    switch (found.problem) {
        case TextProblem::none:
            return true;
        case TextProblem::ill_formed:
            return malformed(field, "is not well-formed UTF-8");
        case TextProblem::null_character:
            return malformed(field, "contains U+0000");
        case TextProblem::wildcard:
            break;
    }
    return malformed(field, "contains a wildcard");
}

bool BodyReader::malformed(std::string_view field, std::string_view problem, std::int64_t value) noexcept {
    return fail(Error::malformed_packet, ReasonCode::malformed_packet, field, problem, value);
}

bool BodyReader::protocol_error(std::string_view field, std::string_view problem,
                                std::int64_t value) noexcept {
    return fail(Error::protocol_error, ReasonCode::protocol_error, field, problem, value);
}

bool BodyReader::fail(Error error, ReasonCode code, std::string_view field, std::string_view problem,
                      std::int64_t value) noexcept {
    failure_ = {error, code, type_, field, problem, value};
    return false;
}

}  // namespace multimqtt::wire
