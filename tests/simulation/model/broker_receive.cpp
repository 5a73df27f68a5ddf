// broker_receive.cpp: the client's packets, held against everything that MQTT asks of a client.
#include "broker.hpp"
#include "topic.hpp"

#include <algorithm>

namespace multimqtt::simulation {
namespace {

constexpr Level kV3_1 = 3;
constexpr Level kV5 = 5;
constexpr std::uint8_t kPacketIdentifierNotFound = 0x92;

// What says how a message is sent, and not what it is.
bool belongs_to_the_message(const Property& property) {
    return property.id != PropertyId::topic_alias && property.id != PropertyId::message_expiry_interval;
}

}  // namespace

void Broker::receive(std::string_view bytes, Time now) {
    if (stage_ == Stage::absent || stage_ == Stage::finished) {
        return;
    }
    input_.append(bytes);
    std::size_t done = 0;
    try {
        while (stage_ != Stage::finished && verdict_.holds()) {
            const auto frame = next_frame(std::string_view{input_}.substr(done));
            if (!frame) {
                break;
            }
            const ClientPacket packet = decode(*frame, level_);
            trace_("broker", [&] { return "gets " + to_string(packet); });
            const bool is_connect = std::holds_alternative<ReceivedConnect>(packet);
            if (is_connect != (stage_ == Stage::awaiting_connect)) {  // v5 [MQTT-3.1.0-1], [MQTT-3.1.0-2]
                throw Violation{Check::connect_not_first,
                                "CONNECT is not the first packet, or not the only one"};
            }
            if (disconnected_) {  // v5 [MQTT-3.14.4-1]
                throw Violation{Check::bytes_after_disconnect, "a packet follows DISCONNECT"};
            }
            if (frame->bytes > offer_.packet_bytes_max) {  // v5 [MQTT-3.2.2-15]
                throw Violation{Check::packet_above_maximum, std::to_string(frame->bytes) + " bytes, above " +
                                                                 std::to_string(offer_.packet_bytes_max)};
            }
            last_packet_at_ = now;
            std::visit([&](const auto& known) { handle(known, now); }, packet);
            done += frame->bytes;
        }
    } catch (const Violation& violation) {
        verdict_.violated(violation.check, violation.text);
    }
    input_.erase(0, done);
}

std::string Broker::topic_of(const ReceivedPublish& publish) {
    const Property* const alias = find(publish.properties, PropertyId::topic_alias);
    if (alias == nullptr) {
        return publish.topic;
    }
    const auto number = static_cast<std::uint16_t>(alias->number);
    if (number > offer_.topic_alias_maximum) {
        throw Violation{Check::alias_above_maximum,
                        "topic alias " + std::to_string(number)};  // v5 [MQTT-3.2.2-17]
    }
    if (publish.topic.empty()) {
        if (!client_aliases_.contains(number)) {  // v5 [MQTT-3.3.2-7]
            throw Violation{Check::alias_unknown,
                            "topic alias " + std::to_string(number) + " was not defined on this connection"};
        }
        return client_aliases_[number];
    }
    return client_aliases_[number] = publish.topic;
}

bool Broker::check_publish(const ReceivedPublish& publish, Message& message) {
    const Number number = number_of(publish.payload);
    const auto wrong = [&](Check check, const std::string& text) {
        verdict_.violated(check, "message " + std::to_string(number) + ": " + text);
        return false;
    };
    Properties properties;
    std::ranges::copy_if(publish.properties, std::back_inserter(properties), belongs_to_the_message);
    if (topic_of(publish) != message.topic || publish.payload != payload_of(number, message.payload_bytes) ||
        publish.qos != message.qos || publish.retain != message.retain ||
        (level_ == kV5 && !same(std::move(properties), message.properties))) {
        return wrong(Check::message_altered, "it is not what the application handed over");
    }
    if (publish.qos > offer_.maximum_qos) {  // v5 [MQTT-3.2.2-11]
        return wrong(Check::qos_above_maximum, "QoS " + std::to_string(publish.qos));
    }
    if (publish.retain && !offer_.retain) {  // v5 [MQTT-3.2.2-14]
        return wrong(Check::retain_unavailable, "retained");
    }
    // Resent messages come first and in their old order, and new ones overtake nobody, v5 [MQTT-4.6.0-1].
    if (number <= last_number_ || (!message.sighted && number < last_number_seen_)) {
        return wrong(Check::publish_overtaken,
                     "after message " + std::to_string(std::max(last_number_, last_number_seen_)));
    }
    if (publish.qos > 0 &&
        (open_here_.contains(publish.packet_id) ||
         std::ranges::find(requests_, publish.packet_id, &Request::packet_id) != requests_.end())) {
        return wrong(Check::packet_id_in_use, "packet identifier " + std::to_string(publish.packet_id));
    }
    if (publish.dup && !session_present_ && level_ != kV3_1) {  // v5 [MQTT-4.4.0-1]; 3.1 does not tell.
        return wrong(Check::dup_wrong, "sent again, though the session is new");
    }
    return true;
}

void Broker::handle(const ReceivedPublish& publish, Time) {
    const Number number = number_of(publish.payload);
    Message* const message = ledger_.message(number);
    if (message == nullptr) {
        throw Violation{Check::message_altered, "a message that the application never handed over"};
    }
    if (!check_publish(publish, *message)) {
        return;
    }
    message->sighted = true;
    last_number_ = number;
    last_number_seen_ = std::max(last_number_seen_, number);
    if (message->seen_epoch != ledger_.epoch) {
        message->seen_epoch = ledger_.epoch;
        message->seen_in_epoch = 0;
    }
    if (publish.qos > 0) {
        open_here_.insert(publish.packet_id);
        if (open_here_.size() > offer_.receive_maximum) {  // v5 [MQTT-3.3.4-7]
            throw Violation{Check::quota_exceeded, std::to_string(open_here_.size()) +
                                                       " messages are open, of " +
                                                       std::to_string(offer_.receive_maximum)};
        }
        keep(publish, number, *message);
        return;
    }
    if (++message->seen > 1) {
        throw Violation{Check::message_duplicated,
                        "message " + std::to_string(number) + " of QoS 0 came twice"};
    }
}

void Broker::keep(const ReceivedPublish& publish, Number number, Message& message) {
    const bool qos2 = publish.qos == 2;
    auto& owed = qos2 ? pubrecs_ : pubacks_;
    const AckType type = qos2 ? AckType::pubrec : AckType::puback;
    if (const auto known = received_qos2_.find(publish.packet_id); known != received_qos2_.end()) {
        const bool same = known->second == number;
        if (!same && ledger_.message(known->second)->process == message.process) {  // v5 [MQTT-2.2.1-3]
            throw Violation{
                Check::packet_id_in_use,
                "packet identifier " + std::to_string(publish.packet_id) + " is used anew before PUBREL"};
        }
        if (same && !publish.dup) {  // v5 [MQTT-3.3.1-1]
            throw Violation{Check::dup_missing, "message " + std::to_string(number) + " again, without DUP"};
        }
        if (qos2) {
            message.swallowed = message.swallowed || !same;
            owed.push_back({type, publish.packet_id});  // v5 [MQTT-4.3.3-10]
            return;
        }
    }
    if (level_ == kV5 && message.seen_in_epoch == 0 && refuses_now()) {
        message.refused = true;
        owed.push_back({type, publish.packet_id, dice_.chance(50) ? std::uint8_t{0x87} : std::uint8_t{0x97}});
        return;
    }
    ++message.seen;
    if (++message.seen_in_epoch > 1 && qos2) {
        throw Violation{Check::message_duplicated,
                        "message " + std::to_string(number) + " of QoS 2 came twice"};
    }
    if (qos2) {
        received_qos2_[publish.packet_id] = number;
    }
    owed.push_back(
        {type, publish.packet_id, level_ == kV5 && dice_.chance(10) ? std::uint8_t{0x10} : std::uint8_t{0}});
}

void Broker::handle(const ReceivedAck& ack, Time) {
    switch (ack.type) {
        case AckType::puback:
            handle_puback(ack);
            break;
        case AckType::pubrec:
            handle_pubrec(ack);
            break;
        case AckType::pubrel:
            handle_pubrel(ack);
            break;
        case AckType::pubcomp:
            handle_pubcomp(ack);
            break;
    }
}

// v5 [MQTT-4.6.0-2], [MQTT-4.6.0-3]
bool Broker::in_turn(std::deque<std::uint16_t>& expected, const ReceivedAck& ack) {
    if (!expected.empty() && expected.front() == ack.packet_id) {
        expected.pop_front();
        return true;
    }
    const bool known = std::ranges::find(expected, ack.packet_id) != expected.end();
    verdict_.violated(
        known ? Check::ack_out_of_order : Check::ack_unknown,
        to_string(ClientPacket{ack}) + (known ? " before its turn" : " for what was not sent here"));
    return false;
}

void Broker::check_acknowledged(const Outgoing& message, const ReceivedAck& ack) {
    const Copy& copy = *ledger_.copy(message.copy);
    if (copy.process == ledger_.process && !copy.acknowledged) {
        verdict_.violated(Check::ack_too_early, "delivery " + std::to_string(message.copy) +
                                                    " before the application had acknowledged it");
    }
    if (ack.reason != (level_ == kV5 ? copy.reason : 0)) {
        verdict_.violated(Check::ack_reason_wrong, "delivery " + std::to_string(message.copy) +
                                                       " with reason " + std::to_string(ack.reason));
    }
}

void Broker::handle_puback(const ReceivedAck& ack) {
    if (!in_turn(expect_pubacks_, ack)) {
        return;
    }
    const auto found = find_outgoing(ack.packet_id);
    check_acknowledged(*found, ack);
    outgoing_.erase(found);
    send_waiting();
}

void Broker::handle_pubrec(const ReceivedAck& ack) {
    if (!in_turn(expect_pubrecs_, ack)) {
        return;
    }
    const auto found = find_outgoing(ack.packet_id);
    check_acknowledged(*found, ack);
    if (ack.reason >= 0x80) {  // v5 [MQTT-4.3.3-9]
        outgoing_.erase(found);
        send_waiting();
        return;
    }
    found->released = true;
    pubrels_.push_back({AckType::pubrel, ack.packet_id});
}

void Broker::handle_pubcomp(const ReceivedAck& ack) {
    const auto found = find_outgoing(ack.packet_id);
    if (found == outgoing_.end() || !found->release_sent) {
        throw Violation{Check::ack_unknown, "PUBCOMP " + std::to_string(ack.packet_id) + " without PUBREL"};
    }
    outgoing_.erase(found);
    send_waiting();
}

void Broker::handle_pubrel(const ReceivedAck& ack) {
    const bool known = received_qos2_.erase(ack.packet_id) > 0;
    if (ack.reason == 0) {
        open_here_.insert(ack.packet_id);  // It stays open until PUBCOMP.
    }
    pubcomps_.push_back(
        {AckType::pubcomp, ack.packet_id, known ? std::uint8_t{0} : kPacketIdentifierNotFound});
}

void Broker::check_request_id(std::uint16_t packet_id) {
    if (open_here_.contains(packet_id) || received_qos2_.contains(packet_id) ||
        std::ranges::find(requests_, packet_id, &Request::packet_id) != requests_.end()) {
        // An identifier that an earlier life of the client has left behind is none of this one's.
        const auto left = received_qos2_.find(packet_id);
        if (left == received_qos2_.end() || ledger_.message(left->second)->process == ledger_.process) {
            throw Violation{Check::packet_id_in_use,
                            "packet identifier " + std::to_string(packet_id) + " of a request is in use"};
        }
    }
}

std::uint8_t Broker::answer_to(const RequestedFilter& requested, std::uint32_t identifier) {
    if ((is_shared(requested.filter) && level_ == kV5 && !offer_.shared) ||
        (identifier != 0 && !offer_.identifiers) || (!offer_.wildcards && has_wildcard(requested.filter))) {
        throw Violation{Check::subscription_unavailable, "\"" + requested.filter + "\" is not on offer"};
    }
    if (refuses_now()) {
        return level_ == kV5 && dice_.chance(50) ? 0x87 : 0x80;
    }
    return settings_.refuses && requested.qos > 0 && dice_.chance(10)
               ? static_cast<std::uint8_t>(requested.qos - 1)
               : requested.qos;
}

void Broker::handle(const ReceivedSubscribe& subscribe, Time) {
    check_request_id(subscribe.packet_id);
    const std::uint32_t identifier = number_of(subscribe.properties, PropertyId::subscription_identifier, 0);
    Request request{false, subscribe.packet_id, {}};
    std::vector<std::pair<std::string, Held>> retained;
    for (const RequestedFilter& requested : subscribe.filters) {
        const std::uint8_t answer = answer_to(requested, identifier);
        request.codes.push_back(static_cast<char>(answer));
        if (answer >= 0x80) {
            continue;
        }
        Held held{requested, identifier};
        held.granted = answer;
        const bool is_new = subscriptions_.insert_or_assign(requested.filter, held).second;
        if (requested.retain_handling == 0 || (requested.retain_handling == 1 && is_new)) {
            retained.emplace_back(requested.filter, held);
        }
    }
    requests_.push_back(std::move(request));
    for (const auto& [filter, held] : retained) {
        send_retained(filter, held);
    }
    send_waiting();
}

void Broker::handle(const ReceivedUnsubscribe& unsubscribe, Time) {
    check_request_id(unsubscribe.packet_id);
    Request request{true, unsubscribe.packet_id, {}};
    for (const std::string& filter : unsubscribe.filters) {
        if (level_ == kV5 && refuses_now()) {
            request.codes.push_back(static_cast<char>(0x87));
            continue;
        }
        request.codes.push_back(subscriptions_.erase(filter) > 0 ? '\0' : '\x11');
    }
    requests_.push_back(std::move(request));
}

void Broker::handle(const ReceivedPingreq&, Time) {
    ++pings_;
}

void Broker::handle(const ReceivedDisconnect& disconnect, Time) {
    disconnected_ = true;
    if (find(disconnect.properties, PropertyId::session_expiry_interval) != nullptr && expiry_s_ == 0) {
        throw Violation{Check::property_not_allowed,
                        "DISCONNECT revives a session that ends with its connection"};
    }
    if (disconnect.reason > 0x80 && disconnect.reason != 0x98 && !hostile_) {
        throw Violation{Check::broker_blamed, "DISCONNECT with reason " + std::to_string(disconnect.reason)};
    }
}

}  // namespace multimqtt::simulation
