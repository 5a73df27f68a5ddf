// The rules that every packet of a client is held against.
#include "client_watch.hpp"

namespace multimqtt::fuzz {

void ClientWatch::connection_lost() {
    connect_sent_ = disconnect_sent_ = connack_taken_ = false;
    grants_ = {};
    aliases_.clear();
    requests_.clear();
    pubacks_.clear();
    releases_.clear();
    sent_here_.clear();
    last_new_here_ = 0;
    for (ClientMessage& message : client_messages_) {
        message.here = message.release_sent = false;
    }
    for (BrokerMessage& message : broker_messages_) {
        message.here = false;
    }
}

void ClientWatch::cut_off(session::Token token) {
    if (token == 0) {
        begun_unknown_ = true;
    } else {
        begun_.insert(token);
    }
}

void ClientWatch::lose_session() {
    client_messages_.clear();
    broker_messages_.clear();
    begun_.clear();
    begun_unknown_ = false;
    delivered_once_.clear();
    honest_ = true;
}

// What the client writes.

void ClientWatch::sent(const wire::Packet& packet, std::size_t bytes) {
    const auto* const connect = std::get_if<wire::Connect>(&packet);
    // v5 [MQTT-3.1.0-1], v5 [MQTT-3.1.0-2]
    require(connect_sent_ == (connect == nullptr), "CONNECT is not the first packet, or not the only one");
    require(!disconnect_sent_, "a packet follows DISCONNECT");  // v5 [MQTT-3.14.4-1]
    connect_sent_ = true;
    if (connect != nullptr) {
        return;
    }
    disconnect_sent_ = std::holds_alternative<wire::Disconnect>(packet);
    require(connack_taken_ || disconnect_sent_, "a packet before CONNACK");
    // v5 [MQTT-3.2.2-15]
    require(!grants_.maximum_packet_size || bytes <= *grants_.maximum_packet_size,
            "a packet above the broker's Maximum Packet Size");
    if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
        check_publish(*publish);
    } else if (const auto* puback = std::get_if<wire::Puback>(&packet)) {
        const auto message = find(broker_messages_, puback->packet_id);
        const bool known =
            message != broker_messages_.end() && message->qos == Qos::at_least_once && message->here;
        require_honestly(known, "PUBACK for a message that is not open");
        if (known) {
            // v5 [MQTT-4.6.0-2]
            require_honestly(!pubacks_.empty() && pubacks_.front() == message->number, "PUBACK out of order");
            require_honestly(acknowledged_.contains(message->number), "PUBACK before the application's word");
            std::erase(pubacks_, message->number);
            broker_messages_.erase(message);
        }
    } else if (const auto* pubrec = std::get_if<wire::Pubrec>(&packet)) {
        const auto message = find(broker_messages_, pubrec->packet_id);
        const bool known =
            message != broker_messages_.end() && message->qos == Qos::exactly_once && message->here;
        require_honestly(known, "PUBREC for a message that is not open");
        if (known) {
            require_honestly(acknowledged_.contains(message->number), "PUBREC before the application's word");
            message->received = true;
            if (is_failure(pubrec->reason_code)) {
                broker_messages_.erase(message);
            }
        }
    } else if (const auto* pubcomp = std::get_if<wire::Pubcomp>(&packet)) {
        require_honestly(releases_[pubcomp->packet_id] > 0, "PUBCOMP without PUBREL");
        releases_[pubcomp->packet_id] -= std::min(1U, releases_[pubcomp->packet_id]);
    } else if (const auto* pubrel = std::get_if<wire::Pubrel>(&packet)) {
        const auto message = find(client_messages_, pubrel->packet_id);
        const bool known = message != client_messages_.end() && message->qos == Qos::exactly_once &&
                           (message->received || message->given_up);
        require_honestly(known, "PUBREL without PUBREC");
        if (known) {
            message->here = message->release_sent = message->received = true;
        }
    } else if (const auto* subscribe = std::get_if<wire::Subscribe>(&packet)) {
        check_request(subscribe->packet_id, subscribe->subscriptions.size(), false);
    } else if (const auto* unsubscribe = std::get_if<wire::Unsubscribe>(&packet)) {
        check_request(unsubscribe->packet_id, unsubscribe->filters.size(), true);
    } else {
        require(!std::holds_alternative<wire::Auth>(packet), "AUTH without an authentication method");
    }
}

void ClientWatch::check_request(std::uint16_t packet_id, std::size_t filters, bool unsubscribe) {
    // v5 [MQTT-2.2.1-3]
    require_honestly(find(requests_, packet_id) == requests_.end() &&
                         find(client_messages_, packet_id) == client_messages_.end(),
                     "a request with a packet identifier that is in use");
    require(filters > 0, "a request without filters");  // v5 [MQTT-3.8.3-2]
    requests_.push_back({packet_id, filters, unsubscribe});
}

void ClientWatch::check_publish(const wire::Publish& publish) {
    const session::Token token = number_in(publish.payload);
    const auto accepted = accepted_.find(token);
    if (accepted == accepted_.end()) {
        require(false, "a message that was not accepted");
        return;
    }
    check_topic(publish, accepted->second);
    require(publish.qos == accepted->second.qos, "a message with another QoS");
    require(!grants_.maximum_qos || publish.qos <= *grants_.maximum_qos, "a QoS above the maximum");
    require(grants_.retain_available.value_or(true) || !publish.retain, "a retained message");
    check_order(token);
    if (publish.qos == Qos::at_most_once) {
        require(!publish.dup, "DUP with QoS 0");  // v5 [MQTT-3.3.1-2]
        require(!sent_.contains(token), "a message of QoS 0 that is sent twice");
    } else {
        check_kept(publish, token);
    }
    sent_.insert(token);
}

// v5 [MQTT-4.6.0-1]: what has to be sent again comes first, in its old order; what is new follows in the
// order in which it was accepted.
void ClientWatch::check_order(session::Token token) {
    const bool again =
        std::ranges::find(client_messages_, token, &ClientMessage::token) != client_messages_.end();
    if (!again) {
        const bool all_sent = std::ranges::all_of(client_messages_, [](const ClientMessage& message) {
            return message.here || message.received || message.given_up;
        });
        require_honestly(all_sent, "a new message overtakes one that has to be sent again");
        const bool next = last_new_here_ < token || begun_.contains(token) || begun_unknown_;
        require_honestly(next, "a new message overtakes an older one");
        last_new_here_ = std::max(last_new_here_, token);
    }
    require(sent_here_.insert(token).second, "a message that is sent twice on one connection");
}

void ClientWatch::check_topic(const wire::Publish& publish, const Accepted& accepted) {
    std::string_view topic = publish.topic;
    if (publish.properties.topic_alias) {
        const std::uint16_t alias = *publish.properties.topic_alias;
        // v5 [MQTT-3.2.2-17]
        require(alias <= grants_.topic_alias_maximum.value_or(0), "a topic alias above the maximum");
        if (!topic.empty()) {
            aliases_[alias] = topic;
        }
        topic = aliases_[alias];
    }
    require(topic == accepted.topic, "a message with another topic, or an alias that is not defined here");
}

void ClientWatch::check_kept(const wire::Publish& publish, session::Token token) {
    const auto same = std::ranges::find(client_messages_, token, &ClientMessage::token);
    if (same != client_messages_.end()) {
        require_honestly(same->packet_id == publish.packet_id, "a message again with another identifier");
        require_honestly(!same->here, "a message again on the same connection");
        require_honestly(publish.dup, "a message again without DUP");  // v5 [MQTT-3.3.1-1]
        require_honestly(!same->received && !same->given_up, "a message again after PUBREL");
        const bool in_order = std::all_of(client_messages_.begin(), same, [](const ClientMessage& earlier) {
            return earlier.here || earlier.received || earlier.given_up;
        });
        require_honestly(in_order, "messages again in another order");  // v5 [MQTT-4.6.0-1]
        same->here = true;
    } else {
        const bool begun = begun_.contains(token);
        require_honestly(publish.dup ? begun || begun_unknown_ : !begun, "DUP is wrong");
        require_honestly(find(requests_, publish.packet_id) == requests_.end() &&
                             find(client_messages_, publish.packet_id) == client_messages_.end(),
                         "a message with a packet identifier that is in use");
        client_messages_.push_back({publish.packet_id, publish.qos, token});
    }
    const auto open = std::ranges::count_if(client_messages_, &ClientMessage::here);
    // v5 [MQTT-3.3.4-7]
    require_honestly(open <= grants_.receive_maximum.value_or(65'535),
                     "more open messages than Receive Maximum");
}

// What the client reads.

void ClientWatch::received(const wire::Packet& packet) {
    if (const auto* connack = std::get_if<wire::Connack>(&packet)) {
        take(*connack);
    } else if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
        take(*publish);
    } else if (const auto* puback = std::get_if<wire::Puback>(&packet)) {
        const auto message = find(client_messages_, puback->packet_id);
        if (message == client_messages_.end() || message->qos != Qos::at_least_once || !message->here) {
            return distrust();
        }
        if (!is_failure(puback->reason_code)) {
            answered_well_.insert(message->token);
        }
        client_messages_.erase(message);
    } else if (const auto* pubrec = std::get_if<wire::Pubrec>(&packet)) {
        const auto message = find(client_messages_, pubrec->packet_id);
        const bool open = message != client_messages_.end() && message->qos == Qos::exactly_once &&
                          message->here && !message->given_up;
        if (!open || (message->received && is_failure(pubrec->reason_code))) {
            return distrust();
        }
        if (is_failure(pubrec->reason_code)) {
            client_messages_.erase(message);
        } else {
            message->received = true;
            answered_well_.insert(message->token);
        }
    } else if (const auto* pubcomp = std::get_if<wire::Pubcomp>(&packet)) {
        const auto message = find(client_messages_, pubcomp->packet_id);
        if (message == client_messages_.end() || !message->release_sent) {
            return distrust();
        }
        client_messages_.erase(message);
    } else if (const auto* pubrel = std::get_if<wire::Pubrel>(&packet)) {
        ++releases_[pubrel->packet_id];
        const auto message = find(broker_messages_, pubrel->packet_id);
        if (message != broker_messages_.end()) {
            if (!message->received || message->qos != Qos::exactly_once) {
                return distrust();
            }
            broker_messages_.erase(message);
        }
    } else if (const auto* suback = std::get_if<wire::Suback>(&packet)) {
        take_answer(suback->packet_id, false);
    } else if (const auto* unsuback = std::get_if<wire::Unsuback>(&packet)) {
        take_answer(unsuback->packet_id, true);
    }
}

void ClientWatch::take_answer(std::uint16_t packet_id, bool unsubscribe) {
    const auto request = find(requests_, packet_id);
    if (request == requests_.end() || request->unsubscribe != unsubscribe) {
        return distrust();
    }
    requests_.erase(request);
}

void ClientWatch::take(const wire::Connack& connack) {
    if (connack_taken_ || connack.reason_code != ReasonCode::success) {
        return distrust();
    }
    connack_taken_ = true;
    grants_ = connack.properties;
    // The CONNACK of 3.1 does not tell; the client takes the session for kept when it asked for that.
    const bool present = version_ == ProtocolVersion::v3_1 ? !clean_start_ : connack.session_present;
    if (!present) {
        lose_session();
    }
}

void ClientWatch::take(const wire::Publish& publish) {
    if (publish.qos == Qos::at_most_once) {
        return;
    }
    const std::uint64_t number = number_in(publish.payload);
    const auto message = find(broker_messages_, publish.packet_id);
    if (message == broker_messages_.end()) {
        if (publish.dup || number == 0 || delivered_once_.contains(number)) {
            distrust();  // A repetition of something that this broker has not sent.
        }
        broker_messages_.push_back({publish.packet_id, publish.qos, number});
    } else if (message->qos != publish.qos || message->number != number || !publish.dup || message->here) {
        return distrust();
    } else {
        message->here = true;
    }
    if (publish.qos == Qos::at_least_once) {
        pubacks_.push_back(number);
    }
}

// What the client tells its application.

void ClientWatch::published(session::Token token) {
    const auto accepted = accepted_.find(token);
    if (accepted == accepted_.end()) {
        return require(false, "an event for a message that was not accepted");
    }
    if (accepted->second.qos == Qos::at_most_once) {
        require(sent_.contains(token), "a message of QoS 0 that ends well before it has left");
    } else {
        // A PUBREC that came too early counts on the connection after it.
        require(answered_well_.contains(token) || !always_honest_,
                "a message that ends well before its acknowledgement");
    }
}

void ClientWatch::publish_failed(session::Token token) {
    const auto message = std::ranges::find(client_messages_, token, &ClientMessage::token);
    if (message == client_messages_.end()) {
        return;
    }
    if (message->qos == Qos::exactly_once) {
        message->given_up = true;  // Its identifier is free once PUBREL has been answered.
    } else {
        client_messages_.erase(message);
    }
}

void ClientWatch::delivered(std::uint64_t number, Qos qos) {
    if (qos == Qos::exactly_once && !refused_.contains(number)) {
        // v5 [MQTT-4.3.3-10]
        require_honestly(delivered_once_.insert(number).second, "a message of QoS 2 that is delivered twice");
    }
}

void ClientWatch::acknowledged(std::uint64_t number, bool well) {
    acknowledged_.insert(number);
    if (!well) {
        refused_.insert(number);
    }
}

}  // namespace multimqtt::fuzz
