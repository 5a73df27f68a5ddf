// Unix sockets: paths that work and paths that do not.

#include "io/peer.hpp"
#include "io/stream_fixture.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>

namespace multimqtt::io {

namespace {

using testing::HasSubstr;

class UnixStreamTest : public StreamFixture {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "multimqtt-unix-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] Endpoint endpoint(const std::string& path) const {
        Endpoint endpoint;
        endpoint.transport = Transport::unix_socket;
        endpoint.host = path;
        return endpoint;
    }

    std::filesystem::path folder_;
};

TEST_F(UnixStreamTest, TalksThroughASocketFile) {
    Peer peer{{.transport = Transport::unix_socket, .address = folder_ / "broker.sock"}};
    const auto opened = open(peer.endpoint());
    ASSERT_TRUE(opened) << sentence(opened);
    EXPECT_NE(::fcntl(stream_->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(exchange("hello").value(), "hello");
}

TEST_F(UnixStreamTest, SaysThatThereIsNoSuchSocket) {
    const auto opened = open(endpoint(folder_ / "missing.sock"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, std::errc::no_such_file_or_directory);
    EXPECT_THAT(opened.error().message, HasSubstr("missing.sock: No such file or directory; is the broker"));
}

TEST_F(UnixStreamTest, SaysThatAFileIsNoSocket) {
    std::ofstream{folder_ / "plain"} << "text";
    const auto opened = open(endpoint(folder_ / "plain"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, std::errc::connection_refused);
}

TEST_F(UnixStreamTest, RefusesAPathThatIsTooLongForTheSystem) {
    const auto made = make(endpoint('/' + std::string(107, 'x')));
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().is(Error::bad_config));
    EXPECT_THAT(made.error().message, HasSubstr("has 108 bytes; the system allows 107"));
    EXPECT_TRUE(make(endpoint('/' + std::string(106, 'x'))));
}

TEST_F(UnixStreamTest, RefusesAnEmptyPath) {
    EXPECT_TRUE(make(endpoint("")).error().is(Error::bad_config));
}

TEST_F(UnixStreamTest, ReportsTheBrokersEndAsALostConnection) {
    Peer peer{{.transport = Transport::unix_socket,
               .address = folder_ / "broker.sock",
               .conduct = Conduct::close_at_once}};
    ASSERT_TRUE(open(peer.endpoint()));
    std::array<std::byte, 16> buffer{};
    EXPECT_TRUE(read_some(buffer).error().is(Error::connection_lost));
}

}  // namespace

}  // namespace multimqtt::io
