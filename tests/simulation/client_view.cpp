// The observer beside the client.
#include "simulation/client_view.hpp"

#include "simulation/model/broker.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Level kV3_1 = 3;
constexpr Level kV5 = 5;

std::string named(std::uint16_t packet_id) {
    return "packet identifier " + std::to_string(packet_id);
}

bool is_qos_1_or_2_publish(char first_byte) {
    return (first_byte & 0xF0) == 0x30 && (first_byte & 0x06) != 0;
}

}  // namespace

void ClientView::opened(Time now) {
    ++connection_;
    opened_at_ = written_at_ = progress_at_ = heard_at_ = now;
    stream_.clear();
    decoded_ = written_ = 0;
    connect_.reset();
    farewell_.reset();
    connect_begun_ = answered_ = accepted_ = told_of_loss_ = false;
}

void ClientView::closed(Time) {
    note_torn_publish();
    // What never left holds nothing.
    std::erase_if(holders_, [this](const auto& holder) {
        const Message& message = *ledger_.message(holder.second);
        return !message.begun && message.qos > 0 && !torn_ids_.contains(holder.first);
    });
    in_doubt_ = in_doubt_ || (connect_begun_ && !answered_);
    connect_begun_ = accepted_ = false;
    keep_alive_ = Time{0};
    handed_.clear();
    ping_left_at_.reset();
    open_.clear();
    due_releases_.clear();
    requests_.clear();
    for (auto& [filter, wish] : subscriptions_) {
        wish.unclear = false;
    }
}

// A large payload follows its header in a chunk of its own. When only the header has left, the message has
// begun.
void ClientView::note_torn_publish() {
    constexpr std::size_t kLengthBytesMax = 4;
    if (written_ <= decoded_ || stream_.size() <= kLengthBytesMax || !is_qos_1_or_2_publish(stream_[0])) {
        return;
    }
    OctetReader header{std::string_view{stream_}.substr(1)};
    (void)header.variable_integer();
    (void)header.text();
    torn_ids_[header.two_bytes()] = static_cast<Number>(ledger_.messages.size());
}

void ClientView::restarted() {
    closed({});
    torn_ids_.clear();
    in_doubt_ = false;
    subscribe_terms_ = 2;
    holders_.clear();
    releases_.clear();
    subscriptions_.clear();
}

void ClientView::forget_session() {
    torn_ids_.clear();
    holders_.clear();
    releases_.clear();
    for (auto& [filter, wish] : subscriptions_) {
        wish.confirmed = 0;
    }
    for (Message& message : ledger_.messages) {
        if (message.process == ledger_.process) {
            message.begun = false;
            message.packet_id = 0;
        }
    }
}

// Handing over.

void ClientView::took(std::string_view bytes, Time now) {
    stream_.append(bytes);
    std::size_t done = 0;
    try {
        while (verdict_.holds()) {
            const auto frame = next_frame(std::string_view{stream_}.substr(done));
            if (!frame) {
                break;
            }
            const Level level = connect_ ? connect_->level : kV5;
            const ClientPacket packet = decode(*frame, level);
            trace_("client", [&] { return "sends " + to_string(packet); });
            Handed handed{decoded_, decoded_ + frame->bytes};
            handed.is_connect = std::holds_alternative<ReceivedConnect>(packet);
            handed.is_ping = std::holds_alternative<ReceivedPingreq>(packet);
            if (const auto* const publish = std::get_if<ReceivedPublish>(&packet)) {
                handed.number = number_of(publish->payload);
            }
            check(packet, now);
            handed_.push_back(handed);
            decoded_ += frame->bytes;
            done += frame->bytes;
        }
    } catch (const Violation& violation) {
        verdict_.violated(violation.check, violation.text);
    }
    stream_.erase(0, done);
    mark_begun();  // The header of a large message has left before its payload was taken.
}

void ClientView::mark_begun() {
    for (const Handed& handed : handed_) {
        if (written_ <= handed.begin) {
            break;
        }
        connect_begun_ = connect_begun_ || handed.is_connect;
        if (Message* const message = ledger_.message(handed.number)) {
            message->begun = true;
        }
    }
}

void ClientView::wrote(std::size_t bytes, Time now) {
    written_ += bytes;
    progress_at_ = now;
    mark_begun();
    while (!handed_.empty() && written_ >= handed_.front().end) {
        written_at_ = now;
        if (handed_.front().is_ping && !ping_left_at_) {
            ping_left_at_ = now;
        }
        if (Message* const message = ledger_.message(handed_.front().number)) {
            message->left = true;
        }
        handed_.pop_front();
    }
}

void ClientView::check(const ClientPacket& packet, Time now) {
    if (farewell_) {  // v5 [MQTT-3.14.4-1]
        throw Violation{Check::bytes_after_disconnect, "a packet follows DISCONNECT"};
    }
    if (const auto* const connect = std::get_if<ReceivedConnect>(&packet)) {
        connect_ = *connect;
    } else if (!accepted_ && !std::holds_alternative<ReceivedDisconnect>(packet)) {
        throw Violation{Check::connect_not_first, "a packet before CONNACK"};
    } else if (const auto* const publish = std::get_if<ReceivedPublish>(&packet)) {
        check_publish(*publish, now);
    } else if (const auto* const ack = std::get_if<ReceivedAck>(&packet);
               ack && ack->type == AckType::pubrel) {
        check_release(*ack);
    } else if (const auto* const subscribe = std::get_if<ReceivedSubscribe>(&packet)) {
        std::vector<std::string> filters;
        for (const RequestedFilter& requested : subscribe->filters) {
            filters.push_back(requested.filter);
        }
        check_request(subscribe->packet_id, std::move(filters), false);
    } else if (const auto* const unsubscribe = std::get_if<ReceivedUnsubscribe>(&packet)) {
        check_request(unsubscribe->packet_id, unsubscribe->filters, true);
    } else if (const auto* const disconnect = std::get_if<ReceivedDisconnect>(&packet)) {
        farewell_ = disconnect->reason;
    }
}

void ClientView::check_publish(const ReceivedPublish& publish, Time now) {
    const Number number = number_of(publish.payload);
    Message* const message = ledger_.message(number);
    const std::string name = "message " + std::to_string(number);
    if (message == nullptr || message->process != ledger_.process) {
        throw Violation{Check::message_altered, name + " is none of the application's"};
    }
    if (message->end != Message::End::none && message->end_connection < connection_) {
        throw Violation{Check::publish_repeated, name + " is sent though it has ended"};
    }
    if (message->received || message->finished) {  // v5 [MQTT-4.3.3-6]
        throw Violation{Check::publish_repeated,
                        name + " is sent again after the broker had acknowledged it"};
    }
    if (const auto torn = torn_ids_.extract(publish.packet_id); publish.qos > 0 && torn) {
        message->begun =
            message->begun ||
            (publish.dup && number <= torn.mapped());  // A later one has only got its identifier.
    }
    check_expiry(publish, *message, now);
    if (publish.qos == 0) {
        return;
    }
    if (publish.dup != message->begun) {  // v5 [MQTT-3.3.1-1]
        throw Violation{
            publish.dup ? Check::dup_wrong : Check::dup_missing,
            name + (publish.dup ? " has DUP, though it never left" : " is sent again without DUP")};
    }
    const auto holder = holders_.find(publish.packet_id);
    const bool taken = holder != holders_.end() && holder->second != number;
    if (taken || requests_.contains(publish.packet_id) || !open_.insert(publish.packet_id).second) {
        throw Violation{Check::packet_id_in_use,
                        name + " uses " + named(publish.packet_id)};  // v5 [MQTT-2.2.1-3]
    }
    if (message->begun && message->packet_id != 0 &&
        message->packet_id != publish.packet_id) {  // v5 [MQTT-4.4.0-1]
        throw Violation{Check::dup_wrong, name + " is sent again with another packet identifier"};
    }
    if (open_.size() > receive_maximum_ || open_.size() > options_.inflight_max) {  // v5 [MQTT-3.3.4-7]
        throw Violation{Check::quota_exceeded, name + " is one too many in flight"};
    }
    message->packet_id = publish.packet_id;
    holders_[publish.packet_id] = number;
}

// The broker counts the interval from when it gets the message, so what has passed here is taken off.
void ClientView::check_expiry(const ReceivedPublish& publish, const Message& message, Time now) {
    if (!message.expiry || level_ != kV5) {
        return;
    }
    const Time expires_at = message.accepted_at + *message.expiry;
    if (!message.begun && opened_at_ >= expires_at) {
        throw Violation{Check::expiry_wrong, "a message is sent after it has expired"};
    }
    const auto left_after = [&](Time waited) {
        const auto left =
            *message.expiry - std::chrono::floor<std::chrono::seconds>(std::max(waited, Time{0}));
        return std::max<std::int64_t>(left.count(), 1);
    };
    const std::int64_t said = number_of(publish.properties, PropertyId::message_expiry_interval, 0);
    // Between the beginning of this connection and now it was encoded.
    if (said < left_after(now - message.accepted_at) || said > left_after(opened_at_ - message.accepted_at)) {
        throw Violation{Check::expiry_wrong,
                        "a message says that it expires in " + std::to_string(said) + " s"};
    }
}

void ClientView::check_release(const ReceivedAck& pubrel) {
    if (!due_releases_.empty() && due_releases_.front() == pubrel.packet_id) {
        due_releases_.pop_front();
        return;
    }
    if (std::ranges::find(due_releases_, pubrel.packet_id) != due_releases_.end()) {  // v5 [MQTT-4.6.0-4]
        throw Violation{Check::pubrel_out_of_order, "PUBREL " + named(pubrel.packet_id) + " before its turn"};
    }
    // What was given up may be released, so that the identifier can be used again.
    const auto holder = holders_.find(pubrel.packet_id);
    const Message* const message = holder == holders_.end() ? nullptr : ledger_.message(holder->second);
    const bool given_up = message != nullptr && message->qos == 2 && message->end == Message::End::failed;
    if (!given_up && !torn_ids_.contains(pubrel.packet_id)) {
        throw Violation{Check::pubrel_without_pubrec, "PUBREL " + named(pubrel.packet_id)};
    }
}

void ClientView::check_request(std::uint16_t packet_id, std::vector<std::string> filters, bool unsubscribe) {
    Request request{{}, unsubscribe};
    if (holders_.contains(packet_id) || requests_.contains(packet_id)) {
        throw Violation{Check::packet_id_in_use, "a request uses " + named(packet_id)};
    }
    for (std::string& filter : filters) {
        const Wish& wish = subscriptions_[filter];
        if (wish.confirmed == wish.wanted) {
            throw Violation{Check::subscription_repeated, "\"" + filter + "\" is asked for again"};
        }
        request.filters.emplace_back(std::move(filter), wish.wanted);
    }
    requests_[packet_id] = std::move(request);
}

// Learning.

void ClientView::read(const Notice& notice, const Offer& offer, Level level, Time now) {
    switch (notice.kind) {
        case Notice::Kind::connack:
            answered_ = true;
            level_ = level;
            if (notice.reason == 0) {
                accepted_at_ = progress_at_ = now;
                read_connack(notice, offer, level);
            }
            break;
        case Notice::Kind::puback:
        case Notice::Kind::pubcomp:
            finish(notice.packet_id);
            break;
        case Notice::Kind::pubrec: {
            if (notice.reason >= 0x80) {
                finish(notice.packet_id);
                break;
            }
            due_releases_.push_back(notice.packet_id);
            const auto holder = holders_.find(notice.packet_id);
            if (holder != holders_.end() &&
                std::ranges::find(releases_, notice.packet_id) == releases_.end()) {
                ledger_.message(holder->second)->received = true;
                releases_.push_back(notice.packet_id);
            }
            break;
        }
        case Notice::Kind::suback:
        case Notice::Kind::unsuback:
            if (auto request = requests_.extract(notice.packet_id)) {
                auto& filters = request.mapped().filters;
                for (std::size_t i = 0; i < filters.size(); ++i) {
                    const bool refused = i < notice.codes.size() && (notice.codes[i] & 0x80) != 0;
                    Wish& wish = subscriptions_[filters[i].first];
                    if (!refused && !wish.unclear) {
                        wish.confirmed = filters[i].second;
                    }
                }
            }
            break;
        case Notice::Kind::publish:
        case Notice::Kind::pubrel:
        case Notice::Kind::disconnect:
        case Notice::Kind::other:
            break;
    }
}

void ClientView::read_connack(const Notice& notice, const Offer& offer, Level level) {
    accepted_ = true;
    receive_maximum_ = offer.receive_maximum;
    keep_alive_ = std::chrono::seconds{offer.keep_alive_s};
    const bool cannot_tell = level == kV3_1 && !connect_->clean_start;
    told_of_loss_ = !notice.session_present && !cannot_tell;
    if (told_of_loss_) {
        forget_session();
    }
    // What could not be said before has to be said now: options of 5.0, and identifiers.
    const unsigned terms = level != kV5 ? 0 : offer.identifiers ? 2 : 1;
    const bool more_to_say = terms > std::exchange(subscribe_terms_, terms);
    if (in_doubt_ || cannot_tell || more_to_say) {
        for (auto& [filter, wish] : subscriptions_) {
            wish.confirmed = 0;
        }
    }
    in_doubt_ = false;
    due_releases_ = releases_;
}

void ClientView::finish(std::uint16_t packet_id) {
    open_.erase(packet_id);
    torn_ids_.erase(packet_id);
    std::erase(releases_, packet_id);
    if (const auto holder = holders_.find(packet_id); holder != holders_.end()) {
        ledger_.message(holder->second)->finished = true;
        holders_.erase(holder);
    }
}

void ClientView::ended(Number number) {
    Message& message = *ledger_.message(number);
    message.end_connection = connection_;
    // A QoS 2 message that was begun holds its identifier until PUBREL is answered.
    const auto holder = holders_.find(message.packet_id);
    if (holder != holders_.end() && holder->second == number && (message.qos == 1 || !message.begun)) {
        holders_.erase(holder);
        open_.erase(message.packet_id);
    }
}

void ClientView::check_time(Time now, bool paused) {
    if (!accepted_ || farewell_ || keep_alive_ == Time{0}) {
        return;
    }
    if (handed_.empty() && stream_.empty() && now - written_at_ > keep_alive_ &&
        now > accepted_at_) {  // v5 [MQTT-3.1.2-20]
        verdict_.violated(Check::keep_alive_gap, "nothing was sent for a whole keep-alive");
    }
    if ((!handed_.empty() || !stream_.empty()) && now - progress_at_ > keep_alive_ * 2) {
        verdict_.violated(Check::silence_not_noticed, "nothing can be written, and the client waits on");
    }
    if (!ping_left_at_ || paused || heard_at_ >= *ping_left_at_) {
        if (heard_at_ >= ping_left_at_.value_or(now)) {
            ping_left_at_.reset();
        }
        return;
    }
    if (now - *ping_left_at_ > keep_alive_ / 2 + 1ms) {
        verdict_.violated(Check::silence_not_noticed, "PINGREQ has no answer, and the client waits on");
    }
}

}  // namespace multimqtt::simulation
