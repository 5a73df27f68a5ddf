// Patterns and topics from strangers: the first line is a pattern, the second a topic.
//
// Holds for every input: the router finds what the pattern matches, a topic built from captures matches
// again, and nothing is read out of bounds.
#include "routing/router.hpp"
#include "routing/subscription_plan.hpp"

#include <cstdlib>

namespace {

using multimqtt::IntRange;
using multimqtt::Result;
using multimqtt::TopicArgument;
using multimqtt::TopicCaptures;
using multimqtt::TopicPattern;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void check_round_trip(const TopicPattern& pattern, const TopicCaptures& captures) {
    std::vector<TopicArgument> values;
    for (std::size_t index = 0; index < captures.size(); ++index) {
        values.push_back({pattern.placeholders()[index].name, captures[index].text});
    }
    if (const Result<std::string> topic = pattern.topic_for(values)) {
        require(pattern.match(*topic).has_value());
    }
}

void check_router(const TopicPattern& pattern, std::string_view topic, bool expected) {
    namespace routing = multimqtt::routing;
    routing::Router router{1};
    routing::SubscriptionPlan plan{1};
    require(router.add(routing::RouteId{0}, pattern, routing::Prefix{}).has_value());
    require(plan.add_route(routing::RouteId{0}, {pattern.filter()}).has_value());
    plan.connected(routing::SubscriptionIdentifiers::unavailable, routing::BrokerSession::fresh);
    routing::Matches matches;
    for (int round = 0; round < 3; ++round) {  // The third answer comes from the cache.
        router.match(topic, matches);
        require(matches.size() == (expected ? 1U : 0U));
    }
    std::vector<std::uint32_t> chosen;
    plan.select(matches, {topic, {}, {}, false}, chosen);
    require(chosen.size() == matches.size());
    plan.remove_route(routing::RouteId{0});
    router.remove(routing::RouteId{0});
    router.match(topic, matches);
    require(matches.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const std::size_t line = input.find('\n');
    const Result<TopicPattern> pattern = TopicPattern::parse(input.substr(0, line), IntRange::int64);
    if (!pattern) {
        require(!pattern.error().message.empty());
        return 0;
    }
    const std::string_view topic = line == std::string_view::npos ? input : input.substr(line + 1);
    const auto captures = pattern->match(topic);
    if (captures) {
        check_round_trip(*pattern, *captures);
    }
    check_router(*pattern, topic, captures.has_value());
    return 0;
}
