#include "routing/router.hpp"

#include "routing/reference_matcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace multimqtt::routing {
namespace {

Prefix prefix_of(std::string_view text) {
    return *Prefix::parse(text);
}

std::vector<std::uint32_t> ids_of(const Matches& matches) {
    std::vector<std::uint32_t> ids;
    for (const Match& match : matches) {
        ids.push_back(static_cast<std::uint32_t>(match.route));
    }
    return ids;
}

class RouterTest : public testing::Test {
protected:
    void add(std::uint32_t id, std::string_view pattern, std::string_view prefix = "",
             IntRange range = IntRange::any) {
        ASSERT_TRUE(router_.add(RouteId{id}, *TopicPattern::parse(pattern, range), prefix_of(prefix)));
    }
    std::vector<std::uint32_t> match(std::string_view topic) {
        router_.match(topic, matches_);
        return ids_of(matches_);
    }
    std::vector<std::string> captures(std::string_view topic, std::size_t index) {
        std::vector<std::string> texts;
        for (const CaptureSpan& span : matches_.captures(matches_[index])) {
            texts.emplace_back(span.in(topic).text);
        }
        return texts;
    }

    Router router_{42};
    Matches matches_;
};

using Ids = std::vector<std::uint32_t>;
using Texts = std::vector<std::string>;

TEST_F(RouterTest, FindsAllRoutesOfATopicInTheOrderOfTheirIds) {
    add(4, "a/b");
    add(0, "#");
    add(3, "a/<x>");
    add(2, "a/b");
    add(1, "a/#");
    add(5, "b/#");
    EXPECT_EQ(match("a/b"), (Ids{0, 1, 2, 3, 4}));
    EXPECT_EQ(match("a"), (Ids{0, 1}));
    EXPECT_EQ(match("c"), Ids{0});
    EXPECT_EQ(match("$SYS"), Ids{});
    EXPECT_EQ(match(""), Ids{});
}

TEST_F(RouterTest, GivesCapturesOfEachRoute) {
    add(0, "n/<int:x>/<y>");
    add(1, "n/<path:rest>");
    add(2, "n/+/<name>");
    ASSERT_EQ(match("n/12/ab"), (Ids{0, 1, 2}));
    EXPECT_EQ(captures("n/12/ab", 0), (Texts{"12", "ab"}));
    EXPECT_EQ(captures("n/12/ab", 1), Texts{"12/ab"});
    EXPECT_EQ(captures("n/12/ab", 2), Texts{"ab"});
}

TEST_F(RouterTest, NamesTheRoutesWhosePlaceholdersRefuse) {
    add(0, "n/<int:x>");
    add(1, "n/<x>");
    add(2, "n/x/<path:rest>");
    EXPECT_EQ(match("n/x"), Ids{1});
    EXPECT_THAT(matches_.rejected(), testing::UnorderedElementsAre(RouteId{0}, RouteId{2}));
    EXPECT_EQ(match("n/1"), (Ids{0, 1}));
    EXPECT_TRUE(matches_.rejected().empty());
}

TEST_F(RouterTest, MatchesWithThePrefixThatTheRouteWasAddedWith) {
    add(0, "a/<x>", "my/prefix");
    add(1, "$SYS/#");
    add(2, "$share/g/<path:x>", "my/prefix/");
    add(3, "b", "my/prefix");
    ASSERT_EQ(match("my/prefix/a/q"), (Ids{0, 2}));
    EXPECT_EQ(captures("my/prefix/a/q", 0), Texts{"q"});
    EXPECT_EQ(captures("my/prefix/a/q", 1), Texts{"a/q"});
    EXPECT_EQ(std::string_view{"my/prefix/a/q"}.substr(matches_[0].prefix_size), "a/q");
    EXPECT_EQ(match("a/q"), Ids{});
    EXPECT_EQ(match("my/prefix"), Ids{});
    EXPECT_EQ(match("my/prefix/b"), (Ids{2, 3}));
    ASSERT_EQ(match("$SYS/x"), Ids{1});
    EXPECT_EQ(matches_[0].prefix_size, 0U);
}

// "my/prefix/#" is sent for "my/prefix" too, which is no topic under the prefix: a handler could not be given
// a topic without the prefix.
TEST_F(RouterTest, RejectsThePrefixItselfForARouteThatTakesEverythingBehindIt) {
    add(0, "#", "my/prefix");
    add(1, "#");
    EXPECT_EQ(match("my/prefix"), Ids{1});
    EXPECT_THAT(matches_.rejected(), testing::ElementsAre(RouteId{0}));
    ASSERT_EQ(match("my/prefix/"), (Ids{0, 1}));
    EXPECT_EQ(matches_[0].prefix_size, std::string_view{"my/prefix/"}.size());
}

TEST_F(RouterTest, ForgetsRemovedRoutesAlsoWhenTheTopicWasCached) {
    add(0, "a/+");
    add(1, "a/b");
    add(2, "a/+");
    for (int round = 0; round < 4; ++round) {
        EXPECT_EQ(match("a/b"), (Ids{0, 1, 2}));
    }
    router_.remove(RouteId{0});
    EXPECT_EQ(match("a/b"), (Ids{1, 2}));
    router_.remove(RouteId{1});
    router_.remove(RouteId{1});
    router_.remove(RouteId{77});
    EXPECT_EQ(match("a/b"), Ids{2});
    add(1, "a/b");
    EXPECT_EQ(match("a/b"), (Ids{1, 2}));
    EXPECT_EQ(router_.size(), 2U);
}

TEST_F(RouterTest, TakesMorePlaceholdersThanItKeepsInline) {
    add(0, "<a>/<b>/<c>/<d>/<e>/<int:f>");
    ASSERT_EQ(match("1/2/3/4/5/6"), Ids{0});
    EXPECT_EQ(captures("1/2/3/4/5/6", 0), (Texts{"1", "2", "3", "4", "5", "6"}));
    EXPECT_EQ(match("1/2/3/4/5/x"), Ids{});
}

TEST_F(RouterTest, HoldsIntegersToTheRangeOfTheirRoute) {
    add(0, "n/<int:x>");
    add(1, "n/<int:x>", "", IntRange::int64);
    EXPECT_EQ(match("n/9223372036854775808"), Ids{0});
    EXPECT_EQ(match("n/9223372036854775807"), (Ids{0, 1}));
}

TEST_F(RouterTest, RefusesARouteThatIsTooLongWithItsPrefix) {
    const TopicPattern pattern = *TopicPattern::parse(std::string(65'530, 'a'));
    const Result<void> added = router_.add(RouteId{0}, pattern, prefix_of("prefix"));
    ASSERT_FALSE(added);
    EXPECT_TRUE(added.error().is(Error::bad_pattern));
    EXPECT_EQ(router_.size(), 0U);
}

// With branching that multiplied, 2 to the power of 16 paths would lead through every topic of "a"s.
TEST_F(RouterTest, SurvivesHostileTopicsAndPatterns) {
    for (std::uint32_t id = 0; id < 4'096; ++id) {
        std::string pattern;
        for (std::uint32_t bit = 0; bit < 12; ++bit) {
            pattern += (id >> bit & 1U) != 0 ? "+/" : "a/";
        }
        add(id, pattern + (id % 2 == 0 ? "#" : "z"));
    }
    std::string deep = "a";
    while (deep.size() + 2 <= 65'535) {
        deep += "/a";
    }
    EXPECT_EQ(match(deep).size(), 2'048U);
    add(5'000, deep.substr(0, 60'001));
    std::string wide;
    while (wide.size() + 2 <= 60'000) {
        wide += "+/";
    }
    add(5'001, wide + "a");
    EXPECT_EQ(match(deep).size(), 2'048U);
    EXPECT_EQ(match(deep.substr(0, 60'001)).size(), 2'050U);
    EXPECT_EQ(match(std::string(65'535, '/')).size(), 0U);
    router_.remove(RouteId{5'001});
    router_.remove(RouteId{5'000});
    EXPECT_EQ(match(deep).size(), 2'048U);
}

// Random routes and topics over a small alphabet, against the reference; a failure prints its seed.
class RandomRouterTest : public testing::TestWithParam<std::uint32_t> {
protected:
    std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }

    std::string pattern() {
        std::string text = random_() % 8 == 0 ? "$share/g/" : "";
        const std::uint32_t depth = 1 + static_cast<std::uint32_t>(random_() % 4);
        for (std::uint32_t level = 0; level < depth; ++level) {
            const std::string name = "p" + std::to_string(level);
            text.append(level == 0 ? "" : "/");
            if (level + 1 == depth && random_() % 4 == 0) {
                return text.append(random_() % 2 == 0 ? "#" : "<path:rest>");
            }
            text.append(pick({"a", "b", "1", "$c", "", "+", "<" + name + ">", "<int:" + name + ">",
                              "<float:" + name + ">"}));
        }
        return text.ends_with("$share/g/") || text.empty() ? "a" : text;
    }
    std::string topic() {
        if (random_() % 20 == 0) {
            return pick({"p", "p/", "p/q", "p/q/"});
        }
        std::string text = pick({"", "", "p/", "p/q/"});
        const std::uint64_t depth = 1 + random_() % 4;
        for (std::uint64_t level = 0; level < depth; ++level) {
            text.append(level == 0 ? "" : "/").append(pick({"a", "b", "1", "-1.5", "$c", ""}));
        }
        return text;
    }

    std::mt19937_64 random_{GetParam()};
};

struct Registered {
    TopicPattern pattern;
    std::string prefix;
};

// What the router should find, from the pattern alone.
std::map<std::uint32_t, Texts> expected(const std::map<std::uint32_t, Registered>& routes,
                                        const std::string& topic) {
    std::map<std::uint32_t, Texts> found;
    for (const auto& [id, route] : routes) {
        // The parent level of "prefix/#" is the prefix without its "/", and no topic under it.
        if (topic.size() < route.prefix.size() ||
            !reference::matches(route.prefix + std::string{route.pattern.inner_filter()}, topic)) {
            continue;
        }
        // Behind a prefix "$" has no special meaning, so that the pattern alone is held against a literal
        // first.
        const TopicPattern whole =
            *TopicPattern::parse("x/" + std::string{reference::inner(route.pattern.text())});
        const std::string whole_topic = "x/" + topic.substr(route.prefix.size());
        const auto captures = whole.match(whole_topic);
        if (captures) {
            Texts& texts = found[id];
            for (const TopicCapture& capture : *captures) {
                texts.emplace_back(capture.text);
            }
        }
    }
    return found;
}

TEST_P(RandomRouterTest, FindsWhatTheReferenceFinds) {
    Router router{random_()};
    Matches matches;
    std::map<std::uint32_t, Registered> routes;
    for (int step = 0; step < 600; ++step) {
        const auto id = static_cast<std::uint32_t>(random_() % 40);
        if (const auto found = routes.find(id); found != routes.end()) {
            router.remove(RouteId{id});
            routes.erase(found);
        } else {
            const TopicPattern added = *TopicPattern::parse(pattern());
            const Prefix prefix = prefix_of(pick({"", "p", "p/q"}));
            ASSERT_TRUE(router.add(RouteId{id}, added, prefix));
            routes.emplace(id, Registered{added, prefix.text()});
        }
        for (int probe = 0; probe < 6; ++probe) {
            const std::string topic_text = topic();
            if (topic_text.empty()) {
                continue;
            }
            std::map<std::uint32_t, Texts> found;
            router.match(topic_text, matches);
            for (const Match& match : matches) {
                Texts texts;
                for (const CaptureSpan& span : matches.captures(match)) {
                    texts.emplace_back(span.in(topic_text).text);
                }
                EXPECT_TRUE(found.emplace(static_cast<std::uint32_t>(match.route), texts).second);
            }
            ASSERT_EQ(found, expected(routes, topic_text))
                << "seed " << GetParam() << ", step " << step << ", topic " << topic_text;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRouterTest, testing::Range(0U, 20U));

TEST(PrefixTest, IsNormalised) {
    EXPECT_EQ(prefix_of("").text(), "");
    EXPECT_EQ(prefix_of("/").text(), "");
    EXPECT_EQ(prefix_of("p").text(), "p/");
    EXPECT_EQ(prefix_of("p/q/").text(), "p/q/");
    EXPECT_EQ(prefix_of("p").topic_of("a"), "p/a");
    EXPECT_EQ(*prefix_of("p").filter_of(*TopicPattern::parse("$share/g/a/<x>")), "$share/g/p/a/+");
    EXPECT_EQ(*prefix_of("").filter_of(*TopicPattern::parse("$share/g/#")), "$share/g/#");
}

TEST(PrefixTest, RefusesWhatIsNoTopic) {
    for (const std::string text : {"a/+", "#", "\xFF", "$share/g", "$share"}) {
        const Result<Prefix> prefix = Prefix::parse(text);
        ASSERT_FALSE(prefix) << text;
        EXPECT_TRUE(prefix.error().is(Error::bad_topic));
        EXPECT_THAT(prefix.error().message, testing::HasSubstr("prefix"));
    }
    EXPECT_FALSE(Prefix::parse(std::string{"a\0", 2}));
    EXPECT_FALSE(Prefix::parse(std::string(65'535, 'a')));
}

}  // namespace
}  // namespace multimqtt::routing
