// A program that a test runs: with a folder and a log of its own, ended together with all that it started.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace multimqtt::brokers {

/// What to run, and with which environment; nothing of the test's own environment is passed on.
struct Command {
    std::vector<std::string> arguments;  ///< The first is the path of the program.
    std::vector<std::pair<std::string, std::string>> environment{};
};

/// A folder below the system's for temporary files, removed with the object.
class PrivateFolder {
public:
    PrivateFolder();
    ~PrivateFolder();
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

/// One running program. Everything that runs in its name carries `mark` in its environment, which is how
/// what it has started is found again, even when it has detached itself.
///
/// Threads: one thread at a time.
class Program {
public:
    /// Starts it in `folder`, with its output appended to `log`.
    /// Errors: throws `std::system_error`.
    Program(const Command& command, const std::filesystem::path& folder, const std::filesystem::path& log,
            std::string mark);
    /// Kills it if it still runs, and all that it has started.
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] bool ended();
    /// Sends the signal and waits; what has not ended at the deadline, the program or its children, is
    /// killed.
    void end(int signal_number);

private:
    std::string mark_;
    pid_t process_;
};

/// The processes, other than this one, whose environment holds the variable MULTIMQTT_TEST_BROKER=`mark`.
[[nodiscard]] std::vector<pid_t> processes_marked(std::string_view mark);

/// The whole content of a file, empty when there is none.
[[nodiscard]] std::string content_of(const std::filesystem::path& file);

/// A port of 127.0.0.1 that was free a moment ago.
[[nodiscard]] std::uint16_t free_port();

}  // namespace multimqtt::brokers
