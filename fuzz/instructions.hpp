// The bytes of a fuzzer's input, read as numbers and choices.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace multimqtt::fuzz {

/// What a fuzzer gives to a property.
using Input = std::span<const std::byte>;

[[nodiscard]] inline std::string_view text_of(Input bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The bytes of an input, taken one after another; 0 once they are used up.
class Instructions {
public:
    explicit Instructions(Input bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] unsigned next() noexcept {
        return bytes_.empty() ? 0 : static_cast<unsigned>(take(1).front());
    }
    /// Two of them, the first in the upper eight bits. The order in which a call evaluates its arguments is
    /// the compiler's choice.
    [[nodiscard]] unsigned next_two() noexcept {
        const unsigned first = next();
        return first << 8U | next();
    }
    /// 0 to `count` - 1; 0 when there is nothing to choose from.
    [[nodiscard]] std::size_t below(std::size_t count) noexcept { return count == 0 ? 0 : next() % count; }
    /// The next `count` bytes, or those that are left.
    [[nodiscard]] Input take(std::size_t count) noexcept {
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    /// What stands before the next `end`, which is taken too.
    [[nodiscard]] std::string_view take_until(char end) noexcept {
        const std::string_view rest = text_of(bytes_);
        const std::string_view taken = rest.substr(0, rest.find(end));
        (void)take(taken.size() + 1);
        return taken;
    }
    [[nodiscard]] Input rest() noexcept { return take(bytes_.size()); }

private:
    Input bytes_;
};

}  // namespace multimqtt::fuzz
