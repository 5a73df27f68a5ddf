// The roles of a script and their virtual time.
#include "support/script.hpp"

#include "support/client_packet_rules.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace multimqtt::support {
namespace {

// Says where in the test, not where in this file.
#define FAILED_AT(where) ADD_FAILURE_AT((where).file_name(), static_cast<int>((where).line()))

std::string in_milliseconds(TimePoint duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

// One answer for each filter of a request: the QoS that was asked for, or the refusal.
std::vector<ReasonCode> answers_to(const wire::Packet& request, ReasonCode reason) {
    std::vector<ReasonCode> answers;
    if (const auto* subscribe = std::get_if<wire::Subscribe>(&request)) {
        for (const wire::Subscription& subscription : subscribe->subscriptions) {
            answers.push_back(is_failure(reason) ? reason : static_cast<ReasonCode>(subscription.qos));
        }
    } else if (const auto* unsubscribe = std::get_if<wire::Unsubscribe>(&request)) {
        answers.assign(unsubscribe->filters.size(), reason);
    }
    return answers;
}

}  // namespace

std::uint64_t SeededRandom::next() {  // SplitMix64.
    state_ += 0x9E37'79B9'7F4A'7C15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58'476D'1CE4'E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D0'49BB'1331'11EB;
    return mixed ^ (mixed >> 31);
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

// The client.

wire::Connect Client::connects(const wire::Connack& connack, Where where) {
    start();
    script_.network.opens(where);
    const auto connect = script_.broker.expects<wire::Connect>(where);
    script_.broker.sends(connack);
    reports(Event::Kind::connected, EventDetails{}, where);
    return connect;
}

wire::Connect Client::reconnects(const wire::Connack& connack, Where where) {
    script_.network.reopens(where);
    const auto connect = script_.broker.expects<wire::Connect>(where);
    script_.broker.sends(connack);
    reports(Event::Kind::connected, EventDetails{}, where);
    return connect;
}

void Client::start() {
    script_.session_.start(script_.now_);
    script_.drain();
}

Token Client::publish(std::string_view topic, std::string_view payload, Qos qos, Where where) {
    const Token taken = token();
    if (const auto result = try_publish(taken, topic, payload, qos); !result) {
        FAILED_AT(where) << "the message was not taken: " << result.error();
    }
    return taken;
}

Result<void> Client::try_publish(Token token, std::string_view topic, std::string_view payload, Qos qos,
                                 bool retain, const PublishProperties* properties) {
    session::OutboundMessage message;
    message.topic = topic;
    message.payload = std::as_bytes(std::span{payload});
    message.qos = qos;
    message.retain = retain;
    message.properties = properties;
    message.accepted_at = script_.now_;
    auto result = script_.session_.publish(token, message, script_.now_);
    script_.drain();
    return result;
}

void Client::subscribe(std::string filter, Qos qos, std::uint32_t identifier) {
    session::Subscription subscription;
    subscription.filter = std::move(filter);
    subscription.qos = qos;
    subscription.identifier = identifier;
    subscribe(std::move(subscription));
}

void Client::subscribe(session::Subscription subscription) {
    script_.session_.subscribe(std::move(subscription));
    script_.drain();
}

void Client::unsubscribe(std::string_view filter) {
    script_.session_.unsubscribe(filter);
    script_.drain();
}

void Client::acknowledge(session::DeliveryId delivery, ReasonCode reason) {
    script_.session_.acknowledge(delivery, reason);
    script_.drain();
}

void Client::close(TimePoint within, ReasonCode reason) {
    script_.session_.close(script_.now_, script_.now_ + within, reason);
    script_.drain();
}

void Client::pause() {
    script_.session_.pause_reading(script_.now_);
    script_.drain();
}

void Client::resume() {
    script_.session_.resume_reading(script_.now_);
    script_.drain();
    script_.receive({});
}

Happened Client::reports(Event::Kind kind, const EventDetails& details, Where where) {
    return script_.take_event(kind, details, std::nullopt, where);
}
Happened Client::reports(Event::Kind kind, After after, Where where) {
    return script_.take_event(kind, {}, after, where);
}
Happened Client::reports(Event::Kind kind, const EventDetails& details, After after, Where where) {
    return script_.take_event(kind, details, after, where);
}

std::deque<Happened>& Client::events() noexcept {
    return script_.events_;
}

Token Client::token() noexcept {
    return ++script_.last_token_;
}

// The network.

void Network::opens(Where where) {
    if (take_request() != TransportRequest::Kind::open) {
        FAILED_AT(where) << "the session does not ask for a transport to be opened";
    }
    opens_unasked();
}

void Network::opens_unasked() {
    script_.open_ = true;
    script_.session_.transport_opened(script_.now_);
    script_.drain();
}

void Network::reopens(Where where) {
    for (int i = 0; i < 100 && script_.request_ != TransportRequest::Kind::open; ++i) {
        script_.wait(1s);
    }
    opens(where);
}

void Network::refuses(Where where) {
    if (take_request() != TransportRequest::Kind::open) {
        FAILED_AT(where) << "the session does not ask for a transport to be opened";
    }
    cuts(Failure{std::make_error_code(std::errc::connection_refused), "Connection refused."});
}

void Network::cuts(const Failure& cause) {
    script_.open_ = false;
    script_.chunk_left_ = 0;
    script_.stuck_ = false;
    script_.stream_.clear();
    script_.inbound_.clear();
    script_.delayed_.clear();
    script_.request_.reset();
    script_.session_.transport_closed(cause, script_.now_);
    script_.drain();
}

void Network::sticks() noexcept {
    script_.stuck_ = true;
}

void Network::flows() {
    script_.stuck_ = false;
    script_.write(script_.chunk_left_);
}

void Network::takes(std::size_t bytes) {
    script_.write(bytes);
}

TransportRequest::Kind Network::take_request() {
    return std::exchange(script_.request_, std::nullopt).value_or(TransportRequest::Kind::none);
}

std::size_t Network::endpoint() const noexcept {
    return script_.endpoint_;
}

// The broker.

const Received& Received::replies(wire::PacketType type, ReasonCode reason, After after) const {
    if (as_ == As::something_else) {
        return *this;
    }
    const std::uint16_t id = packet_id();
    const std::vector<ReasonCode> answers = answers_to(sent_.packet, reason);
    switch (type) {
        case wire::PacketType::connack:
            return replies(refusing(reason), after);
        case wire::PacketType::puback:
            return replies(wire::Puback{id, reason, {}}, after);
        case wire::PacketType::pubrec:
            return replies(wire::Pubrec{id, reason, {}}, after);
        case wire::PacketType::pubrel:
            return replies(wire::Pubrel{id, reason, {}}, after);
        case wire::PacketType::pubcomp:
            return replies(wire::Pubcomp{id, reason, {}}, after);
        case wire::PacketType::suback:
            return replies(wire::Suback{id, wire::ReasonCodes{answers}, {}}, after);
        case wire::PacketType::unsuback:
            return replies(wire::Unsuback{id, wire::ReasonCodes{answers}, {}}, after);
        case wire::PacketType::pingresp:
            return replies(wire::Pingresp{}, after);
        case wire::PacketType::disconnect:
            return replies(wire::Disconnect{reason, {}}, after);
        default:
            FAILED_AT(where_) << wire::name(type) << " is no answer that a broker gives";
            return *this;
    }
}

Received Broker::expects(wire::PacketType type, const PacketDetails& details, Where where) {
    return script_.take_packet(type, details, std::nullopt, where);
}
Received Broker::expects(wire::PacketType type, After after, Where where) {
    return script_.take_packet(type, {}, after, where);
}
Received Broker::expects(wire::PacketType type, const PacketDetails& details, After after, Where where) {
    return script_.take_packet(type, details, after, where);
}

void Broker::sends_bytes(std::span<const std::byte> bytes, After after) {
    if (after.duration > TimePoint{0}) {
        script_.delayed_.emplace(script_.now_ + after.duration,
                                 std::vector<std::byte>{bytes.begin(), bytes.end()});
    } else {
        script_.receive(bytes);
    }
}

void Broker::sends_bytes(std::initializer_list<int> bytes) {
    std::vector<std::byte> copy;
    std::ranges::transform(bytes, std::back_inserter(copy), [](int byte) { return std::byte(byte); });
    sends_bytes(copy);
}

void Broker::publishes(std::string_view topic, std::string_view payload, Qos qos, std::uint16_t packet_id,
                       bool dup) {
    wire::Publish publish;
    publish.topic = topic;
    publish.payload = std::as_bytes(std::span{payload});
    publish.qos = qos;
    publish.packet_id = packet_id;
    publish.dup = dup;
    sends(publish);
}

bool Broker::has_heard() const noexcept {
    return !script_.sent_.empty();
}

std::deque<Sent>& Broker::heard() noexcept {
    return script_.sent_;
}

// The script.

Script::Script(const Options& options, session::QueueLimits limits)
    : Roles{Client{*this}, Network{*this}, Broker{*this}},
      session_{options, random_, limits},
      version_{options.version == VersionPolicy::v3_1_1 ? ProtocolVersion::v3_1_1
               : options.version == VersionPolicy::v3_1 ? ProtocolVersion::v3_1
                                                        : ProtocolVersion::v5} {
}

Script::~Script() = default;

void Script::wait(TimePoint duration) {
    const TimePoint end = now_ + duration;
    for (int spins = 0; spins < 100'000; ++spins) {
        const auto deadline = session_.deadline();
        const bool answer_first = !delayed_.empty() && (!deadline || delayed_.begin()->first < *deadline);
        const auto next = answer_first ? std::optional{delayed_.begin()->first} : deadline;
        if (!next || *next > end) {
            now_ = end;
            return;
        }
        now_ = std::max(now_, *next);
        if (answer_first) {
            const auto answer = delayed_.extract(delayed_.begin());
            receive(answer.mapped());
        } else {
            session_.timeout(now_);
            drain();
        }
    }
    ADD_FAILURE() << "the session asks for the same deadline for ever";
}

void Script::silence(TimePoint duration, Where where) {
    wait(duration);
    for (const Sent& sent : sent_) {
        FAILED_AT(where) << "the client has also sent " << to_string(sent.packet);
    }
    for (const Happened& event : events_) {
        FAILED_AT(where) << "there was also the event " << to_string(event);
    }
    sent_.clear();
    events_.clear();
}

std::string Script::story() {
    std::string text;
    const auto tell = [&](std::string_view what) { text.append(text.empty() ? "" : ", ").append(what); };
    for (const Happened& event : events_) {
        tell(to_string(event.kind));
    }
    for (const Sent& sent : sent_) {
        tell(outline(sent.packet));
    }
    events_.clear();
    sent_.clear();
    return text;
}

void Script::drain() {
    while (const Event* event = session_.next_event()) {
        events_.emplace_back(*event, now_);
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

Received Script::take_packet(wire::PacketType type, const PacketDetails& details, std::optional<After> after,
                             Where where) {
    if (after) {
        silence(TimePoint{0}, where);
        wait(after->duration);
    }
    if (sent_.empty()) {
        FAILED_AT(where) << "the client has sent nothing, not " << wire::name(type);
        return {*this, Sent{}, Received::As::something_else, where};
    }
    kept_.push_back(std::move(sent_.front()));
    sent_.pop_front();
    const Sent& sent = kept_.back();
    auto as = Received::As::expected;
    if (wire::type_of(sent.packet) != type) {
        FAILED_AT(where) << "the client has sent " << to_string(sent.packet) << ", not " << wire::name(type);
        as = Received::As::something_else;
    } else if (const std::string wrong = mismatches(sent.packet, details); !wrong.empty()) {
        FAILED_AT(where) << "of " << to_string(sent.packet) << " " << wrong;
    }
    if (after && sent.at != now_) {
        FAILED_AT(where) << to_string(sent.packet) << " was sent " << in_milliseconds(now_ - sent.at)
                         << " too early";
    }
    return {*this, sent, as, where};
}

Happened Script::take_event(Event::Kind kind, const EventDetails& details, std::optional<After> after,
                            Where where) {
    if (after) {
        silence(TimePoint{0}, where);
        wait(after->duration);
    }
    if (events_.empty()) {
        FAILED_AT(where) << "there is no event, not " << to_string(kind);
        return Happened{Event{}, now_};
    }
    Happened event = std::move(events_.front());
    events_.pop_front();
    if (event.kind != kind) {
        FAILED_AT(where) << "there is the event " << to_string(event) << ", not " << to_string(kind);
    } else if (const std::string wrong = mismatches(event, details); !wrong.empty()) {
        FAILED_AT(where) << "of " << to_string(event) << " " << wrong;
    }
    if (after && event.at != now_) {
        FAILED_AT(where) << to_string(event) << " came " << in_milliseconds(now_ - event.at) << " too early";
    }
    return event;
}

void Script::receive(std::span<const std::byte> bytes) {
    inbound_.insert(inbound_.end(), bytes.begin(), bytes.end());
    const std::size_t consumed = session_.receive(inbound_, now_);
    drain();  // Before the bytes that events look at go away.
    inbound_.erase(inbound_.begin(), inbound_.begin() + static_cast<std::ptrdiff_t>(consumed));
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

void Script::take_sent(std::span<const std::byte> bytes) {
    stream_.insert(stream_.end(), bytes.begin(), bytes.end());
    const wire::DecodeOptions options{version_, wire::Sender::client, wire::kPacketBytesMax};
    for (;;) {
        Sent sent;
        sent.at = now_;
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
        EXPECT_EQ(complaint(std::span{*sent.bytes}.first(decoded.bytes), version_), "")
            << to_string(sent.packet) << ", which is forbidden";
        // v5 [MQTT-3.2.2-15]. Below five bytes not even PUBCOMP could say what is wrong.
        EXPECT_LE(decoded.bytes, std::max(session_.grants().packet_bytes_max, 5U)) << to_string(sent.packet);
        stream_.erase(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(decoded.bytes));
        sent_.push_back(std::move(sent));
    }
}

}  // namespace multimqtt::support
