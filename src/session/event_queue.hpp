// Events in the order in which they happened, until they are pulled.
#pragma once

#include "session/session.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt::session {

/// A queue whose events are used again, so that a message costs no allocation.
class EventQueue {
public:
    [[nodiscard]] const Event* front() const noexcept { return first_ < last_ ? &events_[first_] : nullptr; }

    void pop() noexcept {
        if (first_ < last_ && ++first_ == last_) {
            first_ = last_ = 0;
            if (events_.size() > kKept) {
                events_.resize(kKept);
                events_.shrink_to_fit();
            }
        }
    }

    /// `topic` stands in for that of `publish` when an alias was used.
    void message(const wire::Publish& publish, std::string_view topic, DeliveryId delivery) {
        Event& event = next(Event::Kind::message);
        event.publish = publish;
        event.publish.topic = topic;
        event.delivery = delivery;
    }
    void published(Token token, ReasonCode reason) {
        if (token != 0) {
            Event& event = next(Event::Kind::published);
            event.token = token;
            event.reason = reason;
        }
    }
    void publish_failed(Token token, Failure failure) {
        if (token != 0) {
            Event& event = next(Event::Kind::publish_failed);
            event.token = token;
            event.reason = static_cast<ReasonCode>(failure.reason);
            event.failure = std::move(failure);
        }
    }
    void subscription(Event::Kind kind, std::string filter, ReasonCode reason, Failure failure = {}) {
        Event& event = next(kind);
        event.filter = std::move(filter);
        event.reason = reason;
        event.failure = std::move(failure);
    }
    void connection(Event::Kind kind, Failure failure = {}, bool permanent = false) {
        Event& event = next(kind);
        event.reason = static_cast<ReasonCode>(failure.reason);
        event.failure = std::move(failure);
        event.permanent = permanent;
    }
    void warning(std::string text) {
        next(Event::Kind::warning).failure = Failure{Error::protocol_error, std::move(text)};
    }

private:
    /// Events kept for the next round; chosen as what one read of 64 KiB brings of small messages.
    static constexpr std::size_t kKept = 1'024;

    [[nodiscard]] Event& next(Event::Kind kind) {
        if (last_ == events_.size()) {
            events_.emplace_back();
        }
        Event& event = events_[last_++];
        if (event.kind != Event::Kind::message && event.kind != Event::Kind::published) {
            clear_rare_fields(event);
        }
        event.kind = kind;
        event.token = 0;
        event.delivery = 0;
        event.reason = ReasonCode::success;
        return event;
    }

    static void clear_rare_fields(Event& event) {
        event.filter.clear();
        event.failure = {};
        event.permanent = false;
    }

    std::vector<Event> events_;
    std::size_t first_ = 0;
    std::size_t last_ = 0;
};

}  // namespace multimqtt::session
