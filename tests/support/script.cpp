// The scripted broker and its virtual time.
#include "support/script.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::support {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::uint64_t SeededRandom::next() {  // SplitMix64.
    state_ += 0x9E37'79B9'7F4A'7C15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58'476D'1CE4'E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D0'49BB'1331'11EB;
    return mixed ^ (mixed >> 31);
}

Happened::Happened(const Event& event)
    : kind{event.kind},
      delivery{event.delivery},
      token{event.token},
      reason{event.reason},
      permanent{event.permanent},
      filter{event.filter},
      failure{event.failure} {
    if (kind == Event::Kind::message) {
        topic = event.publish.topic;
        payload = text_of(event.publish.payload);
        qos = event.publish.qos;
        dup = event.publish.dup;
        retain = event.publish.retain;
        for (const std::uint32_t identifier : event.publish.properties.subscription_identifiers) {
            subscription_identifiers.push_back(identifier);
        }
    }
}

std::string_view to_string(Event::Kind kind) noexcept {
    switch (kind) {
        case Event::Kind::connected:
            return "connected";
        case Event::Kind::connect_failed:
            return "connect_failed";
        case Event::Kind::disconnected:
            return "disconnected";
        case Event::Kind::message:
            return "message";
        case Event::Kind::published:
            return "published";
        case Event::Kind::publish_failed:
            return "publish_failed";
        case Event::Kind::subscribed:
            return "subscribed";
        case Event::Kind::subscribe_failed:
            return "subscribe_failed";
        case Event::Kind::unsubscribed:
            return "unsubscribed";
        case Event::Kind::warning:
            return "warning";
        case Event::Kind::closed:
            return "closed";
    }
    return "unknown";
}

Options quiet_options(ProtocolVersion version) {
    Options options;
    options.version = version == ProtocolVersion::v5     ? VersionPolicy::v5
                      : version == ProtocolVersion::v3_1 ? VersionPolicy::v3_1
                                                         : VersionPolicy::v3_1_1;
    options.client_id = "script";
    options.clean_start = false;
    options.session_expiry = 1h;
    options.keep_alive = 0s;
    options.reconnect_max = 1s;
    return options;
}

Script::Script(Options options, session::QueueLimits limits)
    : session_{options, random_, limits},
      version_{options.version == VersionPolicy::v3_1_1 ? ProtocolVersion::v3_1_1
               : options.version == VersionPolicy::v3_1 ? ProtocolVersion::v3_1
                                                        : ProtocolVersion::v5} {
}

Script::~Script() = default;

wire::Connect Script::connect(wire::Connack connack) {
    start();
    open();
    const auto connect = expect<wire::Connect>();
    reply(connack);
    expect_event(Event::Kind::connected);
    return connect;
}

wire::Connect Script::reconnect(wire::Connack connack) {
    for (int i = 0; i < 100 && request_ != TransportRequest::Kind::open; ++i) {
        after(1s);
    }
    open();
    const auto connect = expect<wire::Connect>();
    reply(connack);
    expect_event(Event::Kind::connected);
    return connect;
}

void Script::start() {
    session_.start(now_);
    drain();
}

Token Script::publish(std::string_view topic, std::string_view payload, Qos qos) {
    const Token taken = token();
    const auto result = try_publish(taken, topic, payload, qos);
    EXPECT_TRUE(result.has_value()) << (result ? Failure{} : result.error());
    return taken;
}

Result<void> Script::try_publish(Token token, std::string_view topic, std::string_view payload, Qos qos,
                                 bool retain, const PublishProperties* properties) {
    session::OutboundMessage message;
    message.topic = topic;
    message.payload = std::as_bytes(std::span{payload});
    message.qos = qos;
    message.retain = retain;
    message.properties = properties;
    message.accepted_at = now_;
    auto result = session_.publish(token, message, now_);
    drain();
    return result;
}

void Script::subscribe(std::string filter, Qos qos, std::uint32_t identifier) {
    session::Subscription subscription;
    subscription.filter = std::move(filter);
    subscription.qos = qos;
    subscription.identifier = identifier;
    subscribe(std::move(subscription));
}

void Script::subscribe(session::Subscription subscription) {
    session_.subscribe(std::move(subscription));
    drain();
}

void Script::unsubscribe(std::string_view filter) {
    session_.unsubscribe(filter);
    drain();
}

void Script::acknowledge(session::DeliveryId delivery, ReasonCode reason) {
    session_.acknowledge(delivery, reason);
    drain();
}

void Script::close(TimePoint within) {
    session_.close(now_, now_ + within);
    drain();
}

void Script::pause() {
    session_.pause_reading(now_);
    drain();
}

void Script::resume() {
    session_.resume_reading(now_);
    drain();
    reply_bytes(std::span<const std::byte>{});
}

void Script::open() {
    EXPECT_EQ(take_request(), TransportRequest::Kind::open);
    open_ = true;
    session_.transport_opened(now_);
    drain();
}

void Script::cut() {
    open_ = false;
    chunk_left_ = 0;
    stuck_ = false;
    stream_.clear();
    inbound_.clear();
    request_.reset();
    session_.transport_closed({}, now_);
    drain();
}

void Script::after(TimePoint duration) {
    const TimePoint end = now_ + duration;
    for (int spins = 0; spins < 100'000; ++spins) {
        const auto deadline = session_.deadline();
        if (!deadline || *deadline > end) {
            now_ = end;
            return;
        }
        now_ = std::max(now_, *deadline);
        session_.timeout(now_);
        drain();
    }
    ADD_FAILURE() << "the session asks for the same deadline for ever";
}

void Script::unstick() {
    stuck_ = false;
    write(chunk_left_);
}

void Script::write(std::size_t bytes) {
    bytes = std::min(bytes, chunk_left_);
    if (bytes > 0) {
        const auto all = chunk_.bytes();
        take_sent(all.subspan(all.size() - chunk_left_, bytes));
        chunk_left_ -= bytes;
        session_.output_written(bytes, now_);
    }
    drain();
}

TransportRequest::Kind Script::take_request() {
    return std::exchange(request_, std::nullopt).value_or(TransportRequest::Kind::none);
}

void Script::reply_bytes(std::span<const std::byte> bytes) {
    inbound_.insert(inbound_.end(), bytes.begin(), bytes.end());
    const std::size_t consumed = session_.receive(inbound_, now_);
    drain();  // Before the bytes that events look at go away.
    inbound_.erase(inbound_.begin(), inbound_.begin() + static_cast<std::ptrdiff_t>(consumed));
}

void Script::reply_bytes(std::initializer_list<int> bytes) {
    std::vector<std::byte> copy;
    std::ranges::transform(bytes, std::back_inserter(copy), [](int byte) { return std::byte(byte); });
    reply_bytes(copy);
}

void Script::deliver(std::string_view topic, std::string_view payload, Qos qos, std::uint16_t packet_id,
                     bool dup) {
    wire::Publish publish;
    publish.topic = topic;
    publish.payload = std::as_bytes(std::span{payload});
    publish.qos = qos;
    publish.packet_id = packet_id;
    publish.dup = dup;
    reply(publish);
}

Happened Script::expect_event(Event::Kind kind) {
    if (events_.empty()) {
        ADD_FAILURE() << "no event, expected " << to_string(kind);
        return Happened{Event{}};
    }
    Happened event = std::move(events_.front());
    events_.pop_front();
    EXPECT_EQ(to_string(event.kind), to_string(kind)) << event.failure;
    return event;
}

void Script::nothing_else() {
    for (const Sent& sent : sent_) {
        ADD_FAILURE() << "the client has also sent " << wire::name(wire::type_of(sent.packet));
    }
    for (const Happened& event : events_) {
        ADD_FAILURE() << "there was also the event " << to_string(event.kind) << " " << event.failure;
    }
    sent_.clear();
    events_.clear();
}

void Script::drain() {
    while (const Event* event = session_.next_event()) {
        events_.emplace_back(*event);
        session_.pop_event();
    }
    while (open_ && chunk_left_ == 0 && session_.take_output(chunk_, now_)) {
        chunk_left_ = chunk_.bytes().size();
        if (!stuck_) {
            write(chunk_left_);
        }
    }
    const TransportRequest request = session_.transport();
    if (request.kind == TransportRequest::Kind::none) {
        return;
    }
    request_ = request.kind;
    if (request.kind == TransportRequest::Kind::open) {
        endpoint_ = request.endpoint;
    }
}

void Script::take_sent(std::span<const std::byte> bytes) {
    stream_.insert(stream_.end(), bytes.begin(), bytes.end());
    const wire::DecodeOptions options{version_, wire::Sender::client, wire::kPacketBytesMax};
    for (;;) {
        Sent sent;
        sent.bytes = std::make_shared<const std::vector<std::byte>>(stream_);
        const wire::Decoded decoded = wire::decode(*sent.bytes, options);
        ASSERT_NE(decoded.status, wire::DecodeStatus::failed) << decoded.failure.message();
        if (decoded.status == wire::DecodeStatus::need_more) {
            return;
        }
        sent.packet = decoded.packet;
        if (const auto* connect = std::get_if<wire::Connect>(&sent.packet)) {
            version_ = connect->version;
        }
        stream_.erase(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(decoded.bytes));
        sent_.push_back(std::move(sent));
    }
}

}  // namespace multimqtt::support
