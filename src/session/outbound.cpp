// The store of outbound messages and its three lists.
#include "session/outbound.hpp"

namespace multimqtt::session {
namespace {

// What a message keeps beside its text; also what an empty one costs.
constexpr std::size_t kBookkeepingBytes = 128;
// A free slot keeps its strings for the next message, unless they have grown large.
constexpr std::size_t kKeptBytesMax = 1'024;

std::size_t cost_of(const PublishProperties& properties) {
    std::size_t bytes = sizeof(PublishProperties) + properties.content_type.size() +
                        properties.response_topic.size() + properties.correlation_data.size();
    for (const auto& [name, value] : properties.user_properties) {
        bytes += sizeof(std::pair<std::string, std::string>) + name.size() + value.size();
    }
    return bytes;
}

void recycle(std::string& text) {
    if (text.capacity() > kKeptBytesMax) {
        std::string{}.swap(text);
    }
    text.clear();
}

}  // namespace

Outbound::Outbound() : by_packet_id_(65'536, kNone) {
}

Outbound::Slot Outbound::add(Token token, const OutboundMessage& outbound) {
    if (free_.empty()) {
        free_.push_back(static_cast<Slot>(messages_.size()));
        messages_.emplace_back();
    }
    const Slot slot = free_.back();
    free_.pop_back();
    Message& message = messages_[slot];
    message.token = token;
    message.accepted_at = outbound.accepted_at;
    message.topic = outbound.topic;
    message.cost = kBookkeepingBytes + outbound.topic.size() + outbound.payload.size();
    if (outbound.payload_owner) {
        message.payload_owner = outbound.payload_owner;
        message.payload = outbound.payload;
    } else {
        message.copied_payload.assign(reinterpret_cast<const char*>(outbound.payload.data()),
                                      outbound.payload.size());
        message.payload = std::as_bytes(std::span{message.copied_payload});
    }
    if (outbound.properties != nullptr && !outbound.properties->empty()) {
        message.properties = std::make_unique<const PublishProperties>(*outbound.properties);
        message.cost += cost_of(*message.properties);
    }
    message.qos = outbound.qos;
    message.retain = outbound.retain;
    message.state = DeliveryState::finished;
    message.reason = ReasonCode::success;
    message.handed_over = false;
    bytes_ += message.cost;
    return slot;
}

void Outbound::remove(Slot slot) {
    Message& message = messages_[slot];
    if (first_to_resend_ == slot) {
        first_to_resend_ = message.next;
    }
    for (MessageList* list : {&queue_, &publishes_, &releases_}) {
        if (message.list == list) {
            list->remove(messages_, slot);
        }
    }
    uncount(message);
    forget_packet_id(message);
    bytes_ -= message.cost;
    recycle(message.topic);
    recycle(message.copied_payload);
    message.payload = {};
    message.payload_owner.reset();
    message.properties.reset();
    free_.push_back(slot);
}

void Outbound::begin_delivery(Slot slot, std::uint16_t packet_id) {
    Message& message = messages_[slot];
    if (message.list == &queue_) {
        queue_.remove(messages_, slot);
    }
    message.packet_id = packet_id;
    message.state =
        message.qos == Qos::at_least_once ? DeliveryState::awaiting_puback : DeliveryState::awaiting_pubrec;
    by_packet_id_[packet_id] = slot;
    publishes_.push_back(messages_, slot);
}

void Outbound::begin_release(Slot slot) {
    Message& message = messages_[slot];
    if (message.list == &releases_) {
        return;
    }
    if (first_to_resend_ == slot) {
        first_to_resend_ = message.next;
    }
    publishes_.remove(messages_, slot);
    releases_.push_back(messages_, slot);
    message.state = DeliveryState::awaiting_pubcomp;
}

void Outbound::sent(Slot slot, std::uint64_t position) noexcept {
    Message& message = messages_[slot];
    message.position = position;
    if (!message.counted) {
        message.counted = true;
        ++counted_;
    }
    if (first_to_resend_ == slot) {
        first_to_resend_ = message.next;
    }
}

std::vector<std::uint16_t> Outbound::connection_lost(std::uint64_t written) {
    for (Slot slot = publishes_.front(); slot != kNone; slot = messages_[slot].next) {
        Message& message = messages_[slot];
        message.handed_over = message.handed_over || (message.counted && written > message.position);
        message.counted = false;
    }
    for (Slot slot = releases_.front(); slot != kNone; slot = messages_[slot].next) {
        messages_[slot].counted = false;
    }
    counted_ = 0;
    // Nothing of a packet that the transport has not even begun with can have reached the broker. Such
    // messages are the last ones, because what was sent before is sent again first.
    std::vector<std::uint16_t> released;
    while (!publishes_.empty() && !messages_[publishes_.back()].handed_over) {
        released.push_back(take_back(publishes_.back()));
    }
    first_to_resend_ = publishes_.front();
    return released;
}

void Outbound::session_resumed() {
    for (Slot slot = releases_.front(); slot != kNone; slot = messages_[slot].next) {
        messages_[slot].counted = true;
        ++counted_;
    }
}

std::vector<std::uint16_t> Outbound::publish_again() {
    std::vector<std::uint16_t> released;
    while (!publishes_.empty()) {
        released.push_back(take_back(publishes_.back()));
    }
    first_to_resend_ = kNone;
    return released;
}

std::uint16_t Outbound::take_back(Slot slot) noexcept {
    Message& message = messages_[slot];
    const std::uint16_t packet_id = message.packet_id;
    publishes_.remove(messages_, slot);
    uncount(message);
    forget_packet_id(message);
    message.state = DeliveryState::finished;
    message.handed_over = false;
    queue_.push_front(messages_, slot);
    return packet_id;
}

void Outbound::uncount(Message& message) noexcept {
    if (message.counted) {
        message.counted = false;
        --counted_;
    }
}

void Outbound::forget_packet_id(Message& message) noexcept {
    if (message.packet_id != 0) {
        by_packet_id_[message.packet_id] = kNone;
        message.packet_id = 0;
    }
}

}  // namespace multimqtt::session
