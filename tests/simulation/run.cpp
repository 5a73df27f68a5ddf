// Seeds in worker processes: an assertion of the engine ends one of them, and names its seed.
#include "simulation/run.hpp"

#include "simulation/settings.hpp"
#include "simulation/world.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace multimqtt::simulation {
namespace {

// A run takes about a millisecond; one that takes this long of the processor never ends.
constexpr time_t kSecondsMax = 10;

// How a worker ends that has said what it found. Any other failure is that of a sanitizer, say.
constexpr int kReported = 3;

volatile std::sig_atomic_t seed_low = 0;
volatile std::sig_atomic_t seed_high = 0;

void print_failure(std::uint64_t seed, const char* check, const char* text) {
    std::printf("FAILED seed %llu: %s: %s\n", static_cast<unsigned long long>(seed), check, text);
}

// An assertion, a crash or an endless loop. The process is lost, so that printing here does no more harm.
extern "C" void report_signal(int number) {
    const auto seed = static_cast<std::uint64_t>(static_cast<std::uint32_t>(seed_high)) << 32 |
                      static_cast<std::uint32_t>(seed_low);
    const char* const check = number == SIGVTALRM ? "deadline_stands_still" : "assertion";
    const char* const text =
        number == SIGVTALRM ? "the run does not end" : "the program was stopped by a signal";
    print_failure(seed, check, text);
    std::printf("  ./run simulate --seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    _exit(kReported);
}

void watch_signals() {
    static char stack[64 * 1'024];  // Of its own, for when the other one has overflowed.
    stack_t own{};
    own.ss_sp = stack;
    own.ss_size = sizeof stack;
    sigaltstack(&own, nullptr);
    struct sigaction action {};
    action.sa_handler = report_signal;
    action.sa_flags = SA_ONSTACK;
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGVTALRM}) {
        sigaction(number, &action, nullptr);
    }
}

void watch(std::uint64_t seed) {
    seed_low = static_cast<std::sig_atomic_t>(seed & 0xFFFF'FFFF);
    seed_high = static_cast<std::sig_atomic_t>(seed >> 32);
    const itimerval limit{{0, 0}, {kSecondsMax, 0}};
    setitimer(ITIMER_VIRTUAL, &limit, nullptr);
}

void explain(std::uint64_t seed, const Verdict& verdict) {
    print_failure(seed, std::string{to_string(verdict.violation().check)}.c_str(),
                  verdict.violation().text.c_str());
    std::printf("  %s\n", settings_of(seed).describe().c_str());
    std::printf("  ./run simulate --seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
}

// Every `jobs`th seed from `first + number` on; the first failure ends the worker.
int work(const Plan& plan, unsigned number) {
    watch_signals();
    for (std::uint64_t i = number; i < plan.seeds; i += plan.jobs) {
        const std::uint64_t seed = plan.first + i;
        watch(seed);
        if (const Verdict verdict = verdict_of(seed); !verdict.holds()) {
            explain(seed, verdict);
            return kReported;
        }
    }
    return 0;
}

}  // namespace

Verdict verdict_of(std::uint64_t seed) {
    const Settings settings = settings_of(seed);
    Trace trace{false};
    World world{settings, trace};
    return world.run();
}

bool run(const Plan& plan) {
    const auto began = std::chrono::steady_clock::now();
    std::vector<pid_t> workers;
    for (unsigned number = 0; number < plan.jobs; ++number) {
        const pid_t worker = fork();
        if (worker == 0) {
            _exit(work(plan, number));
        }
        workers.push_back(worker);
    }
    bool all_well = true;
    for (const pid_t worker : workers) {
        int status = 0;
        all_well = worker > 0 && waitpid(worker, &status, 0) == worker && status == 0 && all_well;
        if (status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == kReported)) {
            std::printf("FAILED: a worker ended with status %d and without a word.\n", status);
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (all_well) {
        std::printf("%llu seeds from %llu on are clean: %.0f seconds, %.0f seeds a second with %u workers.\n",
                    static_cast<unsigned long long>(plan.seeds), static_cast<unsigned long long>(plan.first),
                    took.count(), static_cast<double>(plan.seeds) / took.count(), plan.jobs);
    }
    return all_well;
}

bool show(std::uint64_t seed) {
    watch_signals();
    watch(seed);
    const Settings settings = settings_of(seed);
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), settings.describe().c_str());
    Trace trace{true};
    World world{settings, trace};
    const Verdict& verdict = world.run();
    if (!verdict.holds()) {
        explain(seed, verdict);
        return false;
    }
    std::puts("clean");
    return true;
}

}  // namespace multimqtt::simulation
