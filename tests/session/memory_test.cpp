// A broker that wants our memory: whatever it sends, and however often, what a session holds has a bound.
#include "session/session.hpp"
#include "support/memory_watch.hpp"
#include "support/script.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using test::MemoryWatch;

constexpr std::size_t kKilobyte = 1'024;
constexpr std::size_t kMegabyte = 1'024 * kKilobyte;

/// A session whose transport takes everything at once, or nothing, and of which nothing is kept but counts.
class HungrySession {
public:
    explicit HungrySession(const Options& options) : session_{options, random_} {
        session_.start(now_);
        drain();
    }

    void connect() { send(wire::Connack{}); }
    void stick() { stuck_ = true; }
    /// Gives the bytes in slices of 16 KiB, as the driver does.
    void receive(std::span<const std::byte> bytes) {
        constexpr std::size_t kSlice = 16 * kKilobyte;
        std::size_t offered = 0;
        while (!bytes.empty() && open_) {
            offered = std::min(bytes.size(), std::max(offered + kSlice, session_.bytes_needed()));
            const std::size_t consumed = session_.receive(bytes.first(offered), now_);
            drain();
            bytes = bytes.subspan(consumed);
            if (consumed > 0) {
                offered = 0;
            } else if (offered == bytes.size()) {
                return;
            }
        }
    }
    template <class AnyPacket>
    void send(const AnyPacket& packet) {
        wire::ByteBuffer buffer;
        wire::encode(packet, ProtocolVersion::v5, buffer);
        receive(buffer.bytes());
    }
    /// Lets time pass until the session connects again.
    void come_back() {
        for (int i = 0; i < 100 && !open_; ++i) {
            now_ += std::chrono::seconds{60};
            session_.timeout(now_);
            drain();
        }
    }

    [[nodiscard]] bool open() const noexcept { return open_; }
    [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
    [[nodiscard]] const Failure& last_failure() const noexcept { return failure_; }
    [[nodiscard]] std::size_t longest_sentence() const noexcept { return longest_sentence_; }
    [[nodiscard]] Session& session() noexcept { return session_; }
    bool acknowledges = true;

private:
    void drain() {
        while (const Event* event = session_.next_event()) {
            if (event->kind == Event::Kind::message) {
                ++messages_;
                if (acknowledges) {
                    session_.acknowledge(event->delivery);
                }
            }
            if (event->failure.code) {
                failure_ = event->failure;
                longest_sentence_ = std::max(longest_sentence_, failure_.message.size());
            }
            session_.pop_event();
        }
        while (!stuck_ && open_ && session_.take_output(chunk_, now_)) {
            session_.output_written(chunk_.bytes().size(), now_);
        }
        using Kind = TransportRequest::Kind;
        const Kind kind = session_.transport().kind;
        if (kind == Kind::open) {
            open_ = true;
            session_.transport_opened(now_);
            drain();
        } else if (kind != Kind::none) {
            open_ = stuck_ = false;
            session_.transport_closed({}, now_);
            drain();
        }
    }

    support::SeededRandom random_;
    Session session_;
    TimePoint now_ = std::chrono::hours{1};
    OutputChunk chunk_;
    bool open_ = false;
    bool stuck_ = false;
    std::size_t messages_ = 0;
    std::size_t longest_sentence_ = 0;
    Failure failure_;
};

Options options() {
    Options options = support::quiet_options();
    options.packet_bytes_max = 1 * kMegabyte;
    options.topic_alias_maximum = 64;
    options.receive_maximum = 16;
    return options;
}

template <class AnyPacket>
std::vector<std::byte> bytes_of(const AnyPacket& packet) {
    wire::ByteBuffer buffer;
    wire::encode(packet, ProtocolVersion::v5, buffer);
    return {buffer.bytes().begin(), buffer.bytes().end()};
}

const std::string& long_text() {
    static const std::string text(65'535, 'x');
    return text;
}

/// 40,000 user properties, the smallest that there are.
const std::vector<wire::UserProperty>& many_properties() {
    static const std::vector<wire::UserProperty> list(40'000, wire::UserProperty{"", ""});
    return list;
}

template <class Properties>
Properties with_much_to_say() {
    Properties properties;
    properties.user_properties = wire::UserProperties{many_properties()};
    if constexpr (requires { properties.reason_string; }) {
        properties.reason_string = long_text();
    }
    if constexpr (requires { properties.server_reference; }) {
        properties.server_reference = long_text();
    }
    if constexpr (requires { properties.assigned_client_identifier; }) {
        properties.assigned_client_identifier = long_text();
        properties.response_information = long_text();
    }
    if constexpr (requires { properties.content_type; }) {
        properties.content_type = long_text();
    }
    return properties;
}

// What a connected session gets, again and again.

struct Flood {
    const char* name;
    std::vector<std::byte> packet;
    int times;
    std::size_t bytes_max;  ///< What the session may hold for it.
    bool stays_open;
};

void PrintTo(const Flood& flood, std::ostream* stream) {
    *stream << flood.name;
}

class FloodTest : public testing::TestWithParam<Flood> {};

TEST_P(FloodTest, TakesBoundedMemory) {
    HungrySession hungry{options()};
    hungry.connect();
    ASSERT_TRUE(hungry.session().connected());
    const MemoryWatch memory;
    for (int i = 0; i < GetParam().times && hungry.open(); ++i) {
        hungry.receive(GetParam().packet);
    }
    EXPECT_LE(memory.peak(), GetParam().bytes_max);
    EXPECT_EQ(hungry.open(), GetParam().stays_open) << hungry.last_failure();
    EXPECT_LE(hungry.longest_sentence(), 1 * kKilobyte) << "what goes to the log";
    if (!GetParam().stays_open) {
        hungry.come_back();
        hungry.connect();
    }
    EXPECT_TRUE(hungry.session().connected()) << "and the session is as good as before";
}

std::vector<Flood> floods() {
    wire::Publish publish;
    publish.topic = "a";
    publish.properties = with_much_to_say<wire::PublishProperties>();
    const auto much = with_much_to_say<wire::AckProperties>();
    const std::vector<ReasonCode> codes(60'000, ReasonCode::success);
    std::vector<Flood> rows;
    const auto add = [&rows](const char* name, std::vector<std::byte> packet, int times,
                             std::size_t bytes_max, bool stays_open) {
        rows.push_back({name, std::move(packet), times, bytes_max, stays_open});
    };
    // Views into what was received: nothing is copied but what an event of the log says.
    add("PublishWithProperties", bytes_of(publish), 100, 16 * kKilobyte, true);
    add("Puback", bytes_of(wire::Puback{7, ReasonCode::success, much}), 100, 16 * kKilobyte, true);
    add("Pubrec", bytes_of(wire::Pubrec{7, ReasonCode::success, much}), 100, 16 * kKilobyte, true);
    add("Pubrel", bytes_of(wire::Pubrel{7, ReasonCode::success, much}), 100, 16 * kKilobyte, true);
    add("Pubcomp", bytes_of(wire::Pubcomp{7, ReasonCode::success, much}), 100, 16 * kKilobyte, true);
    add("Suback", bytes_of(wire::Suback{7, codes, much}), 100, 16 * kKilobyte, true);
    add("Unsuback", bytes_of(wire::Unsuback{7, codes, much}), 100, 16 * kKilobyte, true);
    add("Pingresp", bytes_of(wire::Pingresp{}), 100'000, 16 * kKilobyte, true);
    add("Disconnect",
        bytes_of(wire::Disconnect{ReasonCode::server_busy, with_much_to_say<wire::DisconnectProperties>()}),
        1, 16 * kKilobyte, false);
    add("SecondConnack",
        bytes_of(wire::Connack{false, ReasonCode::success, with_much_to_say<wire::ConnackProperties>()}), 1,
        16 * kKilobyte, false);
    add("Auth",
        bytes_of(wire::Auth{ReasonCode::continue_authentication, with_much_to_say<wire::AuthProperties>()}),
        1, 16 * kKilobyte, false);
    add("HeaderOf256Megabytes",
        {std::byte{0x30}, std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF}, std::byte{0x7F}}, 1,
        16 * kKilobyte, false);
    return rows;
}

INSTANTIATE_TEST_SUITE_P(Memory, FloodTest, testing::ValuesIn(floods()),
                         [](const auto& row) { return row.param.name; });

// What needs more than one packet again and again.

TEST(SessionMemoryTest, ConnackWithHugeStringsIsKeptOnceOrNotAtAll) {
    HungrySession hungry{options()};
    const auto connack =
        bytes_of(wire::Connack{false, ReasonCode::success, with_much_to_say<wire::ConnackProperties>()});
    const MemoryWatch memory;
    hungry.receive(connack);
    ASSERT_TRUE(hungry.session().connected());
    EXPECT_EQ(hungry.session().grants().client_id, long_text());
    EXPECT_LE(memory.peak(), 512 * kKilobyte)
        << "the client identifier, for the next CONNECT and for who asks";
}

TEST(SessionMemoryTest, RefusalsForEverCostNothing) {
    HungrySession hungry{options()};
    const auto refusal =
        bytes_of(wire::Connack{false, ReasonCode::server_busy, with_much_to_say<wire::ConnackProperties>()});
    const MemoryWatch memory;
    for (int i = 0; i < 1'000; ++i) {
        hungry.receive(refusal);
        EXPECT_FALSE(hungry.open());
        hungry.come_back();
        ASSERT_TRUE(hungry.open());
    }
    EXPECT_LE(memory.peak(), 64 * kKilobyte);
    EXPECT_LE(hungry.longest_sentence(), 1 * kKilobyte);
}

TEST(SessionMemoryTest, AliasesHoldAsManyTopicsAsWeAllow) {
    HungrySession hungry{options()};
    hungry.connect();
    const MemoryWatch memory;
    std::string topic = long_text();
    for (int round = 0; round < 20; ++round) {
        topic[0] = static_cast<char>('a' + round);  // Each alias is defined anew.
        for (std::uint16_t alias = 1; alias <= 64; ++alias) {
            wire::Publish publish;
            publish.topic = topic;
            publish.properties.topic_alias = alias;
            hungry.send(publish);
        }
    }
    EXPECT_EQ(hungry.messages(), 20U * 64U);
    EXPECT_LE(memory.peak(), 64 * 65'535 + 512 * kKilobyte) << "64 topics, and the one packet that is read";
    wire::Publish publish;
    publish.topic = topic;
    publish.properties.topic_alias = std::uint16_t{65};
    hungry.send(publish);
    EXPECT_FALSE(hungry.open());
    EXPECT_TRUE(hungry.last_failure().is(Error::topic_alias_invalid)) << hungry.last_failure();
}

class InboundMemoryTest : public testing::TestWithParam<bool> {};

TEST_P(InboundMemoryTest, EveryIdentifierMayBeInUseAtOnce) {
    HungrySession hungry{options()};
    hungry.acknowledges = GetParam();
    hungry.connect();
    const MemoryWatch memory;
    for (int round = 0; round < 3; ++round) {  // Never released, and sent again.
        for (std::uint32_t packet_id = 1; packet_id <= 65'535; ++packet_id) {
            wire::Publish publish;
            publish.topic = "a";
            publish.qos = Qos::exactly_once;
            publish.packet_id = static_cast<std::uint16_t>(packet_id);
            publish.dup = round > 0;
            hungry.send(publish);
        }
    }
    EXPECT_EQ(hungry.messages(), 65'535U) << "delivered once each";
    EXPECT_TRUE(hungry.open()) << hungry.last_failure();
    EXPECT_LE(memory.peak(), 5 * kMegabyte);
    EXPECT_NE(hungry.last_failure().message.find("Receive Maximum of 16"), std::string::npos)
        << hungry.last_failure();
}

INSTANTIATE_TEST_SUITE_P(Memory, InboundMemoryTest, testing::Bool(),
                         [](const auto& row) { return row.param ? "Acknowledged" : "Unacknowledged"; });

TEST(SessionMemoryTest, AnswersThatNobodyReadsEndTheConnection) {
    HungrySession hungry{options()};
    hungry.connect();
    hungry.stick();
    const auto flood = [] {
        std::vector<std::byte> packets;
        for (int i = 0; i < 4'000; ++i) {
            const auto packet = bytes_of(wire::Pubrec{7, ReasonCode::success, {}});
            packets.insert(packets.end(), packet.begin(), packet.end());
        }
        return packets;
    }();
    const MemoryWatch memory;
    for (int i = 0; i < 10'000 && hungry.open(); ++i) {
        hungry.receive(flood);
    }
    EXPECT_FALSE(hungry.open());
    EXPECT_TRUE(hungry.last_failure().is(Error::connection_lost)) << hungry.last_failure();
    // 8 MiB and one packet may wait; a buffer that grows is there twice for a moment.
    EXPECT_LE(memory.peak(), 28 * kMegabyte);
}

}  // namespace
}  // namespace multimqtt::session
