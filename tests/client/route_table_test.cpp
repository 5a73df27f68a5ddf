// Registering routes, and the ranges of message properties.
#include "client/route_table.hpp"

#include "client/property_check.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt::client {
namespace {

using namespace std::chrono_literals;

class RouteTableTest : public testing::Test {
protected:
    Result<RouteTable::RoutePointer> add(std::string_view pattern, TopicOptions options = {}) {
        return table_.find_or_add(pattern, std::move(options), [this](const RouteTable::RoutePointer&) {
            ++added_;
            return outcome_;
        });
    }

    RouteTable table_;
    int added_ = 0;
    Result<void> outcome_;
};

TEST_F(RouteTableTest, TheSameTopicTwiceIsOneRoute) {
    const auto first = add("a/+", {.qos = Qos::at_least_once});
    const auto second = add("a/+", {.qos = Qos::at_least_once});
    ASSERT_TRUE(first);
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(added_, 1);
}

TEST_F(RouteTableTest, RoutesAreNumberedFromOne) {
    EXPECT_EQ((*add("a"))->id, 1u);
    EXPECT_EQ((*add("b"))->id, 2u);
}

TEST_F(RouteTableTest, OtherOptionsForTheSameTopicAreRefused) {
    ASSERT_TRUE(add("a"));
    const auto other = add("a", {.qos = Qos::exactly_once});
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().is(Error::bad_config));
    EXPECT_NE(other.error().message.find("'a'"), std::string::npos);
}

TEST_F(RouteTableTest, WithAndWithoutPrefixAreTwoRoutes) {
    ASSERT_TRUE(add("a"));
    EXPECT_TRUE(add("a", {.no_prefix = true, .name = "absolute"}));
    EXPECT_EQ(added_, 2);
}

TEST_F(RouteTableTest, ANameBelongsToOneTopic) {
    ASSERT_TRUE(add("a", {.name = "name"}));
    const auto other = add("b", {.name = "name"});
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().is(Error::bad_config));
}

TEST_F(RouteTableTest, ABadPatternIsRefused) {
    EXPECT_TRUE(add("a/<int:").error().is(Error::bad_pattern));
    EXPECT_EQ(added_, 0);
}

TEST_F(RouteTableTest, OrderedByNamesAPlaceholder) {
    EXPECT_TRUE(add("a/<b>/<c>", {.ordered_by = "d"}).error().is(Error::bad_config));
    EXPECT_EQ((*add("a/<b>/<c>", {.ordered_by = "c"}))->ordered_by, 1u);
}

TEST_F(RouteTableTest, ARouteThatIsNotAcceptedIsNotThere) {
    outcome_ = Failure{Error::bad_config, "no"};
    EXPECT_FALSE(add("a"));
    outcome_ = {};
    const auto again = add("a");
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->id, 1u);
    EXPECT_EQ(added_, 2);
}

TEST_F(RouteTableTest, MakesTopicsByName) {
    const auto prefix = routing::Prefix::parse("home").value();
    ASSERT_TRUE(add("dev/<int:number>", {.name = "dev"}));
    ASSERT_TRUE(add("$SYS/<what>", {.no_prefix = true, .name = "sys"}));
    const TopicArgument number{"number", 4};
    EXPECT_EQ(*table_.topic_for("dev", std::span{&number, 1}, nullptr), "dev/4");
    EXPECT_EQ(*table_.topic_for("dev", std::span{&number, 1}, &prefix), "home/dev/4");
    const TopicArgument what{"what", "load"};
    EXPECT_EQ(*table_.topic_for("sys", std::span{&what, 1}, &prefix), "$SYS/load");
    EXPECT_TRUE(table_.topic_for("other", {}, nullptr).error().is(Error::unknown_route));
    EXPECT_TRUE(table_.topic_for("dev", {}, nullptr).error().is(Error::bad_value));
}

TEST(RouteTest, AHandlerMayBeAddedWhileOthersRun) {
    Topic::Route route{1, TopicPattern::parse("a").value(), {}};
    route.add([](const Message&, Captures) {});
    const auto& running = route.handlers();
    route.add([](const Message&, Captures) {});
    EXPECT_EQ(running.size(), 1u);
    EXPECT_EQ(route.handlers().size(), 2u);
}

struct BadProperty {
    const char* name;
    void (*set)(PublishProperties&);
    Error error;
};

class BadPropertyTest : public testing::TestWithParam<BadProperty> {};

// v5 [MQTT-1.5.4-1], [MQTT-1.5.7-1], [MQTT-3.3.2-14], [MQTT-3.3.2-19].
TEST_P(BadPropertyTest, IsRefused) {
    PublishProperties properties;
    GetParam().set(properties);
    const auto checked = check_properties(properties);
    ASSERT_FALSE(checked);
    EXPECT_TRUE(checked.error().is(GetParam().error)) << checked.error();
}

const std::string kTooLong(65'536, 'x');

INSTANTIATE_TEST_SUITE_P(
    Properties, BadPropertyTest,
    testing::Values(
        BadProperty{"expiry_of_zero", [](PublishProperties& to) { to.expiry = 0s; }, Error::bad_value},
        BadProperty{"negative_expiry", [](PublishProperties& to) { to.expiry = -1s; }, Error::bad_value},
        BadProperty{"expiry_above_32_bits", [](PublishProperties& to) { to.expiry = 4'294'967'296s; },
                    Error::bad_value},
        BadProperty{"content_type_too_long", [](PublishProperties& to) { to.content_type = kTooLong; },
                    Error::bad_value},
        BadProperty{"content_type_not_utf8", [](PublishProperties& to) { to.content_type = "\xFF"; },
                    Error::bad_value},
        BadProperty{"response_topic_with_wildcard", [](PublishProperties& to) { to.response_topic = "a/#"; },
                    Error::bad_topic},
        // v5 [MQTT-3.3.2-13].
        BadProperty{"response_topic_not_utf8", [](PublishProperties& to) { to.response_topic = "\xFF"; },
                    Error::bad_topic},
        BadProperty{"correlation_data_too_long",
                    [](PublishProperties& to) { to.correlation_data = kTooLong; }, Error::bad_value},
        BadProperty{"user_property_name_not_utf8",
                    [](PublishProperties& to) {
                        to.user_properties = {{"\xFF", ""}};
                    },
                    Error::bad_value},
        BadProperty{"user_property_value_too_long",
                    [](PublishProperties& to) {
                        to.user_properties = {{"a", kTooLong}};
                    },
                    Error::bad_value}),
    [](const auto& row) { return row.param.name; });

TEST(PropertyCheckTest, TakesWhatMqttAllows) {
    PublishProperties properties{.expiry = 4'294'967'295s,
                                 .text = true,
                                 .content_type = "text/plain",
                                 .response_topic = "answer/here",
                                 .correlation_data = std::string{"\x00\xFF", 2},
                                 .user_properties = {{"name", "value"}, {"name", ""}}};
    EXPECT_TRUE(check_properties(properties));
    EXPECT_TRUE(check_properties({}));
}

}  // namespace
}  // namespace multimqtt::client
