// What happens to received messages on the I/O thread: which routes they are for, and their way into the
// inbox.
#pragma once

#include "client/acknowledgements.hpp"
#include "client/inbox.hpp"
#include "client/parcel_pool.hpp"
#include "client/route.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/matches.hpp"
#include "routing/router.hpp"
#include "routing/subscription_plan.hpp"
#include "session/session.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace multimqtt::client {

/// Threads: the I/O thread only, except `counts`.
class Reception {
public:
    Reception(std::uint64_t hash_key, routing::SubscriptionPlan& plan, Inbox& inbox);

    [[nodiscard]] Result<void> add(const std::shared_ptr<Topic::Route>& route, const routing::Prefix& prefix);

    /// Puts a message into the parcel, once for each route that it is for.
    void receive(const session::Event& event, session::Session& session);
    /// Gives a message to observers only, and leaves it unacknowledged.
    void observe(const session::Event& event);
    /// Gives up a message of QoS 0, but not what observers are waiting for.
    void drop(const session::Event& event);
    /// Tells the observers that the connection is gone.
    void disconnected(const Failure& failure);
    /// Tells the application that something happened.
    void report(Delivery::Kind kind, LogLevel level, Failure failure);
    void report(ReceiptState* receipt);
    /// Hands the parcel to the inbox.
    void dispatch();

    /// A handler is done with a message; the session hears of it when all of them are.
    void finished(const Acknowledgement& acknowledgement, session::Session& session);

    struct Counts {
        std::atomic<std::uint64_t> received{0};
        std::atomic<std::uint64_t> unrouted{0};
        std::atomic<std::uint64_t> dropped{0};
        std::atomic<std::uint64_t> routes{0};
    };
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

private:
    [[nodiscard]] Parcel& parcel();
    void choose_routes(const session::Event& event);
    [[nodiscard]] bool run_observers(const session::Event& event);
    void add_item(Parcel& parcel, const Message::Parts& parts, session::DeliveryId delivery,
                  const routing::Match& match, Topic::Route& route);
    /// The topic in the parcel; once for all messages that name it by the same alias, since a few bytes from
    /// the broker would otherwise become 64 KiB again and again.
    [[nodiscard]] std::string_view keep_topic(const wire::Publish& publish);
    [[nodiscard]] const PublishProperties* keep_properties(const wire::PublishProperties& properties);

    routing::Router router_;
    routing::KeyedHash key_hash_;
    routing::SubscriptionPlan& plan_;
    Inbox& inbox_;
    std::vector<std::shared_ptr<Topic::Route>> routes_;  // By id.
    std::vector<std::shared_ptr<ObserverList>> observers_;
    const std::shared_ptr<ParcelPool> parcels_ = std::make_shared<ParcelPool>();
    std::shared_ptr<Parcel> parcel_;
    Parcel::Size like_the_last_;                 // What comes in one go resembles what came before.
    std::vector<std::string_view> kept_topics_;  // In the parcel, by alias - 1; empty: not yet.
    routing::Matches matches_;
    std::vector<std::uint32_t> chosen_;
    std::vector<std::uint32_t> identifiers_;
    std::unordered_map<session::DeliveryId, std::uint32_t> unfinished_;  // Of messages for several routes.
    Counts counts_;
};

}  // namespace multimqtt::client
