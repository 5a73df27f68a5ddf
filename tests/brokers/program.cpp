#include "brokers/program.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace multimqtt::brokers {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kEndDeadline{20};
constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::string_view kMarkVariable = "MULTIMQTT_TEST_BROKER";

// The strings of `texts` as the array that exec takes, valid as long as they are.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

pid_t spawn(const Command& command, const fs::path& folder, const fs::path& log, const std::string& mark) {
    std::vector<std::string> arguments = command.arguments;
    std::vector<std::string> environment{std::string{kMarkVariable}.append("=").append(mark)};
    for (const auto& [name, value] : command.environment) {
        environment.push_back(std::string{name}.append("=").append(value));
    }
    const std::vector<char*> argument_pointers = pointers_to(arguments);
    const std::vector<char*> environment_pointers = pointers_to(environment);
    const bool from_main_thread = gettid() == getpid();
    const pid_t child = fork();
    if (child < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (child == 0) {
        const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(input, STDIN_FILENO);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        if (chdir(folder.c_str()) != 0) {
            _exit(126);
        }
        if (from_main_thread) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);  // So that it does not outlive a test that was killed.
        }
        execve(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
        _exit(127);
    }
    return child;
}

}  // namespace

PrivateFolder::PrivateFolder() {
    std::string name = (fs::temp_directory_path() / "multimqtt-broker-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
    }
    path_ = name;
}

PrivateFolder::~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

Program::Program(const Command& command, const fs::path& folder, const fs::path& log, std::string mark)
    : mark_{std::move(mark)}, process_{spawn(command, folder, log, mark_)} {
}

Program::~Program() {
    end(SIGKILL);
}

bool Program::ended() {
    if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) == process_) {
        process_ = -1;
    }
    return process_ < 0;
}

void Program::end(int signal_number) {
    if (!ended()) {
        ::kill(process_, signal_number);
    }
    const auto deadline = std::chrono::steady_clock::now() + kEndDeadline;
    while (!ended()) {
        if (std::chrono::steady_clock::now() > deadline) {
            ::kill(process_, SIGKILL);
        }
        std::this_thread::sleep_for(kPollInterval);
    }
    // What it has started has no reason to stay.
    for (std::vector<pid_t> left = processes_marked(mark_); !left.empty(); left = processes_marked(mark_)) {
        for (const pid_t process : left) {
            ::kill(process, SIGKILL);
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

std::vector<pid_t> processes_marked(std::string_view mark) {
    const std::string wanted = std::string{kMarkVariable}.append("=").append(mark).append(1, '\0');
    std::vector<pid_t> processes;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{"/proc", ignored}) {
        const std::string name = entry.path().filename().string();
        pid_t process = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
        if (error == std::errc{} && end == name.data() + name.size() && process != getpid() &&
            content_of(entry.path() / "environ").find(wanted) != std::string::npos) {
            processes.push_back(process);
        }
    }
    return processes;
}

std::string content_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream{file, std::ios::binary}.rdbuf();
    return text.str();
}

std::uint16_t free_port() {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    const bool bound = bind(probe, raw, size) == 0 && getsockname(probe, raw, &size) == 0;
    close(probe);
    if (!bound) {
        throw std::system_error(errno, std::generic_category(), "bind to 127.0.0.1");
    }
    return ntohs(address.sin_port);
}

}  // namespace multimqtt::brokers
