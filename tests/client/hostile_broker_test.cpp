// A broker that wants the memory of a whole client, over a real socket: what the client holds has a bound,
// and afterwards it works, or has closed for the right reason.
#include "client/client_fixture.hpp"
#include "client/intake.hpp"
#include "support/memory_watch.hpp"
#include "support/scripted_broker.hpp"
#include "wire/encode.hpp"

#include <array>
#include <atomic>
#include <future>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>

namespace multimqtt::client {
namespace {

using test::MemoryWatch;
using test::ScriptedBroker;
using test::ScriptedLink;

constexpr std::size_t kKilobyte = 1'024;
constexpr std::size_t kMegabyte = 1'024 * kKilobyte;

/// What a client needs beside its inbox: buffers, events, parcels that are kept for reuse, the one that is
/// being handled, and the messages of one more read, which are forty times its 64 KiB when they are the
/// smallest that there are.
constexpr std::size_t kBuffers = 8 * kMegabyte;

template <class AnyPacket>
std::string bytes_of(const AnyPacket& packet) {
    wire::ByteBuffer buffer;
    wire::encode(packet, ProtocolVersion::v5, buffer);
    return {reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size()};
}

std::string publish_bytes(wire::Publish publish, std::string_view payload = {}) {
    publish.payload = std::as_bytes(std::span{payload});
    return bytes_of(publish);
}

Options small_options(const ScriptedBroker& broker) {
    Options options = test_options(broker.uri(), VersionPolicy::v5);
    options.packet_bytes_max = 1 * kMegabyte;
    options.inbox_bytes_max = 1 * kMegabyte;
    options.receive_maximum = 16;
    options.handler_threads = 1;
    return options;
}

/// A client whose only handler stands still until the gate opens, and a broker that has its subscription.
class HostileBrokerTest : public testing::Test {
protected:
    HostileBrokerTest() : mqtt_{small_options(broker_)} {
        mqtt_.on_log([this](LogLevel, std::string_view text) { said_.add(std::string{text}); });
    }
    ~HostileBrokerTest() override {
        gate_.open();
        mqtt_.close(0ms);
    }

    enum class Answer : bool { none, granted };

    /// Routes everything to a handler that waits for the gate, and connects.
    [[nodiscard]] ScriptedLink connect(Answer answer = Answer::granted) {
        TopicOptions options;
        options.qos = Qos::exactly_once;
        mqtt_.register_topic("#", options).value().on_message([this](const Message& message, Captures) {
            gate_.wait();
            bytes_handled_ += message.payload().size();
            ++handled_;
        });
        EXPECT_TRUE(mqtt_.connect());
        ScriptedLink link = broker_.accept_session();
        const std::string subscribe = link.receive_packet();
        EXPECT_EQ(subscribe.substr(0, 1), "\x82");
        if (answer == Answer::granted) {
            link.send("\x90\x04" + subscribe.substr(2, 2) + std::string{"\0\2", 2});
        }
        EXPECT_TRUE(mqtt_.wait_connected(kPatience));
        return link;
    }

    /// Sends `packet` so many times on a thread of its own: once the client stops reading, sending stands
    /// still.
    [[nodiscard]] static std::jthread flood(ScriptedLink& link, std::string packet, int times) {
        return std::jthread{[&link, packet = std::move(packet), times] {
            for (int i = 0; i < times; ++i) {
                link.send(packet);
            }
        }};
    }

    [[nodiscard]] bool inbox_is_full() const {
        const Statistics statistics = mqtt_.statistics();
        return statistics.inbox_bytes >= mqtt_.options().inbox_bytes_max ||
               statistics.inbox_messages >= mqtt_.options().inbox_messages_max;
    }

    /// The client can still publish, and hears the answer.
    void expect_to_work(ScriptedLink& link) {
        const Receipt receipt = mqtt_.publish("out", "x", {.qos = Qos::at_least_once});
        std::string packet;
        do {  // Acknowledgements of what the client has received may come before.
            packet = link.receive_packet();
        } while (!packet.empty() && packet[0] != '\x32');
        ASSERT_EQ(packet.substr(0, 1), "\x32");
        link.send("\x40\x02" + packet.substr(7, 2));
        EXPECT_TRUE(receipt.wait(kPatience));
    }

    ScriptedBroker broker_;
    Gate gate_;
    Collector said_;
    std::atomic<std::uint64_t> handled_{0};
    std::atomic<std::uint64_t> bytes_handled_{0};
    Client mqtt_;
};

// Before anybody has accepted anything.

TEST_F(HostileBrokerTest, AHeaderThatAnnounces256MegabytesIsRefusedBeforeAnythingIsKept) {
    ScriptedLink link = connect();
    const MemoryWatch memory;
    link.send("\x30\xFF\xFF\xFF\x7F");
    EXPECT_EQ(link.receive_packet(), std::string("\xE0\x01\x95", 3)) << "DISCONNECT, packet too large";
    EXPECT_TRUE(link.ended());
    EXPECT_LE(memory.peak(), kBuffers);
    ScriptedLink again = broker_.accept_session();
    EXPECT_TRUE(mqtt_.wait_connected(kPatience));
}

TEST_F(HostileBrokerTest, ConnackWithHugeStringsIsNotRepeatedInTheLog) {
    ASSERT_TRUE(mqtt_.connect());
    ScriptedLink link = broker_.accept();
    ASSERT_FALSE(link.receive_packet().empty());
    const std::string text(65'535, 'x');
    wire::Connack connack;
    connack.properties.assigned_client_identifier = text;
    connack.properties.reason_string = text;
    connack.properties.server_reference = text;
    connack.properties.response_information = text;
    const std::string packet = bytes_of(connack);
    const MemoryWatch memory;
    link.send(packet);
    ASSERT_TRUE(mqtt_.wait_connected(kPatience));
    EXPECT_EQ(mqtt_.connection()->client_id, text);
    expect_to_work(link);
    for (const std::string& line : said_.wait(1)) {
        EXPECT_LE(line.size(), 1 * kKilobyte) << line.substr(0, 100);
    }
    EXPECT_LE(memory.peak(), kBuffers);
}

TEST_F(HostileBrokerTest, TheLogHasNoLinesThatTheBrokerMakesUp) {
    ASSERT_TRUE(mqtt_.connect());
    ScriptedLink link = broker_.accept();
    ASSERT_FALSE(link.receive_packet().empty());
    wire::Connack connack;
    connack.properties.assigned_client_identifier = "name'\nERROR: the disk is full";
    link.send(bytes_of(connack));
    ASSERT_TRUE(mqtt_.wait_connected(kPatience));
    for (const std::string& line : said_.wait(1)) {
        EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    }
}

TEST_F(HostileBrokerTest, EndlessAuthEndsEachConnection) {
    const MemoryWatch memory;
    ASSERT_TRUE(mqtt_.connect());
    const std::string text(65'535, 'x');
    wire::Auth auth{ReasonCode::continue_authentication, {}};
    auth.properties.authentication_method = text;
    auth.properties.authentication_data = std::as_bytes(std::span{text});
    const std::string packet = bytes_of(auth);
    for (int i = 0; i < 20; ++i) {
        ScriptedLink link = broker_.accept();
        ASSERT_FALSE(link.receive_packet().empty());
        link.send(packet);
        EXPECT_TRUE(link.ended());
    }
    EXPECT_LE(memory.peak(), kBuffers);
    EXPECT_GE(mqtt_.statistics().protocol_errors, 20U);
    ScriptedLink link = broker_.accept_session();
    ASSERT_TRUE(mqtt_.wait_connected(kPatience));
    expect_to_work(link);
}

// While nobody handles what comes.

struct Flood {
    const char* name;
    wire::Publish publish;
    std::size_t payload_bytes;
    int times;
    std::size_t bytes_max;  ///< Beside the inbox and the buffers.
};

const std::vector<wire::UserProperty>& many_properties() {
    static const std::vector<wire::UserProperty> list(2'000, wire::UserProperty{"", ""});
    return list;
}

wire::Publish with_properties() {
    wire::Publish publish;
    publish.topic = "a";
    publish.properties.user_properties = wire::UserProperties{many_properties()};
    return publish;
}

wire::Publish plain() {
    wire::Publish publish;
    publish.topic = "a";
    return publish;
}

void PrintTo(const Flood& flood, std::ostream* stream) {
    *stream << flood.name;
}

class HostileFloodTest : public HostileBrokerTest, public testing::WithParamInterface<Flood> {};

TEST_P(HostileFloodTest, FillsTheInboxAndNoMore) {
    ScriptedLink link = connect();
    const std::string packet = publish_bytes(GetParam().publish, std::string(GetParam().payload_bytes, 'x'));
    const MemoryWatch memory;
    const std::jthread broker = flood(link, packet, GetParam().times);
    ASSERT_TRUE(eventually([this] { return inbox_is_full(); }));
    gate_.open();
    EXPECT_TRUE(eventually([this] { return handled_ == static_cast<std::uint64_t>(GetParam().times); }))
        << "nothing is lost: " << handled_;
    EXPECT_LE(memory.peak(), mqtt_.options().inbox_bytes_max + GetParam().bytes_max + kBuffers);
    expect_to_work(link);
}

INSTANTIATE_TEST_SUITE_P(
    Floods, HostileFloodTest,
    // The messages of up to three reads are there at once: handled, waiting, and just read.
    testing::Values(Flood{"SmallMessages", plain(), 0, 100'000, 8 * kMegabyte},
                    Flood{"MessagesOf64Kilobytes", plain(), 64 * kKilobyte, 1'000, 0},
                    // The packet, and its copy for the handler.
                    Flood{"MessagesAtOurLimit", plain(), 1 * kMegabyte - 32, 40, 3 * kMegabyte},
                    Flood{"ThousandsOfUserProperties", with_properties(), 0, 1'000, 0}),
    [](const auto& row) { return row.param.name; });

TEST_F(HostileBrokerTest, OnePacketOfNothingButUserPropertiesTakesThirteenTimesItsSize) {
    ScriptedLink link = connect();
    const std::vector<wire::UserProperty> properties(180'000, wire::UserProperty{"", ""});
    wire::Publish publish = plain();
    publish.properties.user_properties = wire::UserProperties{properties};
    const std::string packet = publish_bytes(publish);
    const MemoryWatch memory;
    const std::jthread broker = flood(link, packet, 10);
    ASSERT_TRUE(eventually([this] { return inbox_is_full(); }));
    gate_.open();
    EXPECT_TRUE(eventually([this] { return handled_ == 10; }));
    // Five bytes of a packet become two strings; the next packet may come while the last one is being
    // forgotten.
    EXPECT_LE(memory.peak(), 2 * (packet.size() / 5 * 2 * sizeof(std::string) + packet.size()) + kBuffers);
    expect_to_work(link);
}

TEST_F(HostileBrokerTest, AnAliasOfALongTopicIsNotALongTopicForEachMessage) {
    ScriptedLink link = connect();
    const std::string topic(65'000, 't');
    wire::Publish publish;
    publish.topic = topic;
    publish.properties.topic_alias = std::uint16_t{1};
    link.send(publish_bytes(publish));
    publish.topic = {};
    const std::string packet = publish_bytes(publish);
    std::string many;
    for (int i = 0; i < 10'000; ++i) {
        many += packet;
    }
    const MemoryWatch memory;
    const std::jthread broker = flood(link, many, 2);
    ASSERT_TRUE(eventually([this] { return inbox_is_full(); }));
    gate_.open();
    EXPECT_TRUE(eventually([this] { return handled_ == 20'001; })) << handled_;
    // The messages of one read are kept together, and the topic once with them.
    EXPECT_LE(memory.peak(), mqtt_.options().inbox_bytes_max + 8 * kMegabyte + kBuffers);
    expect_to_work(link);
}

TEST_F(HostileBrokerTest, MessagesBeyondReceiveMaximumAreNotKeptWithoutEndThoughAnAnswerIsOwed) {
    ScriptedLink link = connect(Answer::none);  // The client waits for SUBACK, and reads on for it.
    std::promise<void> sent_all;
    const std::future<void> all_is_sent = sent_all.get_future();
    const MemoryWatch memory;
    std::jthread broker{[&] {
        wire::Publish publish = plain();
        publish.qos = Qos::at_least_once;
        for (std::uint16_t packet_id = 1; packet_id <= 1'000; ++packet_id) {
            publish.packet_id = packet_id;
            link.send(publish_bytes(publish, std::string(64 * kKilobyte, 'x')));
        }
        sent_all.set_value();
    }};
    // What the client gives up reading for good stays here; without a bound all 64 MB would be taken.
    ASSERT_TRUE(
        eventually([this] { return mqtt_.statistics().inbox_bytes >= 2 * mqtt_.options().inbox_bytes_max; }));
    EXPECT_EQ(all_is_sent.wait_for(3 * Intake::kStall), std::future_status::timeout) << "it stops reading";
    gate_.open();
    EXPECT_TRUE(eventually([this] { return handled_ == 1'000; })) << "and nothing is lost: " << handled_;
    EXPECT_LE(memory.peak(), 2 * mqtt_.options().inbox_bytes_max + 2 * kMegabyte + kBuffers);
}

// What nobody asked for.

struct Nonsense {
    const char* name;
    std::string packets;
};

void PrintTo(const Nonsense& nonsense, std::ostream* stream) {
    *stream << nonsense.name;
}

class UnaskedTest : public HostileBrokerTest, public testing::WithParamInterface<Nonsense> {};

TEST_P(UnaskedTest, CostsNothingAndTheClientWorksOn) {
    gate_.open();
    ScriptedLink link = connect();
    std::string many;
    for (int i = 0; i < 1'000; ++i) {
        many += GetParam().packets;
    }
    const MemoryWatch memory;
    // The client answers some of it, so that it has to be read while it is sent.
    std::jthread broker = flood(link, many, 20);
    broker.join();
    expect_to_work(link);
    EXPECT_LE(memory.peak(), kBuffers);
}

INSTANTIATE_TEST_SUITE_P(Unasked, UnaskedTest,
                         testing::Values(Nonsense{"Suback", std::string("\x90\x04\x00\x63\x00\x00", 6)},
                                         Nonsense{"Unsuback", std::string("\xB0\x04\x00\x63\x00\x00", 6)},
                                         Nonsense{"Puback", std::string("\x40\x02\x00\x63", 4)},
                                         Nonsense{"Pubcomp", std::string("\x70\x02\x00\x63", 4)},
                                         Nonsense{"Pingresp", std::string("\xD0\x00", 2)},
                                         Nonsense{"PubackWithAReason",
                                                  "\x40\x87\x01" +
                                                      std::string("\x00\x63\x00\x82\x01\x1F\x00\x7F", 8) +
                                                      std::string(127, 'x')}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace multimqtt::client
