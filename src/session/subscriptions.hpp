// Which subscriptions shall exist at the broker, and which do.
#pragma once

#include "session/session.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::session {

/// The desired subscriptions against those that the broker has confirmed.
///
/// A request that is cut off by the end of the connection is forgotten, with its packet identifier, and
/// made anew: MQTT repeats no SUBSCRIBE.
class Subscriptions {
public:
    /// Filters in one SUBSCRIBE at most. Chosen so that one refusal by packet size or a slow broker does
    /// not hold up thousands of filters.
    static constexpr std::size_t kFiltersMax = 64;
    /// Requests under way at most; bounds the packet identifiers they use.
    static constexpr std::size_t kRequestsMax = 64;

    /// One SUBSCRIBE or UNSUBSCRIBE to be sent now.
    struct Batch {
        bool unsubscribe = false;
        std::vector<const Subscription*> subscriptions;  ///< For UNSUBSCRIBE only the filters matter.
    };

    struct Answer {
        std::string filter;
        ReasonCode reason;
        bool unsubscribe;
    };

    void subscribe(Subscription subscription);
    void unsubscribe(std::string_view filter);

    /// What the broker still has of the subscriptions that it confirmed.
    enum class Kept : std::uint8_t {
        all,
        unknown,  ///< All or nothing, but which cannot be told.
        nothing,
    };

    /// Decides what to ask for on the new connection. Returns the filters that are gone with the session
    /// and need no UNSUBSCRIBE.
    [[nodiscard]] std::vector<std::string> connection_opened(Kept kept);
    /// Returns the packet identifiers of the requests that were cut off.
    [[nodiscard]] std::vector<std::uint16_t> connection_lost();

    [[nodiscard]] bool has_work() const noexcept { return !work_.empty() && requests_.size() < kRequestsMax; }

    /// The next filters to ask for, of one kind: at most `kFiltersMax` of together `bytes_max`, or one when
    /// it stands alone because of its identifier. Empty when there are none. They count as asked.
    [[nodiscard]] Batch next_batch(std::size_t bytes_max, bool with_identifiers);
    void asked(const Batch& batch, std::uint16_t packet_id);
    /// The filter cannot be asked for on this connection.
    void refused(std::string_view filter);

    /// How many filters the request asked for, or 0 when there is no such request.
    [[nodiscard]] std::size_t asked_count(std::uint16_t packet_id, bool unsubscribe) const noexcept;
    /// Ends a request. `reasons` has one code for each filter, or none (UNSUBACK of 3.1.1).
    [[nodiscard]] std::vector<Answer> answered(std::uint16_t packet_id, const wire::ReasonCodes& reasons);
    /// Ends a SUBSCRIBE without an answer; its filters are asked for again.
    void ask_again(std::uint16_t packet_id);

private:
    enum class State : std::uint8_t {
        waiting,  // Shall be asked for, or asked to be removed.
        asked,
        held,     // Confirmed, with the options that are wanted.
        refused,  // Tried again on the next connection.
    };
    struct Entry {
        Subscription subscription;
        std::uint64_t sequence = 0;
        State state = State::waiting;
        bool wanted = true;
        bool listed = false;          // In `work_`.
        std::uint16_t packet_id = 0;  // Of the last request.
    };
    struct Request {
        bool unsubscribe = false;
        std::vector<std::string> filters;
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    void list(Entry& entry);

    Entries entries_;
    std::deque<Entry*> work_;
    std::map<std::uint16_t, Request> requests_;
    std::uint64_t last_sequence_ = 0;
};

}  // namespace multimqtt::session
