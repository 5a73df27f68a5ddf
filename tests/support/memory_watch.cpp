// Stands between the program and the allocator.
#include "support/memory_watch.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): the linker chooses these names.
extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void __real_free(void* memory);
}

namespace {

std::atomic<std::size_t> bytes_in_use{0};
std::atomic<std::size_t> bytes_peak{0};

void* counted(void* memory) noexcept {
    if (memory != nullptr) {
        const std::size_t size = malloc_usable_size(memory);
        const std::size_t now = bytes_in_use.fetch_add(size, std::memory_order_relaxed) + size;
        std::size_t peak = bytes_peak.load(std::memory_order_relaxed);
        while (now > peak && !bytes_peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
        }
    }
    return memory;
}

void uncount(void* memory) noexcept {
    if (memory != nullptr) {
        bytes_in_use.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
    }
}

}  // namespace

extern "C" {

void* __wrap_malloc(std::size_t size) {
    return counted(__real_malloc(size));
}
void* __wrap_calloc(std::size_t count, std::size_t size) {
    return counted(__real_calloc(count, size));
}
void* __wrap_realloc(void* memory, std::size_t size) {
    uncount(memory);
    void* const moved = __real_realloc(memory, size);
    if (moved == nullptr && size != 0) {
        counted(memory);
    }
    return counted(moved);
}
void __wrap_free(void* memory) {
    uncount(memory);
    __real_free(memory);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

void* operator new(std::size_t size) {
    if (void* memory = __wrap_malloc(std::max<std::size_t>(size, 1))) {
        return memory;
    }
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
    __wrap_free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    __wrap_free(memory);
}

namespace multimqtt::test {

std::size_t MemoryWatch::in_use() noexcept {
    return bytes_in_use.load(std::memory_order_relaxed);
}

MemoryWatch::MemoryWatch() noexcept : before_{in_use()} {
    bytes_peak.store(before_, std::memory_order_relaxed);
}

std::size_t MemoryWatch::peak() const noexcept {
    return bytes_peak.load(std::memory_order_relaxed) - before_;
}

}  // namespace multimqtt::test
