// Reads the fields of one packet body, and says which field of which packet is wrong.
#pragma once

#include "multimqtt/protocol.hpp"
#include "wire/decode.hpp"
#include "wire/trusted_bytes.hpp"
#include "wire/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace multimqtt::wire {

/// Every read returns false when it fails, with the reason in `failure`.
class BodyReader {
public:
    BodyReader(PacketType type, ProtocolVersion version, Sender sender, std::span<const std::byte> body,
               DecodeFailure& failure) noexcept
        : cursor_{body.data()},
          end_{body.data() + body.size()},
          failure_{failure},
          type_{type},
          version_{version},
          sender_{sender} {}

    /// A reader for a part of the same packet.
    [[nodiscard]] BodyReader part(std::span<const std::byte> bytes) const noexcept {
        return {type_, version_, sender_, bytes, failure_};
    }

    [[nodiscard]] PacketType type() const noexcept { return type_; }
    [[nodiscard]] ProtocolVersion version() const noexcept { return version_; }
    [[nodiscard]] bool is_v5() const noexcept { return version_ == ProtocolVersion::v5; }
    [[nodiscard]] Sender sender() const noexcept { return sender_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - cursor_); }
    [[nodiscard]] std::span<const std::byte> rest() const noexcept { return {cursor_, remaining()}; }

    /// CONNECT says itself which version it is.
    void adopt(ProtocolVersion version) noexcept { version_ = version; }

    [[nodiscard]] bool byte(std::uint8_t& value, std::string_view field) noexcept {
        if (remaining() < 1) {
            return truncated(field);
        }
        value = static_cast<std::uint8_t>(*cursor_++);
        return true;
    }

    [[nodiscard]] bool two_bytes(std::uint16_t& value, std::string_view field) noexcept {
        if (remaining() < 2) {
            return truncated(field);
        }
        value = take_two_bytes(cursor_);
        return true;
    }

    [[nodiscard]] bool four_bytes(std::uint32_t& value, std::string_view field) noexcept;

    /// A variable byte integer, in its shortest form, v5 [MQTT-1.5.5-1].
    [[nodiscard]] bool variable(std::uint32_t& value, std::string_view field) noexcept;

    [[nodiscard]] bool binary(BytesView& value, std::string_view field) noexcept {
        if (remaining() < 2 || remaining() - 2 < peek_two_bytes(cursor_)) {
            return truncated(field);
        }
        const std::size_t size = take_two_bytes(cursor_);
        value = std::span{cursor_, size};
        cursor_ += size;
        return true;
    }

    /// A text; U+FEFF is a character like any other.
    /// v5 [MQTT-1.5.4-1] to [MQTT-1.5.4-3]; v3.1.1 [MQTT-1.5.3-1] to [MQTT-1.5.3-3].
    [[nodiscard]] bool text(std::string_view& value, std::string_view field) noexcept {
        BytesView bytes;
        if (!binary(bytes, field)) {
            return false;
        }
        value = as_text(bytes.data(), bytes.size());
        const TextCheck found = check_text<Wildcards::allowed>(value);
        return found.problem == TextProblem::none || bad_text(found, field);
    }

    /// A text that is free of wildcards. Whether it may be empty depends on where it stands.
    [[nodiscard]] bool topic_name(std::string_view& value, std::string_view field) noexcept {
        BytesView bytes;
        if (!binary(bytes, field)) {
            return false;
        }
        value = as_text(bytes.data(), bytes.size());
        const TextCheck found = check_text<Wildcards::refused>(value);
        return found.problem == TextProblem::none || bad_text(found, field);
    }

    /// v5 [MQTT-2.2.1-3], [MQTT-2.2.1-4]; v3.1.1 [MQTT-2.3.1-1].
    [[nodiscard]] bool packet_id(std::uint16_t& value) noexcept {
        return two_bytes(value, "the Packet Identifier") &&
               (value != 0 || protocol_error("the Packet Identifier", "is 0"));
    }

    /// Takes `size` bytes as a body of their own.
    [[nodiscard]] bool section(std::size_t size, std::span<const std::byte>& value,
                               std::string_view field) noexcept {
        if (remaining() < size) {
            return malformed(field, "goes beyond the end of the packet", static_cast<std::int64_t>(size));
        }
        value = {cursor_, size};
        cursor_ += size;
        return true;
    }

    /// Nothing may follow the last field.
    [[nodiscard]] bool finished() noexcept {
        return remaining() == 0 || malformed("the packet", "goes on after its last field",
                                             static_cast<std::int64_t>(remaining()));
    }

    // All of these return false.
    bool truncated(std::string_view field) noexcept {
        return malformed(field, "is cut off by the end of the packet");
    }
    bool malformed(std::string_view field, std::string_view problem, std::int64_t value = -1) noexcept;
    bool protocol_error(std::string_view field, std::string_view problem, std::int64_t value = -1) noexcept;
    bool fail(Error error, ReasonCode code, std::string_view field, std::string_view problem,
              std::int64_t value = -1) noexcept;

private:
    bool bad_text(TextCheck found, std::string_view field) noexcept;

    const std::byte* cursor_;
    const std::byte* end_;
    DecodeFailure& failure_;
    PacketType type_;
    ProtocolVersion version_;
    Sender sender_;
};

}  // namespace multimqtt::wire
