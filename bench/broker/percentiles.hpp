// The line of JSON with the median and the 99th percentile of many times.
#pragma once

#include "arguments.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace bench {

/// Prints the answer of a driver that has timed single messages; nothing is said of times when some are lost.
inline void print_percentiles(const Run& run, std::vector<double> times_us, std::uint64_t lost) {
    std::sort(times_us.begin(), times_us.end());
    const bool complete = lost == 0 && !times_us.empty();
    std::printf(
        "{\"mode\": \"%s\", \"messages\": %zu, \"seconds\": 0, \"lost\": %llu, \"duplicates\": 0, "
        "\"p50_us\": %.2f, \"p99_us\": %.2f}\n",
        run.mode.c_str(), times_us.size(), static_cast<unsigned long long>(lost),
        complete ? times_us[times_us.size() / 2] : 0.0,
        complete ? times_us[times_us.size() * 99 / 100] : 0.0);
    std::fflush(stdout);
}

}  // namespace bench
