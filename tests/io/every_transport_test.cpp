// What holds for every stream, whatever carries it.

#include "io/allocations.hpp"
#include "io/certificates.hpp"
#include "io/peer.hpp"
#include "io/stream_fixture.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

namespace multimqtt::io {

namespace {

class EveryTransportTest : public StreamFixture, public testing::WithParamInterface<Transport> {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "multimqtt-every-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        tls_.insecure = true;
    }
    void TearDown() override {
        stream_.reset();
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] PeerOptions options(Conduct conduct) const {
        PeerOptions options;
        options.transport = GetParam();
        options.conduct = conduct;
        if (GetParam() == Transport::unix_socket) {
            options.address = folder_ / "broker.sock";
        } else if (GetParam() == Transport::tls || GetParam() == Transport::secure_websocket) {
            options.certfile = certificate("server.crt");
            options.keyfile = certificate("server.key");
        }
        return options;
    }

    std::filesystem::path folder_;
    TlsOptions tls_;
};

// v5 [MQTT-4.2.0-1]; v3.1.1 [MQTT-7.1.2-1].
TEST_P(EveryTransportTest, CarriesTenMebibytesBothWaysIntact) {
    Peer peer{options(Conduct::echo)};
    const auto opened = open(peer.endpoint(), tls_);
    ASSERT_TRUE(opened) << sentence(opened);
    std::string bytes(10 * 1'024 * 1'024, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) {
        state = state * 1'664'525u + 1'013'904'223u;
        byte = static_cast<char>(state >> 24);
    }
    const auto back = exchange(bytes);
    ASSERT_TRUE(back) << sentence(back);
    EXPECT_TRUE(*back == bytes);
}

TEST_P(EveryTransportTest, FailsTheReadUnderWayWhenItIsClosed) {
    Peer peer{options(Conduct::echo)};
    ASSERT_TRUE(open(peer.endpoint(), tls_));
    std::array<std::byte, 16> buffer{};
    const auto count = wait<std::size_t>([&](auto handler) {
        stream_->read_some(buffer, handler);
        stream_->close();
    });
    ASSERT_FALSE(count);
    EXPECT_TRUE(count.error().is(Error::closed)) << sentence(count);
    EXPECT_EQ(stream_->descriptor(), -1);
}

TEST_P(EveryTransportTest, FailsTheWriteUnderWayWhenItIsClosed) {
    Peer peer{options(Conduct::echo)};
    ASSERT_TRUE(open(peer.endpoint(), tls_));
    const std::vector<std::byte> bytes(50'000'000);
    const auto count = wait<std::size_t>([&](auto handler) {
        stream_->write_some(bytes, handler);
        stream_->close();
    });
    ASSERT_FALSE(count);
    EXPECT_TRUE(count.error().is(Error::closed)) << sentence(count);
}

TEST_P(EveryTransportTest, FailsTheOpeningWhenItIsClosedAtAnyStep) {
    for (int steps = 0; steps < 12; ++steps) {
        Peer peer{options(Conduct::echo)};
        ASSERT_TRUE(make(peer.endpoint(), tls_));
        std::optional<Result<void>> opened;
        stream_->open([&](const Result<void>& result) { opened = result; });
        run_steps(steps, [&] { return opened.has_value(); });
        if (opened) {
            break;
        }
        stream_->close();
        ASSERT_TRUE(run_until([&] { return opened.has_value(); })) << "after step " << steps;
        ASSERT_FALSE(*opened) << "after step " << steps;
        EXPECT_TRUE(opened->error().is(Error::closed)) << sentence(*opened);
        stream_.reset();
    }
}

TEST_P(EveryTransportTest, CallsNoHandlerOnceItIsDestroyed) {
    for (int steps = 0; steps < 12; ++steps) {
        Peer peer{options(Conduct::echo)};
        ASSERT_TRUE(make(peer.endpoint(), tls_));
        auto buffer = std::make_unique<std::array<std::byte, 1'024>>();
        bool destroyed = false;
        bool called_late = false;
        std::function<void()> transfer = [&] {
            stream_->read_some(*buffer, [&](const Result<std::size_t>&) { called_late = destroyed; });
            stream_->write_some(*buffer, [&](const Result<std::size_t>&) { called_late = destroyed; });
        };
        stream_->open([&](const Result<void>& result) {
            called_late = destroyed;
            if (result) {
                transfer();
            }
        });
        run_steps(steps, [] { return false; });
        stream_.reset();
        buffer.reset();
        destroyed = true;
        context_.restart();
        context_.run_for(kPatience);  // Ends when nothing is left.
        EXPECT_FALSE(called_late) << "after step " << steps;
    }
}

TEST_P(EveryTransportTest, MayBeDestroyedByItsOwnHandler) {
    Peer peer{options(Conduct::close_at_once)};
    ASSERT_TRUE(make(peer.endpoint(), tls_));
    std::array<std::byte, 16> buffer{};
    stream_->open([&](const Result<void>& opened) {
        if (!opened) {
            stream_.reset();
            return;
        }
        stream_->read_some(buffer, [&](const Result<std::size_t>&) { stream_.reset(); });
    });
    EXPECT_TRUE(run_until([&] { return stream_ == nullptr; }));
}

TEST_P(EveryTransportTest, MayBeDestroyedWhenItsContextNeverRunsAgain) {
    Peer peer{options(Conduct::silent)};
    boost::asio::io_context context;
    auto stream = make_stream(context.get_executor(), peer.endpoint(), tls_).value();
    stream->open([](const Result<void>&) {});
    context.poll();
    stream.reset();
}

class ImmediateTransportTest : public EveryTransportTest {};

TEST_P(ImmediateTransportTest, AllocatesNothingPerTransfer) {
    Peer peer{options(Conduct::echo)};
    ASSERT_TRUE(open(peer.endpoint(), tls_));
    std::array<std::byte, 512> buffer{};
    int rounds = 0;
    std::size_t before = 0;
    struct Round {
        Stream& stream;
        std::array<std::byte, 512>& buffer;
        int& rounds;
        std::size_t& before;
        void start() {
            stream.write_some(std::span{buffer}.first(1), [this](const Result<std::size_t>&) {
                stream.read_some(buffer, [this](const Result<std::size_t>&) {
                    if (++rounds == 10) {
                        before = allocations();
                    }
                    if (rounds < 110) {
                        start();
                    }
                });
            });
        }
    } round{*stream_, buffer, rounds, before};
    round.start();
    ASSERT_TRUE(run_until([&] { return rounds == 110; }));
    EXPECT_EQ(allocations(), before);
}

std::string transport_name(const testing::TestParamInfo<Transport>& row) {
    switch (row.param) {
        case Transport::tcp:
            return "Tcp";
        case Transport::tls:
            return "Tls";
        case Transport::websocket:
            return "WebSocket";
        case Transport::secure_websocket:
            return "SecureWebSocket";
        case Transport::unix_socket:
            return "UnixSocket";
    }
    return "";
}

INSTANTIATE_TEST_SUITE_P(All, EveryTransportTest,
                         testing::Values(Transport::tcp, Transport::tls, Transport::websocket,
                                         Transport::secure_websocket, Transport::unix_socket),
                         transport_name);
INSTANTIATE_TEST_SUITE_P(Plain, ImmediateTransportTest,
                         testing::Values(Transport::tcp, Transport::unix_socket), transport_name);

}  // namespace

}  // namespace multimqtt::io
