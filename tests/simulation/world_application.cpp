// world_application.cpp: what the application does, what it is told, and what it was promised.
#include "simulation/world.hpp"

#include <algorithm>

namespace multimqtt::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = session::Event::Kind;

constexpr std::string_view kTopics[] = {"t", "topic/one", "topic/two",
                                        "a/topic/that/is/longer/than/the/others"};
constexpr std::string_view kTopicsElsewhere[] = {"in/0/a", "in/0/b", "in/1/a", "in/1"};
constexpr std::string_view kFilters[] = {"in/0/a", "in/0/#", "in/+/a", "in/1/#", "$share/group/in/1/#",
                                         "#",      "out/1"};
constexpr std::uint8_t kReasons[] = {0x80, 0x83, 0x87, 0x97, 0x99};

std::string number_text(std::string_view what, Number number) {
    return std::string{what} + " " + std::to_string(number);
}

Properties properties_of(const session::Event& event) {
    Properties properties;
    const auto& given = event.publish.properties;
    if (given.content_type) {
        properties.push_back({PropertyId::content_type, 0, std::string{*given.content_type}});
    }
    for (const auto& [name, value] : given.user_properties) {
        properties.push_back({PropertyId::user_property, 0, std::string{name}, std::string{value}});
    }
    for (const std::uint32_t identifier : given.subscription_identifiers) {
        properties.push_back({PropertyId::subscription_identifier, identifier});
    }
    return properties;
}

}  // namespace

Message World::draw_message(std::uint8_t qos, bool plain) {
    Message message;
    message.qos = qos;
    message.topic = dice_.pick(kTopics);
    message.payload_bytes = plain || !dice_.chance(3) ? dice_.below(40) : dice_.chance(30) ? 40'000 : 1'000;
    message.retain = !plain && dice_.chance(15);
    message.accepted_at = dice_.chance(10) ? now_ - std::chrono::milliseconds{dice_.below(1'500)} : now_;
    message.process = ledger_.process;
    if (plain || !dice_.chance(20)) {
        return message;
    }
    if (dice_.chance(60)) {
        message.expiry = std::chrono::seconds{dice_.between(1, 4)};
    }
    if (dice_.chance(30)) {
        message.properties.push_back({PropertyId::payload_format_indicator, 1});
    }
    if (dice_.chance(30)) {
        message.properties.push_back({PropertyId::content_type, 0, "text/plain"});
    }
    if (dice_.chance(30)) {
        message.properties.push_back({PropertyId::response_topic, 0, "answer"});
    }
    if (dice_.chance(30)) {
        message.properties.push_back({PropertyId::correlation_data, 0, std::string{"\0\1", 2}});
    }
    if (dice_.chance(30)) {
        message.properties.push_back({PropertyId::user_property, 0, "name", "value"});
    }
    return message;
}

void World::publish(std::uint8_t qos, bool plain) {
    Message message = draw_message(qos, plain);
    const auto number = static_cast<Number>(ledger_.messages.size() + 1);
    const auto payload = std::make_shared<const std::string>(payload_of(number, message.payload_bytes));
    PublishProperties properties;
    properties.expiry = message.expiry;
    for (const Property& property : message.properties) {
        switch (property.id) {
            case PropertyId::payload_format_indicator:
                properties.text = true;
                break;
            case PropertyId::content_type:
                properties.content_type = property.text;
                break;
            case PropertyId::response_topic:
                properties.response_topic = property.text;
                break;
            case PropertyId::correlation_data:
                properties.correlation_data = property.text;
                break;
            default:
                properties.user_properties.emplace_back(property.text, property.second_text);
                break;
        }
    }
    session::OutboundMessage outbound;
    outbound.topic = message.topic;
    outbound.payload = std::as_bytes(std::span{*payload});
    outbound.payload_owner = dice_.chance(50) ? payload : nullptr;
    outbound.qos = static_cast<Qos>(qos);
    outbound.retain = message.retain;
    outbound.properties = properties.empty() ? nullptr : &properties;
    outbound.accepted_at = message.accepted_at;
    const bool accepts = session_->accepts_publish();
    const auto result = session_->publish(number, outbound, now_);
    trace_("client", [&] {
        return number_text("publishes message", number) + " qos " + std::to_string(qos) +
               (result ? "" : ", which is not taken: " + result.error().message);
    });
    if (result) {
        verdict_.require(accepts, Check::queue_unbounded, "a message is taken though the queue is full");
        ledger_.messages.push_back(std::move(message));
        check_kept_bytes();
    } else if (plain || !may_refuse(message, result.error(), accepts)) {
        verdict_.violated(Check::message_not_accepted, result.error().message);
    }
}

// A queue that had room takes one message more than its limit at most. What a message costs beside its text
// is left out here.
void World::check_kept_bytes() {
    const auto bytes_of = [](const Message& message) { return message.topic.size() + message.payload_bytes; };
    std::size_t kept = 0;
    for (const Message& message : ledger_.messages) {
        const bool is_kept =
            message.process == ledger_.process && message.end == Message::End::none && message.qos > 0;
        kept += is_kept ? bytes_of(message) : 0;
    }
    if (kept > settings_.limits.bytes_max + bytes_of(ledger_.messages.back())) {
        verdict_.violated(Check::queue_unbounded, std::to_string(kept) + " bytes are kept");
    }
}

bool World::may_refuse(const Message& message, const Failure& failure, bool accepts) {
    if (closing_) {
        return failure.is(Error::closed);
    }
    if (!accepts) {
        return failure.is(Error::would_block);
    }
    if (failure.is(Error::expired)) {
        return message.expiry && now_ - message.accepted_at >= *message.expiry;
    }
    return offer_forbids(message, failure);
}

bool World::offer_forbids(const Message& message, const Failure& failure) {
    const bool connected = view_.accepted();
    if (failure.is(Error::not_supported)) {
        return connected &&
               (message.qos > broker_.offer().maximum_qos || (message.retain && !broker_.offer().retain));
    }
    if (failure.is(Error::payload_too_large)) {
        const std::size_t limit = std::min(settings_.options.packet_bytes_max,
                                           connected ? broker_.offer().packet_bytes_max : 0xFFFF'FFFF);
        constexpr std::size_t kEverythingElse = 100;  // Header, properties and the number.
        return message.topic.size() + message.payload_bytes + kEverythingElse > limit;
    }
    return false;
}

void World::publish_elsewhere() {
    const bool large = dice_.chance(4);
    const std::size_t bytes = large ? dice_.between(900, 1'020) : dice_.below(20);
    broker_.publish(dice_.pick(kTopicsElsewhere), static_cast<std::uint8_t>(dice_.below(3)), dice_.chance(10),
                    bytes);
}

void World::acknowledge(std::size_t index) {
    const Pending pending = pending_[index];
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
    Copy& copy = *ledger_.copy(pending.copy);
    const std::uint8_t reason = dice_.chance(5) ? dice_.pick(kReasons) : std::uint8_t{0};
    trace_("client", [&] { return number_text("acknowledges delivery", pending.copy); });
    copy.acknowledged = true;
    copy.reason = reason;
    copy.refused = copy.refused || reason != 0;
    session_->acknowledge(pending.id, static_cast<ReasonCode>(reason));
    drain();
}

void World::change_subscriptions() {
    if (dice_.chance(35)) {
        wish(std::string{dice_.pick(kFilters)}, false);
    } else {
        wish(want_something(), true);
    }
}

std::string World::want_something() {
    std::string filter{dice_.pick(kFilters)};
    session::Subscription subscription;
    subscription.filter = filter;
    subscription.qos = static_cast<Qos>(dice_.below(3));
    subscription.identifier = dice_.chance(50) ? static_cast<std::uint32_t>(dice_.between(1, 200)) : 0;
    subscription.no_local = dice_.chance(20);
    subscription.retain_handling = static_cast<wire::RetainHandling>(dice_.below(3));
    subscriptions_[filter] = subscription;
    return filter;
}

void World::wish(const std::string& filter, bool wanted) {
    trace_("client", [&] { return std::string{wanted ? "wants \"" : "no longer wants \""} + filter + "\""; });
    view_.asked(filter, chunk_left_ > 0);
    left_over_.erase(filter);
    if (wanted) {
        wanted_.insert(filter);
        session_->subscribe(subscriptions_[filter]);
    } else {
        wanted_.erase(filter);
        subscriptions_.erase(filter);
        session_->unsubscribe(filter);
    }
}

// Events.

void World::take_events() {
    while (const session::Event* event = session_->next_event()) {
        take(*event);
        session_->pop_event();
    }
}

void World::take(const session::Event& event) {
    verdict_.require(!ended_, Check::event_after_the_end, "an event after the end");
    switch (event.kind) {
        case Kind::connected:
            trace_("client", [] { return std::string{"is connected"}; });
            verdict_.require(view_.accepted(), Check::event_unexpected, "connected, without a CONNACK");
            was_connected_ = true;
            check_grants();
            break;
        case Kind::connect_failed:
        case Kind::disconnected:
            trace_("client", [&] { return "has lost the connection: " + event.failure.message; });
            check_connection_failure(event);
            failed_ = true;
            break;
        case Kind::message:
            take_message(event);
            break;
        case Kind::published:
        case Kind::publish_failed:
            take_end(event);
            break;
        case Kind::subscribed:
        case Kind::subscribe_failed:
        case Kind::unsubscribed:
            trace_("client", [&] { return "is answered about \"" + event.filter + "\""; });
            break;
        case Kind::warning:
            verdict_.require(event.failure.message.find("Receive Maximum") == std::string::npos,
                             Check::broker_blamed, "the broker is said to disregard Receive Maximum");
            break;
        case Kind::closed:
            trace_("client", [] { return std::string{"has ended"}; });
            verdict_.require(closing_, Check::event_unexpected, "the end, though nobody has asked for it");
            ended_ = true;
            break;
    }
}

void World::check_grants() {
    const session::Grants& grants = session_->grants();
    const Offer& offer = broker_.offer();
    const bool same =
        static_cast<Level>(grants.version) == broker_.level() &&
        grants.receive_maximum == offer.receive_maximum &&
        static_cast<std::uint8_t>(grants.maximum_qos) == offer.maximum_qos &&
        grants.retain_available == offer.retain && grants.topic_alias_maximum == offer.topic_alias_maximum &&
        grants.wildcard_subscription_available == offer.wildcards &&
        grants.subscription_identifiers_available == (offer.identifiers && broker_.level() == 5) &&
        grants.shared_subscription_available == offer.shared &&
        grants.keep_alive == std::chrono::seconds{offer.keep_alive_s};
    verdict_.require(same, Check::grants_wrong, "what CONNACK grants is told wrong");
}

void World::check_connection_failure(const session::Event& event) {
    const Failure& failure = event.failure;
    const bool blames = failure.is(Error::protocol_error) || failure.is(Error::malformed_packet) ||
                        failure.is(Error::packet_too_large) || failure.is(Error::topic_alias_invalid);
    // An old broker may answer a CONNECT of 5.0 with what only a client of 3.1.1 can read.
    const bool not_understood =
        !was_connected_ && view_.last_connect() && view_.last_connect()->level > settings_.broker.level;
    if (blames && !hostile_here_ && !not_understood) {
        verdict_.violated(Check::broker_blamed, failure.message);
    }
}

void World::take_message(const session::Event& event) {
    const std::string_view payload{reinterpret_cast<const char*>(event.publish.payload.data()),
                                   event.publish.payload.size()};
    const Number number = number_of(payload);
    Copy* const copy = ledger_.copy(number);
    const std::string name = number_text("delivery", number);
    trace_("client", [&] { return "is given " + name; });
    if (copy == nullptr) {
        verdict_.violated(Check::delivery_unknown, name);
        return;
    }
    const bool altered =
        event.publish.topic != copy->topic || payload != payload_of(number, copy->payload_bytes) ||
        static_cast<std::uint8_t>(event.publish.qos) != copy->qos || event.publish.retain != copy->retain ||
        (broker_.level() == 5 && !same(properties_of(event), copy->properties));
    verdict_.require(!altered, Check::delivery_altered, name);
    verdict_.require(number > last_delivered_, Check::delivery_overtaken, name);
    last_delivered_ = number;
    if (copy->process != ledger_.process) {
        copy->process = ledger_.process;
        copy->deliveries_here = 0;
        copy->acknowledged = copy->refused = false;
    }
    if (copy->deliveries_here > 0) {
        const bool may_come_again =
            (copy->qos == 1 && copy->acknowledged) || (copy->qos == 2 && copy->refused);
        verdict_.require(may_come_again, Check::delivery_duplicated, name);
    }
    copy->acknowledged = false;
    ++copy->deliveries;
    ++copy->deliveries_here;
    verdict_.require((event.delivery != 0) == (copy->qos > 0), Check::delivery_altered, name);
    if (event.delivery != 0) {
        pending_.push_back({event.delivery, number});
    }
}

void World::take_end(const session::Event& event) {
    Message* const message = ledger_.message(static_cast<Number>(event.token));
    const std::string name = number_text("message", static_cast<Number>(event.token));
    const bool well = event.kind == Kind::published;
    trace_("client",
           [&] { return name + (well ? " is published" : " has failed: " + event.failure.message); });
    if (message == nullptr || message->end != Message::End::none || message->process != ledger_.process) {
        verdict_.violated(Check::message_ends_twice, name);
        return;
    }
    message->end = well ? Message::End::published : Message::End::failed;
    view_.ended(static_cast<Number>(event.token));
    if (well && published_too_early(*message)) {
        verdict_.violated(Check::message_ends_too_early, name);
    }
    if (!well && !may_fail(*message, event.failure)) {
        verdict_.violated(Check::message_fails_for_nothing, name + ": " + event.failure.message);
    }
}

bool World::published_too_early(const Message& message) {
    if (message.qos == 0) {
        return !message.left;
    }
    // When the session is lost after PUBREC the broker has the message, and nothing is left to be done.
    const bool owned = message.qos == 2 && message.received && view_.told_of_loss();
    return !message.finished && !owned;
}

bool World::may_fail(const Message& message, const Failure& failure) {
    if (failure.is(Error::expired)) {
        return message.expiry && now_ - message.accepted_at >= *message.expiry &&
               !message.begun;  // v5 [MQTT-4.3.3-7]
    }
    if (failure.is(Error::closed)) {
        return closing_;
    }
    if (failure.is(Error::connection_lost)) {
        return message.qos == 0 && !message.left;
    }
    if (failure.is(Error::refused)) {
        return message.refused && message.finished;
    }
    if (failure.is(Error::session_lost)) {
        return settings_.options.lost_session == LostSession::fail && view_.told_of_loss() && message.qos > 0;
    }
    return offer_forbids(message, failure);
}

}  // namespace multimqtt::simulation
