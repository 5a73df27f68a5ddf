// Which topics are remembered, and which give way.
#include "routing/topic_cache.hpp"

#include <utility>

namespace multimqtt::routing {

bool TopicCache::find(std::uint64_t hash, std::string_view topic, Matches& matches) const {
    if (sets_.empty()) {
        return false;
    }
    const std::size_t set = hash % kSets;
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    for (std::size_t way = 0; way < 2; ++way) {
        if (tags_[set][way] != tag) {
            continue;
        }
        const Entry& entry = sets_[set][way];
        if (entry.generation == generation_ && entry.topic == topic) {
            matches.matches_.assign(entry.matches.begin(), entry.matches.end());
            matches.captures_.assign(entry.captures.begin(), entry.captures.end());
            matches.rejected_.assign(entry.rejected.begin(), entry.rejected.end());
            return true;
        }
    }
    return false;
}

void TopicCache::offer(std::uint64_t hash, std::string_view topic, const Matches& matches) {
    if (topic.size() > kTopicBytesMax || matches.matches_.size() + matches.rejected_.size() > kMatchesMax ||
        matches.captures_.size() > kCapturesMax) {
        return;
    }
    if (sets_.empty()) {
        sets_.resize(kSets);
        tags_.resize(kSets);
        seen_.resize(kSeen);
    }
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    if (std::exchange(seen_[hash % kSeen], tag) != tag) {
        return;
    }
    const std::size_t set = hash % kSets;
    std::swap(sets_[set][0], sets_[set][1]);
    tags_[set] = {tag, tags_[set][0]};
    Entry& entry = sets_[set][0];
    entry.generation = generation_;
    entry.topic.assign(topic);
    entry.matches.assign(matches.matches_.begin(), matches.matches_.end());
    entry.captures.assign(matches.captures_.begin(), matches.captures_.end());
    entry.rejected.assign(matches.rejected_.begin(), matches.rejected_.end());
}

}  // namespace multimqtt::routing
