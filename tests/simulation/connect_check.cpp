// CONNECT against the options.
#include "simulation/connect_check.hpp"

namespace multimqtt::simulation {
namespace {

constexpr Level kV5 = 5;

bool level_fits(Level level, VersionPolicy policy) {
    switch (policy) {
        case VersionPolicy::automatic:
            return level == 5 || level == 4;
        case VersionPolicy::v3_1:
            return level == 3;
        case VersionPolicy::v3_1_1:
            return level == 4;
        case VersionPolicy::v5:
            return level == 5;
    }
    return false;
}

bool same_will(const std::optional<ReceivedWill>& received, const std::optional<Will>& wanted, Level level) {
    if (!received || !wanted) {
        return received.has_value() == wanted.has_value();
    }
    const auto delay =
        static_cast<std::int64_t>(number_of(received->properties, PropertyId::will_delay_interval, 0));
    const Property* const content_type = find(received->properties, PropertyId::content_type);
    if (level == kV5 && (content_type == nullptr ? "" : content_type->text) != wanted->content_type) {
        return false;
    }
    return received->topic == wanted->topic && received->payload == wanted->payload &&
           received->qos == static_cast<std::uint8_t>(wanted->qos) && received->retain == wanted->retain &&
           (level != kV5 || delay == wanted->delay.count());
}

bool same_properties(const ReceivedConnect& connect, const Options& options) {
    std::size_t pairs = 0;
    for (const Property& property : connect.properties) {
        if (property.id == PropertyId::user_property) {
            if (pairs >= options.connect_properties.size() ||
                options.connect_properties[pairs] != std::pair{property.text, property.second_text}) {
                return false;
            }
            ++pairs;
        }
    }
    const auto number = [&](PropertyId id, std::uint32_t otherwise) {
        return number_of(connect.properties, id, otherwise);
    };
    return pairs == options.connect_properties.size() &&
           number(PropertyId::session_expiry_interval, 0) == options.session_expiry.count() &&
           number(PropertyId::receive_maximum, 65'535) == options.receive_maximum &&
           number(PropertyId::maximum_packet_size, 0xFFFF'FFFF) == options.packet_bytes_max &&
           number(PropertyId::topic_alias_maximum, 0) == options.topic_alias_maximum;
}

// In 3.x the flag also says whether the session outlives the connection.
bool clean_start_fits(const ReceivedConnect& connect, const Options& options,
                      const ExpectedConnect& expected) {
    if (connect.level != kV5) {
        return connect.clean_start == (options.clean_start && options.session_expiry.count() == 0);
    }
    return connect.clean_start == (expected.connected_before ? !expected.holds_session : options.clean_start);
}

bool client_id_fits(const ReceivedConnect& connect, const Options& options, const ExpectedConnect& expected) {
    if (!options.client_id.empty()) {
        return connect.client_id == options.client_id;
    }
    return !expected.client_id || connect.client_id == *expected.client_id;
}

}  // namespace

void check_connect(const ReceivedConnect& connect, const Options& options, const ExpectedConnect& expected,
                   Verdict& verdict) {
    verdict.require(level_fits(connect.level, options.version), Check::connect_differs,
                    "a version nobody asked for");
    verdict.require(connect.keep_alive_s == options.keep_alive.count(), Check::connect_differs,
                    "the keep-alive");
    verdict.require(same_will(connect.will, options.will, connect.level), Check::connect_differs, "the will");
    const bool needs_empty_name = connect.level != kV5 && options.password && !options.username;
    verdict.require(
        connect.user_name == (needs_empty_name ? std::optional<std::string>{""} : options.username),
        Check::connect_differs, "the user name");
    verdict.require(connect.password == options.password, Check::connect_differs, "the password");
    verdict.require(connect.level != kV5 || same_properties(connect, options), Check::connect_differs,
                    "the properties");
    verdict.require(clean_start_fits(connect, options, expected), Check::clean_start_wrong,
                    connect.clean_start
                        ? "a session that may exist is thrown away"
                        : "a session that is gone is resumed, or a clean start was asked for");
    verdict.require(client_id_fits(connect, options, expected), Check::client_id_changed,
                    "the client identifier is not the one of the session");
}

}  // namespace multimqtt::simulation
