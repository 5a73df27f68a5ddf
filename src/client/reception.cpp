// From a PUBLISH to the items of a parcel.
#include "client/reception.hpp"

#include "client/observer_list.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::client {
namespace {

// Things that happen to the connection stay in order among each other; messages have keys with the highest
// bit.
constexpr OrderKey kConnectionKey = 1;
constexpr OrderKey kLogKey = 2;
constexpr OrderKey kMessageBit = OrderKey{1} << 63;

void count(std::atomic<std::uint64_t>& counter) noexcept {
    // One writer: cheaper than an atomic addition.
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

[[nodiscard]] bool wanted(Retained retained, bool retain) noexcept {
    return retained == Retained::deliver || (retained == Retained::only) == retain;
}

}  // namespace

Reception::Reception(std::uint64_t hash_key, routing::SubscriptionPlan& plan, Inbox& inbox)
    : router_{hash_key}, key_hash_{hash_key}, plan_{plan}, inbox_{inbox} {
}

Parcel& Reception::parcel() {
    if (parcel_ == nullptr) {
        parcel_ = parcels_->take(like_the_last_);
    }
    return *parcel_;
}

Result<void> Reception::add(const std::shared_ptr<Topic::Route>& route, const routing::Prefix& prefix) {
    const auto id = routing::RouteId{route->id};
    if (auto added = router_.add(id, route->pattern, prefix); !added) {
        return added;
    }
    routes_.resize(std::max<std::size_t>(routes_.size(), route->id + 1));
    routes_[route->id] = route;
    if (route->observers != nullptr) {
        observers_.push_back(route->observers);
        return {};
    }
    count(counts_.routes);
    return {};
}

void Reception::choose_routes(const session::Event& event) {
    router_.match(event.publish.topic, matches_);
    identifiers_.clear();
    for (const std::uint32_t identifier : event.publish.properties.subscription_identifiers) {
        identifiers_.push_back(identifier);
    }
    const auto payload = event.publish.payload;
    plan_.select(matches_,
                 {event.publish.topic,
                  {reinterpret_cast<const char*>(payload.data()), payload.size()},
                  identifiers_,
                  event.publish.retain},
                 chosen_);
    std::erase_if(chosen_, [&](std::uint32_t position) {
        const auto& route = routes_[routing::index_of(matches_[position].route)];
        return !wanted(route->options.retained, event.publish.retain);
    });
}

bool Reception::run_observers(const session::Event& event) {
    if (observers_.empty()) {
        return false;
    }
    Message::Parts parts;
    parts.absolute_topic = event.publish.topic;
    parts.payload = event.publish.payload;
    parts.qos = event.publish.qos;
    parts.retain = event.publish.retain;
    parts.dup = event.publish.dup;
    parts.packet_id = event.publish.packet_id;
    const Message message{parts};
    return std::erase_if(chosen_, [&](std::uint32_t position) {
               const auto& observers = routes_[routing::index_of(matches_[position].route)]->observers;
               if (observers != nullptr) {
                   observers->message(message);
               }
               return observers != nullptr;
           }) != 0;
}

void Reception::observe(const session::Event& event) {
    if (!observers_.empty()) {
        choose_routes(event);
        (void)run_observers(event);
    }
}

void Reception::drop(const session::Event& event) {
    count(counts_.received);
    count(counts_.dropped);
    observe(event);
}

void Reception::disconnected(const Failure& failure) {
    for (const auto& observers : observers_) {
        observers->disconnected(failure);
    }
}

void Reception::receive(const session::Event& event, session::Session& session) {
    count(counts_.received);
    choose_routes(event);
    const bool observed = run_observers(event);
    if (chosen_.empty()) {
        if (!observed) {
            count(counts_.unrouted);
        }
        session.acknowledge(event.delivery);  // v5 and v3.1.1 [MQTT-4.5.0-2]: also when nobody handles it.
        return;
    }
    Parcel& kept = parcel();
    Message::Parts parts;
    parts.absolute_topic = keep_topic(event.publish);
    parts.payload = kept.keep(event.publish.payload);
    parts.properties = keep_properties(event.publish.properties);
    parts.qos = event.publish.qos;
    parts.retain = event.publish.retain;
    parts.dup = event.publish.dup;
    parts.packet_id = event.publish.packet_id;

    std::uint32_t handlers_to_wait_for = 0;
    for (const std::uint32_t position : chosen_) {
        const routing::Match& match = matches_[position];
        Topic::Route& route = *routes_[routing::index_of(match.route)];
        handlers_to_wait_for += route.options.ack == AckMode::receive ? 0 : 1;
        add_item(kept, parts, event.delivery, match, route);
    }
    if (event.delivery != 0) {
        if (handlers_to_wait_for == 0) {
            session.acknowledge(event.delivery);
        } else if (handlers_to_wait_for > 1) {
            unfinished_.emplace(event.delivery, handlers_to_wait_for);
        }
    }
}

void Reception::add_item(Parcel& parcel, const Message::Parts& parts, session::DeliveryId delivery,
                         const routing::Match& match, Topic::Route& route) {
    const auto spans = matches_.captures(match);
    const auto captures = parcel.captures(spans.size());
    std::transform(spans.begin(), spans.end(), captures.begin(),
                   [&](const routing::CaptureSpan& span) { return span.in(parts.absolute_topic); });
    const std::string_view ordered_by =
        route.options.ordered_by.empty() ? parts.absolute_topic : captures[route.ordered_by].text;

    InboxItem& item = parcel.items.emplace_back();
    item.kind = Delivery::Kind::message;
    item.parts = parts;
    item.parts.prefix_bytes = match.prefix_size;
    item.route = &route;
    item.capture = captures.data();
    item.captures = static_cast<std::uint32_t>(captures.size());
    item.acknowledge = delivery != 0 && route.options.ack == AckMode::success;
    item.delivery = route.options.ack == AckMode::receive ? 0 : delivery;
    item.key = key_hash_(ordered_by, route.id) | kMessageBit;
}

std::string_view Reception::keep_topic(const wire::Publish& publish) {
    if (!publish.properties.topic_alias) {
        return parcel().keep(publish.topic);
    }
    kept_topics_.resize(std::max<std::size_t>(kept_topics_.size(), *publish.properties.topic_alias));
    std::string_view& kept = kept_topics_[*publish.properties.topic_alias - 1u];
    if (kept != publish.topic) {
        kept = parcel().keep(publish.topic);
    }
    return kept;
}

const PublishProperties* Reception::keep_properties(const wire::PublishProperties& properties) {
    const bool some = properties.message_expiry_interval_s || properties.payload_format_indicator ||
                      properties.content_type || properties.response_topic || properties.correlation_data ||
                      properties.user_properties.begin() != properties.user_properties.end();
    if (!some) {
        return nullptr;
    }
    PublishProperties kept;
    if (properties.message_expiry_interval_s) {
        kept.expiry = std::chrono::seconds{*properties.message_expiry_interval_s};
    }
    if (properties.payload_format_indicator) {
        kept.text = *properties.payload_format_indicator == wire::PayloadFormat::utf8;
    }
    kept.content_type = properties.content_type.value_or("");
    kept.response_topic = properties.response_topic.value_or("");
    if (properties.correlation_data) {
        kept.correlation_data.assign(reinterpret_cast<const char*>(properties.correlation_data->data()),
                                     properties.correlation_data->size());
    }
    kept.user_properties.reserve(properties.user_properties.size());  // There may be hundreds of thousands.
    for (const wire::UserProperty& property : properties.user_properties) {
        kept.user_properties.emplace_back(property.name, property.value);
    }
    return parcel().keep(std::move(kept));
}

void Reception::report(Delivery::Kind kind, LogLevel level, Failure failure) {
    InboxItem& item = parcel().items.emplace_back();
    item.kind = kind;
    item.level = level;
    item.key = kind == Delivery::Kind::log ? kLogKey : kConnectionKey;
    item.failure = parcel().keep(std::move(failure));
}

void Reception::report(ReceiptState* receipt) {
    InboxItem& item = parcel().items.emplace_back();
    item.kind = Delivery::Kind::receipt;
    item.key = reinterpret_cast<OrderKey>(receipt) & ~kMessageBit;
    item.receipt = receipt;
}

void Reception::dispatch() {
    if (parcel_ != nullptr && !parcel_->items.empty()) {
        like_the_last_ = parcel_->size();
        kept_topics_.clear();
        inbox_.push(std::exchange(parcel_, nullptr));
    }
}

void Reception::finished(const Acknowledgement& acknowledgement, session::Session& session) {
    const auto several = unfinished_.find(acknowledgement.delivery);
    if (several != unfinished_.end()) {
        if (--several->second > 0) {
            return;
        }
        unfinished_.erase(several);
    }
    session.acknowledge(acknowledgement.delivery, acknowledgement.reason);
}

}  // namespace multimqtt::client
