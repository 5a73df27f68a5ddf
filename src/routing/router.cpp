// How routes are kept and found.
#include "routing/router.hpp"

#include "routing/converter.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace multimqtt::routing {

Router::Router(std::uint64_t hash_key) : hash_{hash_key}, trie_{hash_} {
}

Result<void> Router::add(RouteId id, const TopicPattern& pattern, const Prefix& prefix) {
    if (Result<std::string> whole = prefix.filter_of(pattern); !whole) {
        return std::move(whole).error();
    }
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= routes_.size()) {
        routes_.resize(std::max<std::size_t>(std::size_t{index} + 1, routes_.size() * 2));
        registrations_.resize(routes_.size());
    }
    assert(registrations_[index].filter.empty());
    registrations_[index] =
        Registration{prefix.topic_of(pattern.inner_filter()), {}, pattern.has_wildcards()};
    routes_[index] = Route{};
    routes_[index].prefix_size = static_cast<std::uint32_t>(prefix.text().size());
    set_captures(index, pattern, prefix);
    if (registrations_[index].has_wildcards) {
        std::uint32_t& head = trie_.value(registrations_[index].filter);
        routes_[index].next = head;
        head = index;
        ++trie_route_count_;
    } else {
        add_exact(index);
    }
    ++size_;
    cache_.clear();
    return {};
}

void Router::set_captures(std::uint32_t index, const TopicPattern& pattern, const Prefix& prefix) {
    const auto prefix_levels = static_cast<std::size_t>(std::ranges::count(prefix.text(), '/'));
    Route& route = routes_[index];
    std::vector<CaptureLevel> captures;
    for (const Placeholder& placeholder : pattern.placeholders()) {
        captures.push_back({static_cast<std::uint16_t>(placeholder.level + prefix_levels), placeholder.kind,
                            pattern.int_range()});
    }
    route.capture_count = static_cast<std::uint32_t>(captures.size());
    if (captures.size() <= Route::kInlineCaptures) {
        std::ranges::copy(captures, route.captures.begin());
    } else {
        registrations_[index].captures = std::move(captures);
    }
}

void Router::remove(RouteId id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= routes_.size() || registrations_[index].filter.empty()) {
        return;
    }
    const Registration& registration = registrations_[index];
    if (registration.has_wildcards) {
        remove_from_trie(index);
    } else {
        remove_exact(index);
    }
    registrations_[index] = Registration{};
    --size_;
    cache_.clear();
}

void Router::remove_from_trie(std::uint32_t index) {
    const std::string& filter = registrations_[index].filter;
    std::uint32_t& head = trie_.value(filter);
    --trie_route_count_;
    if (head != index) {
        unlink(head, index);
        return;
    }
    head = routes_[index].next;
    if (head == kNone) {
        trie_.erase(filter);
    }
}

std::uint32_t Router::find_exact(std::uint64_t hash, std::string_view filter) const {
    return exact_.find(hash, [&](std::uint32_t index) { return registrations_[index].filter == filter; });
}

void Router::add_exact(std::uint32_t index) {
    const std::string& filter = registrations_[index].filter;
    const std::uint64_t hash = hash_(filter);
    const std::uint32_t head = find_exact(hash, filter);
    if (head == kNone) {
        exact_.insert(hash, index);
    } else {
        routes_[index].next = head;
        exact_.replace(hash, head, index);
    }
}

void Router::remove_exact(std::uint32_t index) {
    const std::string& filter = registrations_[index].filter;
    const std::uint64_t hash = hash_(filter);
    const std::uint32_t head = find_exact(hash, filter);
    if (head != index) {
        unlink(head, index);
    } else if (routes_[index].next == kNone) {
        exact_.erase(hash, index);
    } else {
        exact_.replace(hash, index, routes_[index].next);
    }
}

void Router::unlink(std::uint32_t head, std::uint32_t index) {
    while (routes_[head].next != index) {
        head = routes_[head].next;
    }
    routes_[head].next = routes_[index].next;
}

void Router::match(std::string_view topic, Matches& matches) {
    matches.clear();
    if (topic.empty() || size_ == 0) {
        return;
    }
    const std::uint64_t hash = hash_(topic);
    if (cache_.find(hash, topic, matches)) {
        return;
    }
    walk(topic, hash, matches);
    if (matches.size() > 1) {
        std::ranges::sort(matches.matches_, {}, &Match::route);
    }
    cache_.offer(hash, topic, matches);
}

void Router::walk(std::string_view topic, std::uint64_t hash, Matches& matches) {
    for (std::uint32_t index = find_exact(hash, topic); index != kNone; index = routes_[index].next) {
        matches.matches_.push_back({RouteId{index}, routes_[index].prefix_size,
                                    static_cast<std::uint32_t>(matches.captures_.size()), 0});
    }
    if (trie_route_count_ == 0) {
        return;
    }
    trie_.match(topic, scratch_, [&](std::uint32_t head, std::uint32_t, bool is_rest) {
        take_all(head, topic, is_rest, matches);
    });
}

void Router::take_all(std::uint32_t head, std::string_view topic, bool is_rest, Matches& matches) const {
    const LevelBegins& begins = scratch_.begins;
    const auto topic_size = static_cast<std::uint32_t>(topic.size());
    for (std::uint32_t index = head; index != kNone; index = routes_[index].next) {
        const Route& route = routes_[index];
        const std::size_t first = matches.captures_.size();
        // "prefix/#" is sent for "prefix" too, which is no topic under the prefix.
        bool fitting = route.prefix_size <= topic_size;
        for (const CaptureLevel& capture : captures_of(index)) {
            const std::uint32_t begin = begins[capture.level];
            const bool path = is_rest && capture.kind == PlaceholderKind::path;
            const std::uint32_t end = path ? topic_size : begins[capture.level + 1] - 1;
            // "#" that matches its parent level begins behind the topic: no path is that short.
            if (begin > end || !fits(capture.kind, topic.substr(begin, end - begin), capture.range)) {
                fitting = false;
                break;
            }
            matches.captures_.push_back({begin, end - begin, capture.kind});
        }
        if (!fitting) {
            matches.captures_.resize(first);
            matches.rejected_.push_back(RouteId{index});
            continue;
        }
        matches.matches_.push_back(
            {RouteId{index}, route.prefix_size, static_cast<std::uint32_t>(first), route.capture_count});
    }
}

}  // namespace multimqtt::routing
