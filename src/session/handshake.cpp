// CONNECT and CONNACK.
#include "session/handshake.hpp"

#include "values/quoted.hpp"
#include "wire/encode.hpp"

#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

using PropertyViews = std::vector<wire::UserProperty>;

PropertyViews views_of(const UserProperties& properties) {
    PropertyViews views;
    views.reserve(properties.size());
    for (const auto& [name, value] : properties) {
        views.push_back({name, value});
    }
    return views;
}

wire::BytesView bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

wire::Will will_of(const Will& will, const PropertyViews& properties) {
    wire::Will view;
    view.topic = will.topic;
    view.payload = bytes_of(will.payload);
    view.qos = will.qos;
    view.retain = will.retain;
    if (will.delay.count() > 0) {
        view.properties.will_delay_interval_s = static_cast<std::uint32_t>(will.delay.count());
    }
    if (!will.content_type.empty()) {
        view.properties.content_type = will.content_type;
    }
    view.properties.user_properties = wire::UserProperties{properties};
    return view;
}

// The broker's own words end the sentence, shortened: they come from outside and go to the log.
std::string with_broker_text(std::string text, const std::optional<std::string_view>& reason_string,
                             const std::optional<std::string_view>& server_reference) {
    constexpr std::size_t kTextBytesMax = 200;
    if (reason_string && !reason_string->empty()) {
        text.append(" The broker says: ").append(quoted(*reason_string, kTextBytesMax)).append(".");
    }
    if (server_reference && !server_reference->empty()) {
        text.append(" It names another server, ")
            .append(quoted(*server_reference, kTextBytesMax))
            .append(", which is not followed: change the address if you trust it.");
    }
    return text;
}

}  // namespace

void encode_connect(const Options& options, const Greeting& greeting, wire::ByteBuffer& buffer) {
    wire::Connect connect;
    connect.version = greeting.version;
    connect.clean_start = greeting.clean_start;
    connect.keep_alive_s = static_cast<std::uint16_t>(options.keep_alive.count());
    connect.client_id = greeting.client_id;
    if (options.username) {
        connect.user_name = *options.username;
    }
    if (options.password) {
        connect.password = bytes_of(*options.password);
        if (!options.username && greeting.version != ProtocolVersion::v5) {
            connect.user_name = "";
        }
    }
    PropertyViews will_properties;
    if (options.will) {
        will_properties = views_of(options.will->user_properties);
        connect.will = will_of(*options.will, will_properties);
    }
    const PropertyViews properties = views_of(options.connect_properties);
    if (options.session_expiry.count() > 0) {
        connect.properties.session_expiry_interval_s =
            static_cast<std::uint32_t>(options.session_expiry.count());
    }
    connect.properties.receive_maximum = options.receive_maximum;
    connect.properties.maximum_packet_size = options.packet_bytes_max;
    if (options.topic_alias_maximum > 0) {
        connect.properties.topic_alias_maximum = options.topic_alias_maximum;
    }
    connect.properties.user_properties = wire::UserProperties{properties};
    wire::encode(connect, buffer);
}

Grants grants_of(const wire::Connack& connack, const Options& options, const Greeting& greeting) {
    const wire::ConnackProperties& given = connack.properties;
    Grants grants;
    grants.version = greeting.version;
    grants.session_present = connack.session_present;
    grants.client_id = given.assigned_client_identifier ? std::string{*given.assigned_client_identifier}
                                                        : greeting.client_id;
    grants.receive_maximum = given.receive_maximum.value_or(grants.receive_maximum);
    grants.maximum_qos = given.maximum_qos.value_or(grants.maximum_qos);
    grants.retain_available = given.retain_available.value_or(true);
    grants.packet_bytes_max = given.maximum_packet_size.value_or(grants.packet_bytes_max);
    grants.topic_alias_maximum = given.topic_alias_maximum.value_or(0);
    grants.wildcard_subscription_available = given.wildcard_subscription_available.value_or(true);
    grants.subscription_identifiers_available =
        greeting.version == ProtocolVersion::v5 && given.subscription_identifier_available.value_or(true);
    grants.shared_subscription_available = given.shared_subscription_available.value_or(true);
    // v5 [MQTT-3.1.2-21].
    grants.keep_alive = given.server_keep_alive_s ? std::chrono::seconds{*given.server_keep_alive_s}
                                                  : options.keep_alive;  // v5 [MQTT-3.2.2-21]
    grants.session_expiry = given.session_expiry_interval_s
                                ? std::chrono::seconds{*given.session_expiry_interval_s}
                                : options.session_expiry;
    return grants;
}

Failure refusal(const wire::Connack& connack, ProtocolVersion version) {
    std::string text{"The broker refused the connection over "};
    text.append(to_string(version)).append(": ").append(to_string(connack.reason_code)).append(". ");
    text.append(description(connack.reason_code));
    return {Error::refused,
            with_broker_text(std::move(text), connack.properties.reason_string,
                             connack.properties.server_reference),
            static_cast<std::uint8_t>(connack.reason_code)};
}

Failure farewell(const wire::Disconnect& disconnect) {
    std::string text{"The broker ended the connection: "};
    text.append(to_string(disconnect.reason_code)).append(". ");
    if (disconnect.reason_code == ReasonCode::session_taken_over) {
        text.append(
            "Another client connected with this client identifier; give each its own. This one gives way, "
            "for "
            "longer each time.");
    } else {
        text.append(description(disconnect.reason_code));
    }
    return {Error::refused,
            with_broker_text(std::move(text), disconnect.properties.reason_string,
                             disconnect.properties.server_reference),
            static_cast<std::uint8_t>(disconnect.reason_code)};
}

bool clean_start(const Options& options, ProtocolVersion version, bool connected_before,
                 bool holds_session) noexcept {
    if (version != ProtocolVersion::v5) {
        return options.clean_start && options.session_expiry.count() == 0;
    }
    return connected_before ? !holds_session : options.clean_start;
}

std::string made_up_client_id(Random& random) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string id{"multimqtt"};
    std::uint64_t bits = random.next();
    while (id.size() < 23) {
        id.push_back(kDigits[bits % 16]);
        bits /= 16;
    }
    return id;
}

VersionChoice::VersionChoice(VersionPolicy policy) noexcept
    : version_{policy == VersionPolicy::v3_1     ? ProtocolVersion::v3_1
               : policy == VersionPolicy::v3_1_1 ? ProtocolVersion::v3_1_1
                                                 : ProtocolVersion::v5},
      settled_{policy != VersionPolicy::automatic} {
}

void VersionChoice::settle() noexcept {
    settled_ = settled_ || stated_ || version_ == ProtocolVersion::v5;
}

void VersionChoice::start_over() noexcept {
    if (!settled_ && !stated_) {
        version_ = ProtocolVersion::v5;
    }
}

bool VersionChoice::not_understood(Evidence evidence) noexcept {
    const bool was_v5 = version_ == ProtocolVersion::v5;
    stated_ = was_v5 && evidence == Evidence::stated;
    version_ = was_v5 ? ProtocolVersion::v3_1_1 : ProtocolVersion::v5;
    return was_v5;
}

}  // namespace multimqtt::session
