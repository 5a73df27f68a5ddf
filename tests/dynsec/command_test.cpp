#include "dynsec/command.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multimqtt::dynsec {
namespace {

using testing::HasSubstr;
using testing::Not;

boost::json::object parsed(std::string_view text) {
    return boost::json::parse({text.data(), text.size()}).as_object();
}

struct Row {
    const char* name;
    const char* command;
    const char* wrong;  // Part of the message; null for a command that may be sent.
};

constexpr Row kCommands[] = {
    {"ACommandMayHaveNoArguments", R"({"command":"getAnonymousGroup"})", nullptr},
    {"AnUnknownCommandIsThePluginsAffair", R"({"command":"futureCommand","username":""})", nullptr},
    {"ACommandNeedsItsName", R"({"username":"bob"})",
     "a command without a name username 'bob': 'command' must be"},
    {"ACommandsNameIsAText", R"({"command":5})", "'command' must be"},
    {"CorrelationDataIsOurs", R"({"command":"listRoles","correlationData":"x"})", "cannot be given"},
    {"AClientNeedsAName", R"({"command":"createClient"})", "'username' must be a text"},
    {"AnEmptyNameIsNone", R"({"command":"createClient","username":""})", "'username' must be a text"},
    {"ANameIsAText", R"({"command":"deleteClient","username":4})", "'username' must be a text"},
    {"ANameHasNoNullCharacter", "{\"command\":\"deleteClient\",\"username\":\"a\\u0000b\"}", "U+0000"},
    {"BothNamesAreNeeded", R"({"command":"addClientRole","username":"bob"})", "'rolename' must be a text"},
    {"AClientMayHaveNoPassword", R"({"command":"createClient","username":"bob"})", nullptr},
    {"AnEmptyPasswordIsRefused", R"({"command":"modifyClient","username":"bob","password":""})",
     "'password' must be a text that is not empty"},
    {"APasswordIsNeededToSetOne", R"({"command":"setClientPassword","username":"bob"})",
     "'password' must be"},
    {"RolesAreAList", R"({"command":"createClient","username":"bob","roles":"reader"})",
     "'roles' must be a list"},
    {"RolesAreObjects", R"({"command":"createClient","username":"bob","roles":["reader"]})",
     "each of 'roles' must be an object"},
    {"ARoleOfAClientHasAName", R"({"command":"createClient","username":"bob","roles":[{"name":"reader"}]})",
     "'rolename' must be a text"},
    {"AGroupOfAClientHasAName", R"({"command":"createClient","username":"bob","groups":[{}]})",
     "'groupname' must be a text"},
    {"APriorityIsAWholeNumber",
     R"({"command":"createClient","username":"bob","roles":[{"rolename":"reader","priority":"high"}]})",
     "'priority' must be a whole number"},
    {"RolesWithPriorities",
     R"({"command":"createClient","username":"bob","roles":[{"rolename":"reader","priority":-5}]})", nullptr},
    {"ANewGroupHasNoClients",
     R"({"command":"createGroup","groupname":"team","clients":[{"username":"bob"}]})", "use addGroupClient"},
    {"AChangedGroupMayHaveClients",
     R"({"command":"modifyGroup","groupname":"team","clients":[{"username":"bob"}]})", nullptr},
    {"AnAclMustSayWhetherItAllows",
     R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientSend","topic":"a"})",
     "'allow' must be true or false"},
    {"AnAclThatSaysSo",
     R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientSend","topic":"a/+/#","allow":false})",
     nullptr},
    {"AnAclToRemoveNeedNotSayIt",
     R"({"command":"removeRoleACL","rolename":"r","acltype":"publishClientSend","topic":"a"})", nullptr},
    {"AnAclTypeMustBeKnown",
     R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientsend","topic":"a","allow":true})",
     "'acltype' is 'publishClientsend'; it must be one of publishClientSend"},
    {"ADefaultTypeIsNoTypeOfARole",
     R"({"command":"addRoleACL","rolename":"r","acltype":"subscribe","topic":"a","allow":true})",
     "'acltype' is 'sub"},
    {"AnAclNeedsATopic",
     R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientSend","allow":true})",
     "'topic' must be a text"},
    {"HashMustBeTheLastLevel",
     R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientSend","topic":"a/#/b","allow":true})",
     "'#' must be a whole level and the last"},
    {"PlusMustBeAWholeLevel",
     R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientSend","topic":"a/b+/c","allow":true})",
     "'+' must be a whole level"},
    {"EachAclOfANewRoleIsChecked",
     R"({"command":"createRole","rolename":"r","acls":[{"acltype":"subscribePattern","topic":"a","allow":true},
        {"acltype":"subscribepattern","topic":"b","allow":true}]})",
     "'acltype' is 'subscribepattern'"},
    {"AnAclOfARoleIsNotThereTwice",
     R"({"command":"modifyRole","rolename":"r","acls":[{"acltype":"subscribePattern","topic":"a","allow":true},
        {"acltype":"subscribePattern","topic":"a","allow":false}]})",
     "is there twice"},
    {"TheSameTopicOfTwoTypesIsNotTwice",
     R"({"command":"modifyRole","rolename":"r","acls":[{"acltype":"subscribePattern","topic":"a","allow":true},
        {"acltype":"subscribeLiteral","topic":"a","allow":false}]})",
     nullptr},
    {"TheDefaultNeedsAtLeastOneAcl", R"({"command":"setDefaultACLAccess","acls":[]})",
     "a list that is not empty"},
    {"TheDefaultHasTypesOfItsOwn",
     R"({"command":"setDefaultACLAccess","acls":[{"acltype":"subscribePattern","allow":true}]})",
     "publishClientSend, publishClientReceive, subscribe, unsubscribe"},
    {"TheDefaultMustSayWhetherItAllows",
     R"({"command":"setDefaultACLAccess","acls":[{"acltype":"subscribe"}]})", "'allow' must be"},
};

class CommandTest : public testing::TestWithParam<Row> {};

TEST_P(CommandTest, IsCheckedBeforeItIsSent) {
    const Result<void> checked = check(parsed(GetParam().command));
    EXPECT_EQ(checked.has_value(), GetParam().wrong == nullptr) << checked.error();
    if (!checked && GetParam().wrong != nullptr) {
        EXPECT_EQ(checked.error().code, make_error_code(DynsecError::invalid_argument));
        EXPECT_THAT(checked.error().message, HasSubstr(GetParam().wrong));
    }
}

INSTANTIATE_TEST_SUITE_P(Commands, CommandTest, testing::ValuesIn(kCommands),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(DescriptionTest, NamesWhatTheCommandIsAboutAndNeverAPassword) {
    const auto command = parsed(
        R"({"command":"addRoleACL","rolename":"r","acltype":"publishClientSend","topic":"a","password":"horse"})");
    EXPECT_EQ(describe(command), "addRoleACL rolename 'r' acltype 'publishClientSend' topic 'a'");
    EXPECT_EQ(describe(std::vector{command, command, command}), describe(command) + " and 2 more");
}

TEST(PayloadTest, GivesEachCommandItsOwnCorrelationData) {
    const std::vector commands{parsed(R"({"command":"listRoles"})"), parsed(R"({"command":"listGroups"})")};
    EXPECT_EQ(payload_of(commands, "id-7").value(),
              R"({"commands":[{"command":"listRoles","correlationData":"id-7-0"},)"
              R"({"command":"listGroups","correlationData":"id-7-1"}]})");
}

TEST(PayloadTest, RefusesTextThatIsNotUtf8) {
    const std::vector commands{boost::json::object{{"command", "createRole"}, {"rolename", "a\xc3"}}};
    const auto payload = payload_of(commands, "id");
    ASSERT_FALSE(payload);
    EXPECT_EQ(payload.error().code, make_error_code(DynsecError::invalid_argument));
}

struct PrefixRow {
    const char* prefix;
    const char* topic;
    const char* absolute;
};

constexpr PrefixRow kPrefixes[] = {
    {"", "a", "a"},
    {"p", "a/#", "p/a/#"},
    {"p/", "a", "p/a"},
    {"/", "a", "a"},
    {"p//", "a", "p//a"},
    {"p/q", "#", "p/q/#"},
    {"p", "$SYS/#", "$SYS/#"},
    {"p", "$CONTROL/dynamic-security/#", "$CONTROL/dynamic-security/#"},
    {"p", "$share/g/a", "$share/g/p/a"},
    {"p", "$share/+/a/#", "$share/+/p/a/#"},
    {"p", "$share/g/$SYS/#", "$share/g/$SYS/#"},
    {"p", "$share/g", "$share/g"},
    {"p", "", ""},
};

TEST(PrefixTest, StandsBeforeEveryTopicThatDoesNotBeginWithADollar) {
    for (const PrefixRow& row : kPrefixes) {
        EXPECT_EQ(prefixed(row.prefix, row.topic), row.absolute) << row.prefix << " and " << row.topic;
    }
}

TEST(PartsTest, ARankIsLeftOutWhereItIsTheUsualOne) {
    EXPECT_EQ(boost::json::serialize(names_of("rolename", {"a", {"b", 0}, {"c", -2}})),
              R"([{"rolename":"a"},{"rolename":"b","priority":0},{"rolename":"c","priority":-2}])");
}

TEST(PartsTest, AnAclAlwaysSaysWhetherItAllows) {
    EXPECT_EQ(
        boost::json::serialize(acl_of({AclType::unsubscribe_literal, "ignored", Access::deny, 3}, "p/a")),
        R"({"acltype":"unsubscribeLiteral","topic":"p/a","allow":false,"priority":3})");
}

TEST(PartsTest, EveryAclTypeIsFoundUnderItsName) {
    for (int type = 0; type < 6; ++type) {
        EXPECT_EQ(acl_type_of(to_string(static_cast<AclType>(type))), static_cast<AclType>(type));
    }
    EXPECT_EQ(acl_type_of("subscribe"), std::nullopt);
}

}  // namespace
}  // namespace multimqtt::dynsec
