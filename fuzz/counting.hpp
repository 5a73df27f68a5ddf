// Random numbers that are the same in every run.
#pragma once

#include "session/random.hpp"

#include <cstdint>

namespace multimqtt::fuzz {

/// Counts in steps that spread over all bits.
class Counting final : public session::Random {
public:
    std::uint64_t next() override { return state_ += 0x9E37'79B9'7F4A'7C15; }

private:
    std::uint64_t state_ = 0;
};

}  // namespace multimqtt::fuzz
