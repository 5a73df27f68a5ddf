// What the client knows of one registered route.
#pragma once

#include "io/fork_guard.hpp"
#include "multimqtt/topic.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace multimqtt {

namespace client {
class ObserverList;
}

/// Threads: everything but the handlers is fixed when the route is made; the handlers are replaced as a
/// whole.
struct Topic::Route {
    Route(RouteId route_id, TopicPattern route_pattern, TopicOptions route_options)
        : id{route_id}, pattern{std::move(route_pattern)}, options{std::move(route_options)} {}

    using Handlers = std::vector<Handler>;

    /// Valid as long as the route, also when handlers are added meanwhile.
    [[nodiscard]] const Handlers& handlers() const noexcept {
        return *current_.load(std::memory_order_acquire);
    }
    /// Does nothing in a forked child.
    void add(Handler handler) {
        if (generation_ != io::process_generation()) {
            return;
        }
        const std::lock_guard lock{mutex_};
        auto more = std::make_unique<Handlers>(*versions_.back());
        more->push_back(std::move(handler));
        current_.store(more.get(), std::memory_order_release);
        versions_.push_back(std::move(more));
    }

    const RouteId id;
    const TopicPattern pattern;
    const TopicOptions options;
    std::shared_ptr<client::ObserverList> observers;  ///< Null for a route of the application.
    std::size_t ordered_by = 0;  ///< Index of the placeholder; not used while `options.ordered_by` is empty.

private:
    const std::uint32_t generation_ = io::process_generation();
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handlers>> versions_ = first_version();  // All of them: readers hold no lock.
    std::atomic<const Handlers*> current_{versions_.back().get()};

    static std::vector<std::unique_ptr<Handlers>> first_version() {
        std::vector<std::unique_ptr<Handlers>> versions;
        versions.push_back(std::make_unique<Handlers>());
        return versions;
    }
};

}  // namespace multimqtt
