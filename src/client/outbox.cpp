// Packing messages into rows, and the policies of a full outbox.
#include "client/outbox.hpp"

#include "client/deadline.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>
#include <string>
#include <utility>

namespace multimqtt::client {
namespace {

/// Above this a payload with an owner is referenced instead of copied. Chosen because copying 16 KiB costs
/// about as much as the bookkeeping of a reference.
constexpr std::size_t kCopiedBytesMax = 16 * 1'024;

constexpr std::size_t aligned(std::size_t bytes) noexcept {
    constexpr std::size_t kAlignment = alignof(std::max_align_t);
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// What few messages have: properties, or a payload that is referenced.
struct Extra {
    PublishProperties properties;
    std::shared_ptr<const void> owner;
    std::span<const std::byte> payload;
};

}  // namespace

/// One message in a row: this header, then topic and payload, padded to the alignment of the next.
struct alignas(std::max_align_t) Outbox::Record {
    ReceiptState* receipt;
    Extra* extra;
    session::TimePoint accepted_at;
    std::uint32_t bytes;  // Header, topic, payload and padding.
    std::uint32_t payload_bytes;
    std::uint16_t topic_bytes;
    Qos qos;
    bool retain;

    [[nodiscard]] const char* topic() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    /// What it counts against the limit of bytes.
    [[nodiscard]] std::size_t weight() const noexcept {
        return bytes + (extra != nullptr ? extra->payload.size() : 0);
    }
    [[nodiscard]] session::OutboundMessage message() const noexcept {
        session::OutboundMessage message;
        message.topic = {topic(), topic_bytes};
        message.payload = std::as_bytes(std::span{topic() + topic_bytes, payload_bytes});
        message.qos = qos;
        message.retain = retain;
        message.accepted_at = accepted_at;
        if (extra != nullptr) {
            if (extra->owner != nullptr) {
                message.payload = extra->payload;
                message.payload_owner = extra->owner;
            }
            if (!extra->properties.empty()) {
                message.properties = &extra->properties;
            }
        }
        return message;
    }
    [[nodiscard]] static const Record* first(const wire::ByteBuffer& row) noexcept {
        return std::launder(reinterpret_cast<const Record*>(row.bytes().data()));
    }
};

Outbox::Outbox(const Options& options)
    : bytes_max_{options.outbox_bytes_max},
      messages_max_{options.outbox_messages_max},
      policy_{options.outbox_full},
      block_timeout_{options.outbox_block_timeout} {
}

Outbox::~Outbox() {
    fail_all(Failure{Error::closed, "the client was destroyed before the message could be sent"},
             [](ReceiptState* receipt) { receipt->release(); });
}

bool Outbox::has_room(std::size_t bytes) const noexcept {
    return messages_ < messages_max_ && bytes_ + bytes <= bytes_max_;
}

Receipt Outbox::put(const Item& item, const Watched& watched) {
    const bool referenced = item.owner != nullptr && item.payload.size() > kCopiedBytesMax;
    const std::size_t record_bytes = aligned(sizeof(Record) + item.prefix.size() + item.topic.size() +
                                             (referenced ? 0 : item.payload.size()));
    const std::size_t weight = record_bytes + (referenced ? item.payload.size() : 0);
    // Allocated before the lock is taken: only appending happens under it.
    ReceiptState* const receipt = item.options->qos == Qos::at_most_once ? nullptr : new ReceiptState{weight};

    std::unique_lock lock{mutex_};
    if (!has_room(weight) || closed_) [[unlikely]] {
        if (auto room = make_room(lock, weight, *item.options, watched); !room) {
            ++counts_.refused;
            lock.unlock();
            if (receipt != nullptr) {
                receipt->release();
            }
            return Receipt{room.error()};
        }
    }
    append(item, record_bytes, receipt);
    bytes_ += weight;
    ++messages_;
    ++unsent_;
    ++counts_.accepted;
    if (receipt != nullptr) {
        receipt->add_reference();  // One for the record, one for the caller.
    }
    return Receipt{receipt};
}

void Outbox::append(const Item& item, std::size_t record_bytes, ReceiptState* receipt) {
    const bool referenced = item.owner != nullptr && item.payload.size() > kCopiedBytesMax;
    Extra* extra = nullptr;
    if (referenced || !item.options->properties.empty()) {
        extra = new Extra{item.options->properties, referenced ? item.owner : nullptr,
                          referenced ? item.payload : std::span<const std::byte>{}};
    }
    std::byte* const place = queue_.extend(record_bytes);
    auto* const record = new (place) Record;
    record->receipt = receipt;
    record->extra = extra;
    record->accepted_at = item.accepted_at;
    record->bytes = static_cast<std::uint32_t>(record_bytes);
    record->payload_bytes = referenced ? 0 : static_cast<std::uint32_t>(item.payload.size());
    record->topic_bytes = static_cast<std::uint16_t>(item.prefix.size() + item.topic.size());
    record->qos = item.options->qos;
    record->retain = item.options->retain;
    std::byte* body = place + sizeof(Record);
    const auto add = [&body](const void* data, std::size_t size) {
        if (size != 0) {
            std::memcpy(body, data, size);
            body += size;
        }
    };
    add(item.prefix.data(), item.prefix.size());
    add(item.topic.data(), item.topic.size());
    if (!referenced) {
        add(item.payload.data(), item.payload.size());
    }
}

Result<void> Outbox::make_room(std::unique_lock<std::mutex>& lock, std::size_t bytes,
                               const PublishOptions& options, const Watched& watched) {
    const auto full = [&](const std::string& cure) {
        return Failure{Error::queue_full, "the outbox holds " + std::to_string(messages_) + " messages and " +
                                              std::to_string(bytes_) + " bytes, so that " +
                                              std::to_string(bytes) + " bytes more do not fit; " + cure};
    };
    if (!closed_ && bytes > bytes_max_) {
        return Failure{Error::payload_too_large,
                       "a message of " + std::to_string(bytes) + " bytes never fits the outbox of " +
                           std::to_string(bytes_max_) + " bytes; raise outbox_bytes_max"};
    }
    if (policy_ == OutboxFull::drop_oldest) {
        while (!closed_ && !has_room(bytes) && drop_oldest(watched)) {
        }
    } else if (policy_ == OutboxFull::block && options.block) {
        ++blocked_;
        room_.wait_until(lock, deadline_after(block_timeout_), [&] { return closed_ || has_room(bytes); });
        --blocked_;
    }
    if (closed_) {
        return Failure{Error::closed, "the client has been closed and sends nothing any more"};
    }
    if (!has_room(bytes)) {
        return full("the broker is away or slower than the publishers");
    }
    return {};
}

bool Outbox::drop_oldest(const Watched& watched) {
    if (queue_.empty()) {
        return false;  // Everything that is left has been handed to the session already.
    }
    const Record* const record = Record::first(queue_.front());
    bytes_ -= record->weight();
    --messages_;
    --unsent_;
    ++counts_.dropped;
    ++counts_.failed;
    if (record->receipt != nullptr) {
        const bool is_watched = record->receipt->finish(
            Failure{Error::dropped, "the message was given up to make room for a newer one"});
        end(record->receipt, watched, is_watched);
    }
    delete record->extra;
    queue_.consume(record->bytes);
    return true;
}

bool Outbox::drain(session::Session& session, session::TimePoint now, const Watched& watched) {
    // What publishers add meanwhile is for the next turn, however fast they are.
    std::size_t rows = 0;
    wire::ByteBuffer row;
    const auto take_row = [&] {
        if (rows > 0) {
            --rows;
            queue_.recycle(std::exchange(row, queue_.take()));
        }
    };
    {
        const std::lock_guard lock{mutex_};
        rows = queue_.rows();
        take_row();
    }
    std::size_t taken_or_refused = 0;
    std::size_t messages_done = 0;
    std::size_t messages_failed = 0;
    std::size_t bytes_done = 0;
    const auto more = [&] {
        if (row.empty() && rows > 0) {
            const std::lock_guard lock{mutex_};
            take_row();
        }
        return !row.empty();
    };
    while (more() && session.accepts_publish()) {
        const Record* const record = Record::first(row);
        const auto token = reinterpret_cast<session::Token>(record->receipt);
        if (const Result<void> taken = session.publish(token, record->message(), now); !taken) {
            if (taken.error().is(Error::would_block)) {
                break;
            }
            if (record->receipt != nullptr) {
                finished(record->receipt, taken.error(), watched);
            } else {
                ++messages_failed;
                bytes_done += record->weight();
            }
        } else if (record->receipt == nullptr) {
            ++messages_done;
            bytes_done += record->weight();
        }
        delete record->extra;
        row.consume(record->bytes);
        ++taken_or_refused;
    }
    const std::lock_guard lock{mutex_};
    counts_.done += messages_done;
    counts_.failed += messages_failed;
    unsent_ -= taken_or_refused;
    give_back(messages_done + messages_failed, bytes_done);
    if (unsent_ == 0 && closed_) {
        handed_over_.notify_all();
    }
    if (row.empty()) {
        queue_.recycle(std::move(row));
    } else {
        queue_.put_back(std::move(row));
    }
    return !queue_.empty();
}

void Outbox::give_back(std::size_t messages, std::size_t bytes) {
    messages_ -= messages;
    bytes_ -= bytes;
    // Waking publishers one message at a time would make each of them a context switch.
    if (blocked_ > 0 && bytes_ <= bytes_max_ - bytes_max_ / 4 &&
        messages_ <= messages_max_ - messages_max_ / 4) {
        room_.notify_all();
    }
}

void Outbox::end(ReceiptState* receipt, const Watched& watched, bool is_watched) {
    if (is_watched) {
        watched(receipt);  // Takes the reference over.
    } else {
        receipt->release();
    }
}

void Outbox::settle(const Watched& watched) {
    if (finished_.empty()) {
        return;
    }
    const std::size_t bytes = std::accumulate(
        finished_.begin(), finished_.end(), std::size_t{0},
        [](std::size_t sum, const Finished& one) { return sum + one.receipt->outbox_bytes(); });
    {
        const std::lock_guard lock{mutex_};
        counts_.done += finished_.size();
        give_back(finished_.size(), bytes);
    }
    for (const auto& [receipt, reason] : finished_) {
        end(receipt, watched, receipt->finish(reason));
    }
    finished_.clear();
}

void Outbox::finished(ReceiptState* receipt, Failure failure, const Watched& watched) {
    {
        const std::lock_guard lock{mutex_};
        ++counts_.failed;
        give_back(1, receipt->outbox_bytes());
    }
    const bool is_watched = receipt->finish(std::move(failure));
    end(receipt, watched, is_watched);
}

void Outbox::close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    room_.notify_all();
}

void Outbox::fail_all(const Failure& failure, const Watched& watched) {
    const std::lock_guard lock{mutex_};
    while (!queue_.empty()) {
        const Record* const record = Record::first(queue_.front());
        bytes_ -= record->weight();
        --messages_;
        --unsent_;
        ++counts_.failed;
        if (record->receipt != nullptr) {
            const bool is_watched = record->receipt->finish(failure);
            end(record->receipt, watched, is_watched);
        }
        delete record->extra;
        queue_.consume(record->bytes);
    }
}

void Outbox::wait_handed_over(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock{mutex_};
    handed_over_.wait_until(lock, deadline, [this] { return unsent_ == 0; });
}

void Outbox::count_refused() {
    const std::lock_guard lock{mutex_};
    ++counts_.refused;
}

Outbox::Counts Outbox::counts() const {
    const std::lock_guard lock{mutex_};
    Counts counts = counts_;
    counts.messages = messages_;
    counts.bytes = bytes_;
    return counts;
}

}  // namespace multimqtt::client
