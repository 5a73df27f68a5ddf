// What packets and events are compared with, and how they are told.
#include "support/script_words.hpp"

#include "values/quoted.hpp"

#include <type_traits>

namespace multimqtt::support {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<ReasonCode> reason_of(const wire::Packet& packet) {
    return std::visit(
        [](const auto& any) -> std::optional<ReasonCode> {
            if constexpr (requires { any.reason_code; }) {
                return any.reason_code;
            } else {
                return std::nullopt;
            }
        },
        packet);
}

/// Collects what differs.
class Comparison {
public:
    template <class Found, class Wanted>
    void add(std::string_view name, const Found& found, const std::optional<Wanted>& wanted) {
        if (wanted && !(found == *wanted)) {
            text_.append(text_.empty() ? "" : ", ").append(name).append(" is not ").append(told(*wanted));
        }
    }
    [[nodiscard]] std::string text() && { return std::move(text_); }

private:
    template <class Value>
    static std::string told(const Value& value) {
        if constexpr (std::is_same_v<Value, bool>) {
            return value ? "true" : "false";
        } else if constexpr (std::is_same_v<Value, std::string_view>) {
            return quoted(value);
        } else if constexpr (requires { to_string(value); }) {
            return std::string{to_string(value)};
        } else {
            return std::to_string(value);
        }
    }

    std::string text_;
};

}  // namespace

Happened::Happened(const Event& event, TimePoint now)
    : at{now},
      kind{event.kind},
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

std::uint16_t packet_id(const wire::Packet& packet) noexcept {
    return std::visit(
        [](const auto& any) -> std::uint16_t {
            if constexpr (requires { any.packet_id; }) {
                return any.packet_id;
            } else {
                return 0;
            }
        },
        packet);
}

std::string mismatches(const wire::Packet& packet, const PacketDetails& details) {
    Comparison comparison;
    comparison.add("the packet identifier", packet_id(packet), details.packet_id);
    if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
        comparison.add("the topic", publish->topic, details.topic);
        comparison.add("the payload", text_of(publish->payload), details.payload);
        comparison.add("the QoS", publish->qos, details.qos);
        comparison.add("DUP", publish->dup, details.dup);
    }
    if (const auto* connect = std::get_if<wire::Connect>(&packet)) {
        comparison.add("clean start", connect->clean_start, details.clean_start);
    }
    if (const auto reason = reason_of(packet)) {
        comparison.add("the reason", *reason, details.reason);
    }
    return std::move(comparison).text();
}

std::string mismatches(const Happened& event, const EventDetails& details) {
    Comparison comparison;
    comparison.add("the token", event.token, details.token);
    if (details.error && !event.failure.is(*details.error)) {
        comparison.add("the error", event.failure.message, std::optional{to_string(*details.error)});
    }
    comparison.add("the reason", event.reason, details.reason);
    comparison.add("permanent", event.permanent, details.permanent);
    comparison.add("the topic", event.topic, details.topic);
    comparison.add("the payload", event.payload, details.payload);
    comparison.add("the filter", event.filter, details.filter);
    return std::move(comparison).text();
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

std::string to_string(const wire::Packet& packet) {
    std::string text{wire::name(wire::type_of(packet))};
    if (const std::uint16_t id = packet_id(packet); id != 0) {
        text.append(" ").append(std::to_string(id));
    }
    if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
        text.append(" QoS ").append(std::to_string(static_cast<int>(publish->qos)));
        text.append(publish->dup ? " dup" : "").append(publish->retain ? " retain" : "");
        text.append(" ").append(quoted(publish->topic)).append(" ").append(quoted(text_of(publish->payload)));
    }
    if (const auto reason = reason_of(packet); reason && *reason != ReasonCode::success) {
        text.append(" ").append(to_string(*reason));
    }
    return text;
}

std::string outline(const wire::Packet& packet) {
    std::string text{wire::name(wire::type_of(packet))};
    if (const auto* publish = std::get_if<wire::Publish>(&packet)) {
        text.append(publish->dup ? " dup" : "");
    }
    if (const auto reason = reason_of(packet); reason && *reason != ReasonCode::success) {
        text.append(" ").append(to_string(*reason));
    }
    return text;
}

std::string outline_in(ProtocolVersion version, std::string outline) {
    constexpr std::string_view kReason = " packet_identifier_not_found";
    if (version != ProtocolVersion::v5 && outline.ends_with(kReason)) {
        outline.resize(outline.size() - kReason.size());
    }
    return outline;
}

std::string to_string(const Happened& event) {
    std::string text{to_string(event.kind)};
    if (event.token != 0) {
        text.append(" token ").append(std::to_string(event.token));
    }
    if (event.kind == Event::Kind::message) {
        text.append(" ").append(quoted(event.topic)).append(" ").append(quoted(event.payload));
    }
    if (!event.filter.empty()) {
        text.append(" ").append(quoted(event.filter));
    }
    if (event.failure.code) {
        text.append(": ").append(event.failure.message);
    }
    return text;
}

}  // namespace multimqtt::support
