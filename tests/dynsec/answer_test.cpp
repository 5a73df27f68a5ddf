#include "dynsec/answer.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace multimqtt::dynsec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

boost::json::object parsed(std::string_view text) {
    return boost::json::parse({text.data(), text.size()}).as_object();
}

struct Row {
    const char* text;
    DynsecError kind;
    const char* command = "anyCommand";
};

constexpr Row kTexts[] = {
    {"Client not found", DynsecError::client_not_found},
    {"Group not found", DynsecError::group_not_found},
    {"Role not found", DynsecError::role_not_found},
    {"Role does not exist", DynsecError::role_not_found},
    {"ACL not found", DynsecError::acl_not_found},
    {"'groups' contains an object with a 'groupname' that does not exist", DynsecError::group_not_found},
    {"'clients' contains an object with a 'username' that does not exist", DynsecError::client_not_found},
    {"'groups' contains an object with an invalid 'groupname'", DynsecError::invalid_argument},
    {"'clients' contains an object with an invalid 'username'", DynsecError::invalid_argument},
    {"'roles' not an array or missing/invalid rolename", DynsecError::invalid_argument},
    {"Client already exists", DynsecError::already_exists},
    {"Group already exists", DynsecError::already_exists},
    {"Role already exists", DynsecError::already_exists},
    {"ACL with this topic already exists", DynsecError::already_exists},
    {"Client is already in this group", DynsecError::already_exists},
    {"Group is already in this role", DynsecError::already_exists},
    {"Internal error", DynsecError::already_exists, "addClientRole"},
    {"Internal error", DynsecError::internal, "createGroup"},
    {"Deleting the anonymous group is forbidden", DynsecError::forbidden},
    {"Unknown command", DynsecError::unknown_command},
    {"Unknown acltype", DynsecError::invalid_argument},
    {"Empty username", DynsecError::invalid_argument},
    {"Empty password is not allowed", DynsecError::invalid_argument},
    {"Invalid/missing username", DynsecError::invalid_argument},
    {"Invalid/missing client ID", DynsecError::invalid_argument},
    {"Invalid ACL topic", DynsecError::invalid_argument},
    {"Missing/invalid actions array", DynsecError::invalid_argument},
    {"Group name not valid UTF-8", DynsecError::invalid_argument},
    {"Client ID not valid UTF-8", DynsecError::invalid_argument},
    {"endpoint not available", DynsecError::endpoint_unavailable},
    {"Something that no version says today", DynsecError::internal},
    {"", DynsecError::internal},
};

TEST(KindTest, EveryTextOfThePluginIsOfOneKind) {
    for (const Row& row : kTexts) {
        EXPECT_EQ(kind_of(row.text, row.command), row.kind)
            << row.command << ": " << row.text << " is " << to_string(kind_of(row.text, row.command));
    }
}

TEST(OutcomeTest, AnAnswerWithoutErrorAndDataIsASuccess) {
    EXPECT_THAT(
        outcome_of(parsed(R"({"command":"deleteRole"})"), parsed(R"({"command":"deleteRole"})")).value(),
        IsEmpty());
}

TEST(OutcomeTest, AFailureNamesTheCommandAndItsObject) {
    const auto outcome =
        outcome_of(parsed(R"({"command":"deleteClient","username":"bob","password":"horse"})"),
                   parsed(R"({"command":"deleteClient","error":"Client not found"})"));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "deleteClient username 'bob': Client not found");
    EXPECT_EQ(outcome.error().code.message(), "There is no such client.");
    EXPECT_STREQ(outcome.error().code.category().name(), "multimqtt.dynsec");
}

TEST(OutcomeTest, AnErrorThatIsNotATextIsAFailureToo) {
    const auto outcome = outcome_of(parsed(R"({"command":"x"})"), parsed(R"({"command":"x","error":7})"));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, make_error_code(DynsecError::internal));
}

TEST(DetailsTest, AClientIsReadWithWhatItHas) {
    const ClientDetails client = client_of(parsed(
        R"({"username":"bob","clientid":"c","textname":"n","textdescription":"d","disabled":true,
            "roles":[{"rolename":"r"},{"rolename":"s","priority":4}],"groups":[{"groupname":"g","priority":-3}],
            "connections":[{"address":"127.0.0.1"},{}]})"));
    EXPECT_EQ(client.username, "bob");
    EXPECT_EQ(client.client_id, "c");
    EXPECT_EQ(client.text_name, "n");
    EXPECT_EQ(client.text_description, "d");
    EXPECT_TRUE(client.disabled);
    EXPECT_THAT(client.roles, ElementsAre(RankedName{"r", -1}, RankedName{"s", 4}));
    EXPECT_THAT(client.groups, ElementsAre(RankedName{"g", -3}));
    EXPECT_THAT(client.connections, ElementsAre("127.0.0.1", ""));
}

TEST(DetailsTest, WhatIsMissingOrOfAnotherTypeIsEmpty) {
    const ClientDetails client =
        client_of(parsed(R"({"username":5,"roles":{"rolename":"r"},"groups":["g"]})"));
    EXPECT_EQ(client.username, "");
    EXPECT_FALSE(client.disabled);
    EXPECT_THAT(client.roles, IsEmpty());
    EXPECT_THAT(client.groups, IsEmpty());
}

TEST(DetailsTest, ARoleIsReadWithItsAclsButNotThoseOfTypesToCome) {
    const RoleDetails role = role_of(parsed(
        R"({"rolename":"r","allowwildcardsubs":false,"acls":[
            {"acltype":"subscribePattern","topic":"a/#","priority":2,"allow":true},
            {"acltype":"publishClientSend","topic":"b","priority":0,"allow":false},
            {"acltype":"somethingNew","topic":"c","allow":true}]})"));
    EXPECT_THAT(role.acls, ElementsAre(Acl{AclType::subscribe_pattern, "a/#", Access::allow, 2},
                                       Acl{AclType::publish_client_send, "b", Access::deny, 0}));
    EXPECT_EQ(role.allow_wildcard_subs, false);
    EXPECT_EQ(role_of(parsed(R"({"rolename":"r"})")).allow_wildcard_subs, std::nullopt);
}

TEST(DetailsTest, AGroupIsReadWithItsMembers) {
    const GroupDetails group = group_of(parsed(
        R"({"groupname":"g","clients":[{"username":"a"},{"username":"b"}],"roles":[{"rolename":"r","priority":1}]})"));
    EXPECT_EQ(group.name, "g");
    EXPECT_THAT(group.clients, ElementsAre("a", "b"));
    EXPECT_THAT(group.roles, ElementsAre(RankedName{"r", 1}));
}

TEST(DetailsTest, TheDefaultAccessHasOnlyWhatWasSaid) {
    const auto acls = boost::json::parse(
        R"([{"acltype":"subscribe","allow":true},{"acltype":"publishClientSend","allow":false}])");
    EXPECT_EQ(default_access_of(acls.as_array()),
              (DefaultAccess{Access::deny, std::nullopt, Access::allow, std::nullopt}));
}

}  // namespace
}  // namespace multimqtt::dynsec
