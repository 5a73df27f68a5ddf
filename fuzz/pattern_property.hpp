// Patterns and topics from strangers: what the router and the plan of subscriptions make of them is held
// against a slow and obvious reading of the specification.
#pragma once

#include "instructions.hpp"
#include "routing/prefix.hpp"
#include "routing/reference_matcher.hpp"
#include "routing/router.hpp"
#include "routing/subscription_plan.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::fuzz {

/// Routes as an input names them, and topics that are looked up.
class PatternRun {
public:
    /// The first byte chooses what the broker offers and in which order routes go. Then lines: the prefix,
    /// patterns up to an empty line, topics.
    explicit PatternRun(Input input) {
        Instructions instructions{input};
        const unsigned bits = instructions.next();
        const auto prefix = routing::Prefix::parse(instructions.take_until('\n'));
        if (!prefix) {
            require(!prefix.error().message.empty(), "a prefix is refused without a sentence");
        } else {
            prefix_ = *prefix;
        }
        while (!instructions.empty() && patterns_.size() < kRoutesMax) {
            const std::string_view line = instructions.take_until('\n');
            if (line.empty()) {
                break;
            }
            add(line, (bits & 0x01) != 0 ? IntRange::any : IntRange::int64);
        }
        identifiers_ = (bits & 0x02) != 0;
        plan_.connected(identifiers_ ? routing::SubscriptionIdentifiers::available
                                     : routing::SubscriptionIdentifiers::unavailable,
                        routing::BrokerSession::fresh);
        const std::vector<std::string> topics = topics_of(instructions);
        look_up(topics);
        if (!patterns_.empty() && (bits & 0x04) != 0) {
            remove(bits / 8 % patterns_.size());
            look_up(topics);
        }
    }

    /// What does not hold, empty when everything does.
    [[nodiscard]] const std::string& broken() const noexcept { return broken_; }

private:
    static constexpr std::size_t kRoutesMax = 24;
    static constexpr std::size_t kTopicsMax = 24;

    struct Route {
        TopicPattern pattern;
        std::string filter;
        bool registered = true;
    };

    void require(bool holds, std::string_view otherwise) {
        if (!holds && broken_.empty()) {
            broken_ = otherwise;
        }
    }

    void add(std::string_view text, IntRange range) {
        const Result<TopicPattern> pattern = TopicPattern::parse(text, range);
        if (!pattern) {
            require(!pattern.error().message.empty() && pattern.error().is(Error::bad_pattern),
                    "a pattern is refused without a sentence");
            return;
        }
        check_pattern(*pattern, text);
        const auto id = static_cast<routing::RouteId>(patterns_.size());
        const Result<std::string> filter = prefix_.filter_of(*pattern);
        const bool added = router_.add(id, *pattern, prefix_).has_value();
        require(added == filter.has_value(), "router and prefix disagree about what is too long");
        if (!added || !filter) {
            return;
        }
        if (!plan_.add_route(id, {*filter, Qos::at_least_once}).has_value()) {
            require(false, "the plan refuses what the router takes");
        }
        patterns_.push_back({*pattern, *filter});
    }

    /// A pattern that was taken says the same about itself in every way.
    void check_pattern(const TopicPattern& pattern, std::string_view text) {
        require(pattern.text() == text, "a pattern changes its text");
        const auto again = TopicPattern::parse(pattern.filter());
        require(again.has_value(), "the filter of a pattern is no pattern");
        require(again && again->filter() == pattern.filter(), "the filter of a filter is another");
        require(pattern.inner_filter() == routing::reference::inner(pattern.filter()),
                "the inner filter is wrong");
        const std::vector<std::string> levels = routing::reference::levels_of(pattern.inner_filter());
        for (const Placeholder& placeholder : pattern.placeholders()) {
            require(placeholder.level < levels.size(), "a placeholder behind the end");
            require(levels[placeholder.level] == (placeholder.kind == PlaceholderKind::path ? "#" : "+"),
                    "a placeholder without its wildcard");
        }
        const bool wildcards = std::ranges::any_of(
            levels, [](const std::string& level) { return level == "+" || level == "#"; });
        require(pattern.has_wildcards() == wildcards, "has_wildcards is wrong");
    }

    [[nodiscard]] std::vector<std::string> topics_of(Instructions& instructions) const {
        std::vector<std::string> topics;
        while (!instructions.empty() && topics.size() < kTopicsMax) {
            const std::string topic{instructions.take_until('\n')};
            if (check_topic(topic).has_value()) {
                topics.push_back(topic);
                if (!prefix_.text().empty() && check_topic(prefix_.topic_of(topic)).has_value()) {
                    topics.push_back(prefix_.topic_of(topic));
                }
            }
        }
        return topics;
    }

    void look_up(const std::vector<std::string>& topics) {
        for (int round = 0; round < 3; ++round) {  // The third answer comes from the cache.
            for (const std::string& topic : topics) {
                check_matches(topic);
            }
        }
        subscribe();
        for (const std::string& topic : topics) {
            check_selection(topic);
        }
    }

    /// The topic as the route's handlers see it, or nothing when the prefix is not its.
    [[nodiscard]] std::optional<std::string_view> own_part(std::string_view topic) const {
        const std::string& prefix = prefix_.text();
        if (!topic.starts_with(prefix)) {
            return std::nullopt;
        }
        return topic.substr(prefix.size());
    }

    void check_matches(const std::string& topic) {
        router_.match(topic, matches_);
        std::size_t found = 0;
        for (std::size_t index = 0; index < patterns_.size(); ++index) {
            const Route& route = patterns_[index];
            const auto match =
                std::ranges::find(matches_, static_cast<routing::RouteId>(index), &routing::Match::route);
            const bool matched = match != matches_.end();
            found += matched ? 1 : 0;
            if (!route.registered) {
                require(!matched, "a route that was removed matches");
                continue;
            }
            const bool by_filter =
                routing::reference::matches(routing::reference::inner(route.filter), topic);
            require(by_filter || !matched, "a route matches whose filter does not");
            const auto own = own_part(topic);
            // What stands behind a prefix begins no topic, so that its "$" is nothing special there, and it
            // may be empty.
            const bool special = !prefix_.text().empty() && own && (own->empty() || own->starts_with('$'));
            const auto captures = own && !special ? route.pattern.match(*own) : std::nullopt;
            if (!special && by_filter) {
                require(matched == captures.has_value(),
                        "router and pattern disagree: " + route.pattern.text());
            }
            if (route.pattern.placeholders().empty()) {
                require(matched == (by_filter && own.has_value()),
                        "a pattern without placeholders is no filter");
            }
            if (matched && captures) {
                check_captures(route.pattern, topic, *match, *captures);
            }
        }
        require(found == matches_.size(), "a route matches twice, or one that does not exist");
    }

    void check_captures(const TopicPattern& pattern, std::string_view topic, const routing::Match& match,
                        const TopicCaptures& captures) {
        const auto spans = matches_.captures(match);
        require(match.prefix_size == prefix_.text().size(), "the prefix has another size");
        require(spans.size() == captures.size() && captures.size() == pattern.placeholders().size(),
                "another number of captures");
        std::vector<TopicArgument> values;
        for (std::size_t index = 0; index < captures.size() && broken_.empty(); ++index) {
            require(spans[index].in(topic) == captures[index], "another capture");
            values.push_back({pattern.placeholders()[index].name, captures[index].text});
        }
        if (!broken_.empty()) {
            return;
        }
        // A topic that is built from what was captured is the topic that was there, unless "+" or "#" of the
        // pattern's own leave something open.
        if (const Result<std::string> built = pattern.topic_for(values)) {
            require(*built == topic.substr(match.prefix_size), "another topic from its own captures");
        } else {
            require(!built.error().message.empty(), "values are refused without a sentence");
        }
    }

    // The plan.

    /// Makes the broker's subscriptions what the plan asks for.
    void subscribe() {
        for (int round = 0;; ++round) {
            const routing::SubscriptionChanges changes = plan_.take_changes();
            if (changes.empty()) {
                break;
            }
            if (round > 8) {
                return require(false, "the plan never comes to rest");
            }
            for (const routing::Subscription& subscription : changes.subscribe) {
                std::erase_if(subscriptions_,
                              [&](const auto& old) { return old.filter == subscription.filter; });
                subscriptions_.push_back(subscription);
                plan_.acknowledged(subscription.filter);
            }
            for (const std::string& filter : changes.unsubscribe) {
                std::erase_if(subscriptions_, [&](const auto& old) { return old.filter == filter; });
                plan_.acknowledged(filter);
            }
        }
        std::vector<routing::Subscription> desired = plan_.desired();
        require(
            desired.size() == subscriptions_.size() && std::ranges::is_permutation(desired, subscriptions_),
            "the broker's subscriptions are not the desired ones");
    }

    /// A broker that sends each message once runs each route that matches once.
    void check_selection(const std::string& topic) {
        const bool shared = std::ranges::any_of(
            patterns_, [](const Route& route) { return !route.pattern.share_group().empty(); });
        if (shared) {
            return;  // Which of them gets a message is up to the broker.
        }
        std::vector<std::uint32_t> identifiers;
        std::size_t reached = 0;
        for (const routing::Subscription& subscription : subscriptions_) {
            if (routing::reference::matches(subscription.filter, topic)) {
                ++reached;
                if (subscription.identifier != 0) {
                    identifiers.push_back(subscription.identifier);
                }
            }
        }
        require(identifiers_ || identifiers.empty(), "identifiers though there are none");
        router_.match(topic, matches_);
        require(matches_.empty() || reached > 0, "a route without a subscription");
        if (!identifiers_ && plan_.warnings().empty()) {
            require(reached <= 1, "two subscriptions bring the same message, and nobody warns");
        }
        if (reached == 0) {
            return;
        }
        plan_.select(matches_, {topic, "payload", identifiers, false}, chosen_);
        require(chosen_.size() == matches_.size(), "a message runs only some of its routes");
    }

    void remove(std::size_t index) {
        patterns_[index].registered = false;
        router_.remove(static_cast<routing::RouteId>(index));
        plan_.remove_route(static_cast<routing::RouteId>(index));
    }

    routing::Prefix prefix_;
    routing::Router router_{1};
    routing::SubscriptionPlan plan_{1};
    bool identifiers_ = false;
    std::vector<Route> patterns_;
    std::vector<routing::Subscription> subscriptions_;
    routing::Matches matches_;
    std::vector<std::uint32_t> chosen_;
    std::string broken_;
};

/// The property of the target "pattern".
[[nodiscard]] inline std::string check_pattern(Input input) {
    return PatternRun{input}.broken();
}

}  // namespace multimqtt::fuzz
