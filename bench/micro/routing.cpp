// What it costs to find the routes of a topic, from 10 routes to 100,000.
//
//     bench_routing --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
//
// "New" topics come once, so that the cache of recent topics never knows them; "known" ones come again and
// again. The topics are read in the order in which they lie in memory, as they would be in a receive buffer.
#include "routing/router.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing {
namespace {

constexpr std::size_t kNewTopics = std::size_t{1} << 16U;  // More than the cache remembers to have seen.
constexpr std::size_t kKnownTopics = 64;

std::string route_text(std::int64_t route, std::string_view rest) {
    return "plant/line" + std::to_string(route).append("/").append(rest);
}

void add(Router& router, std::int64_t routes, std::string_view rest) {
    for (std::int64_t route = 0; route < routes; ++route) {
        const TopicPattern pattern = *TopicPattern::parse(route_text(route, rest));
        router.add(RouteId{static_cast<std::uint32_t>(route)}, pattern, Prefix{}).value();
    }
}

/// Topics of random routes, one behind the other.
class Topics {
public:
    Topics(std::int64_t routes, std::size_t count, bool literal) {
        std::mt19937_64 random{7};
        for (std::size_t topic = 0; topic < count; ++topic) {
            const auto route = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(routes));
            const std::string text = route_text(route, literal ? "state" : "q" + std::to_string(topic));
            places_.push_back(
                {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())});
            text_ += text;
        }
    }

    std::string_view next() {
        const Place place = places_[position_];
        position_ = position_ + 1 == places_.size() ? 0 : position_ + 1;
        return std::string_view{text_}.substr(place.offset, place.size);
    }

private:
    struct Place {
        std::uint32_t offset;
        std::uint32_t size;
    };

    std::string text_;
    std::vector<Place> places_;
    std::size_t position_ = 0;
};

void match(benchmark::State& state, std::string_view rest, std::size_t count) {
    Router router{42};
    add(router, state.range(0), rest);
    Topics topics{state.range(0), count, rest == "state"};
    Matches matches;
    for (auto _ : state) {
        router.match(topics.next(), matches);
        if (matches.size() != 1) {
            state.SkipWithError("a topic did not find its route");
            break;
        }
    }
}

void new_topic_of_a_typed_route(benchmark::State& state) {
    match(state, "<str:quantity>", kNewTopics);
}
void new_topic_of_a_literal_route(benchmark::State& state) {
    match(state, "state", kNewTopics);
}
void known_topic_of_a_typed_route(benchmark::State& state) {
    match(state, "<str:quantity>", kKnownTopics);
}

BENCHMARK(new_topic_of_a_typed_route)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK(new_topic_of_a_literal_route)->Arg(1'000)->Arg(100'000);
BENCHMARK(known_topic_of_a_typed_route)->Arg(10)->Arg(1'000)->Arg(100'000);

// What the memory alone costs: so many loads, each of which must wait for the one before, in as much memory
// as the routes take.
void dependent_loads(benchmark::State& state) {
    struct alignas(64) Line {
        std::uint32_t next = 0;
    };
    std::vector<Line> lines(static_cast<std::size_t>(state.range(0)) * 3);
    std::vector<std::uint32_t> order(lines.size());
    for (std::uint32_t line = 0; line < order.size(); ++line) {
        order[line] = line;
    }
    std::mt19937_64 random{7};
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t line = 0; line < order.size(); ++line) {
        lines[order[line]].next = order[(line + 1) % order.size()];
    }
    std::uint32_t line = 0;
    for (auto _ : state) {
        line = lines[line].next;
        benchmark::DoNotOptimize(line);
    }
}
BENCHMARK(dependent_loads)->Arg(10)->Arg(100'000);

}  // namespace
}  // namespace multimqtt::routing

BENCHMARK_MAIN();
