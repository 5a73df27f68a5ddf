// bench_broker: a broker that is never the slowest part of a measurement. It prints its port, then one
// report.
#include "arguments.hpp"
#include "broker.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>

namespace {

bench::Options options_from(const bench::Arguments& arguments) {
    const std::map<std::string, bench::Mode> modes{{"sink", bench::Mode::sink},
                                                   {"acknowledge", bench::Mode::acknowledge},
                                                   {"flood", bench::Mode::flood},
                                                   {"echo", bench::Mode::echo}};
    const bench::Run run{arguments};
    const auto mode = modes.find(arguments.text("mode", "sink"));
    if (mode == modes.end()) throw std::invalid_argument("--mode must be sink, acknowledge, flood or echo");
    bench::Options options;
    options.mode = mode->second;
    options.plan = {
        run.topic, run.count, run.warmup, run.payload_bytes, static_cast<int>(arguments.number("qos", 0)),
        run.window};
    options.patience_s = static_cast<int>(arguments.number("patience", 10));
    options.certificate_file = arguments.text("certificate", "");
    options.key_file = arguments.text("key", "");
    if (options.plan.qos > 2) throw std::invalid_argument("--qos must be 0, 1 or 2");
    return options;
}

}  // namespace

int main(int argument_count, char** arguments) {
    // The broker never outlives the bench that started it.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    try {
        bench::Broker broker{options_from(bench::Arguments{argument_count, arguments})};
        std::printf("{\"port\": %u}\n", unsigned{broker.port()});
        std::fflush(stdout);
        broker.serve();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_broker: %s\n", error.what());
        return 2;
    }
}
