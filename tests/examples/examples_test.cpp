// The programs of examples/cpp against a real broker.
#include "multimqtt/multimqtt.hpp"
#include "support/mosquitto.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <future>
#include <netinet/in.h>
#include <signal.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace multimqtt {
namespace {

using namespace std::chrono_literals;

/// A program whose standard output is read line by line; ended by SIGTERM.
class Program {
public:
    Program(const std::string& path, const std::string& first, const std::string& second = {}) {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl(path.c_str(), path.c_str(), first.c_str(), second.empty() ? nullptr : second.c_str(),
                    nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = ::fdopen(ends[0], "r");
    }
    ~Program() {
        if (process_ > 0) {
            ::kill(process_, SIGTERM);
            (void)exit_code();
        }
        std::fclose(output_);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// The next line without its end; empty at the end of the output.
    std::string line() {
        std::string text;
        for (int character = std::fgetc(output_); character != EOF && character != '\n';
             character = std::fgetc(output_)) {
            text.push_back(static_cast<char>(character));
        }
        return text;
    }
    int exit_code() {
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    ::pid_t process_ = -1;
    std::FILE* output_ = nullptr;
};

/// The answer of a server on loopback, head and body.
std::string http(const std::string& method, const std::string& target, std::uint16_t port) {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(connection, reinterpret_cast<const ::sockaddr*>(&address), sizeof address), 0);
    const std::string request =
        method + " " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(::send(connection, request.data(), request.size(), 0), static_cast<::ssize_t>(request.size()));
    std::string answer;
    char part[4'096];
    for (::ssize_t count = 0; (count = ::recv(connection, part, sizeof part, 0)) > 0;) {
        answer.append(part, static_cast<std::size_t>(count));
    }
    ::close(connection);
    return answer;
}

TEST(PublishSubscribeExample, ReceivesWhatItPublishes) {
    test::Mosquitto broker;
    Program program{PUBLISH_SUBSCRIBE, broker.uri() + "/myprefix"};
    EXPECT_EQ(program.line(), R"(number/1: 1, payload {"square":1})");
    EXPECT_EQ(program.line(), R"(number/2: 2, payload {"square":4})");
    EXPECT_EQ(program.line(), R"(number/3: 3, payload {"square":9})");
    EXPECT_EQ(program.exit_code(), 0);
}

TEST(HttpServiceExample, ShowsReadingsAndSwitchesThePump) {
    test::Mosquitto broker;
    Program program{HTTP_SERVICE, broker.uri() + "/home", "0"};
    const std::string address = program.line();
    ASSERT_NE(address.rfind(':'), std::string::npos) << address;
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));

    Client devices{broker.uri() + "/home"};
    std::promise<std::string> pump;
    devices.register_topic("pump/set").value().on_message([&](const Message& message, Captures) {
        pump.set_value(std::string{message.text()});
    });
    ASSERT_TRUE(devices.connect());
    ASSERT_TRUE(devices.wait_connected(5s));
    ASSERT_TRUE(devices.wait_subscribed(5s));

    // Retained, so that the reading arrives whichever of the two is subscribed first.
    ASSERT_TRUE(devices.publish("sensor/attic", 21.5, {.qos = Qos::at_least_once, .retain = true}).wait(5s));
    std::string readings;
    for (const auto deadline = std::chrono::steady_clock::now() + 5s;
         readings.find(R"("attic":"21.5")") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline;) {
        readings = http("GET", "/readings", port);
    }
    EXPECT_NE(readings.find(R"({"connected":true,"readings":{"attic":"21.5"}})"), std::string::npos)
        << readings;

    EXPECT_NE(http("POST", "/pump/on", port).find(R"({"pump":true})"), std::string::npos);
    auto switched = pump.get_future();
    ASSERT_EQ(switched.wait_for(5s), std::future_status::ready);
    EXPECT_EQ(switched.get(), R"({"on":true})");
    EXPECT_NE(http("GET", "/nothing", port).find("404"), std::string::npos);
}

}  // namespace
}  // namespace multimqtt
