// How much memory a test program holds, on all its threads.
#pragma once

#include <cstddef>

namespace multimqtt::test {

/// Counts what `new` and `malloc` give out, and takes it off when it comes back. A program that uses it links
/// memory_watch.cpp and has `malloc` wrapped: `multimqtt_watch_memory` in tests/support/CMakeLists.txt.
class MemoryWatch {
public:
    /// Bytes that are in use now.
    [[nodiscard]] static std::size_t in_use() noexcept;

    /// Starts to look for the peak.
    MemoryWatch() noexcept;

    /// The most that was in use at any moment since, less what was in use at the start.
    [[nodiscard]] std::size_t peak() const noexcept;

private:
    std::size_t before_;
};

}  // namespace multimqtt::test
