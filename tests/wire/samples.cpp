// The samples. Each property stands alone in one packet and together with all others in another.
#include "samples.hpp"

#include "bytes.hpp"

#include <array>
#include <utility>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;

constexpr std::array<UserProperty, 3> kUserProperties = {{{"key", "value"}, {"key", "again"}, {"", ""}}};
constexpr std::array<std::uint32_t, 3> kIdentifiers = {1, 128, 268'435'455};
constexpr std::array<std::string_view, 3> kFilters = {"sport/#", "+/tennis", "$share/group/a/+"};
constexpr std::array<Subscription, 4> kSubscriptions = {{
    {"sport/#", Qos::at_most_once, true, false, RetainHandling::send},
    {"+", Qos::at_least_once, false, true, RetainHandling::send_if_new},
    {"/", Qos::exactly_once, true, true, RetainHandling::do_not_send},
    {"$share/group/a/+", Qos::exactly_once, false, false, RetainHandling::send},
}};
constexpr std::array<Subscription, 2> kOldSubscriptions = {
    {{"a/b", Qos::at_least_once, false, false, RetainHandling::send},
     {"c/d", Qos::exactly_once, false, false, RetainHandling::send}}};
constexpr std::array kSubackCodes = {ReasonCode::granted_qos_0, ReasonCode::granted_qos_2,
                                     ReasonCode::unspecified_error};
constexpr std::array kUnsubackCodes = {ReasonCode::success, ReasonCode::no_subscription_existed,
                                       ReasonCode::not_authorized};

UserProperties user_properties() {
    return kUserProperties;
}

struct Collector {
    std::vector<Sample> samples;

    void add(std::string name, ProtocolVersion version, Sender sender, const Packet& packet) {
        samples.push_back({std::move(name), version, sender, packet});
    }

    /// `base` with each change alone, and then with all of them.
    template <class AnyPacket>
    void add_each(const std::string& name, Sender sender, const AnyPacket& base,
                  const std::vector<std::pair<std::string, void (*)(AnyPacket&)>>& changes) {
        AnyPacket all = base;
        for (const auto& [change_name, change] : changes) {
            AnyPacket one = base;
            change(one);
            change(all);
            add(name + "_with_" + change_name, v5, sender, one);
        }
        add(name + "_with_everything", v5, sender, all);
    }
};

void add_connects(Collector& out) {
    for (const ProtocolVersion version : {v3_1, v3_1_1, v5}) {
        const std::string suffix = version == v3_1 ? "_3_1" : version == v3_1_1 ? "_3_1_1" : "_5";
        Connect packet{.version = version, .client_id = "client"};
        out.add("connect_minimal" + suffix, version, Sender::client, packet);
        packet.clean_start = false;
        packet.keep_alive_s = 65'535;
        packet.will = Will{
            .topic = "will/topic", .payload = as_bytes("gone"), .qos = Qos::exactly_once, .retain = true};
        packet.user_name = "user";
        packet.password = BytesView{as_bytes("secret")};
        out.add("connect_will_and_credentials" + suffix, version, Sender::client, packet);
        packet.user_name = "";
        packet.password = BytesView{};
        packet.will->payload = {};
        out.add("connect_empty_fields" + suffix, version, Sender::client, packet);
    }
    out.add("connect_password_alone_5", v5, Sender::client,
            Connect{.password = BytesView{as_bytes("token")}});
    using Change = std::vector<std::pair<std::string, void (*)(Connect&)>>;
    const Change changes = {
        {"session_expiry", [](Connect& p) { p.properties.session_expiry_interval_s = 0xFFFF'FFFF; }},
        {"receive_maximum", [](Connect& p) { p.properties.receive_maximum = 1; }},
        {"maximum_packet_size", [](Connect& p) { p.properties.maximum_packet_size = 1; }},
        {"topic_alias_maximum", [](Connect& p) { p.properties.topic_alias_maximum = 0; }},
        {"request_response", [](Connect& p) { p.properties.request_response_information = true; }},
        {"request_problem", [](Connect& p) { p.properties.request_problem_information = false; }},
        {"user_properties", [](Connect& p) { p.properties.user_properties = user_properties(); }},
        {"authentication_method", [](Connect& p) { p.properties.authentication_method = "SCRAM"; }},
        {"authentication",
         [](Connect& p) {
             p.properties.authentication_method = "SCRAM";
             p.properties.authentication_data = BytesView{as_bytes("data")};
         }},
    };
    out.add_each("connect", Sender::client, Connect{.client_id = "c"}, changes);
    const Change will_changes = {
        {"will_delay", [](Connect& p) { p.will->properties.will_delay_interval_s = 5; }},
        {"payload_format",
         [](Connect& p) { p.will->properties.payload_format_indicator = PayloadFormat::utf8; }},
        {"message_expiry", [](Connect& p) { p.will->properties.message_expiry_interval_s = 0; }},
        {"content_type", [](Connect& p) { p.will->properties.content_type = "text/plain"; }},
        {"response_topic", [](Connect& p) { p.will->properties.response_topic = "answers"; }},
        {"correlation_data",
         [](Connect& p) { p.will->properties.correlation_data = BytesView{as_bytes("id")}; }},
        {"user_properties", [](Connect& p) { p.will->properties.user_properties = user_properties(); }},
    };
    out.add_each("connect_will", Sender::client, Connect{.will = Will{.topic = "w"}}, will_changes);
}

void add_connacks(Collector& out) {
    out.add("connack_3_1_1", v3_1_1, Sender::server, Connack{.session_present = true});
    out.add("connack_refused_3_1_1", v3_1_1, Sender::server,
            Connack{.reason_code = ReasonCode::not_authorized});
    out.add("connack_5", v5, Sender::server, Connack{});
    out.add("connack_refused_5", v5, Sender::server, Connack{.reason_code = ReasonCode::banned});
    const std::vector<std::pair<std::string, void (*)(Connack&)>> changes = {
        {"session_expiry", [](Connack& p) { p.properties.session_expiry_interval_s = 10; }},
        {"receive_maximum", [](Connack& p) { p.properties.receive_maximum = 65'535; }},
        {"maximum_qos", [](Connack& p) { p.properties.maximum_qos = Qos::at_least_once; }},
        {"retain_available", [](Connack& p) { p.properties.retain_available = false; }},
        {"maximum_packet_size", [](Connack& p) { p.properties.maximum_packet_size = 1'000'000; }},
        {"assigned_client_identifier",
         [](Connack& p) { p.properties.assigned_client_identifier = "auto-1"; }},
        {"topic_alias_maximum", [](Connack& p) { p.properties.topic_alias_maximum = 10; }},
        {"reason_string", [](Connack& p) { p.properties.reason_string = "because"; }},
        {"user_properties", [](Connack& p) { p.properties.user_properties = user_properties(); }},
        {"wildcards", [](Connack& p) { p.properties.wildcard_subscription_available = false; }},
        {"identifiers", [](Connack& p) { p.properties.subscription_identifier_available = true; }},
        {"shared", [](Connack& p) { p.properties.shared_subscription_available = false; }},
        {"server_keep_alive", [](Connack& p) { p.properties.server_keep_alive_s = 0; }},
        {"response_information", [](Connack& p) { p.properties.response_information = "answers/1"; }},
        {"server_reference", [](Connack& p) { p.properties.server_reference = "other:1883"; }},
        {"authentication_method", [](Connack& p) { p.properties.authentication_method = "SCRAM"; }},
        {"authentication_data",
         [](Connack& p) { p.properties.authentication_data = BytesView{as_bytes("d")}; }},
    };
    out.add_each("connack", Sender::server, Connack{.session_present = true}, changes);
}

void add_publishes(Collector& out) {
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        const std::string suffix = version == v3_1_1 ? "_3_1_1" : "_5";
        Publish packet{.topic = "a/b", .payload = as_bytes("payload")};
        out.add("publish_qos_0" + suffix, version, Sender::server, packet);
        packet.retain = true;
        packet.payload = {};
        out.add("publish_retained_empty" + suffix, version, Sender::client, packet);
        packet.qos = Qos::at_least_once;
        packet.packet_id = 1;
        out.add("publish_qos_1" + suffix, version, Sender::client, packet);
        packet.dup = true;
        packet.qos = Qos::exactly_once;
        packet.packet_id = 65'535;
        packet.topic =
            "\xEF\xBB\xBF"
            "B\xC3\xA4r/\xF0\x9F\x8C\x8D";  // U+FEFF is kept.
        out.add("publish_qos_2_again" + suffix, version, Sender::server, packet);
        static const std::string large(20'000, 'x');
        packet.payload = as_bytes(large);
        out.add("publish_three_byte_length" + suffix, version, Sender::server, packet);
        packet.payload = as_bytes(std::string_view{large}.substr(0, 200));
        out.add("publish_two_byte_length" + suffix, version, Sender::server, packet);
    }
    const std::vector<std::pair<std::string, void (*)(Publish&)>> changes = {
        {"payload_format", [](Publish& p) { p.properties.payload_format_indicator = PayloadFormat::bytes; }},
        {"message_expiry", [](Publish& p) { p.properties.message_expiry_interval_s = 60; }},
        {"topic_alias", [](Publish& p) { p.properties.topic_alias = 65'535; }},
        {"response_topic", [](Publish& p) { p.properties.response_topic = "answers/1"; }},
        {"correlation_data", [](Publish& p) { p.properties.correlation_data = BytesView{}; }},
        {"user_properties", [](Publish& p) { p.properties.user_properties = user_properties(); }},
        {"identifiers", [](Publish& p) { p.properties.subscription_identifiers = kIdentifiers; }},
        {"content_type", [](Publish& p) { p.properties.content_type = ""; }},
    };
    out.add_each("publish", Sender::server, Publish{.topic = "t", .payload = as_bytes("p")}, changes);
    Publish aliased;
    aliased.properties.topic_alias = 1;
    out.add("publish_alias_alone", v5, Sender::client, aliased);
}

template <class AnyAck>
void add_ack(Collector& out, const std::string& name, ReasonCode failure) {
    out.add(name + "_3_1_1", v3_1_1, Sender::server, AnyAck{.packet_id = 7});
    out.add(name + "_5", v5, Sender::client, AnyAck{.packet_id = 65'535});
    out.add(name + "_reason_code", v5, Sender::server, AnyAck{.packet_id = 7, .reason_code = failure});
    const std::vector<std::pair<std::string, void (*)(AnyAck&)>> changes = {
        {"reason_string", [](AnyAck& p) { p.properties.reason_string = "because"; }},
        {"user_properties", [](AnyAck& p) { p.properties.user_properties = user_properties(); }},
    };
    out.add_each(name, Sender::server, AnyAck{.packet_id = 7}, changes);
}

void add_subscribes(Collector& out) {
    out.add("subscribe_3_1_1", v3_1_1, Sender::client,
            Subscribe{.packet_id = 10, .subscriptions = kOldSubscriptions});
    out.add("unsubscribe_3_1_1", v3_1_1, Sender::client, Unsubscribe{.packet_id = 10, .filters = kFilters});
    out.add("suback_3_1_1", v3_1_1, Sender::server, Suback{.packet_id = 10, .reason_codes = kSubackCodes});
    out.add("unsuback_3_1_1", v3_1_1, Sender::server, Unsuback{.packet_id = 10});

    const Subscribe subscribe{.packet_id = 10, .subscriptions = kSubscriptions};
    out.add("subscribe_5", v5, Sender::client, subscribe);
    out.add_each(
        "subscribe", Sender::client, subscribe,
        {{"identifier", [](Subscribe& p) { p.properties.subscription_identifier = 268'435'455; }},
         {"user_properties", [](Subscribe& p) { p.properties.user_properties = user_properties(); }}});
    const Unsubscribe unsubscribe{.packet_id = 10, .filters = kFilters};
    out.add("unsubscribe_5", v5, Sender::client, unsubscribe);
    out.add_each(
        "unsubscribe", Sender::client, unsubscribe,
        {{"user_properties", [](Unsubscribe& p) { p.properties.user_properties = user_properties(); }}});
    const Suback suback{.packet_id = 10, .reason_codes = kSubackCodes};
    out.add("suback_5", v5, Sender::server, suback);
    out.add_each("suback", Sender::server, suback,
                 {{"reason_string", [](Suback& p) { p.properties.reason_string = "because"; }},
                  {"user_properties", [](Suback& p) { p.properties.user_properties = user_properties(); }}});
    const Unsuback unsuback{.packet_id = 10, .reason_codes = kUnsubackCodes};
    out.add("unsuback_5", v5, Sender::server, unsuback);
    out.add_each(
        "unsuback", Sender::server, unsuback,
        {{"reason_string", [](Unsuback& p) { p.properties.reason_string = "because"; }},
         {"user_properties", [](Unsuback& p) { p.properties.user_properties = user_properties(); }}});
}

void add_closings(Collector& out) {
    for (const ProtocolVersion version : {v3_1_1, v5}) {
        const std::string suffix = version == v3_1_1 ? "_3_1_1" : "_5";
        out.add("pingreq" + suffix, version, Sender::client, Pingreq{});
        out.add("pingresp" + suffix, version, Sender::server, Pingresp{});
        out.add("disconnect" + suffix, version, Sender::client, Disconnect{});
    }
    const Disconnect moved{.reason_code = ReasonCode::server_moved};
    out.add("disconnect_reason_code", v5, Sender::server, moved);
    out.add_each(
        "disconnect_by_server", Sender::server, moved,
        {{"reason_string", [](Disconnect& p) { p.properties.reason_string = "because"; }},
         {"user_properties", [](Disconnect& p) { p.properties.user_properties = user_properties(); }},
         {"server_reference", [](Disconnect& p) { p.properties.server_reference = "other"; }}});
    out.add_each("disconnect_by_client", Sender::client,
                 Disconnect{.reason_code = ReasonCode::disconnect_with_will_message},
                 {{"session_expiry", [](Disconnect& p) { p.properties.session_expiry_interval_s = 0; }}});

    Auth auth{.reason_code = ReasonCode::continue_authentication};
    auth.properties.authentication_method = "SCRAM";
    out.add("auth_success", v5, Sender::server, Auth{});
    out.add_each("auth", Sender::server, auth,
                 {{"data", [](Auth& p) { p.properties.authentication_data = BytesView{as_bytes("data")}; }},
                  {"reason_string", [](Auth& p) { p.properties.reason_string = "because"; }},
                  {"user_properties", [](Auth& p) { p.properties.user_properties = user_properties(); }}});
    auth.reason_code = ReasonCode::reauthenticate;
    out.add("auth_reauthenticate", v5, Sender::client, auth);
}

}  // namespace

const std::vector<Sample>& samples() {
    static const std::vector<Sample> all = [] {
        Collector out;
        add_connects(out);
        add_connacks(out);
        add_publishes(out);
        add_ack<Puback>(out, "puback", ReasonCode::quota_exceeded);
        add_ack<Pubrec>(out, "pubrec", ReasonCode::no_matching_subscribers);
        add_ack<Pubrel>(out, "pubrel", ReasonCode::packet_identifier_not_found);
        add_ack<Pubcomp>(out, "pubcomp", ReasonCode::packet_identifier_not_found);
        add_subscribes(out);
        add_closings(out);
        return std::move(out.samples);
    }();
    return all;
}

}  // namespace multimqtt::wire
