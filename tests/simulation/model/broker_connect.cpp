// broker_connect.cpp: connections, CONNECT, and the beginning and the end of a session.
#include "broker.hpp"

#include <algorithm>

namespace multimqtt::simulation {
namespace {

constexpr Level kV3_1 = 3;
constexpr Level kV5 = 5;
constexpr std::uint32_t kNever = 0xFFFF'FFFF;

constexpr std::uint8_t kRefusalsOf5[] = {0x80, 0x83, 0x85, 0x86, 0x87, 0x88,
                                         0x89, 0x8A, 0x97, 0x9C, 0x9D, 0x9F};
constexpr std::uint8_t kRefusalsOf3[] = {2, 3, 4, 5};

}  // namespace

void Broker::opened(Time now) {
    lost(now);
    stage_ = Stage::awaiting_connect;
    output.reset();
    input_.clear();
    disconnected_ = hostile_ = false;
    offer_ = {};
    last_number_ = 0;
    last_packet_at_ = now;
}

void Broker::lost(Time now) {
    if (stage_ == Stage::absent) {
        return;
    }
    const bool had_session = session_exists_ && !expires_at_;
    stage_ = Stage::absent;
    client_aliases_.clear();
    own_aliases_.clear();
    open_here_.clear();
    expect_pubacks_.clear();
    expect_pubrecs_.clear();
    pubacks_.clear();  // What is owed is lost with the connection.
    pubrecs_.clear();
    pubrels_.clear();
    pubcomps_.clear();
    requests_.clear();
    pings_ = 0;
    for (Outgoing& message : outgoing_) {
        message.sent_here = message.release_sent = false;
    }
    std::erase_if(outgoing_,
                  [this](const Outgoing& message) { return ledger_.copy(message.copy)->qos == 0; });
    if (had_session && expiry_s_ != kNever) {
        expires_at_ = now + std::chrono::seconds{expiry_s_};
    }
}

void Broker::handle(const ReceivedConnect& connect, Time now) {
    level_ = connect.level;
    if (connect.level > settings_.level) {
        refuse_version();
        return;
    }
    if (refuse(connect)) {
        return;
    }
    stage_ = Stage::connected;
    client_receive_maximum_ =
        static_cast<std::uint16_t>(number_of(connect.properties, PropertyId::receive_maximum, 65'535));
    client_alias_maximum_ =
        static_cast<std::uint16_t>(number_of(connect.properties, PropertyId::topic_alias_maximum, 0));
    client_packet_bytes_max_ = level_ == kV5
                                   ? number_of(connect.properties, PropertyId::maximum_packet_size, kNever)
                                   : settings_.packet_bytes_max_of_3;
    begin_session(connect, now);
    Properties properties;
    if (level_ == kV5) {
        properties = draw_offer(connect);
    } else {
        offer_.keep_alive_s = connect.keep_alive_s;
    }
    const bool told = session_present_ && level_ != kV3_1;
    trace_("broker", [&] {
        return std::string{"has session "} + std::to_string(ledger_.epoch) +
               (session_present_ ? ", resumed" : ", new") + "; receive maximum " +
               std::to_string(offer_.receive_maximum) + ", maximum QoS " +
               std::to_string(offer_.maximum_qos) + ", packet size " +
               std::to_string(offer_.packet_bytes_max);
    });
    const Property* const assigned = find(properties, PropertyId::assigned_client_identifier);
    send(connack(level_, told, 0, properties),
         {.kind = Notice::Kind::connack,
          .session_present = told,
          .expiry_s = expiry_s_,
          .client_id = assigned == nullptr ? std::string{} : assigned->text});
    send_releases();
    send_waiting();
}

void Broker::begin_session(const ReceivedConnect& connect, Time now) {
    // A client without an identifier is given a new one, and so a new session, v5 [MQTT-3.1.3-6].
    if (session_exists_ &&
        (connect.client_id.empty() || connect.clean_start || (expires_at_ && now >= *expires_at_))) {
        forget_session();
    }
    session_present_ = session_exists_;
    if (!session_exists_) {
        session_exists_ = true;
        ++ledger_.epoch;
    }
    expires_at_.reset();
    expiry_s_ = level_ == kV5         ? number_of(connect.properties, PropertyId::session_expiry_interval, 0)
                : connect.clean_start ? 0
                                      : kNever;
}

// Brokers that know no 5.0 differ in how they say so.
void Broker::refuse_version() {
    stage_ = Stage::finished;
    if (dice_.chance(40)) {
        send(packet(0x20, std::string_view{"\x00\x01", 2}), {.kind = Notice::Kind::connack, .reason = 0x84});
    } else if (dice_.chance(50)) {
        send(connack(kV5, false, 0x84, {}), {.kind = Notice::Kind::connack, .reason = 0x84});
    } else if (dice_.chance(50)) {
        send(packet(0x20, std::string_view{"\x00\x00", 2}));
    }
}

bool Broker::refuse(const ReceivedConnect&) {
    if (!refuses_now()) {
        return false;
    }
    stage_ = Stage::finished;
    const std::uint8_t code = level_ == kV5 ? dice_.pick(kRefusalsOf5) : dice_.pick(kRefusalsOf3);
    Properties properties;
    if (code == 0x9C || code == 0x9D) {
        properties.push_back({PropertyId::server_reference, 0, "elsewhere.example"});
    }
    if (dice_.chance(30)) {
        properties.push_back({PropertyId::reason_string, 0, "not today"});
    }
    send(connack(level_, false, code, properties), {.kind = Notice::Kind::connack, .reason = code});
    return true;
}

Properties Broker::draw_offer(const ReceivedConnect& connect) {
    Properties properties;
    const auto shrink = [&](PropertyId id, bool& available, unsigned percent) {
        available = !settings_.shrinks || !dice_.chance(percent);
        if (!available || dice_.chance(20)) {
            properties.push_back({id, available ? 1u : 0u});
        }
    };
    offer_.keep_alive_s = connect.keep_alive_s;
    if (settings_.keep_alive_s && dice_.chance(60)) {
        offer_.keep_alive_s = *settings_.keep_alive_s;
        properties.push_back({PropertyId::server_keep_alive, offer_.keep_alive_s});
    }
    if (settings_.expiry_s && dice_.chance(60)) {
        expiry_s_ = *settings_.expiry_s;
        properties.push_back({PropertyId::session_expiry_interval, expiry_s_});
    }
    if (connect.client_id.empty()) {  // v5 [MQTT-3.2.2-16]
        properties.push_back(
            {PropertyId::assigned_client_identifier, 0, "given-" + std::to_string(++assigned_ids_)});
    }
    if (dice_.chance(90)) {
        offer_.receive_maximum = static_cast<std::uint16_t>(dice_.between(1, settings_.receive_maximum_max));
        properties.push_back({PropertyId::receive_maximum, offer_.receive_maximum});
    }
    if (settings_.topic_alias_maximum > 0 && dice_.chance(80)) {
        offer_.topic_alias_maximum =
            static_cast<std::uint16_t>(dice_.below(settings_.topic_alias_maximum + 1u));
        properties.push_back({PropertyId::topic_alias_maximum, offer_.topic_alias_maximum});
    }
    if (settings_.shrinks && dice_.chance(40)) {
        offer_.maximum_qos = static_cast<std::uint8_t>(dice_.below(2));
        properties.push_back({PropertyId::maximum_qos, offer_.maximum_qos});
    }
    if (settings_.shrinks && dice_.chance(40)) {
        offer_.packet_bytes_max = static_cast<std::uint32_t>(dice_.between(20, 80));
        properties.push_back({PropertyId::maximum_packet_size, offer_.packet_bytes_max});
    }
    shrink(PropertyId::retain_available, offer_.retain, 30);
    shrink(PropertyId::wildcard_subscription_available, offer_.wildcards, 20);
    shrink(PropertyId::subscription_identifier_available, offer_.identifiers, 20);
    shrink(PropertyId::shared_subscription_available, offer_.shared, 20);
    return properties;
}

void Broker::end_session_state() {
    for (const Outgoing& message : outgoing_) {
        ledger_.copy(message.copy)->dropped = true;
    }
    session_exists_ = false;
    expires_at_.reset();
    subscriptions_.clear();
    received_qos2_.clear();
    outgoing_.clear();
}

void Broker::forget_session() {
    if (session_exists_) {
        trace_("broker", [&] { return "forgets session " + std::to_string(ledger_.epoch); });
        end_session_state();
    }
}

void Broker::behave() {
    settings_.forgets = settings_.shrinks = settings_.refuses = settings_.strays = false;
    answers_pings_ = true;
}

std::optional<Time> Broker::deadline() const noexcept {
    if (stage_ != Stage::connected || offer_.keep_alive_s == 0) {
        return std::nullopt;
    }
    return last_packet_at_ + std::chrono::milliseconds{1'500} * offer_.keep_alive_s;
}

void Broker::tick(Time now) {
    if (const auto due = deadline(); due && now >= *due) {
        trace_("broker", [] { return std::string{"has heard nothing for one and a half keep-alives"}; });
        if (level_ == kV5) {
            send(disconnect(0x8D, {}));
        }
        stage_ = Stage::finished;
    }
}

}  // namespace multimqtt::simulation
