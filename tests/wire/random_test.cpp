// Random packets and random damage. A failure prints the seed; MULTIMQTT_SEED repeats it.
#include "bytes.hpp"
#include "decode_property.hpp"
#include "samples.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <list>
#include <random>

namespace multimqtt::wire {
namespace {

std::uint64_t seed() {
    const char* const given = std::getenv("MULTIMQTT_SEED");  // NOLINT(concurrency-mt-unsafe)
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

class RandomPackets {
public:
    explicit RandomPackets(std::uint64_t seed_value) : engine_{seed_value} {}

    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>{0, limit - 1}(engine_);
    }
    bool chance() { return below(2) == 0; }

    std::string_view text(std::size_t size_min = 0) {
        constexpr std::array<std::string_view, 8> kPieces = {"a", "/",    "$",        "sensor",
                                                             " ", "\x7F", "\xC3\xA4", "\xF0\x9F\x8C\x8D"};
        std::string& made = texts_.emplace_back();
        for (std::size_t count = size_min + below(12); count > 0; --count) {
            made += kPieces[below(kPieces.size())];
        }
        return made;
    }
    BytesView data() { return as_bytes(text()); }

    Publish publish(ProtocolVersion version) {
        Publish packet{
            .topic = text(1), .payload = data(), .qos = static_cast<Qos>(below(3)), .retain = chance()};
        if (packet.qos != Qos::at_most_once) {
            packet.packet_id = static_cast<std::uint16_t>(1 + below(65'535));
            packet.dup = chance();
        }
        if (version != ProtocolVersion::v5) {
            return packet;
        }
        PublishProperties& properties = packet.properties;
        if (chance()) {
            properties.payload_format_indicator = static_cast<PayloadFormat>(below(2));
        }
        if (chance()) {
            properties.message_expiry_interval_s = static_cast<std::uint32_t>(engine_());
        }
        if (chance()) {
            properties.topic_alias = static_cast<std::uint16_t>(1 + below(65'535));
        }
        if (chance()) {
            properties.response_topic = text(1);
        }
        if (chance()) {
            properties.correlation_data = data();
        }
        if (chance()) {
            properties.content_type = text();
        }
        if (chance()) {
            properties.user_properties = pairs();
        }
        if (chance()) {
            properties.subscription_identifiers = identifiers();
        }
        return packet;
    }

private:
    UserProperties pairs() {
        auto& made = pairs_.emplace_back();
        for (std::size_t count = 1 + below(4); count > 0; --count) {
            made.push_back({text(), text()});
        }
        return made;
    }
    SubscriptionIdentifiers identifiers() {
        auto& made = identifiers_.emplace_back();
        for (std::size_t count = 1 + below(4); count > 0; --count) {
            made.push_back(static_cast<std::uint32_t>(1 + below(268'435'455)));
        }
        return made;
    }

    std::mt19937_64 engine_;
    // Lists, because views of every text are out already.
    std::list<std::string> texts_;
    std::list<std::vector<UserProperty>> pairs_;
    std::list<std::vector<std::uint32_t>> identifiers_;
};

TEST(RandomPublishTest, DecodesToItself) {
    const std::uint64_t used_seed = seed();
    SCOPED_TRACE("MULTIMQTT_SEED=" + std::to_string(used_seed));
    for (std::uint64_t round = 0; round < 2'000; ++round) {
        RandomPackets random{used_seed + round};
        const auto version = random.chance() ? ProtocolVersion::v5 : ProtocolVersion::v3_1_1;
        const Publish packet = random.publish(version);
        ByteBuffer buffer;
        encode(packet, version, buffer);
        const Decoded decoded = decode(buffer.bytes(), {.version = version});
        ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message() << " round " << round;
        ASSERT_TRUE(decoded.packet == Packet{packet}) << hex(buffer.bytes()) << " round " << round;
    }
}

TEST(RandomDamageTest, NeverBreaksTheDecoder) {
    const std::uint64_t used_seed = seed();
    SCOPED_TRACE("MULTIMQTT_SEED=" + std::to_string(used_seed));
    RandomPackets random{used_seed};
    for (const Sample& sample : samples()) {
        ByteBuffer buffer;
        encode(sample.packet, sample.version, buffer);
        for (int round = 0; round < 100 && buffer.size() < 1'000; ++round) {
            ByteVector damaged{buffer.bytes().begin(), buffer.bytes().end()};
            for (std::size_t count = 1 + random.below(3); count > 0; --count) {
                damaged[random.below(damaged.size())] = static_cast<std::byte>(random.below(256));
            }
            const auto outcome =
                fuzz::decode_all(damaged, {.version = sample.version, .sender = sample.sender});
            ASSERT_EQ(outcome.broken, "") << sample.name << " " << hex(damaged);
        }
    }
}

}  // namespace
}  // namespace multimqtt::wire
