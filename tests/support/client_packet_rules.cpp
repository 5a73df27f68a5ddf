// A walk through the bytes of a client's packet. It shares nothing with the code that wrote them.
#include "support/client_packet_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace multimqtt::support {
namespace {

// Thrown at the first thing that is wrong, and caught in `complaint`.
struct Wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void require(bool good, const std::string& otherwise) {
    if (!good) {
        throw Wrong{otherwise};
    }
}

bool is_one_of(unsigned value, std::initializer_list<unsigned> allowed) {
    return std::ranges::find(allowed, value) != allowed.end();
}

// v5 [MQTT-1.5.4-1], [MQTT-1.5.4-2]; v3.1.1 [MQTT-1.5.3-1], [MQTT-1.5.3-2]: scalar values but 0, each in its
// shortest form.
bool is_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at++]);
        const unsigned more = lead < 0x80       ? 0
                              : lead >> 5 == 6  ? 1
                              : lead >> 4 == 14 ? 2
                              : lead >> 3 == 30 ? 3
                                                : 9;
        if (more == 9 || text.size() - at < more) {
            return false;
        }
        std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
        for (unsigned i = 0; i < more; ++i) {
            const auto next = static_cast<unsigned char>(text[at++]);
            if (next >> 6 != 2) {
                return false;
            }
            point = point << 6 | (next & 0x3F);
        }
        constexpr std::uint32_t kLowest[] = {1, 0x80, 0x800, 0x1'0000};
        if (point < kLowest[more] || point > 0x10'FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
            return false;
        }
    }
    return true;
}

// v5 [MQTT-4.7.1-1], [MQTT-4.7.1-2]; v3.1.1 [MQTT-4.7.1-2], [MQTT-4.7.1-3].
bool is_filter(std::string_view filter) {
    for (std::size_t at = 0; at < filter.size(); ++at) {
        const bool begins_level = at == 0 || filter[at - 1] == '/';
        const bool ends_level = at + 1 == filter.size() || filter[at + 1] == '/';
        if (filter[at] == '#' && !(begins_level && at + 1 == filter.size())) {
            return false;
        }
        if (filter[at] == '+' && !(begins_level && ends_level)) {
            return false;
        }
    }
    return !filter.empty();
}

bool is_shared(std::string_view filter) {
    return filter.starts_with("$share/");
}

// v5 [MQTT-4.8.2-1], [MQTT-4.8.2-2].
bool is_shared_filter(std::string_view filter) {
    const std::string_view rest = filter.substr(std::string_view{"$share/"}.size());
    const std::size_t slash = rest.find('/');
    return slash != std::string_view::npos && slash > 0 &&
           rest.substr(0, slash).find_first_of("+#") == std::string_view::npos &&
           is_filter(rest.substr(slash + 1));
}

class Walk {
public:
    Walk(std::span<const std::byte> bytes, ProtocolVersion version) : bytes_{bytes}, version_{version} {}

    void packet() {
        const unsigned first = byte();
        const std::size_t length = variable();
        require(length == bytes_.size(), "the Remaining Length is not the length that remains");
        const unsigned type = first >> 4;
        if (type != 3) {
            const unsigned flags = type == 6 || type == 8 || type == 10 ? 2 : 0;
            require((first & 15) == flags, "reserved flags are not as they have to be");
        }
        switch (type) {
            case 1:
                connect();
                break;
            case 3:
                publish(first);
                break;
            case 4:
            case 5:
                acknowledgement({0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99});
                break;
            case 6:
            case 7:
                acknowledgement({0x00, 0x92});
                break;
            case 8:
                subscribe();
                break;
            case 10:
                unsubscribe();
                break;
            case 12:
                break;
            case 14:
                disconnect();
                break;
            case 15:
                require(v5(), "AUTH is of 5.0");
                authenticate();
                break;
            default:
                throw Wrong{"a client does not send packets of type " + std::to_string(type)};
        }
        require(bytes_.empty(), "it goes on after its last field");
    }

private:
    [[nodiscard]] bool v5() const { return version_ == ProtocolVersion::v5; }

    std::span<const std::byte> take(std::size_t count) {
        require(bytes_.size() >= count, "it ends inside a field");
        const auto taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }
    unsigned byte() { return static_cast<unsigned>(take(1)[0]); }
    unsigned two_bytes() {
        const unsigned high = byte();
        return high << 8 | byte();
    }
    std::uint32_t four_bytes() {
        const std::uint32_t high = two_bytes();
        return high << 16 | two_bytes();
    }
    std::size_t variable() {
        std::size_t value = 0;
        for (unsigned shift = 0; shift < 28; shift += 7) {
            const unsigned next = byte();
            value |= static_cast<std::size_t>(next & 0x7F) << shift;
            if (next < 0x80) {
                require(next != 0 || shift == 0, "a variable byte integer is longer than need be");
                return value;
            }
        }
        throw Wrong{"a variable byte integer has more than four bytes"};
    }
    std::string_view binary() {
        const auto taken = take(two_bytes());
        return {reinterpret_cast<const char*>(taken.data()), taken.size()};
    }
    std::string_view text() {
        const std::string_view value = binary();
        require(is_text(value), "a text is not well-formed");
        return value;
    }
    std::string_view topic() {
        const std::string_view value = text();
        require(value.find_first_of("+#") == std::string_view::npos, "a topic name has a wildcard");
        return value;
    }
    std::string_view filter() {
        const std::string_view value = text();
        require(is_filter(value), "a topic filter is not one");
        require(!v5() || !is_shared(value) || is_shared_filter(value), "a shared subscription is not one");
        return value;
    }
    void packet_id() { require(two_bytes() != 0, "the Packet Identifier is 0"); }

    // Reads the properties, of which only these may come, each once but the User Property. MQTT 5.0, 2.2.2.2.
    // Returns the numbers among them.
    std::map<unsigned, std::uint32_t> properties(std::initializer_list<unsigned> allowed) {
        std::map<unsigned, std::uint32_t> found;
        if (!v5()) {
            return found;
        }
        Walk block{take(variable()), version_};
        while (!block.bytes_.empty()) {
            const unsigned id = block.byte();
            require(is_one_of(id, allowed), "property " + std::to_string(id) + " is not one of this packet");
            if (id == 0x26) {
                block.text();
                block.text();
                continue;
            }
            require(found.emplace(id, block.value(id)).second,
                    "property " + std::to_string(id) + " comes twice");
        }
        return found;
    }
    std::uint32_t value(unsigned id) {
        std::uint32_t number = 0;
        switch (id) {
            case 0x01:
            case 0x17:
            case 0x19:
                number = byte();
                require(number <= 1, "a property of 0 or 1 is neither");
                return number;
            case 0x21:
            case 0x23:
                number = two_bytes();
                require(number != 0, "a property that must not be 0 is");
                return number;
            case 0x22:
                return two_bytes();
            case 0x27:
                number = four_bytes();
                require(number != 0, "the Maximum Packet Size is 0");
                return number;
            case 0x02:
            case 0x11:
            case 0x18:
                return four_bytes();
            case 0x0B:
                number = static_cast<std::uint32_t>(variable());
                require(number != 0, "the Subscription Identifier is 0");
                return number;
            case 0x08:
                require(!topic().empty(), "the Response Topic is empty");
                return 0;
            case 0x09:
            case 0x16:
                binary();
                return 0;
            default:
                text();
                return 0;
        }
    }

    // v5 [MQTT-3.1.2-1] to [MQTT-3.1.2-19], [MQTT-3.1.3-1] to [MQTT-3.1.3-12].
    void connect() {
        const std::string_view name = text();
        const unsigned level = byte();
        require(level == static_cast<unsigned>(version_) && name == (level == 3 ? "MQIsdp" : "MQTT"),
                "the protocol is not that of the connection");
        const unsigned flags = byte();
        const unsigned will_qos = flags >> 3 & 3;
        const bool will = (flags & 4) != 0;
        require((flags & 1) == 0, "the reserved Connect Flag is set");
        require(will ? will_qos < 3 : (flags & 0x3C) == 0, "the flags of the will contradict each other");
        require(v5() || (flags & 0xC0) != 0x40, "there is a password without a user name");
        two_bytes();
        const auto found = properties({0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27});
        require(!found.contains(0x16) || found.contains(0x15),
                "there is authentication data without a method");
        const std::string_view client_id = text();
        require(v5() || !client_id.empty() || (flags & 2) != 0, "a kept session has no client identifier");
        if (will) {
            properties({0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26});
            require(!topic().empty(), "the Will Topic is empty");
            binary();
        }
        if ((flags & 0x80) != 0) {
            text();
        }
        if ((flags & 0x40) != 0) {
            binary();
        }
    }

    // v5 [MQTT-3.3.1-2], [MQTT-3.3.1-4], [MQTT-3.3.2-2], [MQTT-3.3.2-8], [MQTT-3.3.4-6].
    void publish(unsigned first) {
        const unsigned qos = first >> 1 & 3;
        require(qos < 3 && (qos > 0 || (first & 8) == 0), "the QoS is 3, or DUP is set with QoS 0");
        const std::string_view name = topic();
        if (qos > 0) {
            packet_id();
        }
        const auto found = properties({0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26});
        require(!name.empty() || found.contains(0x23), "there is neither a topic nor an alias");
        take(bytes_.size());
    }

    void acknowledgement(std::initializer_list<unsigned> reasons) {
        packet_id();
        if (v5() && !bytes_.empty()) {
            require(is_one_of(byte(), reasons), "the reason code is not one of this packet");
            if (!bytes_.empty()) {
                properties({0x1F, 0x26});
            }
        }
    }

    // v5 [MQTT-3.8.3-1] to [MQTT-3.8.3-5]; v3.1.1 [MQTT-3.8.3-1], [MQTT-3.8.3-3], [MQTT-3.8.3-4].
    void subscribe() {
        packet_id();
        properties({0x0B, 0x26});
        do {
            const std::string_view name = filter();
            const unsigned options = byte();
            require((options & 3) < 3, "the QoS of a subscription is 3");
            require((options & (v5() ? 0xC0 : 0xFC)) == 0, "reserved subscription options are set");
            require((options & 0x30) != 0x30, "the Retain Handling is 3");
            require(!is_shared(name) || (options & 4) == 0, "No Local is set on a shared subscription");
        } while (!bytes_.empty());
    }

    void unsubscribe() {
        packet_id();
        properties({0x26});
        do {
            filter();
        } while (!bytes_.empty());
    }

    void disconnect() {
        if (v5() && !bytes_.empty()) {
            require(is_one_of(byte(), {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97,
                                       0x98, 0x99}),
                    "the reason code is not one of a client's DISCONNECT");
            if (!bytes_.empty()) {
                properties({0x11, 0x1F, 0x26});
            }
        }
    }

    void authenticate() {
        require(is_one_of(byte(), {0x18, 0x19}), "the reason code is not one of a client's AUTH");
        require(properties({0x15, 0x16, 0x1F, 0x26}).contains(0x15), "AUTH has no method");
    }

    std::span<const std::byte> bytes_;
    ProtocolVersion version_;
};

}  // namespace

std::string complaint(std::span<const std::byte> packet, ProtocolVersion version) {
    try {
        Walk{packet, version}.packet();
        return {};
    } catch (const Wrong& wrong) {
        return wrong.what();
    }
}

}  // namespace multimqtt::support
