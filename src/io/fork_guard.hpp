// What a fork means to us: the child must let go of the parent's descriptors, and know that it is a child.
#pragma once

#include <atomic>
#include <cstdint>

namespace multimqtt::io {

/// Counts the forks between the first process that used the library and this one. A generation that was
/// remembered and differs from this one belongs to an ancestor.
///
/// Threads: any thread; one atomic load.
[[nodiscard]] std::uint32_t process_generation() noexcept;

/// Holds a descriptor that a forked child closes at once, before any of its own code runs.
///
/// A child that kept the socket would keep the connection alive after its parent's death, so that the
/// broker would wait out the keep-alive before it publishes the will.
///
/// Threads: one thread owns it; a fork may happen on any thread at any time.
class GuardedDescriptor {
public:
    GuardedDescriptor();
    ~GuardedDescriptor();
    GuardedDescriptor(const GuardedDescriptor&) = delete;
    GuardedDescriptor& operator=(const GuardedDescriptor&) = delete;

    /// Guards `descriptor` from now on; -1 guards none.
    void guard(int descriptor) noexcept;

    struct Slot;

private:
    Slot* slot_;
};

}  // namespace multimqtt::io
