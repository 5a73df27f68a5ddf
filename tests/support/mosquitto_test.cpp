// The private Mosquitto of the C++ tests is reachable as its listeners say and leaves nothing behind.
#include "support/mosquitto.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace multimqtt::test {
namespace {

constexpr std::string_view kConnect{
    "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01"
    "a",
    15};
constexpr std::string_view kAccepted{"\x20\x02\x00\x00", 4};
constexpr std::string_view kNotAuthorized{"\x20\x02\x00\x05", 4};

// The four bytes that the broker answers to CONNECT; empty when there is no connection.
std::string answer_on(int link, const sockaddr* address, socklen_t size) {
    std::string answer;
    if (connect(link, address, size) == 0 &&
        send(link, kConnect.data(), kConnect.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(kConnect.size())) {
        answer.resize(4);
        answer.resize(
            static_cast<std::size_t>(std::max<ssize_t>(recv(link, answer.data(), 4, MSG_WAITALL), 0)));
    }
    close(link);
    return answer;
}

std::string answer_on_port(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return answer_on(socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&address),
                     sizeof address);
}

std::string answer_on_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return answer_on(socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&address),
                     sizeof address);
}

MosquittoOptions listening_on(std::vector<Listener> listeners) {
    MosquittoOptions options;
    options.listeners = std::move(listeners);
    return options;
}

TEST(MosquittoTest, AcceptsAnonymousClients) {
    const Mosquitto broker;
    EXPECT_EQ(answer_on_port(broker.port(Listener::anonymous)), kAccepted);
    EXPECT_EQ(broker.uri(), "mqtt://127.0.0.1:" + std::to_string(broker.port(Listener::anonymous)));
}

TEST(MosquittoTest, RefusesClientsWithoutPasswordWhereOneIsAsked) {
    const Mosquitto broker{listening_on({Listener::password, Listener::dynamic_security})};
    EXPECT_EQ(answer_on_port(broker.port(Listener::password)), kNotAuthorized);
    EXPECT_EQ(answer_on_port(broker.port(Listener::dynamic_security)), kNotAuthorized);
}

TEST(MosquittoTest, ListensOnAUnixSocketAndWithTls) {
    const Mosquitto broker{
        listening_on({Listener::unix_socket, Listener::tls, Listener::tls_wrong_host, Listener::tls_expired,
                      Listener::mutual_tls, Listener::websocket, Listener::secure_websocket})};
    EXPECT_EQ(answer_on_socket(broker.socket_path()), kAccepted);
    EXPECT_EQ(broker.uri(Listener::unix_socket), "unix://" + broker.socket_path());
    EXPECT_EQ(broker.uri(Listener::secure_websocket).rfind("wss://127.0.0.1:", 0), 0U);
}

TEST(MosquittoTest, StartsWithAWebSocketListenerAlone) {
    const Mosquitto broker{listening_on({Listener::websocket})};
    EXPECT_NE(broker.port(Listener::websocket), 0);
}

TEST(MosquittoTest, RestartsOnTheSamePort) {
    Mosquitto broker;
    const std::uint16_t port = broker.port(Listener::anonymous);
    broker.restart();
    EXPECT_EQ(broker.port(Listener::anonymous), port);
    EXPECT_EQ(answer_on_port(port), kAccepted);
    EXPECT_TRUE(broker.wait_for_log(" running\n", 2));
}

TEST(MosquittoTest, IsGoneAfterKillAndComesBack) {
    Mosquitto broker;
    const std::uint16_t port = broker.port(Listener::anonymous);
    broker.kill();
    EXPECT_EQ(answer_on_port(port), "");
    broker.start();
    EXPECT_EQ(answer_on_port(port), kAccepted);
}

TEST(MosquittoTest, StopsEvenWhenFrozen) {
    Mosquitto broker;
    broker.freeze();
    broker.stop();
    EXPECT_EQ(answer_on_port(broker.port(Listener::anonymous)), "");
}

TEST(MosquittoTest, ReportsAWrongSetting) {
    MosquittoOptions options;
    options.settings["no_such_setting"] = "1";
    EXPECT_THROW(Mosquitto{options}, std::runtime_error);
}

TEST(MosquittoTest, WaitingForALineThatNeverComesReturnsFalse) {
    const Mosquitto broker;
    EXPECT_FALSE(broker.wait_for_log("no such line", 1, std::chrono::milliseconds{1}));
}

TEST(MosquittoTest, LeavesNoFileBehind) {
    std::filesystem::path folder;
    {
        const Mosquitto broker;
        folder = std::filesystem::path{broker.socket_path()}.parent_path();
        EXPECT_TRUE(std::filesystem::exists(folder));
    }
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(CertificatesTest, HoldEveryFileThatIsNamed) {
    for (const char* name : {"ca.crt", "other_ca.crt", "client.crt", "client.key", "encrypted.key",
                             "foreign.crt", "foreign.key", "server.crt", "server.key"}) {
        EXPECT_TRUE(std::filesystem::exists(shared_certificates().file(name))) << name;
    }
}

}  // namespace
}  // namespace multimqtt::test
