// The stream of numbered PUBLISH packets that a subscriber of the bench broker is flooded with.
#include "flood.hpp"

#include <algorithm>
#include <utility>

namespace bench {

namespace {

/// Measured on loopback: larger writes are slower, smaller ones cost more system calls.
constexpr std::size_t kChunkBytes = 32 * 1024;

}  // namespace

Flood::Flood(FloodPlan plan, std::uint16_t receive_maximum, bool version5)
    : plan_{std::move(plan)}, in_use_(65536) {
    plan_.window = std::min(plan_.window, receive_maximum);
    const std::string payload(plan_.payload_bytes, 'x');
    Publish publish;
    publish.topic = plan_.topic;
    publish.payload = payload;
    publish.qos = plan_.qos;
    std::string packet;
    append_publish(packet, publish, version5);
    stride_ = packet.size();
    number_at_ = stride_ - plan_.payload_bytes;
    packet_id_at_ = number_at_ - (version5 ? 1 : 0) - 2;
    chunk_messages_ = std::max<std::size_t>(1, kChunkBytes / stride_);
    chunk_.reserve(chunk_messages_ * stride_);
    for (std::size_t i = 0; i < chunk_messages_; ++i) chunk_ += packet;
}

std::string_view Flood::pending() {
    if (offset_ == end_) refill();
    return std::string_view{chunk_}.substr(offset_, end_ - offset_);
}

void Flood::written(std::size_t bytes) {
    offset_ += bytes;
    if (plan_.qos == 0 && offset_ == end_ && next_ == plan_.count) ended_ = Clock::now();
}

void Flood::refill() {
    std::uint64_t messages = std::min<std::uint64_t>(chunk_messages_, plan_.count - next_);
    if (plan_.qos > 0) messages = std::min<std::uint64_t>(messages, plan_.window - in_flight_);
    if (next_ <= plan_.warmup && next_ + messages > plan_.warmup) started_ = Clock::now();
    char* packet = chunk_.data();
    for (std::uint64_t i = 0; i < messages; ++i, packet += stride_) {
        store_number(packet + number_at_, next_++);
        if (plan_.qos == 0) continue;
        const std::uint16_t packet_id = free_packet_id();
        packet[packet_id_at_] = static_cast<char>(packet_id >> 8);
        packet[packet_id_at_ + 1] = static_cast<char>(packet_id & 0xFF);
        ++in_flight_;
    }
    offset_ = 0;
    end_ = messages * stride_;
}

std::uint16_t Flood::free_packet_id() noexcept {
    do {
        last_packet_id_ =
            last_packet_id_ == 65535 ? std::uint16_t{1} : static_cast<std::uint16_t>(last_packet_id_ + 1);
    } while (in_use_[last_packet_id_]);
    in_use_[last_packet_id_] = true;
    return last_packet_id_;
}

void Flood::acknowledged(std::uint16_t packet_id) {
    if (!in_use_[packet_id]) {
        ++unexpected_;
        return;
    }
    in_use_[packet_id] = false;
    --in_flight_;
    if (++acknowledgements_ == plan_.count) ended_ = Clock::now();
}

bool Flood::finished() const noexcept {
    return next_ == plan_.count && offset_ == end_ && (plan_.qos == 0 || acknowledgements_ == plan_.count);
}

double Flood::seconds() const noexcept {
    return finished() ? std::chrono::duration<double>(ended_ - started_).count() : 0.0;
}

}  // namespace bench
