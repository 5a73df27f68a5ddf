// What CONNECT offers, and what it leaves out.
#include "session/handshake.hpp"
#include "wire/decode.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::session {
namespace {

/// The CONNECT that is encoded; its views are into the buffer.
class EncodedConnect {
public:
    EncodedConnect(const Options& options, ProtocolVersion version) {
        encode_connect(options, {.version = version, .clean_start = true, .client_id = "me"}, buffer_);
        decoded_ = wire::decode(buffer_.bytes(), {.version = version, .sender = wire::Sender::client});
        EXPECT_EQ(decoded_.status, wire::DecodeStatus::packet) << decoded_.failure.message();
    }
    [[nodiscard]] const wire::Connect& operator*() const { return std::get<wire::Connect>(decoded_.packet); }
    [[nodiscard]] const wire::Connect* operator->() const { return &**this; }

private:
    wire::ByteBuffer buffer_;
    wire::Decoded decoded_;
};

// Without a method nobody sends AUTH, v5 [MQTT-4.12.0-7]; and all acknowledgements may say why.
TEST(EncodedConnectTest, NamesNoAuthenticationMethodAndDeclinesNoProblemInformation) {
    const EncodedConnect connect{Options{}, ProtocolVersion::v5};
    EXPECT_FALSE(connect->properties.authentication_method);
    EXPECT_FALSE(connect->properties.authentication_data);
    EXPECT_FALSE(connect->properties.request_problem_information);
    EXPECT_FALSE(connect->properties.request_response_information);
}

// v5 [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-16], [MQTT-3.1.2-18];
// v3.1.1 [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15], [MQTT-3.1.2-18], [MQTT-3.1.2-20].
TEST(EncodedConnectTest, HasNothingThatTheOptionsDoNotHave) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        const EncodedConnect connect{Options{}, version};
        EXPECT_FALSE(connect->will);
        EXPECT_FALSE(connect->user_name);
        EXPECT_FALSE(connect->password);
    }
}

// v5 [MQTT-3.1.2-9], [MQTT-3.1.2-12], [MQTT-3.1.2-17], [MQTT-3.1.2-19], [MQTT-3.1.3-3];
// v3.1.1 [MQTT-3.1.2-9], [MQTT-3.1.2-14], [MQTT-3.1.2-19], [MQTT-3.1.2-21], [MQTT-3.1.3-3].
TEST(EncodedConnectTest, HasTheWillAndTheCredentialsOfTheOptions) {
    Options options;
    options.username = "user";
    options.password = "secret";
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
            options.will.emplace();
            options.will->topic = "gone";
            options.will->payload = "bye";
            options.will->qos = qos;
            options.will->retain = qos == Qos::at_least_once;
            const EncodedConnect connect{options, version};
            EXPECT_EQ(connect->client_id, "me");
            ASSERT_TRUE(connect->will);
            EXPECT_EQ(connect->will->topic, "gone");
            EXPECT_EQ(connect->will->payload.size(), 3u);
            EXPECT_EQ(connect->will->qos, qos);
            EXPECT_EQ(connect->will->retain, qos == Qos::at_least_once);
            EXPECT_EQ(connect->user_name, "user");
            ASSERT_TRUE(connect->password);
            EXPECT_EQ(connect->password->size(), 6u);
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
