// How often this test program allocates memory.
#pragma once

#include <cstddef>

namespace multimqtt::io {

/// What the calling thread has allocated with `new` so far, in calls.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace multimqtt::io
