// WebSocket: the handshake, and messages as a row of bytes.

#include "io/certificates.hpp"
#include "io/peer.hpp"
#include "io/stream_fixture.hpp"

#include <gmock/gmock.h>

#include <array>

namespace multimqtt::io {

namespace {

using testing::HasSubstr;

class WebSocketStreamTest : public StreamFixture {
protected:
    static PeerOptions options(Conduct conduct = Conduct::echo) {
        PeerOptions options;
        options.transport = Transport::websocket;
        options.conduct = conduct;
        return options;
    }

    Result<std::size_t> read_text() {
        std::array<std::byte, 256> buffer{};
        return read_some(buffer);
    }
};

// v5 and v3.1.1 [MQTT-6.0.0-3].
TEST_F(WebSocketStreamTest, AsksForThePathAndTheSubprotocol) {
    Peer peer{options()};
    auto endpoint = peer.endpoint();
    endpoint.path = "/broker/mqtt?tenant=1";
    const auto opened = open(endpoint);
    ASSERT_TRUE(opened) << sentence(opened);
    EXPECT_EQ(exchange("hello").value(), "hello");
    stream_->close();
    const auto seen = peer.after_client();
    EXPECT_EQ(seen.target, "/broker/mqtt?tenant=1");
    EXPECT_EQ(seen.host_header, "127.0.0.1:" + std::to_string(endpoint.port));
    EXPECT_EQ(seen.offered_subprotocol, "mqtt");
}

TEST_F(WebSocketStreamTest, PutsAnIpv6HostIntoBrackets) {
    auto wanted = options();
    wanted.address = "::1";
    Peer peer{wanted};
    ASSERT_TRUE(open(peer.endpoint()));
    stream_->close();
    EXPECT_EQ(peer.after_client().host_header, "[::1]:" + std::to_string(peer.endpoint().port));
}

TEST_F(WebSocketStreamTest, RunsOverTls) {
    auto wanted = options();
    wanted.transport = Transport::secure_websocket;
    wanted.certfile = certificate("server.crt");
    wanted.keyfile = certificate("server.key");
    Peer peer{wanted};
    const auto opened = open(peer.endpoint(), {.ca_certs = certificate("ca.crt")});
    ASSERT_TRUE(opened) << sentence(opened);
    EXPECT_EQ(exchange("hello").value(), "hello");
    stream_->close();
    EXPECT_TRUE(peer.after_client().orderly_end);
}

TEST_F(WebSocketStreamTest, SaysWhyTlsFailedBelowIt) {
    auto wanted = options();
    wanted.transport = Transport::secure_websocket;
    wanted.certfile = certificate("server.crt");
    wanted.keyfile = certificate("server.key");
    Peer peer{wanted};
    EXPECT_THAT(sentence(open(peer.endpoint())), HasSubstr("set tls.ca_certs"));
}

TEST_F(WebSocketStreamTest, RefusesAServerThatDoesNotAgreeOnTheSubprotocol) {
    // v5 and v3.1.1 [MQTT-6.0.0-4].
    for (const std::string subprotocol : {"", "mqttv3.1", "chat"}) {
        auto wanted = options();
        wanted.subprotocol = subprotocol;
        Peer peer{wanted};
        const auto opened = open(peer.endpoint());
        ASSERT_FALSE(opened) << subprotocol;
        EXPECT_TRUE(opened.error().is(Error::protocol_error));
        EXPECT_THAT(opened.error().message, HasSubstr("did not agree on the subprotocol 'mqtt'"));
        stream_.reset();
    }
}

TEST_F(WebSocketStreamTest, SaysWithWhichStatusTheServerRefused) {
    auto wanted = options();
    wanted.http_status = 404;
    Peer peer{wanted};
    EXPECT_THAT(sentence(open(peer.endpoint())),
                HasSubstr("HTTP status 404 (Not Found); check the path '/mqtt'"));
}

TEST_F(WebSocketStreamTest, SaysThatThePortDoesNotSpeakWebSocket) {
    Peer peer{{.conduct = Conduct::sends_text}};
    auto endpoint = peer.endpoint();
    endpoint.transport = Transport::websocket;
    EXPECT_THAT(sentence(open(endpoint)), HasSubstr("does the broker speak WebSocket on this port?"));
}

TEST_F(WebSocketStreamTest, SaysThatTheServerClosedDuringTheHandshake) {
    Peer peer{options(Conduct::close_at_once)};
    EXPECT_THAT(sentence(open(peer.endpoint())), HasSubstr("the WebSocket handshake with ws://127.0.0.1:"));
}

TEST_F(WebSocketStreamTest, SendsBinaryMessages) {
    // v5 and v3.1.1 [MQTT-6.0.0-1].
    Peer peer{options()};
    ASSERT_TRUE(open(peer.endpoint()));
    ASSERT_TRUE(exchange("hello"));
    stream_->close();
    EXPECT_EQ(peer.after_client().received, "hello") << "of a text message the peer keeps nothing";
}

TEST_F(WebSocketStreamTest, RefusesTextMessages) {
    // v5 and v3.1.1 [MQTT-6.0.0-1].
    Peer peer{options(Conduct::sends_text)};
    ASSERT_TRUE(open(peer.endpoint()));
    const auto count = read_text();
    ASSERT_FALSE(count);
    EXPECT_TRUE(count.error().is(Error::protocol_error)) << sentence(count);
}

TEST_F(WebSocketStreamTest, ReadsFragmentsAndAnswersPingsBetweenThem) {
    // v5 and v3.1.1 [MQTT-6.0.0-2].
    Peer peer{options(Conduct::echo_bytes)};
    ASSERT_TRUE(open(peer.endpoint()));
    const std::string bytes(100'000, 'f');
    EXPECT_EQ(exchange(bytes).value(), bytes);
    EXPECT_EQ(exchange("again").value(), "again");
}

TEST_F(WebSocketStreamTest, ReportsTheBrokersGoodbyeWithItsReason) {
    Peer peer{options(Conduct::close_after)};
    ASSERT_TRUE(open(peer.endpoint()));
    const auto count = read_text();
    ASSERT_FALSE(count);
    EXPECT_TRUE(count.error().is(Error::connection_lost));
    EXPECT_THAT(count.error().message, HasSubstr("closed the WebSocket (code 1001: the broker stops)"));
}

TEST_F(WebSocketStreamTest, SendsAWriteAsOneMessage) {
    Peer peer{options()};
    ASSERT_TRUE(open(peer.endpoint()));
    const std::string bytes(1'000'000, 'b');
    EXPECT_EQ(write_some(bytes).value(), bytes.size());
    EXPECT_EQ(stream_->try_write(std::as_bytes(std::span{bytes})).value(), 0u);
}

TEST_F(WebSocketStreamTest, SaysGoodbyeWhenItCloses) {
    Peer peer{options()};
    ASSERT_TRUE(open(peer.endpoint()));
    ASSERT_TRUE(exchange("hello"));
    stream_->close();
    EXPECT_TRUE(peer.after_client().orderly_end);
}

}  // namespace

}  // namespace multimqtt::io
