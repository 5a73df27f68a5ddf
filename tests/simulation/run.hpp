// Running many seeds, in several processes, and saying what was found.
#pragma once

#include "simulation/model/check.hpp"

#include <cstdint>

namespace multimqtt::simulation {

struct Plan {
    std::uint64_t first = 1;
    std::uint64_t seeds = 2'000;
    unsigned jobs = 1;
};

/// One seed in this process.
[[nodiscard]] Verdict verdict_of(std::uint64_t seed);

/// Runs all seeds, prints each failure with the command that replays it, and the rate. False when one failed.
[[nodiscard]] bool run(const Plan& plan);

/// Runs one seed and prints everything that happens. False when it fails.
[[nodiscard]] bool show(std::uint64_t seed);

}  // namespace multimqtt::simulation
