// The bytes of one connection on their way out, and which of them have left.
#pragma once

#include "session/session.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

namespace multimqtt::session {

/// Packets are appended to `buffer`; the driver takes chunks and says how far it got.
///
/// Positions count the bytes of the connection, so that "was it handed to the transport?" has an answer
/// for every packet when the connection ends.
class Output {
public:
    /// More than this waiting means that the transport is slower than the producers. Chosen as some
    /// times the 16 to 32 KiB that one write should have.
    static constexpr std::size_t kHighWaterBytes = 256u * 1'024;
    /// A payload from this size on is referenced, not copied, when it has an owner. Chosen as the size of
    /// one good write.
    static constexpr std::size_t kReferenceBytesMin = 32u * 1'024;

    /// Where to encode the next packet.
    [[nodiscard]] wire::ByteBuffer& buffer() noexcept { return tail_; }

    /// Ends the packet whose header was encoded last with a payload that is not copied.
    void append_reference(std::span<const std::byte> payload, std::shared_ptr<const void> owner);

    /// The position behind the last byte that was appended.
    [[nodiscard]] std::uint64_t position() const noexcept { return taken_ + queued_bytes_ + tail_.size(); }
    /// The position behind the last byte that the transport has accepted.
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    [[nodiscard]] std::size_t waiting() const noexcept {
        return static_cast<std::size_t>(position() - written_);
    }

    [[nodiscard]] bool take(OutputChunk& chunk);
    /// Returns whether all that was taken has been written and ends with a packet.
    bool written(std::size_t bytes) noexcept;

    /// Asks for `token` to be given back by `next_left` once everything appended so far is written.
    void watch(Token token) { watched_.push_back({position(), token}); }
    /// A watched token whose bytes have left, or 0.
    [[nodiscard]] Token next_left() noexcept;
    /// A watched token, whether its bytes have left or not, or 0.
    [[nodiscard]] Token next_watched() noexcept;

    /// The connection is gone, and all that waits with it. Positions start again at 0.
    void reset() noexcept;

private:
    struct Watched {
        std::uint64_t position;
        Token token;
    };

    wire::ByteBuffer tail_;
    std::deque<OutputChunk> queued_;  // Before `tail_`: only used around referenced payloads.
    std::size_t queued_bytes_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t written_ = 0;
    bool ends_with_packet_ = true;  // Of the chunk that is under way.
    std::deque<Watched> watched_;
};

}  // namespace multimqtt::session
