// How the tree of filters grows and shrinks.
#include "routing/filter_trie.hpp"

#include <utility>

namespace multimqtt::routing {

FilterTrie::FilterTrie(KeyedHash hash) : hash_{hash}, nodes_(1), siblings_(1) {
}

std::uint32_t FilterTrie::child(std::uint32_t parent, std::string_view level) const {
    const Node& node = nodes_[parent];
    if (node.child_count <= 1) {
        const bool equal = node.child_count == 1 && nodes_[node.first_child].level == level;
        return equal ? node.first_child : kNone;
    }
    return children_.find(hash_(level, parent), [&](std::uint32_t index) {
        return nodes_[index].parent == parent && nodes_[index].level == level;
    });
}

std::uint32_t FilterTrie::add_child(std::uint32_t parent, std::string_view level) {
    std::uint32_t index = first_free_;
    if (index == kNone) {
        index = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
        siblings_.emplace_back();
    } else {
        first_free_ = std::exchange(siblings_[index], Siblings{}).next;
        --free_count_;
    }
    Node& node = nodes_[index];
    node.level = level;
    node.parent = parent;
    if (level == "+") {
        nodes_[parent].any = index;
        return index;
    }
    const std::uint32_t sibling = nodes_[parent].first_child;
    siblings_[index].next = sibling;
    if (sibling != kNone) {
        siblings_[sibling].previous = index;
    }
    nodes_[parent].first_child = index;
    ++nodes_[parent].child_count;
    children_.insert(hash_(level, parent), index);
    return index;
}

FilterTrie::Ending FilterTrie::ending(std::string_view filter) {
    std::uint32_t node = kRoot;
    for (std::size_t offset = 0;;) {
        const std::size_t slash = filter.find('/', offset);
        const std::string_view level = filter.substr(offset, slash - offset);
        const bool last = slash == std::string_view::npos;
        if (level == "#") {
            return {node, &Node::rest};
        }
        if (level == "+" && last) {
            return {node, &Node::any_here};
        }
        std::uint32_t next = level == "+" ? nodes_[node].any : child(node, level);
        if (next == kNone) {
            next = add_child(node, level);
        }
        node = next;
        if (last) {
            return {node, &Node::here};
        }
        offset = slash + 1;
    }
}

std::uint32_t& FilterTrie::value(std::string_view filter) {
    const auto [node, member] = ending(filter);
    return nodes_[node].*member;
}

void FilterTrie::erase(std::string_view filter) {
    const auto [node, member] = ending(filter);
    nodes_[node].*member = kNone;
    remove_if_unused(node);
}

void FilterTrie::remove_if_unused(std::uint32_t index) {
    while (index != kRoot) {
        const Node& node = nodes_[index];
        if (node.here != kNone || node.any_here != kNone || node.rest != kNone || node.any != kNone ||
            node.first_child != kNone) {
            return;
        }
        const std::uint32_t parent = node.parent;
        if (nodes_[parent].any == index) {
            nodes_[parent].any = kNone;
        } else {
            unlink_literal(index);
        }
        nodes_[index] = Node{};
        siblings_[index] = Siblings{first_free_, kNone};
        first_free_ = index;
        ++free_count_;
        index = parent;
    }
}

void FilterTrie::unlink_literal(std::uint32_t index) {
    const Node& node = nodes_[index];
    children_.erase(hash_(node.level, node.parent), index);
    --nodes_[node.parent].child_count;
    const auto [next, previous] = siblings_[index];
    if (previous == kNone) {
        nodes_[node.parent].first_child = next;
    } else {
        siblings_[previous].next = next;
    }
    if (next != kNone) {
        siblings_[next].previous = previous;
    }
}

void FilterTrie::push_children(std::uint32_t index, std::size_t offset, std::vector<Place>& places) const {
    for (std::uint32_t child_index = nodes_[index].first_child; child_index != kNone;
         child_index = siblings_[child_index].next) {
        // A wildcard at the first level does not take what begins with "$": v5 and v3.1.1 [MQTT-4.7.2-1].
        if (index != kRoot || !nodes_[child_index].level.starts_with('$')) {
            places.push_back({child_index, offset});
        }
    }
    if (nodes_[index].any != kNone) {
        places.push_back({nodes_[index].any, offset});
    }
}

}  // namespace multimqtt::routing
