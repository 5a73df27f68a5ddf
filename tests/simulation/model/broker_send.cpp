// broker_send.cpp: messages and answers to the client, and what a broker does of its own accord.
#include "broker.hpp"
#include "topic.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::simulation {
namespace {

constexpr Level kV5 = 5;
constexpr std::uint8_t kFarewells[] = {0x00, 0x80, 0x83, 0x87, 0x89, 0x8B, 0x8E, 0x8E,
                                       0x8E, 0x97, 0x98, 0x9C, 0x9D, 0x9F, 0xA0};
constexpr std::size_t kUnreadBytesMax = 60'000;
// Payloads from here on are made to fill the largest packet that the client takes.
constexpr std::size_t kFilledFrom = 950;

Notice::Kind kind_of(AckType type) {
    constexpr Notice::Kind kKinds[] = {Notice::Kind::puback, Notice::Kind::pubrec, Notice::Kind::pubrel,
                                       Notice::Kind::pubcomp};
    return kKinds[static_cast<unsigned>(type) - 4];
}

template <class Items>
auto take_front(Items& items) {
    auto item = std::move(items.front());
    items.pop_front();
    return item;
}

}  // namespace

void Broker::send(std::string_view packet, Notice notice) {
    output.send(packet, std::move(notice));
}

void Broker::publish(std::string_view topic, std::uint8_t qos, bool retain, std::size_t payload_bytes) {
    Copy copy;
    copy.topic = topic;
    copy.payload_bytes = payload_bytes;
    copy.qos = qos;
    if (dice_.chance(20)) {
        copy.properties.push_back({PropertyId::content_type, 0, "text/plain"});
        copy.properties.push_back({PropertyId::user_property, 0, "name", "value"});
    }
    if (retain) {
        retained_[copy.topic] = copy;
    }
    if (!session_exists_) {
        return;
    }
    Copy merged = copy;
    merged.qos = 0;
    bool any = false;
    for (const auto& [filter, held] : subscriptions_) {
        if (!matches(level_ == kV5 ? inner_filter(filter) : std::string_view{filter}, topic)) {
            continue;
        }
        any = true;
        const auto granted = std::min(qos, held.granted);
        Copy own = copy;
        own.qos = granted;
        merged.qos = std::max(merged.qos, granted);
        if (held.identifier != 0) {
            own.properties.push_back({PropertyId::subscription_identifier, held.identifier});
            merged.properties.push_back(own.properties.back());
        }
        if (!settings_.merges) {
            queue_copy(std::move(own));
        }
    }
    if (settings_.merges && any) {
        queue_copy(std::move(merged));
    }
    send_waiting();
}

void Broker::queue_copy(Copy copy) {
    if (copy.qos == 0 && stage_ != Stage::connected) {
        return;
    }
    copy.epoch = ledger_.epoch;
    if (level_ != kV5) {
        copy.properties.clear();
    }
    ledger_.copies.push_back(std::move(copy));
    outgoing_.push_back({static_cast<Number>(ledger_.copies.size())});
}

void Broker::send_retained(const std::string& filter, const Held& held) {
    for (const auto& [topic, message] : retained_) {
        if (is_shared(filter) || !matches(filter, topic)) {
            continue;
        }
        Copy copy = message;
        copy.qos = std::min(copy.qos, held.granted);
        copy.retain = true;
        if (held.identifier != 0) {
            copy.properties.push_back({PropertyId::subscription_identifier, held.identifier});
        }
        queue_copy(std::move(copy));
    }
}

// v5 [MQTT-4.4.0-1], [MQTT-4.6.0-4]
void Broker::send_releases() {
    for (Outgoing& message : outgoing_) {
        if (message.released) {
            pubrels_.push_back({AckType::pubrel, message.packet_id});
            message.sent_here = true;
        }
    }
}

void Broker::send_waiting() {
    if (stage_ != Stage::connected) {
        return;
    }
    std::size_t open = 0;
    for (const Outgoing& message : outgoing_) {
        open += message.sent_here && ledger_.copy(message.copy)->qos > 0 ? 1u : 0u;
    }
    for (auto place = outgoing_.begin(); place != outgoing_.end() && output.bytes.size() < kUnreadBytesMax;) {
        const bool counts = ledger_.copy(place->copy)->qos > 0;
        if (place->sent_here) {
            ++place;
            continue;
        }
        if (counts && (open >= client_receive_maximum_ || open >= settings_.packet_id_max)) {
            return;
        }
        open += counts ? 1u : 0u;
        send_publish(*place);
        if (!counts || ledger_.copy(place->copy)->dropped) {
            open -= counts ? 1u : 0u;
            place = outgoing_.erase(place);
        } else {
            ++place;
        }
    }
}

void Broker::use_alias(SentPublish& publish, Properties& properties) {
    if (client_alias_maximum_ == 0 || !dice_.chance(60)) {
        return;
    }
    const auto alias = static_cast<std::uint16_t>(dice_.between(1, client_alias_maximum_));
    std::string& known = own_aliases_[alias];
    if (known == publish.topic) {
        publish.topic = {};
    } else {
        known = publish.topic;
    }
    properties.push_back({PropertyId::topic_alias, alias});
}

void Broker::send_publish(Outgoing& message) {
    Copy& copy = *ledger_.copy(message.copy);
    if (copy.qos > 0 && message.packet_id == 0) {
        do {
            last_packet_id_ = static_cast<std::uint16_t>(last_packet_id_ % settings_.packet_id_max + 1);
        } while (find_outgoing(last_packet_id_) != outgoing_.end());
        message.packet_id = last_packet_id_;
    }
    Properties properties = copy.properties;
    const bool exact =
        !message.sent_before && copy.payload_bytes >= kFilledFrom && client_packet_bytes_max_ <= 2'000;
    if (exact) {  // As large as the client takes, to the byte, should it come back with 5.0.
        const std::string full = payload_of(message.copy, copy.payload_bytes);
        const SentPublish whole{copy.topic, full, 1, copy.qos, false, copy.retain, &properties};
        copy.payload_bytes += client_packet_bytes_max_ - simulation::publish(kV5, whole).size();
    }
    const std::string payload = payload_of(message.copy, copy.payload_bytes);
    SentPublish publish{copy.topic,          payload,     message.packet_id, copy.qos,
                        message.sent_before, copy.retain, &properties};
    constexpr std::size_t kAliasBytesMax = 5;
    const std::size_t size = simulation::publish(level_, publish).size();
    if (size > client_packet_bytes_max_) {  // v5 [MQTT-3.1.2-25]
        copy.dropped = true;
        return;
    }
    if (size + kAliasBytesMax <= client_packet_bytes_max_) {
        use_alias(publish, properties);
    }
    if (copy.qos > 0) {
        (copy.qos == 1 ? expect_pubacks_ : expect_pubrecs_).push_back(message.packet_id);
    }
    trace_("broker", [&] {
        return "sends PUBLISH id " + std::to_string(message.packet_id) + " qos " + std::to_string(copy.qos) +
               (publish.dup ? " DUP" : "") + " \"" + std::string{copy.topic} + "\" delivery " +
               std::to_string(message.copy);
    });
    message.sent_here = message.sent_before = true;
    send(simulation::publish(level_, publish),
         {.kind = Notice::Kind::publish, .packet_id = message.packet_id, .copy = message.copy});
}

void Broker::send_debt(const Debt& debt) {
    if (debt.type == AckType::pubrel) {
        find_outgoing(debt.packet_id)->release_sent = true;
    } else if (debt.type != AckType::pubrec || debt.reason >= 0x80) {
        open_here_.erase(debt.packet_id);
    }
    trace_("broker", [&] {
        return "sends " + to_string(ClientPacket{ReceivedAck{debt.type, debt.packet_id, debt.reason}});
    });
    send(ack(level_, debt.type, debt.packet_id, level_ == kV5 ? debt.reason : std::uint8_t{0},
             dice_.chance(10)),
         {.kind = kind_of(debt.type), .packet_id = debt.packet_id, .reason = debt.reason});
}

// PUBACKs, PUBRECs and PUBRELs keep their order, each kind by itself; everything else may change places.
void Broker::answer_one() {
    if (stage_ != Stage::connected) {
        return;
    }
    std::deque<Debt>* const queues[] = {&pubacks_, &pubrecs_, &pubrels_, &pubcomps_};
    const std::size_t first = settings_.reorders ? dice_.below(6) : 0;
    for (std::size_t i = 0; i < 6; ++i) {
        const std::size_t choice = (first + i) % 6;
        if (choice < 4 && !queues[choice]->empty()) {
            if (choice == 3 && settings_.reorders) {
                std::swap(pubcomps_.front(), pubcomps_[dice_.below(pubcomps_.size())]);
            }
            send_debt(take_front(*queues[choice]));
            return;
        }
        if (choice == 4 && !requests_.empty()) {
            if (settings_.reorders) {
                std::swap(requests_.front(), requests_[dice_.below(requests_.size())]);
            }
            const Request request = take_front(requests_);
            trace_("broker", [&] {
                return (request.unsubscribe ? "sends UNSUBACK id " : "sends SUBACK id ") +
                       std::to_string(request.packet_id);
            });
            send(request.unsubscribe ? unsuback(level_, request.packet_id, request.codes)
                                     : suback(level_, request.packet_id, request.codes),
                 {.kind = request.unsubscribe ? Notice::Kind::unsuback : Notice::Kind::suback,
                  .packet_id = request.packet_id,
                  .codes = request.codes});
            return;
        }
        if (choice == 5 && pings_ > 0 && answers_pings_) {
            --pings_;
            send(pingresp());
            return;
        }
    }
}

void Broker::answer_all() {
    for (std::size_t i = 0; i < 1'000 && !owes_nothing() && stage_ == Stage::connected; ++i) {
        answer_one();
    }
}

bool Broker::owes_nothing() const noexcept {
    return pubacks_.empty() && pubrecs_.empty() && pubrels_.empty() && pubcomps_.empty() &&
           requests_.empty() && (pings_ == 0 || !answers_pings_);
}

void Broker::send_stray() {
    if (stage_ != Stage::connected || !settings_.strays) {
        return;
    }
    // The client never uses such an identifier, so this can only be about a session that it does not know.
    const auto packet_id = static_cast<std::uint16_t>(65'535 - dice_.below(10));
    if (packet_id <= settings_.packet_id_client_max) {
        return;
    }
    switch (dice_.below(4)) {
        case 0:
            send(ack(level_, AckType::puback, packet_id, 0, false));
            break;
        case 1:
            send(ack(level_, AckType::pubrec, packet_id, 0, false),
                 {.kind = Notice::Kind::pubrec, .packet_id = packet_id});
            break;
        case 2:
            send(ack(level_, AckType::pubcomp, packet_id, 0, false));
            break;
        case 3:
            send(suback(level_, packet_id, std::string_view{"\0", 1}));
            break;
    }
}

void Broker::say_goodbye() {
    if (stage_ != Stage::connected) {
        return;
    }
    std::uint8_t reason = 0;
    if (level_ == kV5 && dice_.chance(80)) {
        reason = dice_.pick(kFarewells);
        Properties properties;
        if (reason == 0x9C || reason == 0x9D) {
            properties.push_back({PropertyId::server_reference, 0, "elsewhere.example"});
        }
        send(disconnect(reason, properties), {.kind = Notice::Kind::disconnect, .reason = reason});
    }
    trace_("broker", [&] { return "says goodbye, reason " + std::to_string(reason); });
    stage_ = Stage::finished;
}

Broker::Openings Broker::openings() const {
    Openings openings;
    if (!pubacks_.empty()) {
        openings.qos1_message = pubacks_.back().packet_id;
    }
    if (!pubrecs_.empty()) {
        openings.qos2_message = pubrecs_.back().packet_id;
    }
    for (const Request& request : requests_) {
        if (!request.unsubscribe) {
            openings.subscribe = request.packet_id;
            openings.filters = request.codes.size();
        }
    }
    for (std::uint16_t alias = client_alias_maximum_; alias > 0; --alias) {
        if (!own_aliases_.contains(alias)) {
            openings.undefined_alias = alias;
        }
    }
    return openings;
}

void Broker::send_hostile(std::string_view bytes) {
    hostile_ = true;
    send(bytes);
}

std::deque<Broker::Outgoing>::iterator Broker::find_outgoing(std::uint16_t packet_id) {
    return std::ranges::find(outgoing_, packet_id, &Outgoing::packet_id);
}

}  // namespace multimqtt::simulation
