#include "multimqtt/options.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace multimqtt {
namespace {

using namespace std::chrono_literals;

TEST(OptionsTest, DefaultsAreValid) {
    EXPECT_TRUE(Options{}.validate());
}

struct Wrong {
    const char* option;
    std::function<void(Options&)> spoil;
};

class WrongOptionTest : public testing::TestWithParam<Wrong> {};

// v5 [MQTT-1.5.4-1], [MQTT-1.5.4-2], [MQTT-1.5.7-1], [MQTT-3.1.3-4], [MQTT-3.1.3-12];
// v3.1.1 [MQTT-1.5.3-1], [MQTT-1.5.3-2], [MQTT-3.1.2-22], [MQTT-3.1.3-4], [MQTT-3.1.3-11].
TEST_P(WrongOptionTest, IsRefusedByName) {
    Options options;
    GetParam().spoil(options);
    const auto valid = options.validate();
    ASSERT_FALSE(valid);
    EXPECT_TRUE(valid.error().is(Error::bad_config));
    const std::string& text = valid.error().message;
    EXPECT_EQ(text.rfind(GetParam().option, 0), 0u) << text;
    EXPECT_NE(text.find("allowed: "), std::string::npos) << text;
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    EXPECT_LE(text.size(), 300u) << "fit for a log line";
}

INSTANTIATE_TEST_SUITE_P(
    Options, WrongOptionTest,
    testing::Values(Wrong{"endpoints", [](Options& o) { o.endpoints.clear(); }},
                    Wrong{"endpoints", [](Options& o) { o.endpoints[0].host.clear(); }},
                    Wrong{"port", [](Options& o) { o.endpoints[0].port = 0; }},
                    Wrong{"password", [](Options& o) { o.password = "secret"; }},
                    Wrong{"username", [](Options& o) { o.username.emplace(65'536, 'x'); }},
                    Wrong{"username", [](Options& o) { o.username = "\xC3\x28"; }},
                    Wrong{"password",
                          [](Options& o) {
                              o.username = "user";
                              o.password.emplace(65'536, 'x');
                          }},
                    Wrong{"connect_properties",
                          [](Options& o) {
                              o.connect_properties = {{"name", "\xED\xA0\x80"}};
                          }},
                    Wrong{"client_id", [](Options& o) { o.client_id.assign(70'000, 'x'); }},
                    Wrong{"client_id", [](Options& o) { o.client_id = "\xFF"; }},
                    Wrong{"client_id",
                          [](Options& o) {
                              o.version = VersionPolicy::v3_1;
                              o.client_id.assign(24'000, 'x');
                          }},
                    Wrong{"session_expiry", [](Options& o) { o.session_expiry = -1s; }},
                    Wrong{"keep_alive", [](Options& o) { o.keep_alive = 65'536s; }},
                    Wrong{"connect_timeout", [](Options& o) { o.connect_timeout = 0ms; }},
                    Wrong{"receive_maximum", [](Options& o) { o.receive_maximum = 0; }},
                    Wrong{"inflight_max", [](Options& o) { o.inflight_max = 0; }},
                    Wrong{"packet_bytes_max", [](Options& o) { o.packet_bytes_max = 1'023; }},
                    Wrong{"reconnect_min", [](Options& o) { o.reconnect_min = 0ms; }},
                    Wrong{"reconnect_max", [](Options& o) { o.reconnect_max = 100ms; }},
                    Wrong{"outbox_bytes_max", [](Options& o) { o.outbox_bytes_max = 0; }},
                    Wrong{"outbox_messages_max", [](Options& o) { o.outbox_messages_max = 0; }},
                    Wrong{"inbox_bytes_max", [](Options& o) { o.inbox_bytes_max = 0; }},
                    Wrong{"inbox_messages_max", [](Options& o) { o.inbox_messages_max = 0; }},
                    Wrong{"handler_threads", [](Options& o) { o.handler_threads = 257; }},
                    Wrong{"quick_handler", [](Options& o) { o.quick_handler = 0us; }},
                    Wrong{"quick_handler", [](Options& o) { o.quick_handler = 1'000'001us; }},
                    Wrong{"drain", [](Options& o) { o.drain = -1ms; }},
                    Wrong{"tls.min_version", [](Options& o) { o.tls.min_version = "1.1"; }},
                    Wrong{"tls.keyfile", [](Options& o) { o.tls.keyfile = "key.pem"; }},
                    Wrong{"tls.alpn", [](Options& o) { o.tls.alpn = {""}; }},
                    Wrong{"will.payload", [](Options& o) { o.will.emplace().payload.assign(65'536, 'x'); }},
                    Wrong{"will.content_type",
                          [](Options& o) { o.will.emplace().content_type.assign(65'536, 'x'); }},
                    Wrong{"will.user_properties",
                          [](Options& o) {
                              o.will.emplace().user_properties = {{std::string(65'536, 'x'), ""}};
                          }},
                    Wrong{"will.delay", [](Options& o) { o.will.emplace().delay = -1s; }}),
    [](const auto& row) {
        std::string name = row.param.option;
        std::erase(name, '.');
        return name + "_" + std::to_string(row.index);
    });

}  // namespace
}  // namespace multimqtt
