// Keeps the session's subscriptions equal to what the routes need.
#pragma once

#include "multimqtt/result.hpp"
#include "routing/subscription_plan.hpp"
#include "session/session.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace multimqtt::client {

/// Threads: the I/O thread only.
class Subscriber {
public:
    explicit Subscriber(std::uint64_t hash_key) : plan_{hash_key} {}

    [[nodiscard]] routing::SubscriptionPlan& plan() noexcept { return plan_; }

    /// Returns sentences for the log: overlaps that a broker without identifiers may deliver twice.
    [[nodiscard]] std::vector<std::string> connected(session::Session& session);
    void disconnected();
    void granted(std::string_view filter);
    void refused(std::string_view filter, const Failure& failure);

    /// Sends what has changed, once the last changes are answered.
    void update(session::Session& session);

    /// True when the broker has answered everything.
    [[nodiscard]] bool settled() const noexcept { return connected_ && waiting_.empty() && !changed_; }
    void mark_changed() noexcept { changed_ = true; }

    using Refusals = std::map<std::string, Failure, std::less<>>;
    [[nodiscard]] const Refusals& refusals() const noexcept { return refused_; }
    [[nodiscard]] std::size_t granted_count() const noexcept { return granted_.size(); }

private:
    void subscribe(const routing::Subscription& subscription, session::Session& session);

    routing::SubscriptionPlan plan_;
    std::unordered_map<std::string, routing::Subscription> held_;  // What the session has been told.
    std::unordered_set<std::string> waiting_;                      // For the broker's answer.
    std::unordered_set<std::string> granted_;
    Refusals refused_;
    bool connected_ = false;
    bool changed_ = false;
};

}  // namespace multimqtt::client
