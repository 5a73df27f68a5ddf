// One pthread_atfork handler for the whole process, and the slots that it walks in a child.
#include "io/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

namespace multimqtt::io {

/// Slots are reused and never freed: the child walks the list while it may do nothing that allocates or
/// locks.
struct GuardedDescriptor::Slot {
    std::atomic<int> descriptor{-1};
    std::atomic<bool> used{true};
    Slot* next = nullptr;
};

namespace {

std::atomic<std::uint32_t> generation{0};
std::atomic<GuardedDescriptor::Slot*> slots{nullptr};

void in_child() {
    generation.fetch_add(1, std::memory_order_relaxed);
    for (auto* slot = slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
        const int descriptor = slot->descriptor.exchange(-1, std::memory_order_relaxed);
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }
}

void install_once() {
    [[maybe_unused]] static const int installed = ::pthread_atfork(nullptr, nullptr, &in_child);
}

GuardedDescriptor::Slot* free_slot() {
    for (auto* slot = slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
        bool used = false;
        if (slot->used.compare_exchange_strong(used, true, std::memory_order_acq_rel)) {
            return slot;
        }
    }
    auto* const slot = new GuardedDescriptor::Slot;
    slot->next = slots.load(std::memory_order_relaxed);
    while (!slots.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel)) {
    }
    return slot;
}

}  // namespace

std::uint32_t process_generation() noexcept {
    install_once();
    return generation.load(std::memory_order_relaxed);
}

GuardedDescriptor::GuardedDescriptor() : slot_{free_slot()} {
    install_once();
}

GuardedDescriptor::~GuardedDescriptor() {
    slot_->descriptor.store(-1, std::memory_order_relaxed);
    slot_->used.store(false, std::memory_order_release);
}

void GuardedDescriptor::guard(int descriptor) noexcept {
    slot_->descriptor.store(descriptor, std::memory_order_release);
}

}  // namespace multimqtt::io
