// Which packet identifiers are in use by this client.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace multimqtt::session {

/// Hands out packet identifiers for PUBLISH, SUBSCRIBE and UNSUBSCRIBE.
///
/// Identifiers go round the whole range before one is used again, so that a late acknowledgement of
/// the last user seldom meets a new one.
///
/// Spec: v5 [MQTT-2.2.1-3]; v3.1.1 [MQTT-2.3.1-1], [MQTT-2.3.1-2].
class PacketIds {
public:
    /// `largest`: the last identifier to use; less than 65,535 only in tests.
    explicit PacketIds(std::uint16_t largest = 65'535) noexcept : largest_{largest} {}

    /// An identifier that is not in use, or 0 when all are: wait until one is released.
    [[nodiscard]] std::uint16_t acquire() noexcept;
    void release(std::uint16_t id) noexcept;
    /// The next one is looked for from `id` on, whatever its size.
    void go_on_at(std::uint64_t id) noexcept { last_ = static_cast<std::uint16_t>(id % largest_); }

    [[nodiscard]] bool in_use(std::uint16_t id) const noexcept {
        return (used_[id / kBits] >> (id % kBits) & 1) != 0;
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

private:
    static constexpr unsigned kBits = 64;

    std::array<std::uint64_t, 65'536 / kBits> used_{};
    std::size_t count_ = 0;
    std::uint16_t largest_;
    std::uint16_t last_ = 0;
};

}  // namespace multimqtt::session
