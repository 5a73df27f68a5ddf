// Who observes one filter.
#pragma once

#include "multimqtt/observer.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace multimqtt::client {

/// Threads: `add` and `remove` from any; the rest from the I/O thread.
class ObserverList {
public:
    using Entry = std::shared_ptr<const Observer>;

    void add(Entry observer);
    void remove(const Entry& observer);

    void message(const Message& message) const;
    void disconnected(const Failure& failure) const;

private:
    // Observers run without the lock, so that one of them may end an observation.
    [[nodiscard]] std::vector<Entry> entries() const;

    mutable std::mutex mutex_;
    std::vector<Entry> entries_;
};

}  // namespace multimqtt::client
