// What the client has handed to its transport and what it has read: the truth about what it may know.
#pragma once

#include "multimqtt/options.hpp"
#include "simulation/model/check.hpp"
#include "simulation/model/client_packet.hpp"
#include "simulation/model/ledger.hpp"
#include "simulation/model/server_packet.hpp"
#include "simulation/model/trace.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::simulation {

struct Offer;

/// Checks what only an observer beside the client can: a broker never sees the packets that were lost, nor
/// when the client learned of something.
class ClientView {
public:
    ClientView(const Options& options, Ledger& ledger, Verdict& verdict, Trace& trace)
        : options_{options}, ledger_{ledger}, verdict_{verdict}, trace_{trace} {}

    void opened(Time now);
    void closed(Time now);
    /// The client has crashed; the one that starts now remembers nothing.
    void restarted();

    /// The client has encoded these bytes for this connection.
    void took(std::string_view bytes, Time now);
    /// Its transport has accepted that many bytes.
    void wrote(std::size_t bytes, Time now);
    /// It has read a packet of the broker.
    void read(const Notice& notice, const Offer& offer, Level level, Time now);
    void heard(Time now) noexcept { heard_at_ = now; }
    /// A message has ended for the application.
    void ended(Number number);
    /// The application has asked for, or given up, a subscription. `waiting`: an older request may still wait
    /// to be taken, so that it cannot be told which request is for which wish.
    void asked(const std::string& filter, bool waiting) {
        ++subscriptions_[filter].wanted;
        subscriptions_[filter].unclear = waiting;
    }

    /// Time goes on to `now`, every deadline having been served.
    void check_time(Time now, bool paused);
    /// The clock has jumped: nobody could serve a deadline.
    void excuse(Time now) noexcept { written_at_ = progress_at_ = heard_at_ = now; }

    [[nodiscard]] unsigned connection() const noexcept { return connection_; }
    [[nodiscard]] const std::optional<ReceivedConnect>& last_connect() const noexcept { return connect_; }
    [[nodiscard]] bool told_of_loss() const noexcept { return told_of_loss_; }
    [[nodiscard]] bool asks() const noexcept { return !requests_.empty(); }
    [[nodiscard]] bool accepted() const noexcept { return accepted_; }
    [[nodiscard]] std::optional<std::uint8_t> farewell() const noexcept { return farewell_; }

private:
    struct Handed {
        std::uint64_t begin;
        std::uint64_t end;
        Number number = 0;
        bool is_connect = false;
        bool is_ping = false;
    };
    struct Request {
        std::vector<std::pair<std::string, unsigned>> filters;  // With the wish that each answers.
        bool unsubscribe = false;
    };
    struct Wish {
        unsigned wanted = 1;
        unsigned confirmed = 0;
        bool unclear = false;
    };

    void check(const ClientPacket& packet, Time now);
    void check_publish(const ReceivedPublish& publish, Time now);
    void check_expiry(const ReceivedPublish& publish, const Message& message, Time now);
    void check_release(const ReceivedAck& pubrel);
    void check_request(std::uint16_t packet_id, std::vector<std::string> filters, bool unsubscribe);
    void read_connack(const Notice& notice, const Offer& offer, Level level);
    void forget_session();
    void mark_begun();
    void note_torn_publish();
    void finish(std::uint16_t packet_id);

    const Options& options_;
    Ledger& ledger_;
    Verdict& verdict_;
    Trace& trace_;

    // The connection.
    unsigned connection_ = 0;
    Time opened_at_{0};
    Level level_ = 5;
    std::string stream_;
    std::uint64_t decoded_ = 0;
    std::uint64_t written_ = 0;
    std::deque<Handed> handed_;
    std::optional<ReceivedConnect> connect_;
    std::optional<std::uint8_t> farewell_;
    bool connect_begun_ = false;
    bool answered_ = false;
    bool accepted_ = false;
    bool told_of_loss_ = false;
    std::size_t receive_maximum_ = 65'535;
    Time keep_alive_{0};
    Time written_at_{0};   // The end of the last packet.
    Time progress_at_{0};  // The last byte.
    Time accepted_at_{0};  // CONNACK: before it nothing may be sent.
    Time heard_at_{0};
    std::optional<Time> ping_left_at_;
    std::set<std::uint16_t> open_;            // PUBLISH sent here and not acknowledged.
    std::deque<std::uint16_t> due_releases_;  // PUBRELs that have to follow, in this order.
    std::map<std::uint16_t, Request> requests_;

    // The session, as far as the client can know.
    std::map<std::uint16_t, Number> holders_;  // Which message holds a packet identifier.
    std::deque<std::uint16_t> releases_;       // PUBREC has been read, PUBCOMP has not.
    std::map<std::string, Wish> subscriptions_;
    // Of messages of which only the header has left, with the last number that it can have been.
    std::map<std::uint16_t, Number> torn_ids_;
    unsigned subscribe_terms_ = 2;  // What SUBSCRIBE could say on the last connection.
    bool in_doubt_ = false;         // A CONNECT has had no answer.
};

}  // namespace multimqtt::simulation
