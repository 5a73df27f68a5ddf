// The program of the mutated engine: finds out at which seed the simulation notices a bug.
//
//     mutate             lists the mutations: name and class, separated by a tab
//     mutate NAME N      runs at most N seeds with that one; ends with 1 when it was found
//     mutate none N      runs N seeds with none, which have to be clean
#include "mutation/active.hpp"
#include "simulation/run.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace multimqtt::mutation {

int chosen = 0;

namespace {

struct Row {
    const char* name;
    const char* kind;
};

constexpr Row kRows[] = {
#include "mutation/table.inc"
};

int number_of(std::string_view name) {
    for (std::size_t i = 0; i < std::size(kRows); ++i) {
        if (name == kRows[i].name) {
            return static_cast<int>(i) + 1;
        }
    }
    return name == "none" ? 0 : -1;
}

}  // namespace
}  // namespace multimqtt::mutation

int main(int count, char** arguments) {
    using namespace multimqtt;
    if (count == 1) {
        for (const auto& row : mutation::kRows) {
            std::printf("%s\t%s\n", row.name, row.kind);
        }
        return 0;
    }
    mutation::chosen = count == 3 ? mutation::number_of(arguments[1]) : -1;
    if (mutation::chosen < 0) {
        std::fputs("usage: mutate [NAME SEEDS]\n", stderr);
        return 2;
    }
    simulation::Plan plan;
    plan.seeds = std::strtoull(arguments[2], nullptr, 10);
    return simulation::run(plan) ? 0 : 1;
}
