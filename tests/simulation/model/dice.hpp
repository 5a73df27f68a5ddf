// The only source of chance in a run: the same seed gives the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multimqtt::simulation {

/// SplitMix64.
class Dice {
public:
    explicit Dice(std::uint64_t seed) noexcept : state_{seed} {}

    std::uint64_t next() noexcept {
        state_ += 0x9E37'79B9'7F4A'7C15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58'476D'1CE4'E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0'49BB'1331'11EB;
        return mixed ^ (mixed >> 31);
    }
    /// 0 to `count` - 1.
    [[nodiscard]] std::size_t below(std::size_t count) noexcept { return next() % count; }
    [[nodiscard]] std::size_t between(std::size_t low, std::size_t high) noexcept {
        return low + below(high - low + 1);
    }
    [[nodiscard]] bool chance(unsigned percent) noexcept { return below(100) < percent; }
    template <class Items>
    [[nodiscard]] const auto& pick(const Items& items) noexcept {
        return items[below(std::size(items))];
    }

private:
    std::uint64_t state_;
};

}  // namespace multimqtt::simulation
