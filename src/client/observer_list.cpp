// Running observers, and the public handle on one of them.
#include "client/observer_list.hpp"

#include "client/core.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace multimqtt::client {
namespace {

thread_local bool observing = false;

}  // namespace

void ObserverList::add(Entry observer) {
    const std::lock_guard lock{mutex_};
    entries_.push_back(std::move(observer));
}

void ObserverList::remove(const Entry& observer) {
    const std::lock_guard lock{mutex_};
    entries_.erase(std::remove(entries_.begin(), entries_.end(), observer), entries_.end());
}

std::vector<ObserverList::Entry> ObserverList::entries() const {
    const std::lock_guard lock{mutex_};
    return entries_;
}

void ObserverList::message(const Message& message) const {
    observing = true;
    for (const Entry& observer : entries()) {
        observer->message(message);
    }
    observing = false;
}

void ObserverList::disconnected(const Failure& failure) const {
    observing = true;
    for (const Entry& observer : entries()) {
        if (observer->disconnected) {
            observer->disconnected(failure);
        }
    }
    observing = false;
}

}  // namespace multimqtt::client

namespace multimqtt {

struct Observation::State {
    std::shared_ptr<Client::Core> core;
    std::shared_ptr<client::ObserverList> list;
    client::ObserverList::Entry observer;
    std::string filter;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        // A forked child may have got the lock in its locked state.
        if (list != nullptr && !core->inherited()) {
            list->remove(observer);
        }
    }
};

Observation::Observation() noexcept = default;
Observation::Observation(std::unique_ptr<State> state) noexcept : state_{std::move(state)} {
}
Observation::Observation(Observation&&) noexcept = default;
Observation& Observation::operator=(Observation&&) noexcept = default;
Observation::~Observation() = default;

Result<void> Observation::wait_subscribed(std::chrono::milliseconds timeout) const {
    return state_->core->wait_subscribed(timeout, state_->filter);
}

Result<Observation> observe(const Client& client, std::string_view filter, Observer observer) {
    Result<std::shared_ptr<client::ObserverList>> list = client.core()->observers_of(filter);
    if (!list) {
        return list.error();
    }
    auto state = std::make_unique<Observation::State>();
    state->core = client.core();
    state->list = *std::move(list);
    state->observer = std::make_shared<const Observer>(std::move(observer));
    state->filter = filter;
    state->list->add(state->observer);
    return Observation{std::move(state)};
}

bool inside_observer() noexcept {
    return client::observing;
}

}  // namespace multimqtt
