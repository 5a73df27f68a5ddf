// The race of addresses, and name lookups that take their time.

#include "io/connector.hpp"

#include "io/name_lookup.hpp"
#include "io/peer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace multimqtt::io {

namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::tcp;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{20};

class ConnectorTest : public testing::Test {
protected:
    Result<Socket> connect(const Addresses& addresses) {
        Connector connector{context_.get_executor(), "mqtt://broker.example:1883",
                            [addresses](const std::string&, std::uint16_t) { return addresses; }};
        std::optional<Result<Socket>> outcome;
        connector.start("broker.example", 1883, [&](Result<Socket> result) { outcome = std::move(result); });
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        context_.restart();
        while (!outcome && context_.run_one_until(deadline) > 0) {
        }
        if (!outcome) {
            return Failure{Error::timed_out, "no outcome"};
        }
        return std::move(*outcome);
    }

    static tcp::endpoint address_of(const Peer& peer) {
        return {make_address(peer.endpoint().host), peer.endpoint().port};
    }

    boost::asio::io_context context_;
};

/// An address that is bound but not listened on: connections are refused.
class RefusingAddress {
public:
    RefusingAddress() {
        acceptor_.open(tcp::v4());
        acceptor_.bind({make_address("127.0.0.1"), 0});
    }
    [[nodiscard]] tcp::endpoint address() const { return acceptor_.local_endpoint(); }

private:
    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_};
};

/// An address that does not answer, because the queue of its listener is full.
class SilentAddress {
public:
    SilentAddress() {
        acceptor_.open(tcp::v4());
        acceptor_.bind({make_address("127.0.0.1"), 0});
        acceptor_.listen(0);
        for (int count = 0; count < 16 && !silent_; ++count) {
            waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            const auto address = acceptor_.local_endpoint();
            ::connect(waiting_.back(), address.data(), static_cast<socklen_t>(address.size()));
            pollfd polled{waiting_.back(), POLLOUT, 0};
            silent_ = ::poll(&polled, 1, 200) == 0;
        }
    }
    ~SilentAddress() {
        for (const int descriptor : waiting_) {
            ::close(descriptor);
        }
    }
    SilentAddress(const SilentAddress&) = delete;
    SilentAddress& operator=(const SilentAddress&) = delete;

    [[nodiscard]] bool silent() const { return silent_; }
    [[nodiscard]] tcp::endpoint address() const { return acceptor_.local_endpoint(); }

private:
    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_};
    std::vector<int> waiting_;
    bool silent_ = false;
};

TEST_F(ConnectorTest, TakesTheOnlyFamilyThatAnswers) {
    Peer v4{{}};
    Peer v6{{.address = "::1"}};
    const auto nobody_v6 = tcp::endpoint{make_address("::1"), address_of(v4).port()};
    EXPECT_TRUE(connect({nobody_v6, address_of(v4)}));
    const RefusingAddress refusing;
    EXPECT_TRUE(connect({refusing.address(), address_of(v6)}));
}

TEST_F(ConnectorTest, DoesNotWaitForAnAddressThatNeverAnswers) {
    const SilentAddress silent;
    if (!silent.silent()) {
        GTEST_SKIP() << "this kernel answers beyond the listen queue";
    }
    Peer peer{{}};
    const auto connected = connect({silent.address(), address_of(peer)});
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_EQ(connected->remote_endpoint(),
              boost::asio::generic::stream_protocol::endpoint{address_of(peer)});
}

TEST_F(ConnectorTest, NamesEveryAddressThatFailed) {
    const RefusingAddress first;
    const auto connected = connect({first.address(), {make_address("::1"), first.address().port()}});
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code, std::errc::connection_refused);
    EXPECT_THAT(connected.error().message,
                HasSubstr("mqtt://broker.example:1883: 127.0.0.1: Connection refused, "
                          "::1: Connection refused; is a broker running there?"));
}

TEST_F(ConnectorTest, SaysThatANameHasNoAddress) {
    const auto connected = connect({});
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message, HasSubstr("the name 'broker.example' has no address"));
}

TEST_F(ConnectorTest, DoesNotLookUpAddresses) {
    Peer peer{{}};
    bool looked_up = false;
    Connector connector{context_.get_executor(), "mqtt://127.0.0.1:1883",
                        [&](const std::string&, std::uint16_t) {
                            looked_up = true;
                            return Addresses{};
                        }};
    bool connected = false;
    connector.start("127.0.0.1", peer.endpoint().port,
                    [&](const Result<Socket>& result) { connected = result.has_value(); });
    context_.run_for(kPatience);
    EXPECT_TRUE(connected);
    EXPECT_FALSE(looked_up);
}

TEST_F(ConnectorTest, TellsWhatItWaitsForAndDropsTheHandlerWhenItGivesUp) {
    std::promise<void> release;
    auto hanging = release.get_future().share();
    bool called = false;
    {
        Connector connector{context_.get_executor(), "mqtt://broker.example:1883",
                            [hanging](const std::string&, std::uint16_t) {
                                hanging.wait();
                                return Addresses{};
                            }};
        connector.start("broker.example", 1883, [&](const Result<Socket>&) { called = true; });
        EXPECT_EQ(connector.waiting_for(), "the name lookup of 'broker.example'");
        connector.cancel();
    }
    context_.run_for(kPatience);  // Returns at once: an abandoned lookup is no work of the context.
    release.set_value();
    EXPECT_FALSE(called);
}

TEST(NameLookupTest, RunsWithAllSignalsBlocked) {
    boost::asio::io_context context;
    std::promise<bool> blocked;
    NameLookup lookup{context.get_executor(), [&](const std::string&, std::uint16_t) -> Result<Addresses> {
                          sigset_t mask;
                          ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
                          blocked.set_value(::sigismember(&mask, SIGTERM) == 1 &&
                                            ::sigismember(&mask, SIGINT) == 1 &&
                                            ::sigismember(&mask, SIGPIPE) == 1);
                          return Addresses{};
                      }};
    lookup.start("broker.example", 1883, [](const Result<Addresses>&) {});
    EXPECT_TRUE(blocked.get_future().get());
    context.run();
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    EXPECT_EQ(::sigismember(&mask, SIGTERM), 0) << "the caller's own mask is as before";
}

TEST(NameLookupTest, NeverWaitsForALookupThatHangs) {
    std::promise<void> release;
    auto hanging = release.get_future().share();
    std::promise<void> finished;
    {
        boost::asio::io_context context;
        NameLookup lookup{context.get_executor(), [hanging, &finished](const std::string&, std::uint16_t) {
                              hanging.wait();
                              finished.set_value();
                              return Result<Addresses>{Addresses{}};
                          }};
        lookup.start("broker.example", 1883, [](const Result<Addresses>&) { FAIL(); });
    }
    release.set_value();
    finished.get_future().wait();
}

TEST(NameLookupTest, FailsAtOnceWhenTooManyLookupsHang) {
    std::promise<void> release;
    auto hanging = release.get_future().share();
    std::atomic<int> running{0};
    boost::asio::io_context context;
    std::vector<std::unique_ptr<NameLookup>> lookups;
    std::optional<Failure> failure;
    for (int count = 0; count <= NameLookup::kUnansweredMax; ++count) {
        lookups.push_back(std::make_unique<NameLookup>(
            context.get_executor(), [hanging, &running](const std::string&, std::uint16_t) {
                ++running;
                hanging.wait();
                return Result<Addresses>{Addresses{}};
            }));
        lookups.back()->start("broker.example", 1883, [&](const Result<Addresses>& addresses) {
            if (!addresses) {
                failure = addresses.error();
            }
        });
    }
    context.run_one();
    release.set_value();
    context.run();
    ASSERT_TRUE(failure);
    EXPECT_THAT(failure->message, HasSubstr("8 lookups have not been answered yet"));
    EXPECT_LE(running, NameLookup::kUnansweredMax);
}

}  // namespace

}  // namespace multimqtt::io
