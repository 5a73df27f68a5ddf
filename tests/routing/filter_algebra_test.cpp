#include "routing/filter_algebra.hpp"

#include "routing/filter_trie.hpp"
#include "routing/reference_matcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace multimqtt::routing {
namespace {

// Every filter and topic of up to three levels over a small alphabet: enough to meet every rule.
std::vector<std::string> all_texts(const std::vector<std::string>& alphabet, bool filters) {
    std::vector<std::string> texts = alphabet;
    for (std::size_t start = 0, depth = 1; depth < 3; ++depth) {
        const std::size_t end = texts.size();
        for (; start < end; ++start) {
            for (const std::string& level : alphabet) {
                if (!texts[start].ends_with('#')) {
                    texts.push_back(texts[start] + "/" + level);
                }
            }
        }
    }
    if (!filters) {
        std::erase(texts, "");
    }
    return texts;
}

const std::vector<std::string> kFilters = all_texts({"a", "$b", "+", "#"}, true);
const std::vector<std::string> kTopics = [] {
    std::vector<std::string> topics = all_texts({"a", "$b", "c", ""}, false);
    for (const std::string& topic : std::vector<std::string>{topics}) {
        topics.push_back(topic + "/c/c");
    }
    return topics;
}();

std::set<std::size_t> topics_of(const std::string& filter) {
    std::set<std::size_t> found;
    for (std::size_t index = 0; index < kTopics.size(); ++index) {
        if (reference::matches(filter, kTopics[index])) {
            found.insert(index);
        }
    }
    return found;
}

const std::vector<std::set<std::size_t>> kTopicsOf = [] {
    std::vector<std::set<std::size_t>> topics;
    for (const std::string& filter : kFilters) {
        topics.push_back(topics_of(filter));
    }
    return topics;
}();

bool disjoint(const std::set<std::size_t>& left, const std::set<std::size_t>& right) {
    return std::ranges::none_of(left, [&](std::size_t topic) { return right.contains(topic); });
}

TEST(FilterAlgebraTest, AFilterCoversExactlyThoseWhoseTopicsItMatches) {
    for (std::size_t wide = 0; wide < kFilters.size(); ++wide) {
        for (std::size_t narrow = 0; narrow < kFilters.size(); ++narrow) {
            // "x/+/#" and "x/#" differ in nothing but "x" itself; "+/#" and "#" in nothing at all, and only
            // a filter of wildcards alone is concerned.
            if (kFilters[wide].starts_with("+") && kFilters[narrow].starts_with("#")) {
                continue;
            }
            EXPECT_EQ(covers(kFilters[wide], kFilters[narrow]),
                      std::ranges::includes(kTopicsOf[wide], kTopicsOf[narrow]))
                << kFilters[wide] << " and " << kFilters[narrow];
        }
    }
}

TEST(FilterAlgebraTest, TheCommonCoverOfFiltersThatOverlapCoversBoth) {
    for (std::size_t left = 0; left < kFilters.size(); ++left) {
        for (std::size_t right = 0; right < kFilters.size(); ++right) {
            if (disjoint(kTopicsOf[left], kTopicsOf[right])) {
                continue;
            }
            const std::string cover = common_cover(kFilters[left], kFilters[right]);
            EXPECT_TRUE(covers(cover, kFilters[left]))
                << cover << " of " << kFilters[left] << " " << kFilters[right];
            EXPECT_TRUE(covers(cover, kFilters[right]))
                << cover << " of " << kFilters[left] << " " << kFilters[right];
        }
    }
}

TEST(FilterAlgebraTest, TheCommonCoverIsAsNarrowAsItCanBe) {
    EXPECT_EQ(common_cover("x/a/+", "x/+/b"), "x/+/+");
    EXPECT_EQ(common_cover("a/+/c", "a/b/#"), "a/+/#");
    EXPECT_EQ(common_cover("a/+", "a/b/#"), "a/+/#");
    EXPECT_EQ(common_cover("/+/b", "/a/+"), "/+/+");
    EXPECT_EQ(common_cover("a/+", "+/b"), "+/+");
}

TEST(FilterAlgebraTest, TellsLiteralLevelsFromWildcards) {
    EXPECT_TRUE(has_literal_level("+/a/#"));
    EXPECT_TRUE(has_literal_level("/+"));
    EXPECT_FALSE(has_literal_level("+/+/#"));
    EXPECT_TRUE(has_wildcard_level("a/+"));
    EXPECT_FALSE(has_wildcard_level("a/b"));
    EXPECT_EQ(share_size("$share/g/a"), 9U);
    EXPECT_EQ(share_size("$shared/g/a"), 0U);
}

TEST(FilterTrieTest, FindsExactlyTheFiltersThatOverlap) {
    FilterTrie trie{KeyedHash{1}};
    for (std::uint32_t index = 0; index < kFilters.size(); ++index) {
        trie.value(kFilters[index]) = index;
    }
    for (std::size_t filter = 0; filter < kFilters.size(); ++filter) {
        std::set<std::uint32_t> found;
        trie.overlaps(kFilters[filter], [&](std::uint32_t value) {
            EXPECT_TRUE(found.insert(value).second) << "found twice";
            return true;
        });
        for (std::uint32_t other = 0; other < kFilters.size(); ++other) {
            EXPECT_EQ(found.contains(other), !disjoint(kTopicsOf[filter], kTopicsOf[other]))
                << kFilters[filter] << " and " << kFilters[other];
        }
    }
}

TEST(FilterTrieTest, IsEmptyAgainWhenAllFiltersAreErased) {
    FilterTrie trie{KeyedHash{1}};
    std::vector<std::string> order = kFilters;
    std::mt19937 random{7};
    for (std::uint32_t round = 0; round < 3; ++round) {
        std::ranges::shuffle(order, random);
        std::map<std::string, std::uint32_t> order_of;
        for (std::uint32_t index = 0; index < order.size(); ++index) {
            trie.value(order[index]) = index;
            order_of[order[index]] = index;
        }
        std::ranges::shuffle(order, random);
        for (const std::string& filter : order) {
            EXPECT_EQ(order_of.at(filter), trie.value(filter));
            trie.erase(filter);
        }
        EXPECT_EQ(trie.node_count(), 1U);
    }
}

}  // namespace
}  // namespace multimqtt::routing
