// The program of the simulation: runs a range of seeds, or shows one of them.
#include "simulation/run.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

using namespace multimqtt::simulation;

constexpr const char* kUsage =
    "usage: simulate [--first N] [--seeds N] [--jobs N]   run that many seeds\n"
    "       simulate --seed N                             run one and tell everything that happens\n";

bool read_number(const char* text, std::uint64_t& number) {
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    return error == std::errc{} && stop == end;
}

}  // namespace

int main(int count, char** arguments) {
    Plan plan;
    std::uint64_t jobs = 1;
    std::uint64_t seed = 0;
    for (int i = 1; i < count; i += 2) {
        const std::string_view name = arguments[i];
        std::uint64_t* const number = name == "--first"   ? &plan.first
                                      : name == "--seeds" ? &plan.seeds
                                      : name == "--jobs"  ? &jobs
                                      : name == "--seed"  ? &seed
                                                          : nullptr;
        if (number == nullptr || i + 1 >= count || !read_number(arguments[i + 1], *number)) {
            std::fputs(kUsage, stderr);
            return 2;
        }
    }
    if (seed != 0) {
        return show(seed) ? 0 : 1;
    }
    plan.jobs = static_cast<unsigned>(jobs);
    return run(plan) ? 0 : 1;
}
