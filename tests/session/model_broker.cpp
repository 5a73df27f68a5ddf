// The model broker and its checks.
#include "model_broker.hpp"

#include <algorithm>

namespace multimqtt::session {
namespace {

std::string topic_text(unsigned topic) {
    return "topic/" + std::to_string(topic);
}

}  // namespace

void ModelBroker::connection_opened() {
    input_.clear();
    output.clear();
    connected_ = disconnected_ = closing_ = false;
    packet_bytes_max_ = wire::kPacketBytesMax;
    version_ = settings_.version;
}

void ModelBroker::connection_lost() {
    connected_ = closing_ = false;
    input_.clear();
    output.clear();
    owed_.clear();  // What was owed is lost with the connection, like bytes in its buffers.
    open_here_.clear();
    client_aliases_.clear();
    own_aliases_.clear();
    expect_pubacks_.clear();
    expect_pubrecs_.clear();
    for (Outgoing& message : outgoing_) {
        message.sent_here = false;
    }
    std::erase_if(outgoing_, [](const Outgoing& message) { return message.qos == Qos::at_most_once; });
}

void ModelBroker::forget_session() {
    session_exists_ = false;
    received_qos2_.clear();
    unfinished_qos1_.clear();
    outgoing_.clear();
    subscriptions.clear();
    last_number_.clear();
    ++sessions_lost;
}

void ModelBroker::receive(std::span<const std::byte> bytes) {
    input_.insert(input_.end(), bytes.begin(), bytes.end());
    const wire::DecodeOptions options{version_, wire::Sender::client, wire::kPacketBytesMax};
    std::size_t done = 0;
    while (!closing_) {
        const wire::Decoded decoded = wire::decode(std::span{input_}.subspan(done), options);
        ASSERT_NE(decoded.status, wire::DecodeStatus::failed) << decoded.failure.message();
        if (decoded.status == wire::DecodeStatus::need_more) {
            break;
        }
        EXPECT_FALSE(disconnected_) << "bytes after DISCONNECT, v5 [MQTT-3.14.4-1]";
        EXPECT_LE(decoded.bytes, packet_bytes_max_) << "v5 [MQTT-3.2.2-15]";
        EXPECT_EQ(connected_, !std::holds_alternative<wire::Connect>(decoded.packet))
            << wire::name(wire::type_of(decoded.packet))
            << " has to follow CONNECT, which comes first, v5 and v3.1.1 [MQTT-3.1.0-1]";
        std::visit([this](const auto& packet) { handle(packet); }, decoded.packet);
        done += decoded.bytes;
    }
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(done));
}

// Brokers that know no 5.0 differ in how they say so.
void ModelBroker::refuse_connection(const wire::Connect& connect) {
    closing_ = true;
    if (connect.version <= settings_.version) {
        send(wire::Connack{false, ReasonCode::server_unavailable, {}});
    } else if (random_.chance(70)) {
        const unsigned char code = random_.chance(50) ? 1 : 0;
        for (const unsigned char byte : {std::uint8_t{0x20}, std::uint8_t{2}, std::uint8_t{0}, code}) {
            output.push_back(std::byte{byte});
        }
    }
}

wire::ConnackProperties ModelBroker::draw_offer() {
    wire::ConnackProperties offer;
    receive_maximum_ = static_cast<std::uint16_t>(1 + random_.below(settings_.receive_maximum_max));
    maximum_qos_ = settings_.shrinks ? static_cast<Qos>(random_.below(3)) : Qos::exactly_once;
    retain_available_ = !settings_.shrinks || random_.chance(60);
    offer.receive_maximum = receive_maximum_;
    offer.topic_alias_maximum = settings_.topic_alias_maximum;
    if (maximum_qos_ != Qos::exactly_once) {
        offer.maximum_qos = maximum_qos_;
    }
    if (!retain_available_) {
        offer.retain_available = false;
    }
    if (settings_.shrinks && random_.chance(50)) {
        packet_bytes_max_ = static_cast<std::uint32_t>(30 + random_.below(30));
        offer.maximum_packet_size = packet_bytes_max_;
    }
    return offer;
}

void ModelBroker::handle(const wire::Connect& connect) {
    connected_ = true;
    version_ = std::min(connect.version, settings_.version);
    if (connect.version > settings_.version || refuses_now()) {
        refuse_connection(connect);
        return;
    }
    receive_maximum_ = 65'535;
    maximum_qos_ = Qos::exactly_once;
    retain_available_ = true;
    if (connect.clean_start && session_exists_) {
        forget_session();
    }
    session_present_ = session_exists_;
    session_exists_ = true;
    wire::Connack connack;
    connack.session_present = session_present_;
    if (version_ == ProtocolVersion::v5) {
        connack.properties = draw_offer();
    }
    send(connack);
    for (Outgoing& message : outgoing_) {  // v5 [MQTT-4.4.0-1]
        if (message.released) {
            send(wire::Pubrel{message.packet_id, ReasonCode::success, {}});
            message.sent_here = true;
        }
    }
    send_waiting();
}

void ModelBroker::handle(const wire::Publish& publish) {
    std::string topic{publish.topic};
    if (publish.properties.topic_alias) {
        const std::uint16_t alias = *publish.properties.topic_alias;
        EXPECT_LE(alias, settings_.topic_alias_maximum) << "v5 [MQTT-3.3.2-9]";
        if (topic.empty()) {
            ASSERT_TRUE(client_aliases_.contains(alias)) << "v5 [MQTT-3.3.2-7]";
            topic = client_aliases_[alias];
        } else {
            client_aliases_[alias] = topic;
        }
    }
    ASSERT_TRUE(topic.starts_with("topic/"));
    const auto topic_number = static_cast<unsigned>(std::stoul(topic.substr(6)));
    const auto number = static_cast<unsigned>(std::stoul(
        std::string{reinterpret_cast<const char*>(publish.payload.data()), publish.payload.size()}));
    EXPECT_LE(publish.qos, maximum_qos_) << "v5 [MQTT-3.2.2-11]";
    EXPECT_TRUE(!publish.retain || retain_available_) << "v5 [MQTT-3.2.2-14]";
    if (publish.qos == Qos::at_most_once) {
        ++received[number];
        EXPECT_GT(number, last_number_[topic_number]) << "QoS 0 was overtaken";
        last_number_[topic_number] = number;
        return;
    }
    EXPECT_TRUE(open_here_.insert(publish.packet_id).second)
        << "packet identifier " << publish.packet_id << " is in use, v5 [MQTT-2.2.1-3]";
    EXPECT_LE(open_here_.size(), receive_maximum_) << "v5 [MQTT-3.3.4-7]";
    EXPECT_TRUE(!publish.dup || session_present_) << "retransmission without a session, v5 [MQTT-4.4.0-1]";
    handle_new(publish, number, topic_number);
}

void ModelBroker::handle_new(const wire::Publish& publish, unsigned number, unsigned topic) {
    const bool qos2 = publish.qos == Qos::exactly_once;
    auto& known = qos2 ? received_qos2_ : unfinished_qos1_;
    const auto found = known.find(publish.packet_id);
    const bool repeated = found != known.end() && found->second == number;
    EXPECT_TRUE(!repeated || publish.dup) << "a retransmission without DUP, v5 [MQTT-3.3.1-1]";
    if (qos2 && found != known.end()) {
        EXPECT_EQ(found->second, number) << "packet identifier used anew before PUBCOMP, v5 [MQTT-2.2.1-3]";
    }
    if (version_ == ProtocolVersion::v5 && !repeated && refuses_now()) {
        refused.insert(number);
        owed_.push_back({qos2 ? Owed::pubrec : Owed::puback, publish.packet_id, ReasonCode::not_authorized});
        return;
    }
    if (!repeated) {
        ++received[number];
        EXPECT_TRUE(number >= last_number_[topic] || refused.contains(number))
            << number << " after " << last_number_[topic] << " of topic " << topic << ", v5 [MQTT-4.6.0-1]";
        last_number_[topic] = std::max(number, last_number_[topic]);
    } else if (!qos2) {
        ++received[number];
    }
    known[publish.packet_id] = number;
    owed_.push_back({qos2 ? Owed::pubrec : Owed::puback, publish.packet_id});
}

void ModelBroker::handle(const wire::Puback& ack) {
    ASSERT_FALSE(expect_pubacks_.empty());
    EXPECT_EQ(ack.packet_id, expect_pubacks_.front()) << "v5 [MQTT-4.6.0-2]";
    expect_pubacks_.pop_front();
    const auto found = find(ack.packet_id);
    ASSERT_NE(found, outgoing_.end());
    outgoing_.erase(found);
    send_waiting();
}

void ModelBroker::handle(const wire::Pubrec& ack) {
    ASSERT_FALSE(expect_pubrecs_.empty());
    EXPECT_EQ(ack.packet_id, expect_pubrecs_.front()) << "v5 [MQTT-4.6.0-3]";
    expect_pubrecs_.pop_front();
    const auto found = find(ack.packet_id);
    ASSERT_NE(found, outgoing_.end());
    if (is_failure(ack.reason_code)) {  // v5 [MQTT-4.3.3-9]
        outgoing_.erase(found);
        send_waiting();
        return;
    }
    found->released = true;
    send(wire::Pubrel{ack.packet_id, ReasonCode::success, {}});
}

void ModelBroker::handle(const wire::Pubcomp& ack) {
    const auto found = find(ack.packet_id);
    ASSERT_NE(found, outgoing_.end());
    EXPECT_TRUE(found->released);
    outgoing_.erase(found);
    send_waiting();
}

void ModelBroker::handle(const wire::Pubrel& ack) {
    const bool known = received_qos2_.erase(ack.packet_id) > 0;
    open_here_.insert(ack.packet_id);
    const bool v5 = version_ == ProtocolVersion::v5;
    owed_.push_back({Owed::pubcomp, ack.packet_id,
                     known || !v5 ? ReasonCode::success : ReasonCode::packet_identifier_not_found});
}

void ModelBroker::handle(const wire::Subscribe& subscribe) {
    std::vector<ReasonCode> reasons;
    for (const wire::Subscription& subscription : subscribe.subscriptions) {
        if (refuses_now()) {
            reasons.push_back(ReasonCode::unspecified_error);
            continue;
        }
        subscriptions.emplace(subscription.filter);
        reasons.push_back(static_cast<ReasonCode>(subscription.qos));
    }
    send(wire::Suback{subscribe.packet_id, wire::ReasonCodes{reasons}, {}});
}

void ModelBroker::handle(const wire::Unsubscribe& unsubscribe) {
    std::vector<ReasonCode> reasons;
    for (const std::string_view filter : unsubscribe.filters) {
        if (version_ == ProtocolVersion::v5 && refuses_now()) {
            reasons.push_back(ReasonCode::not_authorized);
            continue;
        }
        subscriptions.erase(std::string{filter});
        reasons.push_back(ReasonCode::success);
    }
    send(wire::Unsuback{unsubscribe.packet_id, wire::ReasonCodes{reasons}, {}});
}

void ModelBroker::publish(unsigned number, unsigned topic, Qos qos) {
    if (qos == Qos::at_most_once && !connected_) {
        return;
    }
    if (!session_exists_) {
        return;
    }
    outgoing_.push_back({number, topic, qos});
    if (connected_ && !closing_) {
        send_waiting();
    }
}

void ModelBroker::send_waiting() {
    const auto open = static_cast<std::size_t>(std::ranges::count_if(outgoing_, [](const Outgoing& message) {
        return message.sent_here && message.qos != Qos::at_most_once;
    }));
    std::size_t quota = settings_.client_receive_maximum > open ? settings_.client_receive_maximum - open : 0;
    for (auto place = outgoing_.begin(); place != outgoing_.end();) {
        if (place->sent_here || place->released) {
            ++place;
            continue;
        }
        if (place->qos != Qos::at_most_once && quota-- == 0) {
            return;
        }
        send_publish(*place);
        place = place->qos == Qos::at_most_once ? outgoing_.erase(place) : place + 1;
    }
}

void ModelBroker::send_publish(Outgoing& message) {
    if (message.qos != Qos::at_most_once && message.packet_id == 0) {
        do {
            last_packet_id_ =
                static_cast<std::uint16_t>(last_packet_id_ % 20 + 1);  // Few, to meet again soon.
        } while (find(last_packet_id_) != outgoing_.end());
        message.packet_id = last_packet_id_;
    }
    std::string topic = topic_text(message.topic);
    const std::string payload = std::to_string(message.number);
    wire::Publish publish;
    publish.topic = topic;
    publish.payload = std::as_bytes(std::span{payload});
    publish.qos = message.qos;
    publish.packet_id = message.packet_id;
    publish.dup = message.sent_before;
    if (version_ == ProtocolVersion::v5 && settings_.client_topic_alias_maximum > 0 && random_.chance(60)) {
        const auto alias =
            static_cast<std::uint16_t>(1 + random_.below(settings_.client_topic_alias_maximum));
        publish.properties.topic_alias = alias;
        if (own_aliases_[alias] == topic) {
            publish.topic = {};
        }
        own_aliases_[alias] = topic;
    }
    send(publish);
    message.sent_here = message.sent_before = true;
    if (message.qos != Qos::at_most_once) {
        (message.qos == Qos::at_least_once ? expect_pubacks_ : expect_pubrecs_).push_back(message.packet_id);
    }
}

void ModelBroker::acknowledge_one() {
    if (owed_.empty() || !connected_ || closing_) {
        return;
    }
    const Debt debt = owed_.front();
    owed_.pop_front();
    switch (debt.kind) {
        case Owed::puback:
            open_here_.erase(debt.packet_id);
            send(wire::Puback{debt.packet_id, debt.reason, {}});
            break;
        case Owed::pubrec:
            if (is_failure(debt.reason)) {
                open_here_.erase(debt.packet_id);
            }
            send(wire::Pubrec{debt.packet_id, debt.reason, {}});
            break;
        case Owed::pubcomp:
            open_here_.erase(debt.packet_id);
            send(wire::Pubcomp{debt.packet_id, debt.reason, {}});
            break;
    }
}

void ModelBroker::acknowledge_all() {
    while (!owed_.empty() && connected_ && !closing_) {
        acknowledge_one();
    }
}

void ModelBroker::say_goodbye() {
    if (connected_ && !closing_ && version_ == ProtocolVersion::v5) {
        send(wire::Disconnect{
            random_.chance(50) ? ReasonCode::session_taken_over : ReasonCode::server_shutting_down, {}});
        closing_ = true;
    }
}

std::deque<ModelBroker::Outgoing>::iterator ModelBroker::find(std::uint16_t packet_id) {
    return std::ranges::find(outgoing_, packet_id, &Outgoing::packet_id);
}

}  // namespace multimqtt::session
