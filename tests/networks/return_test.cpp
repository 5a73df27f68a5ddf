// A broker that comes back to a hundred clients, and brokers that accept a connection and do not mean it.
// tests/session/storm_test.cpp proves the distribution exactly, in virtual time; here real clients keep it,
// by bounds that hold on a machine of any speed.
#include "client/client_fixture.hpp"
#include "support/loopback.hpp"
#include "support/scripted_broker.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace multimqtt::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kClients = 100;

/// Accepts every connection; then either answers its CONNECT and keeps it, or resets it.
class Acceptor {
public:
    Acceptor() : listener_{test::listen_on_loopback(port_)} {
        ::listen(listener_, 4 * kClients);
        thread_ = std::thread{[this] { run(); }};
    }
    ~Acceptor() {
        ending_ = true;
        thread_.join();
        ::close(listener_);
    }
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    [[nodiscard]] std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
    void accept_sessions() { welcoming_ = true; }
    /// Resets all connections, and every one that comes, until `accept_sessions`.
    void reset_all() {
        welcoming_ = false;
        resetting_ = true;
        while (resetting_) {
            std::this_thread::yield();
        }
    }
    [[nodiscard]] std::size_t refused() const noexcept { return refused_; }
    /// When each of the sessions began.
    [[nodiscard]] std::vector<Clock::time_point> sessions() const {
        const std::lock_guard lock{mutex_};
        return sessions_;
    }
    void forget_sessions() {
        const std::lock_guard lock{mutex_};
        sessions_.clear();
    }

private:
    void run() {
        std::vector<int> links;
        while (!ending_) {
            pollfd waiting{listener_, POLLIN, 0};
            const bool one = ::poll(&waiting, 1, 1) == 1;
            if (resetting_) {
                std::for_each(links.begin(), links.end(), test::reset_and_close);
                links.clear();
                resetting_ = false;
            }
            if (!one) {
                continue;
            }
            const int link = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (!welcoming_) {
                test::reset_and_close(link);
                ++refused_;
                continue;
            }
            // What has been accepted is answered at once; CONNECT comes, and nobody looks at it.
            ::send(link, test::kConnackV5.data(), test::kConnackV5.size(), MSG_NOSIGNAL);
            links.push_back(link);
            const std::lock_guard lock{mutex_};
            sessions_.push_back(Clock::now());
        }
        std::for_each(links.begin(), links.end(), [](int link) { ::close(link); });
    }

    std::uint16_t port_ = 0;
    int listener_;
    std::atomic<bool> ending_{false};
    std::atomic<bool> welcoming_{false};
    std::atomic<bool> resetting_{false};
    std::atomic<std::size_t> refused_{0};
    mutable std::mutex mutex_;
    std::vector<Clock::time_point> sessions_;
    std::thread thread_;
};

Options patient_options(const Acceptor& acceptor) {
    Options options = test_options(acceptor.uri(), VersionPolicy::v5);
    options.reconnect_min = 50ms;
    options.reconnect_max = 2s;
    options.handler_threads = 0;
    options.keep_alive = 0s;
    options.drain = 0ms;
    return options;
}

/// The most attempts that one client makes on average while `elapsed` passes: those of the growing delays,
/// and then one in half the longest delay; twice that, since delays are drawn by lot.
double attempts_max(Clock::duration elapsed) {
    constexpr double kGrowing = 6;  // 50 ms doubles to 2 s.
    const std::chrono::duration<double> seconds = elapsed;
    return 2 * (kGrowing + 1 + seconds.count());
}

TEST(ReconnectStormTest, AHundredClientsOfABrokerThatComesBackDoNotComeTogether) {
    Acceptor acceptor;
    acceptor.accept_sessions();
    const Options options = patient_options(acceptor);
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t number = 0; number < kClients; ++number) {
        clients.push_back(std::make_unique<Client>(options));
        ASSERT_TRUE(clients.back()->connect());
    }
    ASSERT_TRUE(eventually([&] { return acceptor.sessions().size() == kClients; }));
    // A machine that stands still for a moment makes all of them late together; not three times in a row.
    std::size_t most = kClients;
    for (int round = 0; round < 3 && most > kClients * 3 / 4; ++round) {
        const auto lost = Clock::now();
        const std::size_t refused_before = acceptor.refused();
        acceptor.forget_sessions();
        acceptor.reset_all();
        ASSERT_TRUE(eventually([&] { return acceptor.refused() >= refused_before + 8 * kClients; }));
        const double each = static_cast<double>(acceptor.refused() - refused_before) / kClients;
        EXPECT_LE(each, attempts_max(Clock::now() - lost));

        acceptor.accept_sessions();
        const auto returned = Clock::now();
        ASSERT_TRUE(eventually([&] { return acceptor.sessions().size() >= kClients; }));
        EXPECT_EQ(acceptor.sessions().size(), kClients) << "one attempt each";
        std::array<std::size_t, 10> tenths{};
        for (const auto at : acceptor.sessions()) {
            const auto tenth = (at - returned) * 10 / options.reconnect_max;
            ++tenths.at(static_cast<std::size_t>(std::clamp<decltype(tenth)>(tenth, 0, 9)));
        }
        most = *std::max_element(tenths.begin(), tenths.end());
    }
    EXPECT_LE(most, kClients * 3 / 4) << "of 100 came in one tenth of the longest delay";
    for (const auto& client : clients) {
        EXPECT_TRUE(eventually([&] { return client->state() == State::running; }));
    }
}

TEST(ResettingBrokerTest, AnAcceptedConnectionDoesNotBeginTheDelaysAnew) {
    Acceptor acceptor;
    Options options = patient_options(acceptor);
    Collector log;
    Client mqtt{options};
    mqtt.on_log([&](LogLevel, std::string_view text) { log.add(std::string{text}); });
    const auto began = Clock::now();
    ASSERT_TRUE(mqtt.connect());
    ASSERT_TRUE(eventually([&] { return acceptor.refused() >= 12; }));
    EXPECT_LE(static_cast<double>(acceptor.refused()), 2 * attempts_max(Clock::now() - began));
    EXPECT_EQ(mqtt.statistics().connects, 0u);
    acceptor.accept_sessions();
    EXPECT_TRUE(mqtt.wait_connected(kPatience));
}

}  // namespace
}  // namespace multimqtt::client
