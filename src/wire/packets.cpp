// The names of the packets, and reading the payloads of SUBSCRIBE and UNSUBSCRIBE once they are validated.
#include "wire/packets.hpp"

#include "wire/trusted_bytes.hpp"

#include <algorithm>
#include <type_traits>

namespace multimqtt::wire {
namespace {

template <class>
struct TypeOf;
template <PacketType type>
struct TypeOf<Ack<type>> : std::integral_constant<PacketType, type> {};
// clang-format off
template <> struct TypeOf<Connect> : std::integral_constant<PacketType, PacketType::connect> {};
template <> struct TypeOf<Connack> : std::integral_constant<PacketType, PacketType::connack> {};
template <> struct TypeOf<Publish> : std::integral_constant<PacketType, PacketType::publish> {};
template <> struct TypeOf<Subscribe> : std::integral_constant<PacketType, PacketType::subscribe> {};
template <> struct TypeOf<Suback> : std::integral_constant<PacketType, PacketType::suback> {};
template <> struct TypeOf<Unsubscribe> : std::integral_constant<PacketType, PacketType::unsubscribe> {};
template <> struct TypeOf<Unsuback> : std::integral_constant<PacketType, PacketType::unsuback> {};
template <> struct TypeOf<Pingreq> : std::integral_constant<PacketType, PacketType::pingreq> {};
template <> struct TypeOf<Pingresp> : std::integral_constant<PacketType, PacketType::pingresp> {};
template <> struct TypeOf<Disconnect> : std::integral_constant<PacketType, PacketType::disconnect> {};
template <> struct TypeOf<Auth> : std::integral_constant<PacketType, PacketType::auth> {};
// clang-format on

}  // namespace

static_assert(std::is_trivially_copyable_v<Packet>);

PacketType type_of(const Packet& packet) noexcept {
    return std::visit([]<class AnyPacket>(const AnyPacket&) { return TypeOf<AnyPacket>::value; }, packet);
}

bool operator==(const BytesView& left, const BytesView& right) noexcept {
    return std::ranges::equal(static_cast<const std::span<const std::byte>&>(left),
                              static_cast<const std::span<const std::byte>&>(right));
}

bool SubscriptionReader::next(const std::byte*& cursor, const std::byte* end, Subscription& item) noexcept {
    if (cursor == end) {
        return false;
    }
    item.filter = take_text(cursor);
    const auto options = static_cast<unsigned>(*cursor++);
    item.qos = static_cast<Qos>(options & 0x03);
    item.no_local = (options & 0x04) != 0;
    item.retain_as_published = (options & 0x08) != 0;
    item.retain_handling = static_cast<RetainHandling>(options >> 4 & 0x03);
    return true;
}

bool FilterReader::next(const std::byte*& cursor, const std::byte* end, std::string_view& item) noexcept {
    if (cursor == end) {
        return false;
    }
    item = take_text(cursor);
    return true;
}

std::string_view name(PacketType type) noexcept {
    switch (type) {
        case PacketType::connect:
            return "CONNECT";
        case PacketType::connack:
            return "CONNACK";
        case PacketType::publish:
            return "PUBLISH";
        case PacketType::puback:
            return "PUBACK";
        case PacketType::pubrec:
            return "PUBREC";
        case PacketType::pubrel:
            return "PUBREL";
        case PacketType::pubcomp:
            return "PUBCOMP";
        case PacketType::subscribe:
            return "SUBSCRIBE";
        case PacketType::suback:
            return "SUBACK";
        case PacketType::unsubscribe:
            return "UNSUBSCRIBE";
        case PacketType::unsuback:
            return "UNSUBACK";
        case PacketType::pingreq:
            return "PINGREQ";
        case PacketType::pingresp:
            return "PINGRESP";
        case PacketType::disconnect:
            return "DISCONNECT";
        case PacketType::auth:
            return "AUTH";
    }
    return "reserved";
}

}  // namespace multimqtt::wire
