// What has to hold for a session whatever its broker sends, its transport does and its application asks for.
#pragma once

#include "broker_packets.hpp"
#include "client_watch.hpp"
#include "counting.hpp"
#include "healed_broker.hpp"
#include "instructions.hpp"
#include "session/session.hpp"
#include "session_options.hpp"
#include "wire/decode.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::fuzz {

/// One session that is driven by instructions, and drained after each. At the end its broker is healed, and
/// everything that was accepted has to come to its end.
class SessionRun {
public:
    explicit SessionRun(Input input)
        : instructions_{input},
          options_{session_options(instructions_.next_two())},
          limits_{.messages_max = 8,
                  .bytes_max = 100'000,
                  .packet_id_max = static_cast<std::uint16_t>(1 + instructions_.below(5))},
          session_{options_, random_, limits_} {
        session_.start(now_);
        drain();
        while (!instructions_.empty() && broken_.empty()) {
            step();
        }
        if (!closing_) {
            heal();
        }
        finish();
    }

    /// What does not hold, empty when everything does.
    [[nodiscard]] const std::string& broken() const noexcept {
        return broken_.empty() ? watch_.broken() : broken_;
    }
    /// How many events came, by kind; what the fuzzer's own tests look at.
    [[nodiscard]] const std::map<session::Event::Kind, unsigned>& events() const noexcept { return events_; }

private:
    // One instruction.

    void step() {
        switch (instructions_.next() % 20) {
            case 0:
                feed(instructions_.take(instructions_.next()));
                break;
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
                feed(broker_.next(instructions_));
                break;
            case 6:
                feed_in_two(broker_.next(instructions_));
                break;
            case 7:
                connect_fully(instructions_.next_two());
                break;
            case 8:
            case 9:
                publish(instructions_.next());
                break;
            case 10:
                subscribe(instructions_.next());
                break;
            case 11:
            case 12:
                acknowledge(instructions_.next());
                break;
            case 13:
                pass(std::chrono::milliseconds{20 * instructions_.next()});
                break;
            case 14:
                write(1 + instructions_.next());
                break;
            case 15:
                write_all();
                break;
            case 16:
                lose_transport(instructions_.next() % 2 == 0 ? Failure{}
                                                             : Failure{Error::connection_lost, "reset"});
                break;
            case 17:
                pause_or_resume();
                break;
            case 18:
                jump(std::chrono::minutes{instructions_.next()});
                break;
            case 19:
                if (instructions_.next() % 4 == 0) {  // Most runs shall not end early.
                    close(std::chrono::milliseconds{10 * instructions_.next()});
                }
                break;
        }
        drain();
    }

    // The application.

    void publish(unsigned bits) {
        constexpr std::string_view kTopics[] = {"a", "b/c/d", "long/topic/name", "dddd"};
        const session::Token token = last_token_ + 1;
        const auto payload = std::make_shared<const std::string>(
            std::to_string(token) + ":" + std::string((bits & 0x40) != 0 ? 40'000 : bits >> 3, 'x'));
        PublishProperties properties;
        properties.expiry = std::chrono::seconds{1 + (bits >> 5)};
        properties.user_properties = {{"name", "value"}};
        session::OutboundMessage message;
        message.topic = kTopics[bits % 4];
        message.payload = std::as_bytes(std::span{*payload});
        message.payload_owner = (bits & 0x20) != 0 ? payload : nullptr;
        message.qos = static_cast<Qos>(bits / 4 % 3);
        message.retain = (bits & 0x18) == 0x18;
        message.properties = (bits & 0x80) != 0 ? &properties : nullptr;
        message.accepted_at = now_;
        const bool accepts = session_.accepts_publish();
        watch_.accepted(token, message.topic, message.qos);
        if (const auto taken = session_.publish(token, message, now_)) {
            require(accepts, "a message is taken though accepts_publish says no");
            last_token_ = token;
            unfinished_.insert(token);
        } else {
            const Failure& failure = taken.error();
            require(!failure.message.empty(), "a message is refused without a sentence");
            require(accepts != failure.is(Error::would_block) || closing_, "would_block is wrong");
            require(closing_ == failure.is(Error::closed), "closed is wrong");
        }
    }

    void subscribe(unsigned bits) {
        const std::string filter =
            std::string{bits & 0x10 ? "$share/g/" : ""} + "f/" + std::to_string(bits % 4);
        if ((bits & 0x04) != 0) {
            session_.unsubscribe(filter);
            return;
        }
        session::Subscription subscription;
        subscription.filter = filter + ((bits & 0x08) != 0 ? "/#" : "");
        subscription.qos = static_cast<Qos>(bits / 32 % 3);
        subscription.no_local = (bits & 0x20) != 0;
        subscription.identifier = bits >> 6;
        session_.subscribe(std::move(subscription));
    }

    void acknowledge(unsigned bits) {
        if (deliveries_.empty()) {
            session_.acknowledge(bits);  // Never given out, or finished long ago.
            return;
        }
        const std::size_t chosen = bits % deliveries_.size();
        const ReasonCode reason = bits > 240 ? static_cast<ReasonCode>(bits) : ReasonCode::success;
        watch_.acknowledged(deliveries_[chosen].number, !is_failure(reason));
        session_.acknowledge(deliveries_[chosen].id, reason);
        deliveries_.erase(deliveries_.begin() + static_cast<std::ptrdiff_t>(chosen));
    }

    void pause_or_resume() {
        paused_ = !paused_;
        if (paused_) {
            session_.pause_reading(now_);
        } else {
            session_.resume_reading(now_);
            feed({});  // What was left while reading stood still.
        }
    }

    void close(session::TimePoint within) {
        closing_ = true;
        session_.close(now_, now_ + within);
    }

    // The broker.

    void feed(std::span<const std::byte> bytes) {
        if (!linked_) {
            return;
        }
        // A copy of exactly this size lets the address sanitizer see every read behind it.
        inbound_.insert(inbound_.end(), bytes.begin(), bytes.end());
        const std::vector<std::byte> given = inbound_;
        const std::size_t consumed = session_.receive(given, now_);
        require(consumed <= given.size(), "more was consumed than given");
        watch_consumed(std::span{given}.first(std::min(consumed, given.size())));
        take_events();  // Before the bytes that they look at go away.
        inbound_.erase(inbound_.begin(),
                       inbound_.begin() + static_cast<std::ptrdiff_t>(std::min(consumed, inbound_.size())));
    }

    void feed_in_two(const std::vector<std::byte>& bytes) {
        const std::size_t first = instructions_.below(bytes.size() + 1);
        feed(std::span{bytes}.first(first));
        drain();
        feed(std::span{bytes}.subspan(first));
    }

    /// Goes on to CONNACK, which needs no luck with the instructions then.
    void connect_fully(unsigned offers) {
        for (int i = 0; i < 50 && !linked_ && broken_.empty(); ++i) {
            pass(std::chrono::milliseconds{200});
        }
        write_all();
        feed(broker_.connack_bytes(offers));
    }

    void watch_consumed(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const wire::Decoded decoded = wire::decode(
                bytes, {.version = watch_.version(), .packet_bytes_max = options_.packet_bytes_max});
            if (decoded.status != wire::DecodeStatus::packet) {
                watch_.distrust();  // The session has given the connection up.
                return;
            }
            watch_.received(decoded.packet);
            bytes = bytes.subspan(decoded.bytes);
        }
    }

    // Time.

    void pass(session::TimePoint duration) {
        const session::TimePoint end = now_ + duration;
        for (int spins = 0; spins < 1'000; ++spins) {
            const auto deadline = session_.deadline();
            if (!deadline || *deadline > end) {
                now_ = end;
                return;
            }
            now_ = std::max(now_, *deadline);
            session_.timeout(now_);
            drain();
        }
        require(false, "time does not pass: the same deadline again and again");
    }

    /// The machine has slept.
    void jump(session::TimePoint duration) {
        now_ += duration;
        session_.timeout(now_);
    }

    // The transport takes what `write` says, and all of it when the session is about to end.

    void drain() {
        take_events();
        if (linked_ && chunk_left_ == 0 && session_.take_output(chunk_, now_)) {
            chunk_left_ = chunk_.bytes().size();
            require(chunk_left_ > 0, "an empty chunk");
        }
        using Kind = session::TransportRequest::Kind;
        const session::TransportRequest request = session_.transport();
        switch (request.kind) {
            case Kind::none:
                check_bounds();
                return;
            case Kind::open:
                require(!linked_, "a transport is opened while there is one");
                require(request.endpoint < options_.endpoints.size(), "an endpoint that does not exist");
                open_transport();
                break;
            case Kind::close_after_flush:
                write_all();
                lose_transport({});
                break;
            case Kind::close:
                lose_transport({});
                break;
        }
        drain();
    }

    void open_transport() {
        linked_ = true;
        session_.transport_opened(now_);
        require(session_.take_output(chunk_, now_), "a connection without CONNECT");
        chunk_left_ = chunk_.bytes().size();
        const wire::Decoded decoded = wire::decode(chunk_.bytes(), {.sender = wire::Sender::client});
        const auto* connect = std::get_if<wire::Connect>(&decoded.packet);
        if (decoded.status != wire::DecodeStatus::packet || connect == nullptr) {
            require(false, "a connection that does not begin with CONNECT");
            return;
        }
        watch_.connecting(*connect);
    }

    void write_all() {
        while (chunk_left_ > 0 && broken_.empty()) {
            write(chunk_left_);
        }
    }

    void write(std::size_t count) {
        count = std::min(count, chunk_left_);
        if (count == 0) {
            return;
        }
        const auto all = chunk_.bytes();
        const auto part = all.subspan(all.size() - chunk_left_, count);
        sent_.insert(sent_.end(), part.begin(), part.end());
        chunk_left_ -= count;
        session_.output_written(count, now_);
        check_sent();
        take_events();
        if (chunk_left_ == 0 && session_.take_output(chunk_, now_)) {
            chunk_left_ = chunk_.bytes().size();
        }
    }

    void lose_transport(const Failure& cause) {
        if (!linked_) {
            session_.transport_closed(cause, now_);
            return;
        }
        if (!sent_.empty()) {
            watch_.cut_off(token_of_unfinished_packet());
        }
        linked_ = false;
        chunk_left_ = 0;
        sent_.clear();
        inbound_.clear();
        if (paused_) {
            paused_ = false;
            session_.resume_reading(now_);
        }
        session_.transport_closed(cause, now_);
        watch_.connection_lost();
    }

    /// Of the packet whose first bytes have been written: its message, or 0 when it is none or its rest is
    /// not known.
    [[nodiscard]] session::Token token_of_unfinished_packet() const {
        std::vector<std::byte> bytes = sent_;
        const auto rest = chunk_.bytes().last(chunk_left_);
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        const wire::Decoded decoded =
            wire::decode(bytes, {.version = watch_.version(), .sender = wire::Sender::client});
        const auto* publish = std::get_if<wire::Publish>(&decoded.packet);
        return decoded.status == wire::DecodeStatus::packet && publish != nullptr
                   ? number_in(publish->payload)
                   : 0;
    }

    void check_sent() {
        for (;;) {
            const wire::Decoded decoded =
                wire::decode(sent_, {.version = watch_.version(), .sender = wire::Sender::client});
            if (decoded.status == wire::DecodeStatus::need_more) {
                return;
            }
            if (decoded.status == wire::DecodeStatus::failed) {
                require(false, decoded.failure.message());
                return;
            }
            watch_.sent(decoded.packet, decoded.bytes);
            if (healed_) {
                healed_broker_.take(decoded.packet, watch_.version());
            }
            sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(decoded.bytes));
        }
    }

    void take_events() {
        while (const session::Event* event = session_.next_event()) {
            take(*event);
            session_.pop_event();
        }
    }

    void take(const session::Event& event) {
        using Kind = session::Event::Kind;
        require(!ended_, "an event after the end");
        ++events_[event.kind];
        if (event.kind == Kind::published || event.kind == Kind::publish_failed) {
            require(unfinished_.erase(event.token) == 1, "a message ends twice");
            require((event.kind == Kind::published) == !event.failure.code, "a failure without a reason");
            event.kind == Kind::published ? watch_.published(event.token)
                                          : watch_.publish_failed(event.token);
        } else if (event.kind == Kind::message) {
            require((event.publish.qos == Qos::at_most_once) == (event.delivery == 0),
                    "a delivery without a number");
            require(!event.publish.topic.empty(), "a message without a topic");
            const std::uint64_t number = number_in(event.publish.payload);
            watch_.delivered(number, event.publish.qos);
            for (const char character : event.publish.topic) {
                read_ += static_cast<std::size_t>(character);
            }
            if (event.delivery != 0) {
                deliveries_.push_back({event.delivery, number});
            }
        } else if (event.kind == Kind::closed) {
            require(closing_, "the end, though nobody has asked for it");
            ended_ = true;
        } else {
            const bool fails = event.kind == Kind::connect_failed || event.kind == Kind::subscribe_failed ||
                               event.kind == Kind::warning;
            require(!fails || !event.failure.message.empty(), "a failure without a sentence");
        }
    }

    void check_bounds() {
        const session::Statistics statistics = session_.statistics();
        require(statistics.inflight <= limits_.packet_id_max, "more in flight than there are identifiers");
        require(statistics.queued <= limits_.messages_max + limits_.packet_id_max, "the queue is too long");
        require(unfinished_.size() <= statistics.queued + statistics.inflight || linked_,
                "messages that are neither queued nor in flight");
        require(statistics.unacknowledged_in <= 65'535, "too many messages wait for the application");
    }

    // The end.

    /// From now on the broker keeps the rules, with a new session; whatever happened before, every message
    /// has to come to its end.
    void heal() {
        if (paused_) {
            pause_or_resume();
        }
        lose_transport({});
        healed_ = true;
        drain();
        for (int i = 0; i < 600 && !unfinished_.empty() && broken_.empty(); ++i) {
            // To another client, way may be given for long.
            const session::TimePoint next = session_.deadline().value_or(now_) - now_;
            const session::TimePoint step = std::chrono::milliseconds{100};
            pass(session_.connected() ? step : std::max(next, step));
            write_all();
            feed(healed_broker_.answers());
            drain();
        }
        require(unfinished_.empty(), "a message does not end, though the broker is well again");
        healed_ = false;
    }

    /// A session that is closed has to end, and every message with it; then it does nothing any more.
    void finish() {
        close(std::chrono::seconds{1});
        drain();
        for (int i = 0; i < 50 && !ended_ && broken_.empty(); ++i) {
            pass(std::chrono::milliseconds{100});
        }
        require(ended_, "a closed session does not end");
        require(unfinished_.empty(), "a message has no end");
        require(!session_.deadline(), "a session that has ended waits for something");
        publish(4);
        subscribe(1);
        acknowledge(0);
        pass(std::chrono::hours{1});
        drain();
        require(!linked_, "a session that has ended opens a transport");
    }

    void require(bool holds, std::string_view otherwise) {
        if (!holds && broken_.empty()) {
            broken_ = otherwise;
        }
    }

    struct Delivery {
        session::DeliveryId id;
        std::uint64_t number;
    };

    Instructions instructions_;
    const Options options_;
    const session::QueueLimits limits_;
    Counting random_;
    session::Session session_;
    ClientWatch watch_;
    BrokerPackets broker_{watch_};
    session::TimePoint now_ = std::chrono::hours{1};
    session::OutputChunk chunk_;
    std::size_t chunk_left_ = 0;
    std::vector<std::byte> sent_;     // Written, not yet a whole packet.
    std::vector<std::byte> inbound_;  // Not yet consumed.
    HealedBroker healed_broker_;
    std::set<session::Token> unfinished_;
    std::vector<Delivery> deliveries_;
    session::Token last_token_ = 0;
    std::map<session::Event::Kind, unsigned> events_;
    std::size_t read_ = 0;
    std::string broken_;
    bool linked_ = false;
    bool paused_ = false;
    bool closing_ = false;
    bool healed_ = false;
    bool ended_ = false;
};

/// The property of the target "session": three bytes of configuration, then instructions.
[[nodiscard]] inline std::string check_session(Input input) {
    return SessionRun{input}.broken();
}

}  // namespace multimqtt::fuzz
