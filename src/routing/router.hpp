// Which routes a topic leads to.
#pragma once

#include "multimqtt/topic_pattern.hpp"
#include "routing/filter_trie.hpp"
#include "routing/matches.hpp"
#include "routing/prefix.hpp"
#include "routing/route_id.hpp"
#include "routing/topic_cache.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing {

/// Finds all routes of a topic in one walk: a cache of recent topics, a hash table of the patterns without
/// wildcards, and a tree of levels for the others.
///
/// Threads: for one thread at a time; the I/O thread owns it.
/// Spec:    MQTT 5.0 and 3.1.1, section 4.7.
class Router {
public:
    /// `hash_key` should come from a random source.
    explicit Router(std::uint64_t hash_key);

    /// Adds a route whose id is not in use. Topics are matched with the prefix, and with the filter inside
    /// "$share/{group}/". A route without prefix takes a default `Prefix`.
    ///
    /// Errors: `bad_pattern`  prefix and pattern together are longer than MQTT allows; nothing is added.
    [[nodiscard]] Result<void> add(RouteId route, const TopicPattern& pattern, const Prefix& prefix);

    /// Removes a route; does nothing when there is none with this id.
    void remove(RouteId route);

    /// Fills `matches` with the routes of `topic`, the absolute topic of a message, each once.
    void match(std::string_view topic, Matches& matches);

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct CaptureLevel {
        std::uint16_t level = 0;  // A filter of 65,535 bytes has at most 65,536 levels, counted from 0.
        PlaceholderKind kind = PlaceholderKind::text;
        IntRange range = IntRange::any;
    };
    // What a search reads of a route; small, because in a large table the cache misses are what it costs.
    struct Route {
        static constexpr std::size_t kInlineCaptures = 4;  // Chosen: most patterns have fewer placeholders.
        std::uint32_t next = kNone;                        // The next route of the same filter.
        std::uint32_t prefix_size = 0;
        std::uint32_t capture_count = 0;
        std::array<CaptureLevel, kInlineCaptures> captures;  // Unless there are more.
    };
    // What only changes read.
    struct Registration {
        std::string filter;  // With prefix; empty when the id is free.
        std::vector<CaptureLevel> captures;
        bool has_wildcards = false;
    };

    [[nodiscard]] std::span<const CaptureLevel> captures_of(std::uint32_t index) const {
        const Route& route = routes_[index];
        return route.capture_count <= Route::kInlineCaptures
                   ? std::span{route.captures}.first(route.capture_count)
                   : std::span<const CaptureLevel>{registrations_[index].captures};
    }

    void set_captures(std::uint32_t index, const TopicPattern& pattern, const Prefix& prefix);
    void remove_from_trie(std::uint32_t index);
    [[nodiscard]] std::uint32_t find_exact(std::uint64_t hash, std::string_view filter) const;
    void add_exact(std::uint32_t index);
    void remove_exact(std::uint32_t index);
    void unlink(std::uint32_t head, std::uint32_t index);
    void take_all(std::uint32_t head, std::string_view topic, bool is_rest, Matches& matches) const;
    void walk(std::string_view topic, std::uint64_t hash, Matches& matches);

    KeyedHash hash_;
    std::vector<Route> routes_;                // By route id.
    std::vector<Registration> registrations_;  // By route id.
    HashIndex exact_;                          // Patterns without wildcards: the first route of each.
    FilterTrie trie_;                          // Patterns with wildcards: the first route of each.
    TopicCache cache_;
    FilterTrie::Scratch scratch_;
    std::size_t size_ = 0;
    std::size_t trie_route_count_ = 0;
};

}  // namespace multimqtt::routing
