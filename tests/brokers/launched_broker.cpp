#include "brokers/launched_broker.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <thread>

namespace multimqtt::brokers {
namespace {

// RabbitMQ takes 10 s on an idle machine.
constexpr std::chrono::seconds kStartDeadline{120};
constexpr std::chrono::milliseconds kPollInterval{10};
// A port that was free may be taken before the broker opens it.
constexpr int kStartAttempts = 5;

}  // namespace

std::filesystem::path installation_of(std::string_view id) {
    return std::filesystem::path{MULTIMQTT_BROKERS_FOLDER} / id;
}

LaunchedBroker::~LaunchedBroker() {
    end_with(SIGTERM);
}

void LaunchedBroker::start() {
    if (!programs_.empty()) {
        return;
    }
    const bool first = ports_.empty();
    for (int attempt = 1;; ++attempt) {
        if (first) {
            ports_.resize(manner_.ports);
            std::ranges::generate(ports_, free_port);
        }
        configure();
        const std::size_t logged_before = log().size();
        if (launch() == Start::listening) {
            return;
        }
        if (attempt == kStartAttempts) {
            throw std::runtime_error("The broker ended at once:\n" + log().substr(logged_before));
        }
    }
}

LaunchedBroker::Start LaunchedBroker::launch() {
    const std::regex ready{manner_.ready.begin(), manner_.ready.end()};
    const std::size_t logged_before = log().size();
    for (const Command& command : commands()) {
        programs_.emplace_back(command, folder(), log_file(),
                               folder().string() + ":" + std::to_string(programs_.size()));
    }
    const auto deadline = std::chrono::steady_clock::now() + kStartDeadline;
    while (true) {
        const bool gone = programs_.back().ended();
        const std::string logged = log().substr(logged_before);
        if (gone) {
            programs_.clear();
            return Start::ended;
        }
        if (std::regex_search(logged, ready)) {
            return Start::listening;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            programs_.clear();
            throw std::runtime_error("The broker does not listen after 120 s:\n" + logged);
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

void LaunchedBroker::stop() {
    end_with(SIGTERM);
}

void LaunchedBroker::kill() {
    end_with(SIGKILL);
}

void LaunchedBroker::end_with(int signal_number) {
    // The broker first, while what it relies on still runs.
    while (!programs_.empty()) {
        programs_.back().end(signal_number);
        programs_.pop_back();
    }
}

std::string LaunchedBroker::version() const {
    const std::string logged = log();
    std::smatch match;
    const std::regex pattern{manner_.version.begin(), manner_.version.end()};
    return std::regex_search(logged, match, pattern) ? match[1].str() : "of unknown version";
}

void LaunchedBroker::write(const std::string& file, std::string_view content) const {
    std::ofstream stream{folder() / file, std::ios::binary};
    stream << content;
}

}  // namespace multimqtt::brokers
