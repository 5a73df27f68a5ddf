// Every command against a real plugin.
#include "secured_broker.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace multimqtt::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class DynsecTest : public SecuredBroker {
protected:
    std::unique_ptr<Client> client_ = connected([] {
        Options options = administrator();
        options.prefix = "plant";
        return options;
    }());
    Dynsec dynsec_{*client_};
};

TEST_F(DynsecTest, AClientIsMadeAsItWasDescribedAndDeletedAgain) {
    ASSERT_TRUE(succeeded(dynsec_.create_role({.name = "made-role"})));
    ASSERT_TRUE(succeeded(dynsec_.create_group({.name = "made-group"})));
    ASSERT_TRUE(succeeded(dynsec_.create_client({.username = "made",
                                                 .password = "secret",
                                                 .client_id = "only-this",
                                                 .text_name = "Made",
                                                 .text_description = "For a test",
                                                 .roles = {{"made-role", 7}},
                                                 .groups = {"made-group"}})));
    const auto made = dynsec_.get_client("made");
    ASSERT_TRUE(succeeded(made));
    EXPECT_EQ(made->username, "made");
    EXPECT_EQ(made->client_id, "only-this");
    EXPECT_EQ(made->text_name, "Made");
    EXPECT_EQ(made->text_description, "For a test");
    EXPECT_FALSE(made->disabled);
    EXPECT_THAT(made->roles, ElementsAre(RankedName{"made-role", 7}));
    EXPECT_THAT(made->groups, ElementsAre(RankedName{"made-group"}));
    EXPECT_THAT(dynsec_.get_group("made-group")->clients, ElementsAre("made"));

    EXPECT_TRUE(succeeded(dynsec_.delete_client("made")));
    EXPECT_TRUE(failed_with(dynsec_.get_client("made"), DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.create_client({.username = "made", .roles = {"missing"}}),
                            DynsecError::role_not_found));
    EXPECT_TRUE(failed_with(dynsec_.create_client({.username = "made", .groups = {"missing"}}),
                            DynsecError::group_not_found));
    EXPECT_TRUE(failed_with(dynsec_.get_client("made"), DynsecError::client_not_found));
    EXPECT_TRUE(succeeded(dynsec_.delete_group("made-group")));
    EXPECT_TRUE(succeeded(dynsec_.delete_role("made-role")));
}

TEST_F(DynsecTest, AChangeOfAClientReplacesWhatItNamesAndLeavesTheRest) {
    for (const char* role : {"before", "after"}) {
        ASSERT_TRUE(succeeded(dynsec_.create_role({.name = role})));
    }
    ASSERT_TRUE(succeeded(dynsec_.create_group({.name = "team"})));
    ASSERT_TRUE(
        succeeded(dynsec_.create_client({.username = "changing", .text_name = "Old", .roles = {"before"}})));
    ASSERT_TRUE(succeeded(dynsec_.modify_client(
        "changing",
        {.text_description = "New", .set_roles = {{"after"}}, .set_groups = {{RankedName{"team", 3}}}})));
    const auto changed = dynsec_.get_client("changing").value();
    EXPECT_EQ(changed.text_name, "Old");
    EXPECT_EQ(changed.text_description, "New");
    EXPECT_THAT(changed.roles, ElementsAre(RankedName{"after"}));
    EXPECT_THAT(changed.groups, ElementsAre(RankedName{"team", 3}));

    EXPECT_TRUE(succeeded(dynsec_.modify_client("changing", {.set_roles = std::vector<RankedName>{}})));
    EXPECT_THAT(dynsec_.get_client("changing")->roles, IsEmpty());
    EXPECT_TRUE(
        failed_with(dynsec_.modify_client("nobody", {.text_name = "x"}), DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.modify_client("changing", {.set_roles = {{"missing"}}}),
                            DynsecError::role_not_found));
    EXPECT_TRUE(failed_with(dynsec_.modify_client("changing", {.set_groups = {{"missing"}}}),
                            DynsecError::group_not_found));
    EXPECT_TRUE(succeeded(dynsec_.delete_client("changing")));
    EXPECT_TRUE(succeeded(dynsec_.delete_group("team")));
    EXPECT_TRUE(succeeded(dynsec_.delete_role("before")));
    EXPECT_TRUE(succeeded(dynsec_.delete_role("after")));
}

TEST_F(DynsecTest, ADisabledClientIsDisconnectedAndMayComeBackWhenItIsEnabled) {
    ASSERT_TRUE(succeeded(dynsec_.create_client({.username = "switched", .password = "secret"})));
    const auto kicked = connected(login("switched", "secret"));
    std::promise<void> lost;
    std::atomic<bool> told{false};
    kicked->on_disconnect([&](const Failure&) {
        if (!told.exchange(true)) {
            lost.set_value();
        }
    });
    EXPECT_TRUE(succeeded(dynsec_.disable_client("switched")));
    EXPECT_EQ(lost.get_future().wait_for(kPatience), std::future_status::ready);
    EXPECT_TRUE(dynsec_.get_client("switched")->disabled);
    EXPECT_TRUE(succeeded(dynsec_.enable_client("switched")));
    EXPECT_FALSE(dynsec_.get_client("switched")->disabled);
    EXPECT_TRUE(succeeded(kicked->wait_connected(kPatience)));
    kicked->close();
    EXPECT_TRUE(succeeded(dynsec_.delete_client("switched")));
    EXPECT_TRUE(failed_with(dynsec_.enable_client("switched"), DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.disable_client("switched"), DynsecError::client_not_found));
}

TEST_F(DynsecTest, APasswordAndAClientIdentifierCanBeSetAndTheIdentifierTakenAway) {
    ASSERT_TRUE(succeeded(dynsec_.create_client({.username = "keeper"})));
    EXPECT_TRUE(succeeded(dynsec_.set_client_password("keeper", "first")));
    connected(login("keeper", "first"))->close();
    EXPECT_TRUE(succeeded(dynsec_.set_client_id("keeper", "tied")));
    EXPECT_EQ(dynsec_.get_client("keeper")->client_id, "tied");
    EXPECT_TRUE(succeeded(dynsec_.set_client_id("keeper", "")));
    EXPECT_EQ(dynsec_.get_client("keeper")->client_id, "");
    EXPECT_TRUE(failed_with(dynsec_.set_client_password("nobody", "x"), DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.set_client_id("nobody", "x"), DynsecError::client_not_found));
    EXPECT_TRUE(succeeded(dynsec_.delete_client("keeper")));
}

TEST_F(DynsecTest, ARoleIsGivenOnceAndMayBeTakenTwice) {
    ASSERT_TRUE(succeeded(dynsec_.create_role({.name = "given"})));
    ASSERT_TRUE(succeeded(dynsec_.create_client({.username = "holder"})));
    EXPECT_TRUE(succeeded(dynsec_.add_client_role("holder", {"given", 5})));
    const auto again = dynsec_.add_client_role("holder", "given");
    ASSERT_TRUE(failed_with(again, DynsecError::already_exists));
    EXPECT_THAT(again.error().message, HasSubstr("addClientRole username 'holder' rolename 'given'"));
    EXPECT_TRUE(succeeded(dynsec_.remove_client_role("holder", "given")));
    EXPECT_TRUE(succeeded(dynsec_.remove_client_role("holder", "given")));
    EXPECT_TRUE(failed_with(dynsec_.add_client_role("holder", "missing"), DynsecError::role_not_found));
    EXPECT_TRUE(failed_with(dynsec_.add_client_role("nobody", "given"), DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.remove_client_role("holder", "missing"), DynsecError::role_not_found));
    EXPECT_TRUE(succeeded(dynsec_.delete_client("holder")));
    EXPECT_TRUE(succeeded(dynsec_.delete_role("given")));
}

TEST_F(DynsecTest, AGroupHasRolesAndMembers) {
    ASSERT_TRUE(succeeded(dynsec_.create_role({.name = "group-role"})));
    ASSERT_TRUE(succeeded(dynsec_.create_role({.name = "group-role-2"})));
    ASSERT_TRUE(succeeded(dynsec_.create_client({.username = "member"})));
    ASSERT_TRUE(succeeded(dynsec_.create_client({.username = "member-2"})));
    ASSERT_TRUE(succeeded(dynsec_.create_group({.name = "group",
                                                .text_name = "Group",
                                                .text_description = "Of two",
                                                .roles = {{"group-role", 4}}})));
    EXPECT_TRUE(failed_with(dynsec_.create_group({.name = "group"}), DynsecError::already_exists));
    EXPECT_TRUE(succeeded(dynsec_.add_group_client("group", {"member", 9})));
    EXPECT_TRUE(failed_with(dynsec_.add_group_client("group", "member"), DynsecError::already_exists));
    EXPECT_TRUE(succeeded(dynsec_.add_group_role("group", {"group-role-2", 2})));

    const auto group = dynsec_.get_group("group").value();
    EXPECT_EQ(group.text_name, "Group");
    EXPECT_EQ(group.text_description, "Of two");
    EXPECT_THAT(group.roles,
                UnorderedElementsAre(RankedName{"group-role", 4}, RankedName{"group-role-2", 2}));
    EXPECT_THAT(group.clients, ElementsAre("member"));

    EXPECT_TRUE(succeeded(dynsec_.remove_group_role("group", "group-role-2")));
    EXPECT_TRUE(succeeded(dynsec_.remove_group_client("group", "member")));
    EXPECT_TRUE(succeeded(dynsec_.modify_group(
        "group", {.text_name = "Renamed", .set_roles = {{"group-role-2"}}, .set_clients = {{"member-2"}}})));
    const auto changed = dynsec_.get_group("group").value();
    EXPECT_EQ(changed.text_name, "Renamed");
    EXPECT_THAT(changed.roles, ElementsAre(RankedName{"group-role-2"}));
    EXPECT_THAT(changed.clients, ElementsAre("member-2"));
    EXPECT_TRUE(failed_with(dynsec_.modify_group("group", {.set_clients = {{"nobody"}}}),
                            DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.add_group_client("group", "nobody"), DynsecError::client_not_found));
    EXPECT_TRUE(failed_with(dynsec_.add_group_client("no-group", "member"), DynsecError::group_not_found));
    EXPECT_TRUE(failed_with(dynsec_.add_group_role("group", "no-role"), DynsecError::role_not_found));

    EXPECT_THAT(dynsec_.list_groups().value(), Contains("group"));
    EXPECT_EQ(dynsec_.list_group_details()->size(), dynsec_.list_groups()->size());
    EXPECT_TRUE(succeeded(dynsec_.delete_group("group")));
    EXPECT_TRUE(failed_with(dynsec_.delete_group("group"), DynsecError::group_not_found));
    for (const char* username : {"member", "member-2"}) {
        EXPECT_TRUE(succeeded(dynsec_.delete_client(username)));
    }
    for (const char* role : {"group-role", "group-role-2"}) {
        EXPECT_TRUE(succeeded(dynsec_.delete_role(role)));
    }
}

TEST_F(DynsecTest, TheAnonymousGroupCannotBeDeleted) {
    EXPECT_EQ(dynsec_.get_anonymous_group().value(), "");
    ASSERT_TRUE(succeeded(dynsec_.create_group({.name = "strangers"})));
    ASSERT_TRUE(succeeded(dynsec_.create_group({.name = "others"})));
    EXPECT_TRUE(succeeded(dynsec_.set_anonymous_group("strangers")));
    EXPECT_EQ(dynsec_.get_anonymous_group().value(), "strangers");
    EXPECT_TRUE(failed_with(dynsec_.set_anonymous_group("no-group"), DynsecError::group_not_found));
    EXPECT_TRUE(failed_with(dynsec_.delete_group("Strangers"), DynsecError::forbidden));
    EXPECT_TRUE(succeeded(dynsec_.set_anonymous_group("others")));
    EXPECT_TRUE(succeeded(dynsec_.delete_group("strangers")));
    EXPECT_THAT(dynsec_.list_groups().value(), ElementsAre("others"));
}

TEST_F(DynsecTest, ARoleHasAclsWithThePrefixBeforeTheirTopics) {
    ASSERT_TRUE(succeeded(
        dynsec_.create_role({.name = "reader",
                             .text_name = "Reader",
                             .acls = {{AclType::subscribe_pattern, "a/#", Access::allow, 5},
                                      {AclType::publish_client_receive, "a/#", Access::allow},
                                      {AclType::subscribe_literal, "$SYS/broker/uptime", Access::deny},
                                      {AclType::subscribe_pattern, "$share/group/a/#", Access::allow}}})));
    const auto reader = dynsec_.get_role("reader").value();
    EXPECT_EQ(reader.text_name, "Reader");
    EXPECT_THAT(reader.acls, UnorderedElementsAre(
                                 Acl{AclType::subscribe_pattern, "plant/a/#", Access::allow, 5},
                                 Acl{AclType::publish_client_receive, "plant/a/#", Access::allow},
                                 Acl{AclType::subscribe_literal, "$SYS/broker/uptime", Access::deny},
                                 Acl{AclType::subscribe_pattern, "$share/group/plant/a/#", Access::allow}));
    EXPECT_TRUE(failed_with(dynsec_.create_role({.name = "reader"}), DynsecError::already_exists));

    EXPECT_TRUE(succeeded(dynsec_.modify_role(
        "reader",
        {.text_description = "Less", .set_acls = {{{AclType::publish_client_send, "b", Access::deny}}}})));
    EXPECT_THAT(dynsec_.get_role("reader")->acls,
                ElementsAre(Acl{AclType::publish_client_send, "plant/b", Access::deny}));
    EXPECT_TRUE(failed_with(dynsec_.modify_role("no-role", {.text_name = "x"}), DynsecError::role_not_found));

    EXPECT_TRUE(
        succeeded(dynsec_.add_role_acl("reader", {AclType::unsubscribe_literal, "c", Access::allow, -3})));
    EXPECT_TRUE(failed_with(dynsec_.add_role_acl("reader", {AclType::unsubscribe_literal, "c", Access::deny}),
                            DynsecError::already_exists));
    EXPECT_THAT(dynsec_.get_role("reader")->acls,
                Contains(Acl{AclType::unsubscribe_literal, "plant/c", Access::allow, -3}));
    EXPECT_TRUE(succeeded(dynsec_.remove_role_acl("reader", AclType::unsubscribe_literal, "c")));
    const auto gone = dynsec_.remove_role_acl("reader", AclType::unsubscribe_literal, "c");
    ASSERT_TRUE(failed_with(gone, DynsecError::acl_not_found));
    EXPECT_THAT(gone.error().message,
                HasSubstr("rolename 'reader' acltype 'unsubscribeLiteral' topic 'plant/c'"));
    EXPECT_TRUE(
        failed_with(dynsec_.add_role_acl("no-role", {AclType::unsubscribe_literal, "c", Access::deny}),
                    DynsecError::role_not_found));
    EXPECT_THAT(dynsec_.list_roles().value(), Contains("reader"));
    EXPECT_EQ(dynsec_.list_role_details()->size(), dynsec_.list_roles()->size());
    EXPECT_TRUE(succeeded(dynsec_.delete_role("reader")));
    EXPECT_TRUE(failed_with(dynsec_.get_role("reader"), DynsecError::role_not_found));
    EXPECT_TRUE(failed_with(dynsec_.delete_role("reader"), DynsecError::role_not_found));
}

TEST_F(DynsecTest, TheDefaultAccessChangesOnlyInWhatIsGiven) {
    const DefaultAccess before = dynsec_.get_default_access().value();
    EXPECT_EQ(before, (DefaultAccess{Access::deny, Access::allow, Access::deny, Access::allow}));
    EXPECT_TRUE(succeeded(dynsec_.set_default_access({.subscribe = Access::allow})));
    EXPECT_EQ(dynsec_.get_default_access().value(),
              (DefaultAccess{Access::deny, Access::allow, Access::allow, Access::allow}));
    EXPECT_TRUE(succeeded(dynsec_.set_default_access(before)));
    EXPECT_EQ(dynsec_.get_default_access().value(), before);
}

TEST_F(DynsecTest, AListOfSeveralPagesIsReadWhole) {
    constexpr int kClients = 1'100;
    std::vector<boost::json::object> makes;
    std::vector<boost::json::object> deletes;
    for (int number = 0; number < kClients; ++number) {
        const std::string name = "one-of-many-" + std::to_string(number);
        makes.push_back({{"command", "createClient"}, {"username", name}});
        deletes.push_back({{"command", "deleteClient"}, {"username", name}});
    }
    const auto made = dynsec_.execute(makes);
    ASSERT_TRUE(succeeded(made));
    EXPECT_EQ(made->size(), makes.size());
    const auto names = dynsec_.list_clients().value();
    EXPECT_EQ(names.size(), kClients + 1);
    EXPECT_THAT(names, Contains("one-of-many-1099"));
    EXPECT_EQ(dynsec_.list_client_details()->size(), names.size());
    ASSERT_TRUE(succeeded(dynsec_.execute(deletes)));
    EXPECT_THAT(dynsec_.list_clients().value(), ElementsAre("admin"));
}

TEST_F(DynsecTest, OneFailureInABatchDoesNotKeepTheNextFromRunning) {
    const std::array<boost::json::object, 3> batch{{{{"command", "createRole"}, {"rolename", "batched"}},
                                                    {{"command", "createRole"}, {"rolename", "batched"}},
                                                    {{"command", "deleteRole"}, {"rolename", "batched"}}}};
    const auto answers = dynsec_.execute(batch);
    ASSERT_TRUE(succeeded(answers));
    ASSERT_EQ(answers->size(), 3u);
    EXPECT_TRUE(succeeded(answers->at(0)));
    EXPECT_TRUE(failed_with(answers->at(1), DynsecError::already_exists));
    EXPECT_TRUE(succeeded(answers->at(2)));
}

TEST_F(DynsecTest, ACommandThatThePluginDoesNotKnowIsNamed) {
    const std::array<boost::json::object, 1> batch{{{{"command", "makeTea"}}}};
    const auto answers = dynsec_.execute(batch);
    ASSERT_TRUE(succeeded(answers));
    ASSERT_TRUE(failed_with(answers->front(), DynsecError::unknown_command));
    EXPECT_THAT(answers->front().error().message, HasSubstr("makeTea"));
}

TEST_F(DynsecTest, TheDetailsAreThereOrTheFailureSaysThatThePluginIsTooOld) {
    const auto details = dynsec_.get_details();
    if (details) {
        EXPECT_GE(details->clients, 1u);
    } else {
        EXPECT_TRUE(failed_with(details, DynsecError::unknown_command));
    }
}

TEST_F(DynsecTest, ARoleThatMustNotUseWildcardsIsMadeOnlyWhereThePluginCanRefuseThem) {
    const bool can = dynsec_.get_details().has_value();
    const auto made = dynsec_.create_role({.name = "narrow", .allow_wildcard_subs = false});
    if (can) {
        ASSERT_TRUE(succeeded(made));
        EXPECT_EQ(dynsec_.get_role("narrow")->allow_wildcard_subs, false);
    } else {
        ASSERT_TRUE(failed_with(made, DynsecError::unknown_command));
        EXPECT_THAT(made.error().message,
                    HasSubstr("createRole rolename 'narrow': the broker's plugin is too old"));
        EXPECT_TRUE(failed_with(dynsec_.get_role("narrow"), DynsecError::role_not_found));
        ASSERT_TRUE(succeeded(dynsec_.create_role({.name = "narrow", .allow_wildcard_subs = true})));
        EXPECT_TRUE(failed_with(dynsec_.modify_role("narrow", {.allow_wildcard_subs = false}),
                                DynsecError::unknown_command));
    }
    EXPECT_TRUE(succeeded(dynsec_.delete_role("narrow")));
}

TEST_F(DynsecTest, WhatIsWrongIsFoundBeforeAnythingIsSent) {
    const auto wrong =
        dynsec_.create_role({.name = "half", .acls = {{AclType::subscribe_pattern, "a#", Access::allow}}});
    ASSERT_TRUE(failed_with(wrong, DynsecError::invalid_argument));
    EXPECT_TRUE(failed_with(dynsec_.get_role("half"), DynsecError::role_not_found));
    EXPECT_TRUE(failed_with(dynsec_.delete_client(""), DynsecError::invalid_argument));
    EXPECT_TRUE(failed_with(dynsec_.create_role({.name = "\xff"}), DynsecError::invalid_argument));
    EXPECT_TRUE(failed_with(dynsec_.execute({}), DynsecError::invalid_argument));
}

TEST_F(DynsecTest, TwoClientsAtOnceGetEachItsOwnAnswers) {
    const auto other_client = connected(administrator());
    Dynsec other{*other_client};
    constexpr int kRounds = 60;
    const auto rounds = [](Dynsec& dynsec, const std::string& name) {
        for (int round = 0; round < kRounds; ++round) {
            const std::string role = name + std::to_string(round);
            EXPECT_TRUE(succeeded(dynsec.create_role({.name = role, .text_name = role})));
            EXPECT_EQ(dynsec.get_role(role)->text_name, role);
            EXPECT_TRUE(failed_with(dynsec.get_role("no-" + role), DynsecError::role_not_found));
            EXPECT_TRUE(succeeded(dynsec.delete_role(role)));
        }
    };
    std::thread second{[&] { rounds(other, "second"); }};
    std::thread third{[&] { rounds(dynsec_, "third"); }};  // On the same client as the first.
    rounds(dynsec_, "first");
    second.join();
    third.join();
    EXPECT_THAT(dynsec_.list_roles().value(), ElementsAre("admin"));
}

// From handlers, in a client with so many handler threads.
class HandlerThreadsTest : public SecuredBroker, public testing::WithParamInterface<unsigned> {};

TEST_P(HandlerThreadsTest, AHandlerMayAskEvenWhenAllHandlersDo) {
    Options options = administrator();
    options.handler_threads = GetParam();
    const auto client = connected(std::move(options));
    Dynsec dynsec{*client};
    ASSERT_TRUE(
        succeeded(dynsec.create_role({.name = "self",
                                      .acls = {{AclType::publish_client_send, "ask/#", Access::allow},
                                               {AclType::subscribe_pattern, "ask/#", Access::allow}}})));
    std::array<std::promise<Result<std::vector<std::string>>>, 4> answers;
    auto topic = client->register_topic("ask/<int:number>").value();
    topic.on_message([&](const Message& message, Captures) {
        const auto number = static_cast<std::size_t>(message.topic().back() - '0');
        answers.at(number).set_value(dynsec.list_roles());
    });
    const auto giving = dynsec.add_client_role(Mosquitto::kAdmin, "self");
    EXPECT_TRUE(succeeded(giving) || failed_with(giving, DynsecError::interrupted));
    ASSERT_TRUE(succeeded(client->wait_connected(kPatience)));
    ASSERT_TRUE(succeeded(dynsec.get_role("self")));  // Connected again.
    for (std::size_t number = 0; number < answers.size(); ++number) {
        ASSERT_TRUE(
            succeeded(client->publish("ask/" + std::to_string(number), "", {.qos = Qos::at_least_once})
                          .wait(kPatience)));
    }
    for (auto& answer : answers) {
        auto coming = answer.get_future();
        ASSERT_EQ(coming.wait_for(kPatience), std::future_status::ready);
        EXPECT_THAT(coming.get().value(), Contains("self"));
    }
    client->close();
    const auto cleaner = connected(administrator());
    const auto cleaned = Dynsec{*cleaner}.delete_role("self");  // Takes it from this very user.
    EXPECT_TRUE(succeeded(cleaned) || failed_with(cleaned, DynsecError::interrupted));
}

INSTANTIATE_TEST_SUITE_P(Threads, HandlerThreadsTest, testing::Values(1u, 2u),
                         [](const auto& row) { return row.param == 1 ? "One" : "Two"; });

}  // namespace
}  // namespace multimqtt::test
