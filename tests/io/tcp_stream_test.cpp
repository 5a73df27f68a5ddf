// Plain TCP: which addresses work, and what the failures say.

#include "io/peer.hpp"
#include "io/stream_fixture.hpp"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace multimqtt::io {

namespace {

using testing::HasSubstr;

class TcpStreamTest : public StreamFixture {};

/// A port of 127.0.0.1 that nobody listens on; kept reserved by a socket that is bound but does not listen.
class DeafPort {
public:
    DeafPort() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size);
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~DeafPort() { ::close(descriptor_); }
    DeafPort(const DeafPort&) = delete;
    DeafPort& operator=(const DeafPort&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    int descriptor_;
    std::uint16_t port_ = 0;
};

TEST_F(TcpStreamTest, TalksOverIpv4) {
    Peer peer{{}};
    ASSERT_TRUE(open(peer.endpoint()));
    EXPECT_EQ(exchange("hello").value(), "hello");
}

TEST_F(TcpStreamTest, TalksOverIpv6) {
    Peer peer{{.address = "::1"}};
    ASSERT_TRUE(open(peer.endpoint()));
    EXPECT_EQ(exchange("hello").value(), "hello");
}

TEST_F(TcpStreamTest, LooksUpAHostName) {
    Peer peer{{}};
    auto endpoint = peer.endpoint();
    endpoint.host = "localhost";
    const auto opened = open(endpoint);
    ASSERT_TRUE(opened) << sentence(opened);
    EXPECT_EQ(exchange("hello").value(), "hello");
}

TEST_F(TcpStreamTest, SaysThatTheConnectionWasRefused) {
    const DeafPort deaf;
    Endpoint endpoint;
    endpoint.port = deaf.port();
    const auto opened = open(endpoint);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, std::errc::connection_refused);
    EXPECT_EQ(opened.error().message, "cannot connect to mqtt://127.0.0.1:" + std::to_string(deaf.port()) +
                                          ": Connection refused; is a broker running there?");
}

TEST_F(TcpStreamTest, SaysThatAHostNameIsUnknown) {
    Endpoint endpoint;
    endpoint.host = "no-such-host.invalid";
    const auto opened = open(endpoint);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("cannot resolve the host name 'no-such-host.invalid'"));
}

TEST_F(TcpStreamTest, ReportsTheBrokersEndAsALostConnection) {
    Peer peer{{.conduct = Conduct::close_at_once}};
    ASSERT_TRUE(open(peer.endpoint()));
    std::array<std::byte, 16> buffer{};
    const auto count = read_some(buffer);
    ASSERT_FALSE(count);
    EXPECT_TRUE(count.error().is(Error::connection_lost)) << sentence(count);
    EXPECT_THAT(count.error().message, HasSubstr("closed the connection"));
}

TEST_F(TcpStreamTest, TriesToWriteWithoutWaiting) {
    Peer peer{{.conduct = Conduct::silent}};
    ASSERT_TRUE(open(peer.endpoint()));
    const std::vector<std::byte> bytes(1'000'000);
    std::size_t sent = 0;
    for (int round = 0; round < 1'000; ++round) {
        const auto count = stream_->try_write(bytes);
        ASSERT_TRUE(count) << sentence(count);
        sent += *count;
        if (*count == 0) {
            break;
        }
    }
    EXPECT_GT(sent, 0u);
    EXPECT_EQ(stream_->try_write(bytes).value(), 0u) << "the socket's buffer is full";
}

TEST_F(TcpStreamTest, SurvivesWritingToABrokerThatHasGone) {
    Peer peer{{.conduct = Conduct::close_at_once}};
    ASSERT_TRUE(open(peer.endpoint()));
    std::array<std::byte, 16> buffer{};
    ASSERT_FALSE(read_some(buffer));
    Result<std::size_t> count = std::size_t{0};
    for (int round = 0; round < 1'000 && count; ++round) {
        count = write_some("a second write would raise SIGPIPE");
    }
    EXPECT_FALSE(count);
}

TEST_F(TcpStreamTest, KeepsItsDescriptorFromOtherProgramsAndSendsAtOnce) {
    Peer peer{{}};
    ASSERT_TRUE(make(peer.endpoint()));
    EXPECT_EQ(stream_->descriptor(), -1);
    ASSERT_TRUE(open());
    EXPECT_NE(::fcntl(stream_->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    ::getsockopt(stream_->descriptor(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
    EXPECT_NE(no_delay, 0);
    stream_->close();
    EXPECT_EQ(stream_->descriptor(), -1);
}

TEST_F(TcpStreamTest, DeliversWhatWasWrittenLastThoughBytesWereLeftUnread) {
    Peer peer{{}};
    ASSERT_TRUE(open(peer.endpoint()));
    ASSERT_TRUE(write_some("echoed but never read"));
    std::array<std::byte, 1> buffer{};
    ASSERT_TRUE(read_some(buffer));
    ASSERT_TRUE(stream_->try_write(std::as_bytes(std::span{"goodbye", 7})));
    stream_->close();
    EXPECT_EQ(peer.after_client().received, "echoed but never readgoodbye");
}

TEST_F(TcpStreamTest, FailsEveryCallAfterClose) {
    Peer peer{{}};
    ASSERT_TRUE(open(peer.endpoint()));
    stream_->close();
    stream_->close();
    std::array<std::byte, 16> buffer{};
    EXPECT_TRUE(read_some(buffer).error().is(Error::closed));
    EXPECT_TRUE(write_some("x").error().is(Error::closed));
    EXPECT_TRUE(stream_->try_write(buffer).error().is(Error::closed));
}

}  // namespace

}  // namespace multimqtt::io
