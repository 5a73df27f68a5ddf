// The packets of a client: what is encoded is allowed, and what is forbidden is refused by both judges, the
// decoder and the rules that share nothing with it.
#include "bytes.hpp"
#include "samples.hpp"
#include "support/client_packet_rules.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace multimqtt::wire {
namespace {

using support::complaint;

ByteVector encoded(const Sample& sample) {
    ByteBuffer buffer;
    encode(sample.packet, sample.version, buffer);
    return {buffer.bytes().begin(), buffer.bytes().end()};
}

TEST(ClientPacketTest, IsNeverEncodedToWhatIsForbidden) {
    std::set<PacketType> types;
    for (const Sample& sample : samples()) {
        if (sample.sender == Sender::client) {
            EXPECT_EQ(complaint(encoded(sample), sample.version), "") << sample.name;
            types.insert(type_of(sample.packet));
        }
    }
    EXPECT_EQ(types.size(), 11U) << "of 15 types, four are for brokers alone";
}

TEST(ClientPacketTest, OfABrokerIsComplainedOf) {
    for (const Sample& sample : samples()) {
        const PacketType type = type_of(sample.packet);
        if (type == PacketType::connack || type == PacketType::suback || type == PacketType::unsuback ||
            type == PacketType::pingresp) {
            EXPECT_NE(complaint(encoded(sample), sample.version), "") << sample.name;
        }
    }
}

// What the rules forbid and the decoder, which reads packets of clients in tests alone, does not look at.
bool is_beyond_the_decoder(std::string_view wrong) {
    return wrong == "a topic filter is not one" || wrong == "a shared subscription is not one" ||
           wrong == "the reason code is not one of a client's DISCONNECT";
}

// Both judges read every byte string that differs from a packet in one byte.
TEST(ClientPacketTest, IsJudgedAlikeByTheDecoderAndByTheRules) {
    constexpr std::size_t kSizeMax = 64;
    std::size_t refused = 0;
    for (const Sample& sample : samples()) {
        ByteVector damaged = encoded(sample);
        for (std::size_t at = 0; at < damaged.size() && damaged.size() <= kSizeMax; ++at) {
            const std::byte right = damaged[at];
            for (unsigned value = 0; value < 256 && sample.sender == Sender::client; ++value) {
                damaged[at] = static_cast<std::byte>(value);
                const std::string wrong = complaint(damaged, sample.version);
                const Decoded decoded =
                    decode(damaged, {.version = sample.version, .sender = Sender::client});
                const bool taken = decoded.status == DecodeStatus::packet && decoded.bytes == damaged.size();
                EXPECT_TRUE(taken == wrong.empty() || (taken && is_beyond_the_decoder(wrong)))
                    << sample.name << ": " << hex(damaged) << " " << wrong;
                refused += taken ? 0U : 1U;
            }
            damaged[at] = right;
        }
    }
    EXPECT_GT(refused, 10'000U);
}

}  // namespace
}  // namespace multimqtt::wire
