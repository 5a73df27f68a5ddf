// Sharing received messages among the threads that handle them.
#include "client/inbox.hpp"

#include "client/deadline.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace multimqtt::client {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

/// How soon an idle worker looks at a busy one for the first time, and then again and again. The first bounds
/// the delay of a message behind a slow handler; the second bounds the cost of watching quick ones. Both are
/// longer where handlers that count as quick would not get through two messages in that time.
constexpr microseconds kFirstLook{200};
constexpr microseconds kNextLook{2'000};

/// How many items are parked before another look at those that are in their way. Parking, unparking and
/// taking this many one by one costs a fraction of the time to the next look, so that who is held up for a
/// moment does not pay for a full inbox; and what stands behind a full one of a blocked topic is reached in
/// 40 ms.
constexpr std::size_t kParkedAtOnce = 512;

/// Who pulls, and does not come back within this time, does not come back at all. Chosen far above the time
/// that a loop spends between two batches.
constexpr std::chrono::milliseconds kNextTake{100};

}  // namespace

Inbox::Inbox(const Limits& limits, const WorkerParts& parts)
    : messages_max_{limits.messages_max},
      bytes_max_{limits.bytes_max},
      quick_handler_{limits.quick_handler},
      first_look_{std::max(kFirstLook, 2 * limits.quick_handler)},
      next_look_{std::max(kNextLook, 2 * limits.quick_handler)},
      parts_{parts} {
}

Inbox::~Inbox() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

void Inbox::push(std::shared_ptr<Parcel> parcel) {
    std::size_t bytes = 0;
    for (const InboxItem& item : parcel->items) {
        bytes += item.weight();
    }
    Lock lock{mutex_};
    if (stopped_ || parcel->items.empty()) {
        return;
    }
    messages_ += parcel->items.size();
    queued_ += parcel->items.size();
    bytes_ += bytes;
    parcels_.push_back(std::move(parcel));
    signal_descriptor();
    const bool wakes_one = idle_ > 0 && (!watched_ || all_held_up());
    lock.unlock();  // Who is woken wants it at once.
    if (wakes_one) {
        work_.notify_one();
    }
}

Inbox::Room Inbox::room() {
    const Lock lock{mutex_};
    full_ = messages_ >= messages_max_ || bytes_ >= bytes_max_;
    return {full_, has_ample_room(), bytes_ / 2 >= bytes_max_};
}

bool Inbox::has_ample_room() const noexcept {
    return messages_ < messages_max_ - messages_max_ / 4 && bytes_ < bytes_max_ - bytes_max_ / 4;
}

bool Inbox::is_full_no_more() noexcept {
    return full_ && has_ample_room() && std::exchange(full_, false);
}

Inbox::Counts Inbox::counts() const {
    const Lock lock{mutex_};
    return {messages_, bytes_};
}

// Watching.

bool Inbox::all_held_up() const noexcept {
    return std::all_of(busy_.begin(), busy_.end(), [](const auto& worker) {
        return worker->held_up_ && worker->begun_.load(std::memory_order_relaxed) == worker->seen_begun_;
    });
}

void Inbox::look_again_before_taking() noexcept {
    for (const auto& worker : busy_) {
        worker->held_up_ = false;
    }
}

bool Inbox::worth_watching() const noexcept {
    if (queued_ > 0) {
        return !busy_.empty();
    }
    return std::any_of(busy_.begin(), busy_.end(), [this](const auto& worker) {
        // What is parked may wait for a key that the worker has finished already.
        return worker->has_unbegun() || (!parked_.empty() && worker->keys_.size() > 1);
    });
}

void Inbox::watch(Lock& lock, TimePoint deadline, microseconds interval) {
    const TimePoint from = steady_clock::now();
    watched_ = true;
    work_.wait_until(lock, std::min(deadline, from + interval));
    watched_ = false;
    const auto elapsed = steady_clock::now() - from;
    if (elapsed >= first_look_) {
        for (const auto& worker : busy_) {
            look_at(*worker, elapsed);
        }
    }
}

void Inbox::look_at(Worker& worker, std::chrono::nanoseconds elapsed) {
    const std::uint64_t begun = worker.begun_.load(std::memory_order_relaxed);
    const std::uint64_t progress = begun - worker.seen_begun_;
    worker.seen_begun_ = begun;
    worker.held_up_ = quick_handler_ * progress < elapsed;
    if (worker.held_up_) {
        recall(worker);
        parts_.acknowledgements.wake();
    }
}

void Inbox::recall(Worker& worker) {
    const auto [next, end] = worker.withdraw();
    if (next == end && worker.keys_.size() <= 1) {
        return;
    }

    // What is parked is younger than what is taken back here, also where the key stays with the worker.
    unpark(worker.keys_);
    for (std::uint32_t index = end; index-- > next;) {
        const InboxItem* const item = worker.items_[index];
        const auto home =
            std::find_if(worker.parcels_.begin(), worker.parcels_.end(), [item](const auto& parcel) {
                const auto& items = parcel->items;
                return item >= items.data() && item < items.data() + items.size();
            });
        returned_.push_front({item, *home});
        ++queued_;
    }
    worker.items_.resize(next);
    // Only what it has begun last can still be running.
    worker.keys_.clear();
    if (!worker.items_.empty()) {
        worker.keys_.push_back(worker.items_.back()->key);
    }
    if (queued_ > 0) {
        signal_descriptor();
    }
}

// Taking.

bool Inbox::wait_for_work(Lock& lock, TimePoint deadline) {
    microseconds interval = first_look_;
    ++idle_;
    bool found = false;
    while (!stopped_) {
        found = may_take();
        if (found || steady_clock::now() >= deadline) {
            break;
        }
        if (worth_watching() && !watched_) {
            watch(lock, deadline, interval);
            interval = next_look_;
        } else {
            work_.wait_until(lock, deadline);
            interval = first_look_;
        }
    }
    --idle_;
    if (!found && idle_ > 0 && !watched_ && worth_watching()) {
        work_.notify_one();  // Another one watches on.
    }
    return found && !stopped_;
}

std::shared_ptr<Worker> Inbox::take(std::size_t items_max, std::chrono::milliseconds timeout) {
    std::shared_ptr<Worker> worker;
    return take_more(worker, items_max, timeout) ? worker : nullptr;
}

bool Inbox::take_more(std::shared_ptr<Worker>& worker, std::size_t items_max,
                      std::chrono::milliseconds timeout) {
    const TimePoint deadline = deadline_after(timeout);
    Lock lock{mutex_};
    if (worker != nullptr) {
        settle(*worker);
        remove_busy(*worker);
    }
    if (is_full_no_more()) {
        lock.unlock();
        wake_();
        lock.lock();
    }
    while (wait_for_work(lock, deadline)) {
        if (worker == nullptr) {
            if (spare_.empty()) {
                worker = std::make_shared<Worker>(parts_);
            } else {
                worker = std::move(spare_.back());
                spare_.pop_back();
            }
        }
        gather(*worker, items_max);
        if (!worker->items_.empty()) {
            add_busy(worker);
            if (idle_ > 0 && !watched_ && (queued_ > 0 || worker->items_.size() > 1)) {
                work_.notify_one();  // Somebody has to watch this one.
            }
            return true;
        }
        if (queued_ > 0) {
            look_again_before_taking();
        }
    }
    if (worker != nullptr) {
        spare_.push_back(std::move(worker));
        worker = nullptr;
    }
    clear_descriptor();
    return false;
}

void Inbox::gather(Worker& worker, std::size_t items_max) {
    if (!busy_.empty()) {
        items_max = std::min(items_max, queued_ / (idle_ + 1) + 1);
    }
    std::size_t parked = 0;
    while (worker.items_.size() < items_max && queued_ > 0 && parked < kParkedAtOnce) {
        if (returned_.empty() && busy_.empty()) {
            gather_run(worker, items_max);
            continue;
        }
        Entry entry = pop();
        const OrderKey key = entry.item->key;
        if (!busy_.empty() && is_busy(key)) {
            park(std::move(entry));
            ++parked;
            continue;
        }
        worker.items_.push_back(entry.item);
        if (worker.keys_.empty() || worker.keys_.back() != key) {
            worker.keys_.push_back(key);
        }
        if (worker.parcels_.empty() || worker.parcels_.back() != entry.parcel) {
            worker.parcels_.push_back(std::move(entry.parcel));
        }
    }
    worker.range_.store(Worker::range(0, static_cast<std::uint32_t>(worker.items_.size())),
                        std::memory_order_release);
}

void Inbox::gather_run(Worker& worker, std::size_t items_max) {
    std::shared_ptr<Parcel>& parcel = parcels_.front();
    const std::size_t size = parcel->items.size();
    const std::size_t end = std::min(size, next_item_ + items_max - worker.items_.size());
    queued_ -= end - next_item_;
    for (; next_item_ < end; ++next_item_) {
        const InboxItem& item = parcel->items[next_item_];
        worker.items_.push_back(&item);
        if (worker.keys_.empty() || worker.keys_.back() != item.key) {
            worker.keys_.push_back(item.key);
        }
    }
    worker.parcels_.push_back(parcel);
    if (next_item_ == size) {
        parcels_.pop_front();
        next_item_ = 0;
    }
}

Inbox::Entry Inbox::pop() {
    --queued_;
    if (!returned_.empty()) {
        Entry entry = std::move(returned_.front());
        returned_.pop_front();
        return entry;
    }
    const std::shared_ptr<Parcel>& parcel = parcels_.front();
    Entry entry{&parcel->items[next_item_], parcel};
    if (++next_item_ == parcel->items.size()) {
        parcels_.pop_front();
        next_item_ = 0;
    }
    return entry;
}

bool Inbox::is_busy(OrderKey key) const noexcept {
    return std::any_of(busy_.begin(), busy_.end(), [key](const auto& worker) {
        return std::find(worker->keys_.begin(), worker->keys_.end(), key) != worker->keys_.end();
    });
}

void Inbox::park(Entry entry) {
    const OrderKey key = entry.item->key;
    parked_[key].push_back(std::move(entry));
}

void Inbox::unpark(const std::vector<OrderKey>& keys) {
    if (parked_.empty()) {
        return;
    }
    for (const OrderKey key : keys) {
        const auto found = parked_.find(key);
        if (found != parked_.end()) {
            queued_ += found->second.size();
            returned_.insert(returned_.begin(), std::make_move_iterator(found->second.begin()),
                             std::make_move_iterator(found->second.end()));
            parked_.erase(found);
            signal_descriptor();
        }
    }
}

void Inbox::settle(Worker& worker) {
    for (const InboxItem* item : worker.items_) {
        bytes_ -= item->weight();
    }
    messages_ -= worker.items_.size();
    unpark(worker.keys_);
    worker.range_.store(0, std::memory_order_relaxed);
    worker.items_.clear();
    worker.parcels_.clear();
    worker.keys_.clear();
}

void Inbox::add_busy(const std::shared_ptr<Worker>& worker) {
    ++batches_;
    worker->seen_begun_ = worker->begun_.load(std::memory_order_relaxed);
    worker->held_up_ = false;
    busy_.push_back(worker);
}

void Inbox::remove_busy(const Worker& worker) {
    std::erase_if(busy_, [&worker](const auto& other) { return other.get() == &worker; });
    settled_.notify_all();
}

void Inbox::give_back(std::shared_ptr<Worker> worker) {
    worker->finish_current();
    parts_.acknowledgements.wake();
    const Lock lock{mutex_};
    const bool left_early = worker->has_unbegun();
    recall(*worker);
    settle(*worker);
    remove_busy(*worker);
    spare_.push_back(std::move(worker));
    if (queued_ > 0) {
        signal_descriptor();
        // Who comes to the end of a batch takes the next one at once; should it not, who watches finds out.
        if (left_early || !watched_) {
            work_.notify_one();
        }
    }
    if (is_full_no_more()) {
        wake_();
    }
}

// Ending.

void Inbox::stop() {
    std::deque<std::shared_ptr<Parcel>> parcels;
    std::deque<Entry> returned;
    std::unordered_map<OrderKey, std::deque<Entry>> parked;
    {
        const Lock lock{mutex_};
        stopped_ = true;
        parcels.swap(parcels_);
        returned.swap(returned_);
        parked.swap(parked_);
        next_item_ = 0;
        queued_ = 0;
        messages_ = 0;
        bytes_ = 0;
        for (const auto& worker : busy_) {
            worker->items_.resize(worker->withdraw().begin);
            messages_ += worker->items_.size();
            bytes_ =
                std::accumulate(worker->items_.begin(), worker->items_.end(), bytes_,
                                [](std::size_t sum, const InboxItem* item) { return sum + item->weight(); });
        }
        signal_descriptor();
        work_.notify_all();
        settled_.notify_all();
    }
}

bool Inbox::stopped() const {
    const Lock lock{mutex_};
    return stopped_;
}

bool Inbox::wait_idle(TimePoint deadline, const Worker* except) {
    const auto others_busy = [&] {
        return std::any_of(busy_.begin(), busy_.end(),
                           [except](const auto& worker) { return worker.get() != except; });
    };
    Lock lock{mutex_};
    while (!stopped_ && (others_busy() || queued_ > 0 || (!parked_.empty() && except == nullptr))) {
        const TimePoint now = steady_clock::now();
        if (now >= deadline) {
            return false;
        }
        if (idle_ > 0 || others_busy()) {
            settled_.wait_until(lock, deadline);
            continue;
        }
        const std::uint64_t batches_before = batches_;
        settled_.wait_until(lock, std::min(deadline, now + kNextTake));
        if (idle_ == 0 && batches_ == batches_before) {
            return false;  // Nobody takes what is here.
        }
    }
    return true;
}

// The descriptor for event loops.

int Inbox::descriptor() {
    const Lock lock{mutex_};
    if (descriptor_ < 0) {
        descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (descriptor_ >= 0 && queued_ > 0) {
            signal_descriptor();
        }
    }
    return descriptor_;
}

void Inbox::signal_descriptor() {
    if (descriptor_ >= 0 && !descriptor_set_) {
        descriptor_set_ = true;
        const std::uint64_t one = 1;
        (void)!::write(descriptor_, &one, sizeof one);  // Cannot fail: the counter is 0.
    }
}

void Inbox::clear_descriptor() {
    if (descriptor_ >= 0 && descriptor_set_ && queued_ == 0 && !stopped_) {
        descriptor_set_ = false;
        std::uint64_t count = 0;
        (void)!::read(descriptor_, &count, sizeof count);
    }
}

}  // namespace multimqtt::client
