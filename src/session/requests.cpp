// requests.cpp: SUBSCRIBE and UNSUBSCRIBE, and what the broker answers.
#include "session/parts.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace multimqtt::session {
namespace {

// What a SUBSCRIBE needs beside its filters: fixed header, packet identifier and properties.
constexpr std::size_t kRequestHeaderBytesMax = 16;

bool is_shared(std::string_view filter) {
    return filter.starts_with("$share/");
}

wire::Subscription request_for(const Subscription& subscription) {
    wire::Subscription view;
    view.filter = subscription.filter;
    view.qos = subscription.qos;
    // No Local on a shared subscription would be a protocol error, v5 [MQTT-3.8.3-4].
    view.no_local = subscription.no_local && !is_shared(subscription.filter);
    view.retain_handling = subscription.retain_handling;
    return view;
}

}  // namespace

void Session::Parts::send_requests() {
    while (phase == Phase::connected && subscriptions.has_work()) {
        const std::uint16_t packet_id = packet_ids.acquire();
        if (packet_id == 0) {
            return;  // Each acknowledgement tries again.
        }
        Subscriptions::Batch batch = subscriptions.next_batch(
            packet_bytes_max - std::min<std::size_t>(packet_bytes_max, kRequestHeaderBytesMax),
            grants.subscription_identifiers_available);
        if (!batch.unsubscribe) {
            std::erase_if(batch.subscriptions, [this](const Subscription* subscription) {
                return refuse_unavailable(*subscription);
            });
        }
        // Never without a filter: v5 [MQTT-3.8.3-2], [MQTT-3.10.3-2]; v3.1.1 [MQTT-3.8.3-3], [MQTT-3.10.3-2].
        if (batch.subscriptions.empty() || !send_request(batch, packet_id)) {
            packet_ids.release(packet_id);
        }
    }
}

bool Session::Parts::send_request(const Subscriptions::Batch& batch, std::uint16_t packet_id) {
    std::vector<wire::Subscription> views;
    std::vector<std::string_view> filters;
    wire::Subscribe subscribe;
    wire::Unsubscribe unsubscribe;
    for (const Subscription* subscription : batch.subscriptions) {
        views.push_back(request_for(*subscription));
        filters.push_back(subscription->filter);
    }
    subscribe.packet_id = unsubscribe.packet_id = packet_id;
    subscribe.subscriptions = wire::Subscriptions{views};
    unsubscribe.filters = wire::Filters{filters};
    const std::uint32_t identifier = batch.subscriptions.front()->identifier;
    if (identifier != 0 && grants.subscription_identifiers_available) {
        subscribe.properties.subscription_identifier = identifier;
    }
    const std::size_t bytes = batch.unsubscribe ? wire::encoded_size(unsubscribe, grants.version)
                                                : wire::encoded_size(subscribe, grants.version);
    // v5 [MQTT-3.2.2-15].
    if (bytes > packet_bytes_max) {  // Only a filter that stands alone can be too long.
        const Subscription& subscription = *batch.subscriptions.front();
        refuse(subscription, batch.unsubscribe,
               {Error::payload_too_large,
                "The request for \"" + subscription.filter + "\" exceeds the broker's maximum packet size."});
        return false;
    }
    subscriptions.asked(batch, packet_id);
    if (batch.unsubscribe) {
        write(unsubscribe);
    } else {
        write(subscribe);
    }
    return true;
}

void Session::Parts::refuse(const Subscription& subscription, bool unsubscribe, Failure failure) {
    if (unsubscribe) {
        events.warning(failure.message);
    } else {
        events.subscription(Event::Kind::subscribe_failed, subscription.filter, ReasonCode::success,
                            std::move(failure));
    }
    subscriptions.refused(subscription.filter);
}

bool Session::Parts::refuse_unavailable(const Subscription& subscription) {
    const std::string& filter = subscription.filter;
    const bool shared = is_shared(filter);
    if (shared && !grants.shared_subscription_available) {
        refuse(subscription, false,
               {Error::not_supported, "This broker has no shared subscriptions: \"" + filter + "\"."});
        return true;
    }
    if (!grants.wildcard_subscription_available && filter.find_first_of("+#") != std::string::npos) {
        refuse(subscription, false,
               {Error::not_supported, "This broker has no wildcard subscriptions: \"" + filter + "\"."});
        return true;
    }
    return false;
}

void Session::Parts::handle_known(const wire::Suback& suback, TimePoint now) {
    answered(suback.packet_id, suback.reason_codes, false, now);
}

void Session::Parts::handle_known(const wire::Unsuback& unsuback, TimePoint now) {
    answered(unsuback.packet_id, unsuback.reason_codes, true, now);
}

// mochi 2.7 takes the identifiers of its own messages for ours, though each side has a range of its own,
// MQTT 5.0 section 2.2.1 and 3.1.1 section 2.3.1. It counts from 1, so an identifier far away is not in its
// way.
bool Session::Parts::ask_again(std::uint16_t packet_id) {
    constexpr std::uint16_t kFarAway = 0x8000;
    if (packet_id >= kFarAway) {
        return false;
    }
    complain(Oddity::packet_identifier_disputed,
             "The broker refused a SUBSCRIBE because its packet identifier " + std::to_string(packet_id) +
                 " were in use; it is sent again with another one.");
    packet_ids.go_on_at(kFarAway);
    subscriptions.ask_again(packet_id);
    return true;
}

void Session::Parts::answered(std::uint16_t packet_id, const wire::ReasonCodes& reasons, bool unsubscribe,
                              TimePoint now) {
    // v5 [MQTT-2.2.1-6]; v3.1.1 [MQTT-2.3.1-7].
    const std::size_t asked = subscriptions.asked_count(packet_id, unsubscribe);
    if (asked == 0) {
        return;  // Unknown: nothing of ours depends on it.
    }
    const bool without_codes = unsubscribe && grants.version != ProtocolVersion::v5;
    if (!without_codes && reasons.size() != asked) {  // v5 [MQTT-3.8.4-6]; v3.1.1 [MQTT-3.8.4-5]
        protocol_error("The broker answered a request for " + std::to_string(asked) + " filters with " +
                           std::to_string(reasons.size()) + " reason codes.",
                       now);
        return;
    }
    packet_ids.release(packet_id);
    if (!unsubscribe && !reasons.empty() && reasons[0] == ReasonCode::packet_identifier_in_use &&
        ask_again(packet_id)) {
        send_requests();
        return;
    }
    for (Subscriptions::Answer& answer : subscriptions.answered(packet_id, reasons)) {
        answer.reason =
            understood(answer.reason, unsubscribe ? wire::PacketType::unsuback : wire::PacketType::suback);
        if (!is_failure(answer.reason)) {
            events.subscription(unsubscribe ? Event::Kind::unsubscribed : Event::Kind::subscribed,
                                std::move(answer.filter), answer.reason);
            continue;
        }
        std::string text{"The broker refused to "};
        text.append(unsubscribe ? "unsubscribe \"" : "subscribe \"").append(answer.filter).append("\": ");
        text.append(to_string(answer.reason)).append(". ").append(description(answer.reason));
        if (unsubscribe) {
            events.warning(std::move(text));
        } else {
            Failure failure{Error::refused, std::move(text), static_cast<std::uint8_t>(answer.reason)};
            events.subscription(Event::Kind::subscribe_failed, std::move(answer.filter), answer.reason,
                                std::move(failure));
        }
    }
    send_requests();
}

}  // namespace multimqtt::session
