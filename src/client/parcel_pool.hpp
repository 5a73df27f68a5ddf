// Parcels that have been emptied, for the next messages.
#pragma once

#include "client/parcel.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace multimqtt::client {

/// Hands out parcels that come back by themselves. While handlers keep pace the same few go round, and their
/// memory stays in the cache.
///
/// Threads: any. A parcel may outlive everything but the pool, which it keeps alive.
class ParcelPool : public std::enable_shared_from_this<ParcelPool> {
public:
    /// How many are kept, and how large at most: a read of 64 KiB fills about half of that.
    static constexpr std::size_t kSparesMax = 4;
    static constexpr std::size_t kSpareBytesMax = 512u * 1'024;

    /// An empty parcel; a new one is made as large as `expected`.
    [[nodiscard]] std::shared_ptr<Parcel> take(const Parcel::Size& expected) {
        std::unique_ptr<Parcel> parcel = take_spare();
        if (parcel == nullptr) {
            parcel = std::make_unique<Parcel>(expected);
        }
        return {parcel.release(), [pool = shared_from_this()](Parcel* used) { pool->put(used); }};
    }

private:
    [[nodiscard]] std::unique_ptr<Parcel> take_spare() {
        const std::lock_guard lock{mutex_};
        if (spares_.empty()) {
            return nullptr;
        }
        std::unique_ptr<Parcel> parcel = std::move(spares_.back());
        spares_.pop_back();
        return parcel;
    }

    void put(Parcel* used) {
        std::unique_ptr<Parcel> parcel{used};
        parcel->clear();
        if (parcel->capacity() <= kSpareBytesMax) {
            const std::lock_guard lock{mutex_};
            if (spares_.size() < kSparesMax) {
                spares_.push_back(std::move(parcel));
            }
        }
    }

    std::mutex mutex_;
    std::vector<std::unique_ptr<Parcel>> spares_;
};

}  // namespace multimqtt::client
