// What has to hold for a session whatever its broker sends, its transport does and its application asks for.
#pragma once

#include "session/session.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::fuzz {

/// The bytes of an input, taken one after another; 0 once they are used up.
class Instructions {
public:
    explicit Instructions(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] unsigned next() noexcept {
        return bytes_.empty() ? 0 : static_cast<unsigned>(take(1).front());
    }
    [[nodiscard]] std::span<const std::byte> take(std::size_t count) noexcept {
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }

private:
    std::span<const std::byte> bytes_;
};

class Counting final : public session::Random {
public:
    std::uint64_t next() override { return state_ += 0x9E37'79B9'7F4A'7C15; }

private:
    std::uint64_t state_ = 0;
};

/// One session that is driven by instructions, and drained after each.
class SessionRun {
public:
    explicit SessionRun(std::span<const std::byte> input)
        : instructions_{input}, session_{options_of(instructions_.next()), random_, kLimits} {
        session_.start(now_);
        drain();
        while (!instructions_.empty() && broken_.empty()) {
            step();
        }
        finish();
    }

    /// What does not hold, empty when everything does.
    [[nodiscard]] const std::string& broken() const noexcept { return broken_; }

private:
    static Options options_of(unsigned bits) {
        constexpr VersionPolicy kPolicies[] = {VersionPolicy::automatic, VersionPolicy::v5,
                                               VersionPolicy::v3_1_1, VersionPolicy::v3_1};
        Options options;
        options.version = kPolicies[bits % 4];
        options.clean_start = (bits & 0x04) != 0;
        options.session_expiry = std::chrono::seconds{(bits & 0x08) != 0 ? 2 : 0};
        options.keep_alive = std::chrono::seconds{(bits & 0x10) != 0 ? 2 : 0};
        options.lost_session = (bits & 0x20) != 0 ? LostSession::fail : LostSession::publish_again;
        options.inflight_max = (bits & 0x40) != 0 ? 2 : 1'024;
        options.packet_bytes_max = 1'024;
        return options;
    }

    void step() {
        switch (instructions_.next() % 12) {
            case 0:
            case 1:
                feed(instructions_.take(instructions_.next()));
                break;
            case 2:
                feed_connack(instructions_.next());
                break;
            case 3:
            case 4:
                publish(instructions_.next());
                break;
            case 5:
                subscribe(instructions_.next());
                break;
            case 6:
                session_.acknowledge(
                    instructions_.next() % 2 == 0 ? last_delivery_ : instructions_.next() + 1,
                    static_cast<ReasonCode>(instructions_.next()));
                break;
            case 7:
                pass(std::chrono::milliseconds{20 * instructions_.next()});
                break;
            case 8:
                write(1 + instructions_.next());
                break;
            case 9:
                lose_transport();
                break;
            case 10:
                paused_ = !paused_;
                paused_ ? session_.pause_reading(now_) : session_.resume_reading(now_);
                break;
            case 11:
                close(std::chrono::milliseconds{10 * instructions_.next()});
                break;
        }
        drain();
    }

    /// A session that is closed has to end, and every message with it.
    void finish() {
        close(std::chrono::seconds{1});
        drain();
        for (int i = 0; i < 50 && !ended_ && broken_.empty(); ++i) {
            pass(std::chrono::milliseconds{100});
        }
        require(ended_, "a closed session does not end");
        require(unfinished_.empty(), "a message has no end");
        require(!session_.deadline(), "a session that has ended waits for something");
    }

    void feed(std::span<const std::byte> bytes) {
        if (!linked_) {
            return;
        }
        // A copy of exactly this size lets the address sanitizer see every read behind it.
        inbound_.insert(inbound_.end(), bytes.begin(), bytes.end());
        const std::vector<std::byte> given = inbound_;
        const std::size_t consumed = session_.receive(given, now_);
        require(consumed <= given.size(), "more was consumed than given");
        take_events();  // Before the bytes that they look at go away.
        inbound_.erase(inbound_.begin(), inbound_.begin() + static_cast<std::ptrdiff_t>(consumed));
    }

    void feed_connack(unsigned bits) {
        wire::Connack connack;
        connack.session_present = (bits & 0x01) != 0;
        if ((bits & 0x02) != 0) {
            connack.properties.receive_maximum = std::uint16_t{1};
        }
        if ((bits & 0x04) != 0) {
            connack.properties.maximum_packet_size = 24 + (bits >> 4);
        }
        if ((bits & 0x08) != 0) {
            connack.properties.topic_alias_maximum = std::uint16_t{2};
        }
        wire::ByteBuffer buffer;
        wire::encode(connack, version_, buffer);
        feed(buffer.bytes());
    }

    void publish(unsigned bits) {
        constexpr std::string_view kTopics[] = {"a", "b/c/d", "long/topic/name", "d"};
        const std::string payload((bits & 0x40) != 0 ? 40'000 : bits >> 3, 'x');
        PublishProperties properties;
        properties.expiry = std::chrono::seconds{1};
        session::OutboundMessage message;
        message.topic = kTopics[bits % 4];
        message.payload = std::as_bytes(std::span{payload});
        message.qos = static_cast<Qos>(bits / 4 % 3);
        message.retain = (bits & 0x20) != 0;
        message.properties = (bits & 0x80) != 0 ? &properties : nullptr;
        message.accepted_at = now_;
        if (session_.publish(last_token_ + 1, message, now_)) {
            unfinished_.insert(++last_token_);
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
        subscription.identifier = bits >> 6;
        session_.subscribe(std::move(subscription));
    }

    void close(session::TimePoint within) {
        closing_ = true;
        session_.close(now_, now_ + within);
    }

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

    // The transport takes what `write` says, and all of it when the session is about to end.

    void drain() {
        take_events();
        if (linked_ && chunk_left_ == 0 && session_.take_output(chunk_, now_)) {
            chunk_left_ = chunk_.bytes().size();
            require(chunk_left_ > 0, "an empty chunk");
        }
        using Kind = session::TransportRequest::Kind;
        switch (session_.transport().kind) {
            case Kind::none:
                return;
            case Kind::open:
                linked_ = true;
                session_.transport_opened(now_);
                break;
            case Kind::close_after_flush:
                while (chunk_left_ > 0 && broken_.empty()) {
                    write(chunk_left_);
                }
                lose_transport();
                break;
            case Kind::close:
                lose_transport();
                break;
        }
        drain();
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
        if (chunk_left_ == 0 && session_.take_output(chunk_, now_)) {
            chunk_left_ = chunk_.bytes().size();
        }
    }

    void lose_transport() {
        linked_ = connect_sent_ = disconnect_sent_ = false;
        chunk_left_ = 0;
        sent_.clear();
        inbound_.clear();
        session_.transport_closed({}, now_);
    }

    // CONNECT first and once, v5 [MQTT-3.1.0-1] and [MQTT-3.1.0-2], and nothing after DISCONNECT, v5
    // [MQTT-3.14.4-1].
    void check_sent() {
        for (;;) {
            const wire::Decoded decoded =
                wire::decode(sent_, {.version = version_, .sender = wire::Sender::client});
            if (decoded.status == wire::DecodeStatus::need_more) {
                return;
            }
            if (decoded.status == wire::DecodeStatus::failed) {
                require(false, decoded.failure.message());
                return;
            }
            const auto* connect = std::get_if<wire::Connect>(&decoded.packet);
            require(connect_sent_ == (connect == nullptr),
                    "CONNECT is not the first packet, or not the only one");
            require(!disconnect_sent_, "a packet follows DISCONNECT");
            connect_sent_ = true;
            disconnect_sent_ = std::holds_alternative<wire::Disconnect>(decoded.packet);
            version_ = connect != nullptr ? connect->version : version_;
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
        if (event.kind == Kind::published || event.kind == Kind::publish_failed) {
            require(unfinished_.erase(event.token) == 1, "a message ends twice");
            require((event.kind == Kind::published) == !event.failure.code, "a failure without a reason");
        } else if (event.kind == Kind::message) {
            read_ += event.publish.topic.size();
            for (const std::byte byte : event.publish.payload) {
                read_ += static_cast<std::size_t>(byte);
            }
            last_delivery_ = event.delivery != 0 ? event.delivery : last_delivery_;
        } else if (event.kind == Kind::closed) {
            require(closing_, "the end, though nobody has asked for it");
            ended_ = true;
        }
    }

    void require(bool holds, std::string_view otherwise) {
        if (!holds && broken_.empty()) {
            broken_ = otherwise;
        }
    }

    static constexpr session::QueueLimits kLimits{8, 100'000, 3};

    Instructions instructions_;
    Counting random_;
    session::Session session_;
    session::TimePoint now_ = std::chrono::hours{1};
    ProtocolVersion version_ = ProtocolVersion::v5;
    session::OutputChunk chunk_;
    std::size_t chunk_left_ = 0;
    std::vector<std::byte> sent_;
    std::vector<std::byte> inbound_;
    std::set<session::Token> unfinished_;
    session::Token last_token_ = 0;
    session::DeliveryId last_delivery_ = 0;
    std::size_t read_ = 0;
    std::string broken_;
    bool linked_ = false;
    bool paused_ = false;
    bool closing_ = false;
    bool ended_ = false;
    bool connect_sent_ = false;
    bool disconnect_sent_ = false;
};

}  // namespace multimqtt::fuzz
