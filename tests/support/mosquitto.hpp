// A private Mosquitto on free loopback ports for the C++ tests, and the certificates of its TLS listeners.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace multimqtt::test {

/// The files of one private authority; see tests/support/certificates.py for what each is.
struct Certificates {
    std::filesystem::path folder;

    /// The file `name` in PEM form: "ca.crt", "other_ca.crt", "client.crt", "client.key", "encrypted.key",
    /// "foreign.crt", "foreign.key".
    [[nodiscard]] std::string file(std::string_view name) const { return (folder / name).string(); }

    /// The password of "encrypted.key".
    static constexpr std::string_view kKeyPassword = "correct horse";
};

/// The certificates of this test program: made at the first call, removed when the program ends.
[[nodiscard]] const Certificates& shared_certificates();

/// One way into the broker. A broker has at most one listener of each kind.
enum class Listener : std::uint8_t {
    anonymous,
    password,
    tls,
    tls_wrong_host,
    tls_expired,
    mutual_tls,
    websocket,
    secure_websocket,
    unix_socket,
    dynamic_security,
};

struct MosquittoOptions {
    std::vector<Listener> listeners{Listener::anonymous};
    bool persistence = false;                                            ///< Sessions survive `restart`.
    std::map<std::string, std::string> settings{};                       ///< Further lines of mosquitto.conf.
    std::map<std::string, std::string> users{{"username", "password"}};  ///< Of the password listener.
    std::string address = "127.0.0.1";  ///< Where it listens; anything else only in a network of its own.
};

/// Runs one Mosquitto; the destructor leaves no process and no file behind.
///
/// Errors: a broker that cannot be started throws `std::runtime_error` with its log.
/// Threads: one thread at a time.
class Mosquitto {
public:
    /// The administrator of the dynamic-security listener.
    static constexpr std::string_view kAdmin = "admin";
    static constexpr std::string_view kAdminPassword = "admin password";

    explicit Mosquitto(MosquittoOptions options = {});
    ~Mosquitto();
    Mosquitto(const Mosquitto&) = delete;
    Mosquitto& operator=(const Mosquitto&) = delete;

    /// Starts the broker, on the ports it had before if it had any, and returns when it listens.
    void start();
    /// Ends the broker in order, so that it writes its persistent state.
    void stop();
    /// Ends the broker at once; what was not yet written is lost.
    void kill();
    /// Stops and starts again on the same ports.
    void restart();
    /// Keeps the broker from running: connections stay open and nothing answers. `thaw` ends it.
    void freeze();
    void thaw();

    [[nodiscard]] std::uint16_t port(Listener listener) const { return ports_.at(listener); }
    /// The address in the form that `Client` takes. Only the dynamic-security one holds a login.
    [[nodiscard]] std::string uri(Listener listener = Listener::anonymous) const;
    [[nodiscard]] std::string socket_path() const { return (folder_ / "broker.sock").string(); }

    /// Everything the broker has logged since its first start.
    [[nodiscard]] std::string log() const;
    /// Returns whether `text` comes to stand `count` times in the log within `timeout`.
    [[nodiscard]] bool wait_for_log(std::string_view text, int count = 1,
                                    std::chrono::milliseconds timeout = std::chrono::seconds{10}) const;

private:
    enum class Start : std::uint8_t { listening, port_taken };

    void write_secrets() const;
    void write_configuration() const;
    void choose_ports();
    [[nodiscard]] Start launch();
    [[nodiscard]] Start wait_until_listening(std::size_t logged_before);
    [[nodiscard]] bool ended();
    void end_with(int signal_number);

    MosquittoOptions options_;
    std::filesystem::path folder_;
    std::map<Listener, std::uint16_t> ports_;
    pid_t process_ = -1;
};

}  // namespace multimqtt::test
