// A fast hash whose results cannot be foreseen by those who choose the topics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace multimqtt::routing {

/// Multiply-and-fold hash in the manner of wyhash, mixed with a secret key.
///
/// Only the application puts entries into the tables that use it; strangers look topics up. The key keeps
/// them from choosing topics that all meet one entry of the application.
class KeyedHash {
public:
    /// The key should come from a random source; equal keys give equal hashes.
    explicit constexpr KeyedHash(std::uint64_t key) noexcept : key_{key ^ 0x9E3779B97F4A7C15U} {}

    [[nodiscard]] std::uint64_t operator()(std::string_view text, std::uint64_t seed = 0) const noexcept {
        const char* data = text.data();
        std::size_t size = text.size();
        std::uint64_t state = fold(key_ ^ seed, kOdd ^ size);
        for (; size > 16; size -= 16, data += 16) {
            state = fold(read8(data) ^ key_, read8(data + 8) ^ state);
        }
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        if (size >= 8) {
            first = read8(data);
            second = read8(data + size - 8);
        } else if (size >= 4) {
            first = read4(data);
            second = read4(data + size - 4);
        } else if (size > 0) {
            first = static_cast<unsigned char>(data[0]) |
                    static_cast<std::uint64_t>(static_cast<unsigned char>(data[size / 2])) << 8U |
                    static_cast<std::uint64_t>(static_cast<unsigned char>(data[size - 1])) << 16U;
        }
        return fold(fold(first ^ key_, second ^ state), kOdd);
    }

private:
    __extension__ using Wide = unsigned __int128;

    // An odd number with as many ones as zeros, from wyhash.
    static constexpr std::uint64_t kOdd = 0xE7037ED1A0B428DBU;

    static constexpr std::uint64_t fold(std::uint64_t left, std::uint64_t right) noexcept {
        const Wide product = static_cast<Wide>(left) * right;
        // Folding both halves over the inputs keeps a factor of zero from hiding the other one.
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U) ^ left ^
               (right << 1U);
    }
    static std::uint64_t read8(const char* data) noexcept {
        std::uint64_t value = 0;
        std::memcpy(&value, data, sizeof value);
        return value;
    }
    static std::uint64_t read4(const char* data) noexcept {
        std::uint32_t value = 0;
        std::memcpy(&value, data, sizeof value);
        return value;
    }

    std::uint64_t key_;
};

}  // namespace multimqtt::routing
