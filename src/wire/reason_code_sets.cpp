// The table of reason codes by packet.
#include "wire/reason_code_sets.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace multimqtt::wire {
namespace {

using enum ReasonCode;

// One bit for each of the 256 values.
class CodeSet {
public:
    constexpr CodeSet(std::initializer_list<ReasonCode> codes) {
        for (const ReasonCode code : codes) {
            const auto value = static_cast<std::uint8_t>(code);
            words_[value / 64] |= std::uint64_t{1} << value % 64;
        }
    }
    [[nodiscard]] constexpr bool contains(ReasonCode code) const noexcept {
        const auto value = static_cast<std::uint8_t>(code);
        return (words_[value / 64] >> value % 64 & 1) != 0;
    }

private:
    std::array<std::uint64_t, 4> words_{};
};

constexpr CodeSet kNone{};
constexpr CodeSet kConnack{success,
                           unspecified_error,
                           malformed_packet,
                           protocol_error,
                           implementation_specific_error,
                           unsupported_protocol_version,
                           client_identifier_not_valid,
                           bad_user_name_or_password,
                           not_authorized,
                           server_unavailable,
                           server_busy,
                           banned,
                           bad_authentication_method,
                           topic_name_invalid,
                           packet_too_large,
                           quota_exceeded,
                           payload_format_invalid,
                           retain_not_supported,
                           qos_not_supported,
                           use_another_server,
                           server_moved,
                           connection_rate_exceeded};
constexpr CodeSet kPubackPubrec{success,
                                no_matching_subscribers,
                                unspecified_error,
                                implementation_specific_error,
                                not_authorized,
                                topic_name_invalid,
                                packet_identifier_in_use,
                                quota_exceeded,
                                payload_format_invalid};
constexpr CodeSet kPubrelPubcomp{success, packet_identifier_not_found};
constexpr CodeSet kSuback{granted_qos_0,
                          granted_qos_1,
                          granted_qos_2,
                          unspecified_error,
                          implementation_specific_error,
                          not_authorized,
                          topic_filter_invalid,
                          packet_identifier_in_use,
                          quota_exceeded,
                          shared_subscriptions_not_supported,
                          subscription_identifiers_not_supported,
                          wildcard_subscriptions_not_supported};
constexpr CodeSet kUnsuback{
    success,        no_subscription_existed, unspecified_error,       implementation_specific_error,
    not_authorized, topic_filter_invalid,    packet_identifier_in_use};
constexpr CodeSet kDisconnect{normal_disconnection,
                              disconnect_with_will_message,
                              unspecified_error,
                              malformed_packet,
                              protocol_error,
                              implementation_specific_error,
                              not_authorized,
                              server_busy,
                              server_shutting_down,
                              keep_alive_timeout,
                              session_taken_over,
                              topic_filter_invalid,
                              topic_name_invalid,
                              receive_maximum_exceeded,
                              topic_alias_invalid,
                              packet_too_large,
                              message_rate_too_high,
                              quota_exceeded,
                              administrative_action,
                              payload_format_invalid,
                              retain_not_supported,
                              qos_not_supported,
                              use_another_server,
                              server_moved,
                              shared_subscriptions_not_supported,
                              connection_rate_exceeded,
                              maximum_connect_time,
                              subscription_identifiers_not_supported,
                              wildcard_subscriptions_not_supported};
constexpr CodeSet kAuth{success, continue_authentication, reauthenticate};

const CodeSet& codes_of(PacketType type) noexcept {
    switch (type) {
        case PacketType::connack:
            return kConnack;
        case PacketType::puback:
        case PacketType::pubrec:
            return kPubackPubrec;
        case PacketType::pubrel:
        case PacketType::pubcomp:
            return kPubrelPubcomp;
        case PacketType::suback:
            return kSuback;
        case PacketType::unsuback:
            return kUnsuback;
        case PacketType::disconnect:
            return kDisconnect;
        case PacketType::auth:
            return kAuth;
        default:
            return kNone;
    }
}

// The position is the return code.
constexpr std::array kReturnCodes = {
    success,
    unsupported_protocol_version,
    client_identifier_not_valid,
    server_unavailable,
    bad_user_name_or_password,
    not_authorized,
};

}  // namespace

bool may_carry(PacketType type, ReasonCode code) noexcept {
    return codes_of(type).contains(code);
}

std::optional<ReasonCode> reason_of_return_code(std::uint8_t return_code) noexcept {
    if (return_code >= kReturnCodes.size()) {
        return std::nullopt;
    }
    return kReturnCodes[return_code];
}

std::uint8_t return_code_of_reason(ReasonCode code) noexcept {
    const auto* const found = std::find(kReturnCodes.begin(), kReturnCodes.end(), code);
    if (found != kReturnCodes.end()) {
        return static_cast<std::uint8_t>(found - kReturnCodes.begin());
    }
    return code == banned ? 5 : 3;  // Not authorized; otherwise: server unavailable.
}

}  // namespace multimqtt::wire
