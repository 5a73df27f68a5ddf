// How much memory this process holds.
#pragma once

#include <cstdint>
#include <fstream>
#include <malloc.h>
#include <unistd.h>

namespace bench {

/// Resident memory that belongs to this process alone, in bytes: without program text and shared libraries.
inline std::uint64_t resident_bytes() {
    // What is free belongs to the allocator, not to the client.
    ::malloc_trim(0);
    std::ifstream numbers{"/proc/self/statm"};
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::uint64_t shared = 0;
    numbers >> total >> resident >> shared;
    return (resident - shared) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace bench
