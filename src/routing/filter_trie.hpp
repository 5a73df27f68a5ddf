// Topic filters as a tree of levels: which of them match a topic, which of them overlap a filter.
#pragma once

#include "routing/hash_index.hpp"
#include "routing/keyed_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing {

/// Where the levels of a topic begin: `begins[i]` for level i, and one more behind the last level read, so
/// that level i ends at `begins[i + 1] - 1`.
using LevelBegins = std::vector<std::uint32_t>;

/// A set of filters, each with one value. Filters are given without "$share/{group}/".
///
/// A topic reaches each node of the tree at most once, at the depth of the node, so that a search costs no
/// more than the nodes it meets, whatever topics strangers send.
///
/// Spec: MQTT 5.0 and 3.1.1, section 4.7.
class FilterTrie {
public:
    /// The memory of a search, kept by the caller so that searches do not allocate.
    struct Scratch {
        LevelBegins begins;
        std::vector<std::uint32_t> nodes;
        std::vector<std::uint32_t> next_nodes;
    };

    explicit FilterTrie(KeyedHash hash);

    /// The value of `filter`, `kNone` when it is new. The reference holds until the next change.
    [[nodiscard]] std::uint32_t& value(std::string_view filter);

    /// Removes a filter that is here.
    void erase(std::string_view filter);

    /// Calls `found(value, level_count, is_rest)` for every filter that matches `topic`. `level_count` levels
    /// are matched one by one; with `is_rest` a "#" takes what begins at `scratch.begins[level_count]`, which
    /// is behind the end of the topic when "#" matched its parent level.
    template <class Found>
    void match(std::string_view topic, Scratch& scratch, Found found) const;

    /// Calls `visit(value)` for every filter here that some topic matches together with `filter`, `filter`
    /// itself included, until it returns false.
    template <class Visit>
    void overlaps(std::string_view filter, Visit visit) const;

    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size() - free_count_; }

private:
    // One cache line each, and none for a "+" that only ends a filter: in a large tree the misses are what a
    // search costs.
    struct alignas(64) Node {
        std::string level;
        std::uint32_t parent = kNone;
        std::uint32_t any = kNone;          // The child "+", when a filter goes on behind it.
        std::uint32_t first_child = kNone;  // Of the literal ones.
        std::uint32_t child_count = 0;
        std::uint32_t here = kNone;      // Value of the filter that ends with this level,
        std::uint32_t any_here = kNone;  // of the one that ends with a "+" behind it,
        std::uint32_t rest = kNone;      // and of the one that ends with a "#" behind it.
    };
    // What only changes and overlaps need, by node.
    struct Siblings {
        std::uint32_t next = kNone;  // Of a free node: the next free one.
        std::uint32_t previous = kNone;
    };
    struct Place {
        std::uint32_t node;
        std::size_t offset;  // Of the next level of the filter; kEnded or kBelow at its end.
    };

    static constexpr std::uint32_t kRoot = 0;
    static constexpr std::size_t kEnded = static_cast<std::size_t>(-1);
    static constexpr std::size_t kBelow = static_cast<std::size_t>(-2);

    // Where the value of a filter stands; makes the nodes that lead to it.
    struct Ending {
        std::uint32_t node;
        std::uint32_t Node::*member;
    };

    [[nodiscard]] Ending ending(std::string_view filter);
    [[nodiscard]] std::uint32_t child(std::uint32_t parent, std::string_view level) const;
    std::uint32_t add_child(std::uint32_t parent, std::string_view level);
    void remove_if_unused(std::uint32_t node);
    void unlink_literal(std::uint32_t node);
    void push_children(std::uint32_t node, std::size_t offset, std::vector<Place>& places) const;

    KeyedHash hash_;
    HashIndex children_;
    std::vector<Node> nodes_;
    std::vector<Siblings> siblings_;
    std::uint32_t first_free_ = kNone;
    std::size_t free_count_ = 0;
};

template <class Found>
void FilterTrie::match(std::string_view topic, Scratch& scratch, Found found) const {
    scratch.begins.assign(1, 0);
    scratch.nodes.assign(1, kRoot);
    const bool reserved = topic.starts_with('$');
    for (std::uint32_t depth = 0; !scratch.nodes.empty(); ++depth) {
        const std::size_t begin = scratch.begins[depth];
        const bool ended = begin > topic.size();
        if (ended) {
            for (const std::uint32_t index : scratch.nodes) {
                if (nodes_[index].here != kNone) {
                    found(nodes_[index].here, depth, false);
                }
                if (nodes_[index].rest != kNone) {
                    found(nodes_[index].rest, depth, true);
                }
            }
            return;
        }
        const std::size_t slash = topic.find('/', begin);
        const std::size_t end = slash == std::string_view::npos ? topic.size() : slash;
        const std::string_view level = topic.substr(begin, end - begin);
        scratch.begins.push_back(static_cast<std::uint32_t>(end + 1));
        scratch.next_nodes.clear();
        const bool wildcards = depth > 0 || !reserved;  // v5 and v3.1.1 [MQTT-4.7.2-1].
        const bool last = slash == std::string_view::npos;
        for (const std::uint32_t index : scratch.nodes) {
            const Node& node = nodes_[index];
            if (wildcards && node.rest != kNone) {
                found(node.rest, depth, true);
            }
            if (wildcards && last && node.any_here != kNone) {
                found(node.any_here, depth + 1, false);
            }
            if (wildcards && node.any != kNone) {
                scratch.next_nodes.push_back(node.any);
            }
            const std::uint32_t literal = child(index, level);
            if (literal != kNone) {
                scratch.next_nodes.push_back(literal);
            }
        }
        scratch.nodes.swap(scratch.next_nodes);
    }
}

template <class Visit>
void FilterTrie::overlaps(std::string_view filter, Visit visit) const {
    std::vector<Place> places{{kRoot, 0}};
    while (!places.empty()) {
        const auto [index, offset] = places.back();
        places.pop_back();
        const Node& node = nodes_[index];
        const bool at_end = offset == kEnded || offset == kBelow;
        const std::size_t slash = at_end ? std::string_view::npos : filter.find('/', offset);
        const std::string_view level = at_end ? std::string_view{} : filter.substr(offset, slash - offset);
        const bool below = offset == kBelow || (!at_end && level == "#");
        const bool wildcards = index != kRoot || !filter.starts_with('$');
        if (node.here != kNone && (at_end || below) && !visit(node.here)) {
            return;
        }
        if (node.rest != kNone && wildcards && !visit(node.rest)) {
            return;
        }
        const bool one_more =
            below || (!at_end && (slash == std::string_view::npos || filter.substr(slash + 1) == "#"));
        if (node.any_here != kNone && wildcards && one_more && !visit(node.any_here)) {
            return;
        }
        if (below) {
            push_children(index, kBelow, places);
            continue;
        }
        if (at_end) {
            continue;
        }
        const std::size_t next = slash == std::string_view::npos ? kEnded : slash + 1;
        if (level == "+") {
            push_children(index, next, places);
            continue;
        }
        const std::uint32_t literal = child(index, level);
        if (literal != kNone) {
            places.push_back({literal, next});
        }
        if (node.any != kNone && wildcards) {
            places.push_back({node.any, next});
        }
    }
}

}  // namespace multimqtt::routing
