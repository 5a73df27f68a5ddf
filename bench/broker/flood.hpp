// The stream of numbered PUBLISH packets that a subscriber of the bench broker is flooded with.
#pragma once

#include "packets.hpp"
#include "sequence.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What to send: `count` messages to `topic`, at most `window` of them unacknowledged.
struct FloodPlan {
    std::string topic;
    std::uint64_t count = 0;
    std::uint64_t warmup = 0;
    std::size_t payload_bytes = 64;
    int qos = 0;
    std::uint16_t window = 100;
};

/// Makes the packets in a buffer that already holds them all but for number and packet identifier.
class Flood {
public:
    Flood(FloodPlan plan, std::uint16_t receive_maximum, bool version5);

    /// Bytes to write next; empty while the window is closed or when all is written.
    [[nodiscard]] std::string_view pending();
    /// Notes that the socket took the first `bytes` of `pending()`.
    void written(std::size_t bytes);
    /// Whether a packet is cut in two at this moment, so that nothing else may be written.
    [[nodiscard]] bool mid_chunk() const noexcept { return offset_ > 0 && offset_ < end_; }

    /// Notes a PUBACK or PUBCOMP.
    void acknowledged(std::uint16_t packet_id);

    [[nodiscard]] bool finished() const noexcept;
    [[nodiscard]] std::uint64_t sent() const noexcept { return next_; }
    [[nodiscard]] std::uint64_t acknowledgements() const noexcept { return acknowledgements_; }
    /// Acknowledgements of identifiers that were not in use.
    [[nodiscard]] std::uint64_t unexpected() const noexcept { return unexpected_; }
    [[nodiscard]] double seconds() const noexcept;

private:
    void refill();
    [[nodiscard]] std::uint16_t free_packet_id() noexcept;

    FloodPlan plan_;
    std::string chunk_;
    std::size_t stride_ = 0;
    std::size_t number_at_ = 0;
    std::size_t packet_id_at_ = 0;
    std::size_t chunk_messages_ = 1;
    std::size_t offset_ = 0;
    std::size_t end_ = 0;
    std::uint64_t next_ = 0;
    std::uint64_t acknowledgements_ = 0;
    std::uint64_t unexpected_ = 0;
    std::uint16_t in_flight_ = 0;
    std::uint16_t last_packet_id_ = 0;
    std::vector<bool> in_use_;
    Clock::time_point started_{};
    Clock::time_point ended_{};
};

}  // namespace bench
