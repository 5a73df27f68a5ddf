#include "multimqtt/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multimqtt {
namespace {

Message::Parts parts_of(std::string_view topic, std::string_view payload, std::size_t prefix_bytes = 0) {
    Message::Parts parts;
    parts.absolute_topic = topic;
    parts.prefix_bytes = prefix_bytes;
    parts.payload = std::as_bytes(std::span{payload});
    parts.qos = Qos::at_least_once;
    parts.packet_id = 7;
    return parts;
}

TEST(MessageTest, ShowsTheTopicWithAndWithoutThePrefix) {
    const Message message{parts_of("home/kitchen/light", "on", 5)};
    EXPECT_EQ(message.topic(), "kitchen/light");
    EXPECT_EQ(message.absolute_topic(), "home/kitchen/light");
    EXPECT_EQ(message.text(), "on");
    EXPECT_EQ(message.mid(), 7);
}

TEST(MessageTest, CopyStandsOnItsOwn) {
    Message copy;
    {
        std::string topic = "a/b";
        std::string payload = "payload";
        PublishProperties properties;
        properties.content_type = "text/plain";
        properties.user_properties = {{"k", "v"}};
        Message::Parts parts = parts_of(topic, payload);
        parts.properties = &properties;
        const Message borrowed{parts};
        copy = borrowed;
        topic.assign("x/y");
        payload.assign("PAYLOAD");
        properties.content_type = "changed";
    }
    const Message second = copy;
    EXPECT_EQ(second.topic(), "a/b");
    EXPECT_EQ(second.text(), "payload");
    EXPECT_EQ(second.properties().content_type, "text/plain");
    EXPECT_EQ(second.properties().user_properties, (UserProperties{{"k", "v"}}));
}

TEST(MessageTest, HasNoPropertiesWhereThereAreNone) {
    EXPECT_TRUE(Message{parts_of("a", "b")}.properties().empty());
}

TEST(MessageTest, ReadsJson) {
    const auto value = Message{parts_of("a", R"({"on": true})")}.json();
    ASSERT_TRUE(value);
    EXPECT_TRUE(value->as_object().at("on").as_bool());
}

TEST(MessageTest, SaysWhichTopicHadNoJson) {
    const auto value = Message{parts_of("a/b", "{")}.json();
    ASSERT_FALSE(value);
    EXPECT_TRUE(value.error().is(Error::bad_payload));
    EXPECT_NE(value.error().message.find("'a/b'"), std::string::npos);
}

TEST(MessageTest, RefusesJsonThatIsNestedWithoutEnd) {
    const std::string nested(100'000, '[');
    EXPECT_FALSE(Message{parts_of("a", nested)}.json());
}

}  // namespace
}  // namespace multimqtt
