// The public face of the client: handles on its core.
#include "multimqtt/client.hpp"

#include "client/core.hpp"
#include "io/fork_guard.hpp"

#include <utility>

namespace multimqtt {
namespace {

/// For what a forked child got of its parent: threads and locks that are not here as they should be.
template <class T>
void forget(std::shared_ptr<T> inherited) {
    new std::shared_ptr<T>{std::move(inherited)};
}

}  // namespace

std::string_view to_string(State state) noexcept {
    switch (state) {
        case State::armed:
            return "armed";
        case State::connecting:
            return "connecting";
        case State::running:
            return "running";
        case State::draining:
            return "draining";
        case State::stopped:
            return "stopped";
        case State::inherited:
            return "inherited";
    }
    return "unknown";
}

Client::Client(Options options) : core_{std::make_shared<Core>(std::move(options))} {
}

Client::Client(std::string_view uri) : Client{Options::from_uri(uri).value()} {
}

Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}

Client::~Client() {
    if (core_ == nullptr) {
        return;
    }
    if (core_->inherited()) {
        forget(std::move(core_));
        return;
    }
    core_->close(std::nullopt);
}

Result<void> Client::connect() {
    return core_->connect();
}

bool Client::connected() const noexcept {
    return core_->state() == State::running;
}

State Client::state() const noexcept {
    return core_->state();
}

Result<void> Client::wait_connected(std::chrono::milliseconds timeout) const {
    return core_->wait_connected(timeout);
}

Result<void> Client::wait_subscribed(std::chrono::milliseconds timeout) const {
    return core_->wait_subscribed(timeout, {});
}

void Client::close(std::optional<std::chrono::milliseconds> drain) {
    core_->close(drain);
}

void Client::on_connect(std::function<void()> handler) {
    core_->on_connect(std::move(handler));
}

void Client::on_disconnect(std::function<void(const Failure&)> handler) {
    core_->on_disconnect(std::move(handler));
}

void Client::on_log(std::function<void(LogLevel, std::string_view)> handler) {
    core_->on_log(std::move(handler));
}

Result<Topic> Client::register_topic(std::string_view pattern, TopicOptions options) {
    return core_->register_topic(pattern, std::move(options));
}

Batch Client::take(std::size_t messages_max, std::chrono::milliseconds timeout) {
    return core_->take(messages_max, timeout);
}

Result<int> Client::fileno() {
    return core_->fileno();
}

Receipt Client::publish(std::string_view topic, const Payload& payload, const PublishOptions& options) {
    return core_->publish(topic, payload, options);
}

Result<std::string> Client::topic_for(std::string_view name, std::initializer_list<TopicArgument> values,
                                      Absolute absolute) const {
    return core_->topic_for(name, {values.begin(), values.size()}, absolute);
}

Result<std::string> Client::topic_for(std::string_view name, std::span<const TopicArgument> values,
                                      Absolute absolute) const {
    return core_->topic_for(name, values, absolute);
}

std::optional<ConnectionFacts> Client::connection() const {
    return core_->connection();
}

Statistics Client::statistics() const {
    return core_->statistics();
}

const Options& Client::options() const noexcept {
    return core_->options();
}

// Batches.

Batch::Batch() noexcept = default;

Batch::Batch(std::shared_ptr<const void> client, client::Inbox& inbox,
             std::shared_ptr<client::Worker> worker) noexcept
    : client_{std::move(client)},
      inbox_{&inbox},
      worker_{std::move(worker)},
      generation_{io::process_generation()} {
}

Batch::Batch(Batch&& other) noexcept = default;

Batch& Batch::operator=(Batch&& other) noexcept {
    if (this != &other) {
        give_back();
        client_ = std::move(other.client_);
        inbox_ = other.inbox_;
        worker_ = std::move(other.worker_);
        generation_ = other.generation_;
    }
    return *this;
}

Batch::~Batch() {
    give_back();
}

bool Batch::inherited() const noexcept {
    return generation_ != io::process_generation();
}

void Batch::give_back() {
    if (worker_ == nullptr) {
        return;
    }
    if (inherited()) {
        forget(std::move(worker_));
        forget(std::move(client_));
        return;
    }
    inbox_->give_back(std::exchange(worker_, nullptr));
}

Delivery* Batch::next() {
    Delivery* const delivery = worker_ == nullptr || inherited() ? nullptr : worker_->next();
    if (delivery == nullptr) {
        give_back();  // Not only when the batch goes: until then it would count as busy.
    }
    return delivery;
}

void Batch::run() {
    if (worker_ != nullptr) {
        worker_->run();
    }
}

void Batch::failed() noexcept {
    if (worker_ != nullptr) {
        worker_->mark_failed();
    }
}

}  // namespace multimqtt
