// Administrators without rights, without a plugin, without a connection, and those who take their own rights.
#include "secured_broker.hpp"

#include <gmock/gmock.h>

#include <string>

namespace multimqtt::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class TroubleTest : public SecuredBroker {
protected:
    /// A user who may subscribe to the answers, or not, and never ask.
    void make_user(const std::string& username, bool may_subscribe) {
        const auto client = connected(administrator());
        Dynsec dynsec{*client};
        RoleSpec role{.name = username + "-role"};
        if (may_subscribe) {
            role.acls = {
                {AclType::subscribe_literal, "$CONTROL/dynamic-security/v1/response", Access::allow}};
        }
        ASSERT_TRUE(succeeded(dynsec.create_role(role)));
        ASSERT_TRUE(succeeded(dynsec.create_client(
            {.username = username, .password = "secret", .roles = {RankedName{role.name}}})));
    }
};

struct Version {
    VersionPolicy policy;
    const char* name;
};

constexpr Version kVersions[] = {{VersionPolicy::v3_1_1, "V311"}, {VersionPolicy::v5, "V5"}};

class EveryVersionTest : public TroubleTest, public testing::WithParamInterface<Version> {};

TEST_P(EveryVersionTest, WhoMayNotSubscribeToTheAnswersIsToldSo) {
    const std::string username = std::string{"deaf-"} + GetParam().name;
    make_user(username, false);
    Options options = login(username, "secret");
    options.version = GetParam().policy;
    const auto client = connected(std::move(options));
    Dynsec dynsec{*client};
    const auto refused = dynsec.list_roles();
    ASSERT_TRUE(failed_with(refused, DynsecError::not_authorized));
    EXPECT_THAT(refused.error().message,
                HasSubstr("listRoles: the broker does not let this client subscribe"));
}

TEST_P(EveryVersionTest, WhoTakesTheirOwnRightsLearnsThatTheCommandWasProbablyCarriedOut) {
    const std::string username = std::string{"own-"} + GetParam().name;
    const auto root = connected(administrator());
    Dynsec rights{*root};
    ASSERT_TRUE(
        succeeded(rights.create_client({.username = username, .password = "secret", .roles = {"admin"}})));
    Options options = login(username, "secret");
    options.version = GetParam().policy;
    options.clean_start = false;  // A session that is resumed must not bring the command back.
    options.client_id = username;
    options.session_expiry = std::chrono::hours{1};
    const auto client = connected(std::move(options));
    Dynsec dynsec{*client};
    ASSERT_TRUE(succeeded(dynsec.get_client(username)));
    const auto taken = dynsec.modify_client(username, {.text_name = "Changed by itself"});
    if (!taken) {
        ASSERT_TRUE(failed_with(taken, DynsecError::interrupted));
        EXPECT_THAT(taken.error().message, HasSubstr("modifyClient username '" + username + "'"));
    }
    EXPECT_EQ(rights.get_client(username)->text_name, "Changed by itself");
    ASSERT_TRUE(succeeded(client->wait_connected(kPatience)));
    ASSERT_TRUE(succeeded(dynsec.get_client(username)));
    EXPECT_EQ(client->statistics().disconnects, 1u);
    client->close();
    EXPECT_TRUE(succeeded(rights.delete_client(username)));
}

INSTANTIATE_TEST_SUITE_P(Versions, EveryVersionTest, testing::ValuesIn(kVersions),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_F(TroubleTest, OnFiveWhoMayNotAskIsRefusedWithTheBrokersReason) {
    make_user("listener-5", true);
    Options options = login("listener-5", "secret");
    options.version = VersionPolicy::v5;
    const auto client = connected(std::move(options));
    Dynsec dynsec{*client, {.timeout = std::chrono::minutes{1}}};
    const auto refused = dynsec.delete_client("admin");
    ASSERT_TRUE(failed_with(refused, DynsecError::not_authorized));
    EXPECT_EQ(refused.error().reason, 0x87);
}

TEST_F(TroubleTest, OnThreeWhoMayNotAskHearsNothingAndTheFailureSaysWhatThatMeans) {
    make_user("listener-3", true);
    Options options = login("listener-3", "secret");
    options.version = VersionPolicy::v3_1_1;
    const auto client = connected(std::move(options));
    Dynsec dynsec{*client, {.timeout = milliseconds{300}}};
    const auto silence = dynsec.delete_client("admin");
    ASSERT_TRUE(failed_with(silence, DynsecError::timed_out));
    EXPECT_THAT(silence.error().message,
                HasSubstr("deleteClient username 'admin': no answer within 300 ms; probably "
                          "this client is not authorized"));
}

TEST_F(TroubleTest, WithoutThePluginTheFailureSaysWhatSilenceMeans) {
    Mosquitto plain;
    plain.start();
    Client client{plain.uri()};
    client.on_log([](LogLevel, std::string_view) {});
    client.connect().value();
    Dynsec dynsec{client, {.timeout = milliseconds{500}}};
    const auto silence = dynsec.list_roles();
    ASSERT_FALSE(silence);
    EXPECT_EQ(silence.error().code.category(), dynsec_error_category()) << silence.error();
}

TEST_F(TroubleTest, WithoutAConnectionTheFailureSaysWhy) {
    Client client{"mqtt://127.0.0.1:1"};
    client.on_log([](LogLevel, std::string_view) {});
    Dynsec dynsec{client, {.timeout = milliseconds{200}}};
    const auto armed = dynsec.list_roles();
    ASSERT_FALSE(armed);
    EXPECT_TRUE(armed.error().is(Error::not_connected)) << armed.error();
    client.connect().value();
    const auto away = dynsec.list_roles();
    ASSERT_FALSE(away);
    EXPECT_TRUE(away.error().is(Error::timed_out)) << away.error();
    client.close();
    const auto closed = dynsec.list_roles();
    ASSERT_FALSE(closed);
    EXPECT_TRUE(closed.error().is(Error::closed)) << closed.error();
}

TEST_F(TroubleTest, ARequestThatIsNotWaitedForToTheEndLeavesNothingBehind) {
    const auto client = connected(administrator());
    Dynsec dynsec{*client};
    const boost::json::object command{{"command", "listRoles"}};
    {
        auto request = dynsec.start({&command, 1});
        ASSERT_TRUE(request.has_value());
        (void)request->wait(milliseconds{0});
    }
    auto request = dynsec.start({&command, 1});
    ASSERT_TRUE(request.has_value());
    std::optional<Result<DynsecAnswers>> answers;
    while (!answers) {
        answers = request->wait(milliseconds{1});
    }
    EXPECT_TRUE(succeeded(*answers));
}

struct Way {
    const char* name;
    const char* uri;
    bool secure;
};

constexpr Way kWays[] = {
    {"Tcp", "mqtt://broker.example", false},
    {"WebSocket", "ws://broker.example", false},
    {"PrivateNetwork", "mqtt://10.0.0.1", false},
    {"OneOfTwo", "mqtts://broker.example,mqtt://broker.example", false},
    {"LooksLikeLoopback", "mqtt://127.example.org", false},
    {"Tls", "mqtts://broker.example", true},
    {"SecureWebSocket", "wss://broker.example", true},
    {"Unix", "unix:///run/broker.sock", true},
    {"Loopback", "mqtt://127.0.0.1", true},
    {"Loopback6", "mqtt://[::1]", true},
    {"Localhost", "mqtt://localhost", true},
};

class PasswordTest : public testing::TestWithParam<Way> {};

TEST_P(PasswordTest, APasswordTravelsOnlyWhereNobodyCanReadIt) {
    Client client{GetParam().uri};
    const boost::json::object command{
        {"command", "createClient"}, {"username", "bob"}, {"password", "correct horse"}};
    Dynsec careful{client};
    const auto request = careful.start({&command, 1});
    EXPECT_EQ(request.has_value(), GetParam().secure);
    if (!request) {
        EXPECT_TRUE(failed_with(request, DynsecError::insecure));
        EXPECT_THAT(request.error().message, HasSubstr("createClient username 'bob'"));
        EXPECT_THAT(request.error().message, Not(HasSubstr("horse")));
    }
    Dynsec careless{client, {.allow_plain_passwords = true}};
    EXPECT_TRUE(careless.start({&command, 1}).has_value());
    const boost::json::object harmless{{"command", "createClient"}, {"username", "bob"}};
    EXPECT_TRUE(careful.start({&harmless, 1}).has_value());
}

INSTANTIATE_TEST_SUITE_P(Ways, PasswordTest, testing::ValuesIn(kWays),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace multimqtt::test
