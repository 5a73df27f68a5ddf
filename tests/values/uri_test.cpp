#include "multimqtt/options.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt {
namespace {

struct Good {
    const char* name;
    const char* uri;
    Transport transport;
    const char* host;
    std::uint16_t port;
    const char* username;
    const char* password;
    const char* prefix;
};

class GoodUriTest : public testing::TestWithParam<Good> {};

TEST_P(GoodUriTest, IsTakenApart) {
    const Good& row = GetParam();
    const auto options = Options::from_uri(row.uri);
    ASSERT_TRUE(options) << options.error();
    ASSERT_EQ(options->endpoints.size(), 1u);
    EXPECT_EQ(options->endpoints[0].transport, row.transport);
    EXPECT_EQ(options->endpoints[0].host, row.host);
    EXPECT_EQ(options->endpoints[0].port, row.port);
    EXPECT_EQ(options->username.value_or(""), row.username);
    EXPECT_EQ(options->password.value_or(""), row.password);
    EXPECT_EQ(options->prefix, row.prefix);
    EXPECT_TRUE(options->validate());
}

INSTANTIATE_TEST_SUITE_P(
    Uri, GoodUriTest,
    testing::Values(Good{"host_only", "mqtt://broker", Transport::tcp, "broker", 1883, "", "", ""},
                    Good{"everything", "mqtt://username:password@127.0.0.1:1884/myprefix", Transport::tcp,
                         "127.0.0.1", 1884, "username", "password", "myprefix"},
                    Good{"tls", "mqtts://broker", Transport::tls, "broker", 8883, "", "", ""},
                    Good{"websocket", "ws://broker", Transport::websocket, "broker", 80, "", "", ""},
                    Good{"secure_websocket", "wss://broker:9443/a/b", Transport::secure_websocket, "broker",
                         9443, "", "", "a/b"},
                    Good{"unix_socket", "unix:///run/broker.sock", Transport::unix_socket, "/run/broker.sock",
                         0, "", "", ""},
                    Good{"ipv6", "mqtt://[::1]:1885", Transport::tcp, "::1", 1885, "", "", ""},
                    Good{"ipv6_without_port", "mqtt://u@[fe80::1]/p/", Transport::tcp, "fe80::1", 1883, "u",
                         "", "p"},
                    Good{"percent_encoded", "mqtt://us%40er:p%2Fw%3A%23@broker/pre%20fix", Transport::tcp,
                         "broker", 1883, "us@er", "p/w:#", "pre fix"},
                    Good{"trailing_slash", "mqtt://broker/", Transport::tcp, "broker", 1883, "", "", ""}),
    [](const auto& row) { return row.param.name; });

TEST(UriListTest, GivesOneEndpointForEach) {
    const auto options = Options::from_uri("mqtt://u:p,w@one/x,mqtts://u:p,w@two:8884/x, ws://u:p,w@three/x");
    ASSERT_TRUE(options) << options.error();
    ASSERT_EQ(options->endpoints.size(), 3u);
    EXPECT_EQ(options->endpoints[0].to_string(), "mqtt://one:1883");
    EXPECT_EQ(options->endpoints[1].to_string(), "mqtts://two:8884");
    EXPECT_EQ(options->endpoints[2].to_string(), "ws://three:80");
    EXPECT_EQ(options->password, "p,w");
}

struct Bad {
    const char* name;
    const char* uri;
    const char* said;  // A part of the sentence.
};

class BadUriTest : public testing::TestWithParam<Bad> {};

TEST_P(BadUriTest, IsRefusedWithoutShowingThePassword) {
    const auto options = Options::from_uri(GetParam().uri);
    ASSERT_FALSE(options);
    EXPECT_TRUE(options.error().is(Error::bad_uri));
    EXPECT_NE(options.error().message.find(GetParam().said), std::string::npos) << options.error();
    EXPECT_EQ(options.error().message.find("secret"), std::string::npos) << options.error();
    EXPECT_EQ(options.error().message.find("88888"), std::string::npos) << options.error();
}

INSTANTIATE_TEST_SUITE_P(
    Uri, BadUriTest,
    testing::Values(Bad{"empty", "", "empty"}, Bad{"no_scheme", "user:secret@broker", "must begin with"},
                    Bad{"other_scheme", "http://user:secret@broker", "must begin with"},
                    Bad{"no_host", "mqtt://user:secret@/prefix", "no host"},
                    Bad{"port_0", "mqtt://user:secret@broker:0",
                        "port of the broker address is out of range"},
                    Bad{"port_too_large", "mqtt://user:secret@broker:65536", "out of range"},
                    Bad{"password_with_a_slash", "mqtt://user:88888/secret@broker", "out of range"},
                    Bad{"password_with_an_at", "mqtt://user:x@y:88888/secret@broker", "out of range"},
                    Bad{"port_with_letters", "mqtt://user:secret@broker:1x", "port"},
                    Bad{"port_that_is_text", "mqtt://user:secret@broker:port", "port"},
                    Bad{"unencoded_space", "mqtt://user:sec ret@broker", "not a valid URI"},
                    Bad{"query", "mqtt://broker/prefix?keepalive=secret", "ends with a '?' or '#'"},
                    Bad{"fragment", "mqtt://user@broker/prefix#secret", "ends with a '?' or '#'"},
                    Bad{"unix_with_query", "unix:///run/broker.sock?secret", "ends with a '?' or '#'"},
                    Bad{"unix_without_path", "unix://", "names no socket"},
                    Bad{"unix_with_port", "unix://user:secret@:%41/b", "names no socket"},
                    Bad{"unix_with_host", "unix://run/broker.sock", "three slashes"},
                    Bad{"list_of_different_users", "mqtt://a:secret@one,mqtt://b:secret@two", "same user"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace multimqtt
