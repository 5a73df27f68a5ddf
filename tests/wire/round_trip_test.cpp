// Encode and decode undo each other, whatever the packet and however the stream is cut.
#include "bytes.hpp"
#include "samples.hpp"
#include "wire/decode.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace multimqtt::wire {
namespace {

// Calls `visit(sample, input, options)` for each sample and its bytes.
template <class Visit>
void for_each_sample(const Visit& visit) {
    for (const Sample& sample : samples()) {
        ByteBuffer buffer;
        encode(sample.packet, sample.version, buffer);
        const ByteVector input{buffer.bytes().begin(), buffer.bytes().end()};
        SCOPED_TRACE(sample.name);
        visit(sample, input, DecodeOptions{.version = sample.version, .sender = sample.sender});
    }
}

TEST(PacketTest, DecodesToWhatWasEncoded) {
    for_each_sample([](const Sample& sample, const ByteVector& input, const DecodeOptions& options) {
        const Decoded decoded = decode(input, options);
        ASSERT_EQ(decoded.status, DecodeStatus::packet) << decoded.failure.message() << "\n" << hex(input);
        EXPECT_EQ(decoded.bytes, input.size());
        EXPECT_EQ(type_of(decoded.packet), type_of(sample.packet));
        EXPECT_TRUE(decoded.packet == sample.packet) << hex(input);
    });
}

TEST(PacketTest, EncodesAgainToTheSameBytesAfterDecoding) {
    for_each_sample([](const Sample& sample, const ByteVector& input, const DecodeOptions& options) {
        const Decoded decoded = decode(input, options);
        ASSERT_EQ(decoded.status, DecodeStatus::packet);
        ByteBuffer buffer;
        encode(decoded.packet, sample.version, buffer);
        EXPECT_EQ(hex(buffer.bytes()), hex(input));
    });
}

TEST(PacketTest, KnowsItsSizeBeforeItIsEncoded) {
    for_each_sample([](const Sample& sample, const ByteVector& input, const DecodeOptions&) {
        EXPECT_EQ(encoded_size(sample.packet, sample.version), input.size());
    });
}

TEST(PacketTest, NeedsMoreForEveryPrefixAndNeverFails) {
    for_each_sample([](const Sample&, const ByteVector& input, const DecodeOptions& options) {
        for (std::size_t size = 0; size < input.size(); ++size) {
            // A copy of exactly this size lets the address sanitizer see every read behind it.
            const ByteVector prefix(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
            const Decoded decoded = decode(prefix, options);
            ASSERT_EQ(decoded.status, DecodeStatus::need_more)
                << size << " bytes: " << decoded.failure.message();
            ASSERT_GE(decoded.bytes, 1U);
            ASSERT_LE(decoded.bytes, input.size() - size);
        }
    });
}

TEST(PacketTest, LeavesTheNextPacketAlone) {
    for_each_sample([](const Sample& sample, ByteVector input, const DecodeOptions& options) {
        const std::size_t size = input.size();
        input.insert(input.end(), {std::byte{0xFF}, std::byte{0xFF}});
        const Decoded decoded = decode(input, options);
        ASSERT_EQ(decoded.status, DecodeStatus::packet);
        EXPECT_EQ(decoded.bytes, size);
        EXPECT_TRUE(decoded.packet == sample.packet);
    });
}

TEST(PacketTest, IsRefusedOneByteAboveTheMaximumPacketSize) {
    for_each_sample([](const Sample&, const ByteVector& input, const DecodeOptions& options) {
        DecodeOptions limited = options;
        limited.packet_bytes_max = static_cast<std::uint32_t>(input.size());
        EXPECT_EQ(decode(input, limited).status, DecodeStatus::packet);
        --limited.packet_bytes_max;
        const Decoded decoded = decode(input, limited);
        ASSERT_EQ(decoded.status, DecodeStatus::failed);
        EXPECT_EQ(decoded.failure.error, Error::packet_too_large);
        EXPECT_EQ(decoded.failure.reason_code, ReasonCode::packet_too_large);
    });
}

TEST(SamplesTest, HaveEveryTypeOfPacketInEachVersionThatKnowsIt) {
    std::set<std::pair<ProtocolVersion, PacketType>> seen;
    for (const Sample& sample : samples()) {
        seen.emplace(sample.version, type_of(sample.packet));
    }
    for (int type = 1; type <= 15; ++type) {
        EXPECT_TRUE(seen.contains({ProtocolVersion::v5, static_cast<PacketType>(type)})) << type;
        EXPECT_EQ(seen.contains({ProtocolVersion::v3_1_1, static_cast<PacketType>(type)}), type != 15)
            << type;
    }
}

// PUBLISH, SUBACK and UNSUBACK end with as many bytes as there are, and an acknowledgement may end after its
// packet identifier or its reason code.
bool may_lose_its_last_byte(const Sample& sample, std::size_t size) {
    switch (type_of(sample.packet)) {
        case PacketType::publish:
        case PacketType::suback:
        case PacketType::unsuback:
            return true;
        default:
            return size == 5 || size == 3;
    }
}

TEST(ShortenedPacketTest, IsRefusedWhereverItsLastByteIsNeeded) {
    for (const Sample& sample : samples()) {
        ByteBuffer buffer;
        encode(sample.packet, sample.version, buffer);
        ByteVector shorter{buffer.bytes().begin(), buffer.bytes().end() - 1};
        const bool has_short_body = buffer.bytes()[1] > std::byte{0} && buffer.bytes()[1] < std::byte{0x80};
        if (!has_short_body || may_lose_its_last_byte(sample, buffer.size())) {
            continue;
        }
        shorter[1] = static_cast<std::byte>(static_cast<unsigned>(shorter[1]) - 1);
        const Decoded decoded = decode(shorter, {.version = sample.version, .sender = sample.sender});
        EXPECT_EQ(decoded.status, DecodeStatus::failed) << sample.name << " " << hex(shorter);
    }
}

TEST(PublishHeaderTest, IsThePacketUpToItsPayload) {
    for (const Sample& sample : samples()) {
        const auto* const publish = std::get_if<Publish>(&sample.packet);
        if (publish == nullptr) {
            continue;
        }
        ByteBuffer whole;
        ByteBuffer parts;
        encode(*publish, sample.version, whole);
        encode_header(*publish, sample.version, parts);
        EXPECT_EQ(parts.size() + publish->payload.size(), whole.size());
        parts.append(publish->payload);
        EXPECT_TRUE(std::ranges::equal(parts.bytes(), whole.bytes())) << sample.name;
    }
}

}  // namespace
}  // namespace multimqtt::wire
