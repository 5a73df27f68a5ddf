// Who is silent for how long: PINGREQ and its answers, in both versions, to the millisecond.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;
using enum wire::PacketType;

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

class KeepAliveExchange : public testing::TestWithParam<ProtocolVersion>, public Script {
protected:
    KeepAliveExchange() : Script{options()} {}
    static Options options() {
        Options options = quiet_options(GetParam());
        options.keep_alive = 10s;
        return options;
    }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, KeepAliveExchange, testing::ValuesIn(kVersions),
                         [](const auto& row) { return "v" + std::to_string(static_cast<int>(row.param)); });

// v5 [MQTT-3.1.2-20]; v3.1.1 [MQTT-3.1.2-23].
TEST_P(KeepAliveExchange, GoesOnForEver) {
    client.connects();
    for (int i = 0; i < 100; ++i) {
        broker.expects(pingreq, after(9s)).replies(pingresp);
    }
    silence(8s);
}

TEST_P(KeepAliveExchange, TakesALateAnswerUpToTheLastMoment) {
    client.connects();
    broker.expects(pingreq, after(9s)).replies(pingresp, after(4999ms));
    broker.expects(pingreq, after(9s)).replies(pingresp, after(4999ms));
    broker.expects(pingreq, after(9s));
    client.reports(disconnected, {.error = Error::keep_alive_timeout}, after(5s));
    EXPECT_EQ(network.take_request(), TransportRequest::Kind::close);
    silence();
}

// Within one and a half keep-alives of the last that was heard, so before the broker could give up on us.
TEST_P(KeepAliveExchange, FindsADeadConnectionAndComesBackWithAWholeKeepAlive) {
    client.connects();
    client.publish("a", "x", Qos::at_least_once);
    broker.expects(publish);
    broker.expects(pingreq, after(9s));
    client.reports(disconnected, {.error = Error::keep_alive_timeout}, after(5s));
    network.cuts();
    client.reconnects(resuming());
    broker.expects(publish, {.dup = true}).replies(puback);
    client.reports(published);
    broker.expects(pingreq, after(9s)).replies(pingresp);
    silence(8s);
}

// What the broker sends shows that it lives, and does not show it that we do.
TEST_P(KeepAliveExchange, IsNotPostponedByWhatTheBrokerSends) {
    client.connects();
    for (int second = 1; second <= 8; ++second) {
        wait(1s);
        broker.publishes("a", "x");
        client.reports(message);
    }
    broker.expects(pingreq, after(1s));
    for (int second = 1; second <= 8; ++second) {
        wait(1s);
        broker.publishes("a", "x");
        client.reports(message);
    }
    broker.expects(pingreq, after(1s)).replies(pingresp);
    silence(4s);
}

TEST_P(KeepAliveExchange, IsPostponedByWhatIsWrittenAndNotByWhatIsStuck) {
    client.connects();
    wait(5s);
    client.publish("a", "x", Qos::at_least_once);
    broker.expects(publish).replies(puback);
    client.reports(published);
    silence(8999ms);
    network.sticks();
    client.publish("a", "y", Qos::at_least_once);
    wait(1s);  // PINGREQ is due, and queues behind the message.
    network.takes(3);
    wait(14s);
    EXPECT_TRUE(client.events().empty()) << "some bytes have left since";
    wait(1s);
    client.reports(disconnected, {.error = Error::keep_alive_timeout});
}

TEST_P(KeepAliveExchange, ASecondAnswerIsIgnored) {
    client.connects();
    broker.expects(pingreq, after(9s)).replies(pingresp).replies(pingresp);
    broker.sends(wire::Pingresp{});
    broker.expects(pingreq, after(9s));
    client.reports(disconnected, after(5s));
}

// v5 [MQTT-3.1.2-21], [MQTT-3.2.2-21]: of this connection, and 0 turns it off.
TEST(ServerKeepAliveExchange, ReplacesOursForOneConnection) {
    Options options = quiet_options();
    options.keep_alive = 10s;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    for (const std::uint16_t seconds :
         {std::uint16_t{1}, std::uint16_t{100}, std::uint16_t{0}, std::uint16_t{65'535}}) {
        SCOPED_TRACE(seconds);
        network.cuts();
        client.reports(disconnected);
        wire::Connack answer;
        answer.properties.server_keep_alive_s = seconds;
        EXPECT_EQ(client.reconnects(answer).keep_alive_s, 10);
        if (seconds == 0) {
            script.silence(100h);
        } else {
            broker.expects(pingreq, after(seconds * 900ms)).replies(pingresp);
        }
    }
    network.cuts();
    client.reports(disconnected);
    client.reconnects();
    broker.expects(pingreq, after(9s));
}

// However long the keep-alive is, an answer that does not come in ten seconds does not come.
TEST(KeepAliveLimitExchange, WaitsTenSecondsForAnAnswerAtMost) {
    Options options = quiet_options();
    options.keep_alive = 1h;
    Script script{options};
    auto& [client, network, broker] = script.roles();
    client.connects();
    broker.expects(pingreq, after(54min));
    client.reports(disconnected, {.error = Error::keep_alive_timeout}, after(10s));
}

}  // namespace
}  // namespace multimqtt::session
