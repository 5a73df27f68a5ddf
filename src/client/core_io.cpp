// The half of a client that runs on its I/O thread.
#include "client/core.hpp"
#include "values/quoted.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt {
namespace {

using std::chrono::milliseconds;

// Handlers that are quick leave their acknowledgements without waking this thread, and wake it at the end of
// their batch. Should one of them be held up before that, a look at intervals finds what it left.
constexpr milliseconds kFirstAcknowledgementLook{10};
constexpr milliseconds kLastAcknowledgementLook{320};

client::ReceiptState* receipt_of(session::Token token) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the session carries numbers, and this one is an address.
    return reinterpret_cast<client::ReceiptState*>(token);
}

ConnectionFacts facts_of(const session::Grants& grants, const Endpoint& endpoint) {
    ConnectionFacts facts;
    facts.endpoint = endpoint.to_string();
    facts.version = grants.version;
    facts.client_id = grants.client_id;
    facts.session_present = grants.session_present;
    facts.session_expiry = grants.session_expiry;
    facts.keep_alive = grants.keep_alive;
    facts.maximum_qos = grants.maximum_qos;
    facts.retain_available = grants.retain_available;
    facts.receive_maximum = grants.receive_maximum;
    facts.packet_bytes_max = grants.packet_bytes_max;
    facts.topic_alias_maximum = grants.topic_alias_maximum;
    facts.wildcard_subscriptions = grants.wildcard_subscription_available;
    facts.subscription_identifiers = grants.subscription_identifiers_available;
    facts.shared_subscriptions = grants.shared_subscription_available;
    return facts;
}

}  // namespace

void Client::Core::give_commands(session::Session& session, session::TimePoint now) {
    // An exchange, so that what was left before a wake that was taken for pending is seen below.
    command_wake_pending_.exchange(false, std::memory_order_acq_rel);
    {
        const std::lock_guard lock{commands_mutex_};
        commands_taken_.swap(commands_);
    }
    // First, since one of the commands may end the session.
    give_acknowledgements(session, now);
    for (const Command& command : commands_taken_) {
        command(session, now);
    }
    commands_taken_.clear();
    subscriber_.update(session);
    // While away, messages stay in the outbox, where its limits and its policy hold.
    if (session.connected() && session.accepts_publish()) {
        outbox_wake_pending_.exchange(false, std::memory_order_acq_rel);
        outbox_.drain(session, now, [this](client::ReceiptState* receipt) { reception_.report(receipt); });
    }
    publish_state(session);
}

void Client::Core::give_acknowledgements(session::Session& session, session::TimePoint now) {
    acknowledgements_->take(acknowledgements_taken_);
    const bool some = !acknowledgements_taken_.empty();
    for (const client::Acknowledgement& acknowledgement : acknowledgements_taken_) {
        reception_.finished(acknowledgement, session);
    }
    acknowledgements_taken_.clear();
    if (some) {
        acknowledgement_interval_ = kFirstAcknowledgementLook;
        acknowledgement_deadline_.reset();
    }
    if (session.statistics().unacknowledged_in == 0) {
        acknowledgement_interval_ = kFirstAcknowledgementLook;
        acknowledgement_deadline_.reset();
    } else if (!acknowledgement_deadline_ || now >= *acknowledgement_deadline_) {
        acknowledgement_deadline_ = now + acknowledgement_interval_;
        acknowledgement_interval_ = std::min(2 * acknowledgement_interval_, kLastAcknowledgementLook);
    }
}

bool Client::Core::take_events(session::Session& session, session::TimePoint) {
    bool goes_on = true;
    while (const session::Event* event = session.next_event()) {
        goes_on = take_event(*event, session) && goes_on;
        session.pop_event();
    }
    return goes_on;
}

void Client::Core::pass_on() {
    outbox_.settle([this](client::ReceiptState* receipt) { reception_.report(receipt); });
    reception_.dispatch();
}

bool Client::Core::take_event(const session::Event& event, session::Session& session) {
    using Kind = session::Event::Kind;
    const auto watched = [this](client::ReceiptState* receipt) { reception_.report(receipt); };
    switch (event.kind) {
        case Kind::message:
            take_message(event, session);
            return true;
        case Kind::published:
            if (event.token != 0) {
                outbox_.finished(receipt_of(event.token), event.reason);
            }
            return true;
        case Kind::publish_failed:
            if (event.token != 0) {
                outbox_.finished(receipt_of(event.token), event.failure, watched);
            }
            return true;
        case Kind::connected:
            came_up(session);
            return true;
        case Kind::connect_failed:
            attempt_failed(event);
            return true;
        case Kind::disconnected:
            went_down(event);
            return true;
        case Kind::subscribed:
            subscriber_.granted(event.filter);
            answers_changed_ = true;
            return true;
        case Kind::subscribe_failed:
            subscriber_.refused(event.filter, event.failure);
            answers_changed_ = true;
            reception_.report(Delivery::Kind::log, LogLevel::error, event.failure);
            return true;
        case Kind::unsubscribed:
            return true;
        case Kind::warning:
            reception_.report(Delivery::Kind::log, LogLevel::warning, event.failure);
            return true;
        case Kind::closed:
            return false;
    }
    return true;
}

void Client::Core::take_message(const session::Event& event, session::Session& session) {
    if (discard_messages_.load(std::memory_order_relaxed)) {
        reception_.observe(event);
    } else if (event.delivery == 0 && intake_.mode() == client::Intake::Mode::shedding) {
        reception_.drop(event);
    } else {
        reception_.receive(event, session);
    }
}

void Client::Core::came_up(session::Session& session) {
    const session::Grants& grants = session.grants();
    for (std::string& warning : subscriber_.connected(session)) {
        reception_.report(Delivery::Kind::log, LogLevel::warning,
                          Failure{Error::not_supported, std::move(warning)});
    }
    reception_.report(
        Delivery::Kind::log, LogLevel::info,
        // The broker may have made the client identifier up.
        Failure{Error::ok, "connected as " + quoted(grants.client_id) + " with " +
                               std::string{to_string(grants.version)} +
                               (grants.session_present ? ", session resumed" : ", new session")});
    if (options_.tls.insecure) {
        reception_.report(Delivery::Kind::log, LogLevel::warning,
                          Failure{Error::ok, "TLS verification is off: anybody can pose as this broker"});
    }
    reception_.report(Delivery::Kind::connected, LogLevel::info, Failure{});
    reported_failure_.reset();
    const std::lock_guard lock{state_mutex_};
    last_failure_.reset();
    facts_ = facts_of(grants, options_.endpoints[session.endpoint()]);
    if (!closing_) {
        state_ = State::running;
    }
    state_changed_.notify_all();
}

void Client::Core::went_down(const session::Event& event) {
    intake_ = {};  // Nothing is read, and no decision is due, until the next connection.
    subscriber_.disconnected();
    reception_.disconnected(event.failure);
    reception_.report(Delivery::Kind::disconnected, LogLevel::info, event.failure);
    const std::lock_guard lock{state_mutex_};
    settled_ = false;
    facts_.reset();
    ++disconnects_;
    if (!closing_) {
        reception_.report(Delivery::Kind::log, event.permanent ? LogLevel::error : LogLevel::warning,
                          event.failure);
        last_failure_ = event.failure;
        state_ = State::connecting;
    }
    state_changed_.notify_all();
}

void Client::Core::attempt_failed(const session::Event& event) {
    // The same failure again and again is said once.
    if (!reported_failure_ || reported_failure_->message != event.failure.message) {
        reported_failure_ = event.failure;
        reception_.report(Delivery::Kind::log, event.permanent ? LogLevel::error : LogLevel::warning,
                          event.failure);
    }
    const std::lock_guard lock{state_mutex_};
    ++connects_failed_;
    last_failure_ = event.failure;
    state_changed_.notify_all();
}

void Client::Core::publish_state(const session::Session& session) {
    const bool settled = subscriber_.settled();
    const std::lock_guard lock{state_mutex_};
    session_statistics_ = session.statistics();
    granted_ = subscriber_.granted_count();
    const bool news = settled && (!settled_ || answers_changed_ || routes_settled_ != routes_added_);
    settled_ = settled;
    if (news) {
        answers_changed_ = false;
        routes_settled_ = routes_added_;
        refusals_ = subscriber_.refusals();
        state_changed_.notify_all();
    }
}

bool Client::Core::has_room() {
    using Mode = client::Intake::Mode;
    if (discard_messages_.load(std::memory_order_relaxed)) {
        intake_ = {};
        return true;
    }
    const client::Inbox::Room room = inbox_.room();
    const Mode before = intake_.mode();
    const Mode mode = intake_.decide({.full = room.full,
                                      .ample = room.ample,
                                      .brimming = room.brimming,
                                      .answers_owed = session_statistics_.inflight > 0 || !settled_,
                                      .progress = handler_counts_.run.load(std::memory_order_relaxed)},
                                     io::Driver::now());
    if (mode == Mode::shedding && before != mode) {
        reception_.report(
            Delivery::Kind::log, LogLevel::warning,
            Failure{Error::dropped,
                    "the inbox is full and its handlers stand still, maybe because they wait for "
                    "the broker: until they go on, messages of QoS 0 are dropped"});
    }
    return mode != Mode::paused;
}

std::optional<session::TimePoint> Client::Core::deadline() const {
    if (acknowledgement_deadline_ && intake_.deadline()) {
        return std::min(*acknowledgement_deadline_, *intake_.deadline());
    }
    return acknowledgement_deadline_ ? acknowledgement_deadline_ : intake_.deadline();
}

void Client::Core::ended() noexcept {
    const std::lock_guard lock{state_mutex_};
    state_changed_.notify_all();
}

}  // namespace multimqtt
