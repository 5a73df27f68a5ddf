// The routes of topics that came lately.
#pragma once

#include "routing/matches.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing {

/// A bounded memory of topics and their matches. A topic enters when it comes a second time, so that topics
/// which come once do not drive out those that come often.
class TopicCache {
public:
    /// Larger topics and results are not kept, so that strangers cannot fill the memory: 2,048 entries of at
    /// most 128 bytes of topic, 16 matches and 32 captures stay below 2 MiB. Chosen: most topics need less
    /// than a tenth.
    static constexpr std::size_t kTopicBytesMax = 128;
    static constexpr std::size_t kMatchesMax = 16;
    static constexpr std::size_t kCapturesMax = 32;

    /// Forgets all topics, at the price of one addition.
    void clear() noexcept { ++generation_; }

    /// Copies the matches of `topic` to `matches`; false when it is not known.
    [[nodiscard]] bool find(std::uint64_t hash, std::string_view topic, Matches& matches) const;

    /// Offers a result that `find` did not know.
    void offer(std::uint64_t hash, std::string_view topic, const Matches& matches);

private:
    struct Entry {
        std::uint64_t generation = 0;
        std::string topic;
        std::vector<Match> matches;
        std::vector<CaptureSpan> captures;
        std::vector<RouteId> rejected;
    };

    static constexpr std::size_t kSets = 1'024;
    static constexpr std::size_t kSeen = 4'096;

    std::uint64_t generation_ = 1;
    // All made with the first offer. A set has two entries, the first of which is the newer one.
    std::vector<std::array<std::uint32_t, 2>>
        tags_;  // Parts of the entries' hashes, so that a miss stays cheap.
    std::vector<std::array<Entry, 2>> sets_;
    std::vector<std::uint32_t> seen_;  // Parts of the hashes of topics that came once.
};

}  // namespace multimqtt::routing
