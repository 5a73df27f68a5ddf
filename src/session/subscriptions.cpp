// Making the broker's subscriptions equal to the desired ones.
#include "session/subscriptions.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::session {

void Subscriptions::list(Entry& entry) {
    entry.state = State::waiting;
    entry.packet_id = 0;
    if (!entry.listed) {
        entry.listed = true;
        work_.push_back(&entry);
    }
}

void Subscriptions::subscribe(Subscription subscription) {
    Entry& entry = entries_[subscription.filter];
    if (entry.sequence == 0) {
        entry.sequence = ++last_sequence_;
    }
    entry.subscription = std::move(subscription);
    entry.wanted = true;
    list(entry);
}

void Subscriptions::unsubscribe(std::string_view filter) {
    auto found = entries_.find(filter);
    if (found == entries_.end()) {
        // Perhaps an earlier process left it in the session.
        found = entries_.try_emplace(std::string{filter}).first;
        found->second.subscription.filter = filter;
        found->second.sequence = ++last_sequence_;
    }
    found->second.wanted = false;
    list(found->second);
}

std::vector<std::string> Subscriptions::connection_opened(Kept kept) {
    std::vector<std::string> gone;
    std::vector<Entry*> open;
    for (auto place = entries_.begin(); place != entries_.end();) {
        Entry& entry = place->second;
        entry.listed = false;
        if (kept == Kept::nothing && !entry.wanted) {
            gone.push_back(place->first);
            place = entries_.erase(place);
            continue;
        }
        if (kept != Kept::all || entry.state != State::held) {
            open.push_back(&entry);
        }
        ++place;
    }
    std::ranges::sort(open, {}, &Entry::sequence);
    work_.clear();
    for (Entry* entry : open) {
        list(*entry);
    }
    return gone;
}

std::vector<std::uint16_t> Subscriptions::connection_lost() {
    std::vector<std::uint16_t> packet_ids;
    for (const auto& [packet_id, request] : requests_) {
        packet_ids.push_back(packet_id);
    }
    requests_.clear();
    for (auto& [filter, entry] : entries_) {
        if (entry.state == State::asked) {
            entry.state = State::waiting;
        }
        entry.packet_id = 0;
    }
    return packet_ids;
}

Subscriptions::Batch Subscriptions::next_batch(std::size_t bytes_max, bool with_identifiers) {
    Batch batch;
    std::size_t bytes = 0;
    while (!work_.empty() && batch.subscriptions.size() < kFiltersMax) {
        Entry& entry = *work_.front();
        const bool alone = with_identifiers && entry.wanted && entry.subscription.identifier != 0;
        const std::size_t more = entry.subscription.filter.size() + 3;  // Its length and its options.
        if (!batch.subscriptions.empty() &&
            (alone || batch.unsubscribe == entry.wanted || bytes + more > bytes_max)) {
            break;
        }
        bytes += more;
        batch.unsubscribe = !entry.wanted;
        batch.subscriptions.push_back(&entry.subscription);
        entry.state = State::asked;
        entry.listed = false;
        work_.pop_front();
        if (alone) {
            break;
        }
    }
    return batch;
}

void Subscriptions::asked(const Batch& batch, std::uint16_t packet_id) {
    Request& request = requests_[packet_id];
    request.unsubscribe = batch.unsubscribe;
    request.filters.reserve(batch.subscriptions.size());
    for (const Subscription* subscription : batch.subscriptions) {
        request.filters.push_back(subscription->filter);
        entries_.find(subscription->filter)->second.packet_id = packet_id;
    }
}

void Subscriptions::refused(std::string_view filter) {
    if (const auto found = entries_.find(filter); found != entries_.end()) {
        found->second.state = State::refused;
    }
}

std::size_t Subscriptions::asked_count(std::uint16_t packet_id, bool unsubscribe) const noexcept {
    const auto found = requests_.find(packet_id);
    return found != requests_.end() && found->second.unsubscribe == unsubscribe ? found->second.filters.size()
                                                                                : 0;
}

void Subscriptions::ask_again(std::uint16_t packet_id) {
    const auto request = requests_.extract(packet_id);
    for (const std::string& filter : request.mapped().filters) {
        const auto found = entries_.find(filter);
        if (found != entries_.end() && found->second.packet_id == packet_id) {
            list(found->second);
        }
    }
}

std::vector<Subscriptions::Answer> Subscriptions::answered(std::uint16_t packet_id,
                                                           const wire::ReasonCodes& reasons) {
    std::vector<Answer> answers;
    auto request = requests_.extract(packet_id);
    std::vector<std::string>& filters = request.mapped().filters;
    for (std::size_t i = 0; i < filters.size(); ++i) {
        const auto found = entries_.find(filters[i]);
        if (found == entries_.end() || found->second.packet_id != packet_id) {
            continue;  // Something else has been asked for since.
        }
        const ReasonCode reason = reasons.empty() ? ReasonCode::success : reasons[i];
        if (is_failure(reason)) {
            found->second.state = State::refused;
        } else if (request.mapped().unsubscribe) {
            entries_.erase(found);
        } else {
            found->second.state = State::held;
        }
        answers.push_back({std::move(filters[i]), reason, request.mapped().unsubscribe});
    }
    return answers;
}

}  // namespace multimqtt::session
