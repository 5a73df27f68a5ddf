// Messages that several threads have numbered: what came, how often, and in which order.
#pragma once

#include "client/client_fixture.hpp"

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::client {

/// What has come of one QoS: how often each, and whether first arrivals were in order of each thread. Topics
/// end in the number of the thread, and payloads are counted from 0.
class Arrivals {
public:
    Arrivals(int threads, int per_thread)
        : counts_(static_cast<std::size_t>(threads), std::vector<int>(static_cast<std::size_t>(per_thread))) {
    }

    void add(std::string_view topic, std::string_view text) {
        const auto thread =
            static_cast<std::size_t>(std::stoi(std::string{topic.substr(topic.rfind('/') + 1)}));
        const int number = std::stoi(std::string{text});
        const std::lock_guard lock{mutex_};
        if (counts_[thread][static_cast<std::size_t>(number)]++ == 0) {
            ++distinct_;
            out_of_order_ += number != next_[thread] ? 1 : 0;
            next_[thread] = number + 1;
        } else {
            ++again_;
        }
        changed_.notify_all();
    }
    /// Waits for `expected` different ones, for as long as new ones come.
    bool wait(int expected) {
        std::unique_lock lock{mutex_};
        while (distinct_ < expected) {
            const int before = distinct_;
            if (!changed_.wait_for(lock, kPatience, [&] { return distinct_ != before; })) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] int again() const {
        const std::lock_guard lock{mutex_};
        return again_;
    }
    [[nodiscard]] int out_of_order() const {
        const std::lock_guard lock{mutex_};
        return out_of_order_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::vector<int>> counts_;
    std::map<std::size_t, int> next_;
    int distinct_ = 0;
    int again_ = 0;
    int out_of_order_ = 0;
};

}  // namespace multimqtt::client
