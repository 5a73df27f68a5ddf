// Between the plan of the subscriptions and the session that makes them.
#include "client/subscriber.hpp"

#include <utility>

namespace multimqtt::client {

std::vector<std::string> Subscriber::connected(session::Session& session) {
    const session::Grants& grants = session.grants();
    connected_ = true;
    changed_ = false;
    plan_.connected(grants.version == ProtocolVersion::v5 && grants.subscription_identifiers_available
                        ? routing::SubscriptionIdentifiers::available
                        : routing::SubscriptionIdentifiers::unavailable,
                    grants.session_present ? routing::BrokerSession::resumed : routing::BrokerSession::fresh);
    refused_.clear();
    if (!grants.session_present) {
        granted_.clear();
    }
    const routing::SubscriptionChanges changes = plan_.take_changes();
    for (const std::string& filter : changes.unsubscribe) {
        held_.erase(filter);
        granted_.erase(filter);
        session.unsubscribe(filter);
    }
    for (const routing::Subscription& subscription : changes.subscribe) {
        const auto held = held_.find(subscription.filter);
        if (held == held_.end() || held->second != subscription) {
            subscribe(subscription, session);
        }
    }
    // The session makes the ones it holds again by itself when the broker has lost them.
    waiting_.clear();
    for (const auto& [filter, subscription] : held_) {
        if (!granted_.contains(filter)) {
            waiting_.insert(filter);
        }
    }
    return plan_.warnings();
}

void Subscriber::disconnected() {
    connected_ = false;
    waiting_.clear();
    plan_.connection_lost();
}

void Subscriber::granted(std::string_view filter) {
    const std::string text{filter};
    waiting_.erase(text);
    granted_.insert(text);
    refused_.erase(text);
    plan_.acknowledged(filter);
}

void Subscriber::refused(std::string_view filter, const Failure& failure) {
    const std::string text{filter};
    waiting_.erase(text);
    granted_.erase(text);
    refused_.insert_or_assign(text, failure);
}

void Subscriber::update(session::Session& session) {
    if (!connected_ || !changed_ || !waiting_.empty()) {
        return;
    }
    changed_ = false;
    const routing::SubscriptionChanges changes = plan_.take_changes();
    for (const routing::Subscription& subscription : changes.subscribe) {
        subscribe(subscription, session);
        waiting_.insert(subscription.filter);
    }
    for (const std::string& filter : changes.unsubscribe) {
        held_.erase(filter);
        granted_.erase(filter);
        session.unsubscribe(filter);
    }
}

void Subscriber::subscribe(const routing::Subscription& subscription, session::Session& session) {
    held_.insert_or_assign(subscription.filter, subscription);
    granted_.erase(subscription.filter);
    session::Subscription wanted;
    wanted.filter = subscription.filter;
    wanted.qos = subscription.qos;
    wanted.no_local = subscription.no_local;
    wanted.identifier = subscription.identifier;
    session.subscribe(std::move(wanted));
}

}  // namespace multimqtt::client
