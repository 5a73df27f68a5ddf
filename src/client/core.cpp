// The lifecycle of a client, and what any thread may ask of it.
#include "client/core.hpp"

#include "client/deadline.hpp"
#include "client/property_check.hpp"
#include "io/fork_guard.hpp"
#include "wire/validate.hpp"

#include <exception>
#include <utility>

namespace multimqtt {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The longest batch of a handler thread. Chosen so that its bookkeeping is spread thin and still fits the
/// cache.
constexpr std::size_t kBatchItems = 256;

/// Fixed header, topic length and packet identifier: the least that a PUBLISH adds to topic and payload.
constexpr std::size_t kPublishOverheadBytes = 9;

Options checked(Options options) {
    options.validate().value();
    if (options.will) {
        // v5 [MQTT-3.1.3-11]; v3.1.1 [MQTT-3.1.3-10].
        wire::validate_topic_name(options.will->topic).value();
    }
    return options;
}

}  // namespace

Client::Core::Core(Options options)
    : options_{checked(std::move(options))},
      prefix_{routing::Prefix::parse(options_.prefix).value()},
      generation_{io::process_generation()},
      acknowledgements_{std::make_shared<client::Acknowledgements>([this] { wake_for_command(); })},
      outbox_{options_},
      inbox_{{options_.inbox_messages_max, options_.inbox_bytes_max, options_.quick_handler},
             client::WorkerParts{*acknowledgements_, handler_counts_, *this}},
      subscriber_{random_.next()},
      reception_{random_.next(), subscriber_.plan(), inbox_} {
    inbox_.on_room([this] { wake_for_command(); });
}

Client::Core::~Core() {
    acknowledgements_->detach();
}

bool Client::Core::inherited() const noexcept {
    return generation_ != io::process_generation();
}

Failure Client::Core::inherited_failure() const {
    return {Error::inherited,
            "this client belongs to the parent of this forked process; make a new one in the child"};
}

State Client::Core::state() const noexcept {
    return inherited() ? State::inherited : state_.load(std::memory_order_acquire);
}

std::optional<ConnectionFacts> Client::Core::connection() const {
    if (inherited()) {
        return std::nullopt;
    }
    const std::lock_guard lock{state_mutex_};
    return facts_;
}

Result<void> Client::Core::connect() {
    if (inherited()) {
        return inherited_failure();
    }
    const std::lock_guard lock{state_mutex_};
    if (closing_) {
        return Failure{Error::closed, "the client has been closed; make a new one to connect again"};
    }
    if (driver_ != nullptr) {
        return {};
    }
    driver_ = std::make_unique<io::Driver>(options_, *this);
    if (auto started = driver_->start(); !started) {
        driver_.reset();
        return started;
    }
    running_driver_.store(driver_.get(), std::memory_order_release);
    driver_->wake();  // For what came between its first turn and this store.
    state_ = State::connecting;
    state_changed_.notify_all();
    threads_.start(options_.handler_threads, [core = shared_from_this()] {
        std::shared_ptr<client::Worker> worker;
        while (!core->inbox_.stopped()) {
            if (core->inbox_.take_more(worker, kBatchItems, std::chrono::hours{1})) {
                while (worker->next() != nullptr) {
                    worker->run();
                }
            }
        }
    });
    return {};
}

Result<void> Client::Core::wait_connected(milliseconds timeout) const {
    if (inherited()) {
        return inherited_failure();
    }
    std::unique_lock lock{state_mutex_};
    state_changed_.wait_until(lock, client::deadline_after(timeout), [this] {
        const State state = state_.load(std::memory_order_relaxed);
        return state == State::running || state == State::draining || state == State::stopped;
    });
    switch (state_.load(std::memory_order_relaxed)) {
        case State::running:
            return {};
        case State::draining:
        case State::stopped:
            return Failure{Error::closed, "the client has been closed"};
        case State::armed:
            return Failure{Error::not_connected, "connect has not been called"};
        default:
            return Failure{
                Error::timed_out,
                "no connection in time" +
                    (last_failure_ ? "; the last attempt: " + last_failure_->message : std::string{})};
    }
}

Result<void> Client::Core::wait_subscribed(milliseconds timeout, std::string_view filter) const {
    if (inherited()) {
        return inherited_failure();
    }
    std::unique_lock lock{state_mutex_};
    const bool answered = state_changed_.wait_until(lock, client::deadline_after(timeout), [this] {
        return closing_ || routes_wanted_ == 0 || (settled_ && routes_settled_ == routes_wanted_);
    });
    if (closing_) {
        return Failure{Error::closed, "the client has been closed"};
    }
    if (!answered) {
        return Failure{
            Error::timed_out,
            "the broker has not answered every subscription in time" +
                (last_failure_ ? "; the last attempt to connect: " + last_failure_->message : std::string{})};
    }
    if (!filter.empty()) {
        const auto refusal = refusals_.find(filter);
        return refusal == refusals_.end() ? Result<void>{} : refusal->second;
    }
    if (!refusals_.empty()) {
        std::string text = "the broker refused";
        for (const auto& [refused, failure] : refusals_) {
            text.append(" '").append(refused).append("': ").append(failure.message).append(";");
        }
        return Failure{Error::refused, std::move(text)};
    }
    return {};
}

// Ending.

void Client::Core::close(std::optional<milliseconds> drain_time) {
    if (inherited()) {
        return;
    }
    const auto deadline = client::deadline_after(drain_time.value_or(options_.drain));
    {
        std::unique_lock lock{state_mutex_};
        if (closing_) {
            // Another thread closes already. A handler cannot wait for it, since it may wait for the handler.
            if (client::Worker::of_this_thread() == nullptr) {
                state_changed_.wait(lock, [this] { return state_ == State::stopped; });
            }
            return;
        }
        closing_ = true;
        state_ = driver_ == nullptr ? State::stopped : State::draining;
        state_changed_.notify_all();
    }
    if (driver_ != nullptr) {
        drain(deadline);
    }
    stop_everything();
    threads_.wait_ended(deadline);
}

void Client::Core::drain(steady_clock::time_point deadline) {
    // What arrives from now on is not acknowledged, so that the broker keeps it for the next connection.
    discard_messages_ = true;
    (void)inbox_.wait_idle(deadline, client::Worker::of_this_thread());
    outbox_.close();
    wake_for_outbox();
    outbox_.wait_handed_over(deadline);
    command([deadline](session::Session& session, session::TimePoint now) {
        session.close(now, deadline.time_since_epoch());
    });
    driver_->join();
    // The I/O thread has ended, so that what is its own may be used here.
    outbox_.fail_all(Failure{Error::closed, "the client was closed before the message could be delivered"},
                     [this](client::ReceiptState* receipt) { reception_.report(receipt); });
    reception_.dispatch();
    (void)inbox_.wait_idle(deadline, client::Worker::of_this_thread());
}

void Client::Core::stop_everything() {
    outbox_.close();
    outbox_.fail_all(Failure{Error::closed, "the client was closed before the message could be delivered"},
                     [](client::ReceiptState* receipt) { receipt->release(); });
    inbox_.stop();
    const std::lock_guard lock{state_mutex_};
    state_ = State::stopped;
    state_changed_.notify_all();
}

// Handlers.

void Client::Core::on_connect(std::function<void()> handler) {
    if (inherited()) {
        return;
    }
    const std::lock_guard lock{handlers_mutex_};
    connect_handlers_.push_back(std::move(handler));
}

void Client::Core::on_disconnect(std::function<void(const Failure&)> handler) {
    if (inherited()) {
        return;
    }
    const std::lock_guard lock{handlers_mutex_};
    disconnect_handlers_.push_back(std::move(handler));
}

void Client::Core::on_log(client::Log::Handler handler) {
    if (!inherited()) {
        log_.set(std::move(handler));
    }
}

void Client::Core::handle(client::Worker& worker, Delivery& delivery) {
    switch (delivery.kind()) {
        case Delivery::Kind::message:
            run_route(worker, delivery);
            return;
        case Delivery::Kind::connected:
        case Delivery::Kind::disconnected:
            run_connection_handlers(delivery);
            return;
        case Delivery::Kind::log:
            log_.write(delivery.level(), delivery.text());
            return;
        case Delivery::Kind::receipt:
            return;
    }
}

void Client::Core::run_route(client::Worker& worker, Delivery& delivery) {
    const Topic::Route& route = *worker.current()->route;
    const auto failed = [&](const char* why) {
        worker.mark_failed();
        log_.write(LogLevel::error, "a handler of '" + route.options.name + "' failed on topic '" +
                                        std::string{delivery.message().topic()} + "': " + why);
    };
    for (const Topic::Handler& handler : route.handlers()) {
        try {
            handler(delivery.message(), delivery.captures());
        } catch (const std::exception& error) {
            failed(error.what());
        } catch (...) {
            failed("an exception that is not a std::exception");
        }
    }
}

void Client::Core::run_connection_handlers(const Delivery& delivery) {
    const auto guarded = [this](const char* which, const auto& handler) {
        try {
            handler();
        } catch (const std::exception& error) {
            log_.write(LogLevel::error, std::string{which}.append(" handler failed: ").append(error.what()));
        } catch (...) {
            log_.write(LogLevel::error, std::string{which}.append(
                                            " handler failed: an exception that is not a std::exception"));
        }
    };
    std::unique_lock lock{handlers_mutex_};
    const auto connect_handlers = connect_handlers_;
    const auto disconnect_handlers = disconnect_handlers_;
    lock.unlock();
    if (delivery.kind() == Delivery::Kind::connected) {
        for (const auto& handler : connect_handlers) {
            guarded("a connect", handler);
        }
        return;
    }
    for (const auto& handler : disconnect_handlers) {
        guarded("a disconnect", [&] { handler(delivery.failure()); });
    }
}

// Routes.

Result<void> Client::Core::add_route(const client::RouteTable::RoutePointer& route) {
    const routing::Prefix prefix = route->options.no_prefix ? routing::Prefix{} : prefix_;
    const Result<std::string> filter = prefix.filter_of(route->pattern);
    if (!filter) {
        return filter.error();
    }
    {
        const std::lock_guard lock{state_mutex_};
        ++routes_wanted_;
    }
    command([this, route, prefix, filter = *filter](session::Session&, session::TimePoint) {
        ++routes_added_;
        const routing::RouteSubscription subscription{filter, route->options.qos, route->options.no_local};
        Result<void> planned = reception_.add(route, prefix);
        if (planned) {
            planned = subscriber_.plan().add_route(routing::RouteId{route->id}, subscription);
        }
        if (!planned) {
            reception_.report(Delivery::Kind::log, LogLevel::error, planned.error());
        }
        subscriber_.mark_changed();
    });
    return {};
}

Result<Topic> Client::Core::register_topic(std::string_view pattern, TopicOptions options) {
    if (inherited()) {
        return inherited_failure();
    }
    auto route = routes_.find_or_add(pattern, std::move(options),
                                     [this](const auto& added) { return add_route(added); });
    if (!route) {
        return route.error();
    }
    return Topic{*std::move(route)};
}

Result<std::shared_ptr<client::ObserverList>> Client::Core::observers_of(std::string_view filter) {
    if (inherited()) {
        return inherited_failure();
    }
    auto route = routes_.find_or_add_observed(filter, [this](const auto& added) { return add_route(added); });
    if (!route) {
        return route.error();
    }
    return (*route)->observers;
}

Result<std::string> Client::Core::topic_for(std::string_view name, std::span<const TopicArgument> values,
                                            Absolute absolute) const {
    if (inherited()) {
        return inherited_failure();
    }
    return routes_.topic_for(name, values, absolute == Absolute::yes ? &prefix_ : nullptr);
}

// Publishing.

Result<void> Client::Core::check_message(std::string_view topic, const Payload& payload,
                                         const PublishOptions& options) const {
    if (auto valid = wire::validate_topic_name(topic); !valid) {
        return valid;
    }
    const std::size_t prefix_bytes = options.no_prefix ? 0 : prefix_.text().size();
    const std::size_t topic_bytes = prefix_bytes + topic.size();
    if (topic_bytes > 65'535) {
        return Failure{Error::bad_topic, "the topic has " + std::to_string(topic_bytes) +
                                             " bytes with its prefix; MQTT allows 65535"};
    }
    const std::size_t packet_bytes = kPublishOverheadBytes + topic_bytes + payload.bytes().size();
    if (packet_bytes > options_.packet_bytes_max) {
        return Failure{Error::payload_too_large, "a packet of " + std::to_string(packet_bytes) +
                                                     " bytes on '" + std::string{topic} +
                                                     "' exceeds packet_bytes_max, which is " +
                                                     std::to_string(options_.packet_bytes_max)};
    }
    return options.properties.empty() ? Result<void>{} : client::check_properties(options.properties);
}

Receipt Client::Core::publish(std::string_view topic, const Payload& payload, const PublishOptions& options) {
    if (inherited()) {
        return Receipt{inherited_failure()};
    }
    if (auto valid = check_message(topic, payload, options); !valid) [[unlikely]] {
        outbox_.count_refused();
        return Receipt{valid.error()};
    }
    client::Outbox::Item item;
    item.prefix = options.no_prefix ? std::string_view{} : std::string_view{prefix_.text()};
    item.topic = topic;
    item.payload = payload.bytes();
    item.owner = payload.owner();
    item.options = &options;
    item.accepted_at = options.properties.expiry ? io::Driver::now() : session::TimePoint{0};
    Receipt receipt = outbox_.put(item, [this](client::ReceiptState* dropped) {
        command([this, dropped](session::Session&, session::TimePoint) { reception_.report(dropped); });
    });
    wake_for_outbox();
    return receipt;
}

// Pulling.

Batch Client::Core::take(std::size_t messages_max, milliseconds timeout) {
    if (inherited() || messages_max == 0) {
        return {};
    }
    auto worker = inbox_.take(messages_max, timeout);
    if (worker == nullptr) {
        return {};
    }
    return Batch{shared_from_this(), inbox_, std::move(worker)};
}

Result<int> Client::Core::fileno() {
    if (inherited()) {
        return inherited_failure();
    }
    const int descriptor = inbox_.descriptor();
    if (descriptor < 0) {
        const std::error_code error{errno, std::generic_category()};
        return Failure{error, "cannot make the descriptor to wait on: " + error.message()};
    }
    return descriptor;
}

Statistics Client::Core::statistics() const {
    Statistics all;
    if (inherited()) {
        return all;
    }
    const auto outbox = outbox_.counts();
    all.publishes_accepted = outbox.accepted;
    all.publishes_done = outbox.done;
    all.publishes_failed = outbox.failed;
    all.publishes_dropped = outbox.dropped;
    all.publishes_refused = outbox.refused;
    all.outbox_messages = outbox.messages;
    all.outbox_bytes = outbox.bytes;
    const auto inbox = inbox_.counts();
    all.inbox_messages = inbox.messages;
    all.inbox_bytes = inbox.bytes;
    all.messages_received = reception_.counts().received;
    all.messages_unrouted = reception_.counts().unrouted;
    all.messages_dropped = reception_.counts().dropped;
    all.routes = reception_.counts().routes;
    all.handlers_run = handler_counts_.run;
    all.handlers_failed = handler_counts_.failed;
    const std::lock_guard lock{state_mutex_};
    all.subscriptions = granted_;
    all.connects_failed = connects_failed_;
    all.disconnects = disconnects_;
    all.bytes_in = session_statistics_.bytes_in;
    all.bytes_out = session_statistics_.bytes_out;
    all.packets_in = session_statistics_.packets_in;
    all.packets_out = session_statistics_.packets_out;
    all.connects = session_statistics_.connects;
    all.retransmissions = session_statistics_.retransmissions;
    all.protocol_errors = session_statistics_.protocol_errors;
    all.inflight = session_statistics_.inflight;
    return all;
}

// Waking the I/O thread.

void Client::Core::command(Command command) {
    {
        const std::lock_guard lock{commands_mutex_};
        commands_.push_back(std::move(command));
    }
    wake_for_command();
}

void Client::Core::wake_for_command() {
    io::Driver* const driver = running_driver_.load(std::memory_order_acquire);
    if (driver != nullptr && !command_wake_pending_.exchange(true, std::memory_order_acq_rel)) {
        driver->wake();
    }
}

void Client::Core::wake_for_outbox() {
    io::Driver* const driver = running_driver_.load(std::memory_order_acquire);
    if (driver != nullptr && !outbox_wake_pending_.exchange(true, std::memory_order_acq_rel)) {
        driver->wake();
    }
}

}  // namespace multimqtt
