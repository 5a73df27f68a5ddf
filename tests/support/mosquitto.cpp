#include "support/mosquitto.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace multimqtt::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kDeadline{10};
constexpr std::chrono::milliseconds kPollInterval{5};
constexpr int kStartAttempts = 5;

fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "multimqtt-broker-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
    }
    return name;
}

// A folder that goes with the program, even when a test calls exit().
class TemporaryFolder {
public:
    TemporaryFolder() : path_{make_folder()} {}
    ~TemporaryFolder() {
        // A forked child that ends normally must not remove what its parent uses.
        if (getpid() == owner_) {
            std::error_code ignored;
            fs::remove_all(path_, ignored);
        }
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
    pid_t owner_ = getpid();
};

// Debian puts the broker into /usr/sbin, which is not on every user's PATH.
std::string program(const std::string& name) {
    for (const char* folder : {"/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"}) {
        const fs::path path = fs::path{folder} / name;
        if (access(path.c_str(), X_OK) == 0) {
            return path.string();
        }
    }
    throw std::runtime_error(name + " is not installed; `./run test` installs it on Debian.");
}

// Starts a program whose output is appended to `log`. Started from the main thread it gets SIGTERM when
// that ends, so that it does not outlive a test program that was killed.
pid_t spawn(std::vector<std::string> command, const fs::path& log) {
    std::vector<char*> arguments;
    for (std::string& argument : command) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    const std::string log_name = log.string();
    const bool from_main_thread = gettid() == getpid();
    const pid_t child = fork();
    if (child < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (child == 0) {
        const int output = open(log_name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        if (from_main_thread) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
        }
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    return child;
}

std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

void call(const std::vector<std::string>& command, const fs::path& log) {
    int status = 0;
    if (waitpid(spawn(command, log), &status, 0) < 0 || status != 0) {
        throw std::runtime_error(command[0] + " failed:\n" + text_of(log));
    }
}

// A port that was free a moment ago; Mosquitto may still find it taken.
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

std::string dynamic_security_plugin() {
    for (const char* root : {"/usr/lib", "/usr/local/lib"}) {
        for (const auto& folder :
             fs::directory_iterator{root, fs::directory_options::skip_permission_denied}) {
            const fs::path plugin = folder.path() / "mosquitto_dynamic_security.so";
            if (access(plugin.c_str(), R_OK) == 0) {
                return plugin.string();
            }
        }
    }
    throw std::runtime_error("mosquitto_dynamic_security.so is not below /usr/lib or /usr/local/lib.");
}

bool is_websocket(Listener listener) {
    return listener == Listener::websocket || listener == Listener::secure_websocket;
}

// The certificate that the listener shows, without its suffix; empty for one without TLS.
std::string_view certificate_of(Listener listener) {
    switch (listener) {
        case Listener::tls:
        case Listener::mutual_tls:
        case Listener::secure_websocket:
            return "server";
        case Listener::tls_wrong_host:
            return "wrong_host";
        case Listener::tls_expired:
            return "expired";
        default:
            return "";
    }
}

void write_tls(std::ostream& configuration, Listener listener) {
    const std::string name{certificate_of(listener)};
    if (name.empty()) {
        return;
    }
    const Certificates& certificates = shared_certificates();
    configuration << "cafile " << certificates.file("ca.crt") << "\ncertfile "
                  << certificates.file(name + ".crt") << "\nkeyfile " << certificates.file(name + ".key")
                  << '\n';
    if (listener == Listener::mutual_tls) {
        configuration << "require_certificate true\nuse_identity_as_username true\n";
    }
}

void write_login(std::ostream& configuration, Listener listener, const fs::path& folder) {
    if (listener == Listener::password) {
        configuration << "password_file " << (folder / "passwords").string() << '\n';
    }
    if (listener == Listener::dynamic_security) {
        configuration << "plugin " << dynamic_security_plugin() << "\nplugin_opt_config_file "
                      << (folder / "security.json").string() << '\n';
    }
    const bool secured = listener == Listener::password || listener == Listener::dynamic_security;
    configuration << "allow_anonymous " << (secured ? "false" : "true") << '\n';
}

}  // namespace

const Certificates& shared_certificates() {
    static const TemporaryFolder folder;
    static const Certificates certificates = [] {
        const fs::path log = folder.path() / "log";
        call({program("python3"), MULTIMQTT_CERTIFICATES_SCRIPT, folder.path().string()}, log);
        return Certificates{folder.path()};
    }();
    return certificates;
}

Mosquitto::Mosquitto(MosquittoOptions options) : options_{std::move(options)}, folder_{make_folder()} {
    try {
        write_secrets();
        start();
    } catch (...) {
        fs::remove_all(folder_);
        throw;
    }
}

Mosquitto::~Mosquitto() {
    stop();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void Mosquitto::start() {
    if (process_ > 0) {
        return;
    }
    const bool first = ports_.empty();
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    for (int attempt = 1;; ++attempt) {
        if (first) {
            choose_ports();
        }
        write_configuration();
        if (launch() == Start::listening) {
            return;
        }
        // A known port may be held for a moment by a connection that is still closing.
        if (first ? attempt == kStartAttempts : std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("Mosquitto finds its port taken:\n" + log());
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

void Mosquitto::stop() {
    end_with(SIGTERM);
}

void Mosquitto::kill() {
    end_with(SIGKILL);
}

void Mosquitto::restart() {
    stop();
    start();
}

void Mosquitto::freeze() {
    ::kill(process_, SIGSTOP);
}

void Mosquitto::thaw() {
    ::kill(process_, SIGCONT);
}

std::string Mosquitto::uri(Listener listener) const {
    if (listener == Listener::unix_socket) {
        return "unix://" + socket_path();
    }
    const bool tls = !certificate_of(listener).empty();
    std::string scheme = tls ? "mqtts://" : "mqtt://";
    if (is_websocket(listener)) {
        scheme = tls ? "wss://" : "ws://";
    }
    const std::string login = listener == Listener::dynamic_security ? "admin:admin%20password@" : "";
    return scheme + login + "127.0.0.1:" + std::to_string(port(listener));
}

std::string Mosquitto::log() const {
    return text_of(folder_ / "log");
}

bool Mosquitto::wait_for_log(std::string_view text, int count, std::chrono::milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
        const std::string logged = log();
        int found = 0;
        for (auto at = logged.find(text); at != std::string::npos; at = logged.find(text, at + text.size())) {
            ++found;
        }
        if (found >= count) {
            return true;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

void Mosquitto::write_secrets() const {
    const fs::path output = folder_ / "log";
    for (const Listener listener : options_.listeners) {
        if (listener == Listener::password) {
            const fs::path passwords = folder_ / "passwords";
            std::ofstream{passwords}.close();
            for (const auto& [name, password] : options_.users) {
                call({program("mosquitto_passwd"), "-b", passwords.string(), name, password}, output);
            }
        }
        if (listener == Listener::dynamic_security) {
            call({program("mosquitto_ctrl"), "dynsec", "init", (folder_ / "security.json").string(),
                  std::string{kAdmin}, std::string{kAdminPassword}},
                 output);
        }
    }
}

void Mosquitto::write_configuration() const {
    std::ofstream configuration{folder_ / "mosquitto.conf"};
    configuration << "per_listener_settings true\nlog_dest stderr\nlog_type all\n";
    if (geteuid() == 0) {
        configuration << "user root\n";  // Else it becomes the user mosquitto, which cannot read our folder.
    }
    if (options_.persistence) {
        configuration << "persistence true\nautosave_interval 1\npersistence_location " << folder_.string()
                      << "/\n";
    }
    for (const auto& [key, value] : options_.settings) {
        configuration << key << ' ' << value << '\n';
    }
    bool only_websockets = true;
    for (const Listener listener : options_.listeners) {
        if (listener == Listener::unix_socket) {
            configuration << "listener 0 " << socket_path() << '\n';
        } else {
            configuration << "listener " << port(listener) << ' ' << options_.address << '\n';
        }
        if (is_websocket(listener)) {
            configuration << "protocol websockets\n";
        }
        only_websockets = only_websockets && is_websocket(listener);
        write_tls(configuration, listener);
        write_login(configuration, listener, folder_);
    }
    if (only_websockets) {
        // Mosquitto 2.0 does not start with WebSocket listeners alone.
        configuration << "listener 0 " << (folder_ / "unused.sock").string() << '\n';
    }
}

void Mosquitto::choose_ports() {
    for (const Listener listener : options_.listeners) {
        if (listener != Listener::unix_socket) {
            ports_[listener] = free_port();
        }
    }
}

Mosquitto::Start Mosquitto::launch() {
    const std::size_t logged_before = log().size();
    process_ = spawn({program("mosquitto"), "-c", (folder_ / "mosquitto.conf").string()}, folder_ / "log");
    return wait_until_listening(logged_before);
}

Mosquitto::Start Mosquitto::wait_until_listening(std::size_t logged_before) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (true) {
        const bool gone = ended();
        const std::string logged = log().substr(logged_before);
        if (gone) {
            if (logged.find("Address already in use") != std::string::npos ||
                logged.find("Unable to create websockets listener") != std::string::npos) {
                return Start::port_taken;
            }
            throw std::runtime_error("Mosquitto ended at once:\n" + logged);
        }
        // Mosquitto logs this line after it has opened all listeners.
        if (logged.find(" running\n") != std::string::npos) {
            return Start::listening;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            kill();
            throw std::runtime_error("Mosquitto does not listen after 10 s:\n" + logged);
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

bool Mosquitto::ended() {
    if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) == process_) {
        process_ = -1;
    }
    return process_ < 0;
}

void Mosquitto::end_with(int signal_number) {
    if (ended()) {
        return;
    }
    ::kill(process_, signal_number);
    ::kill(process_, SIGCONT);  // A frozen broker could not act on the signal.
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!ended()) {
        if (std::chrono::steady_clock::now() > deadline) {
            ::kill(process_, SIGKILL);
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

}  // namespace multimqtt::test
