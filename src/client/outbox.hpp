// Where publishing threads leave their messages for the I/O thread.
#pragma once

#include "client/receipt_state.hpp"
#include "client/row_queue.hpp"
#include "multimqtt/options.hpp"
#include "multimqtt/publish.hpp"
#include "multimqtt/receipt.hpp"
#include "multimqtt/result.hpp"
#include "session/session.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace multimqtt::client {

/// A bounded queue of messages, packed back to back into rows of bytes.
///
/// What is accepted counts against the limits until it is finished: QoS 0 until the session has taken it,
/// QoS 1 and 2 until they are acknowledged or failed.
///
/// Threads: `put` from any thread; `drain`, `finished` and `settle` from the I/O thread only; the rest from
/// any.
class Outbox {
public:
    explicit Outbox(const Options& options);
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    struct Item {
        std::string_view prefix;  ///< With its slash; put before `topic`.
        std::string_view topic;
        std::span<const std::byte> payload;
        std::shared_ptr<const void> owner;  ///< Keeps `payload` alive without a copy.
        const PublishOptions* options;
        session::TimePoint accepted_at{0};
    };

    /// Takes a message. Receipts that had to be dropped for it, and are watched, are passed to `dropped`.
    Receipt put(const Item& item, const std::function<void(ReceiptState*)>& watched);

    /// Hands messages to the session, oldest first, until it takes no more or there are none. Receipts that
    /// are watched and failed at once are passed to `watched`. Returns true when messages are left over.
    bool drain(session::Session& session, session::TimePoint now,
               const std::function<void(ReceiptState*)>& watched);

    /// A message with a token has ended well. `settle` gives its room back and ends its receipt.
    void finished(ReceiptState* receipt, ReasonCode reason) { finished_.push_back({receipt, reason}); }
    /// Does that for all at once, since acknowledgements come in flocks and publishers want the lock too.
    void settle(const std::function<void(ReceiptState*)>& watched);
    /// A message with a token has failed; gives its room back and ends its receipt.
    void finished(ReceiptState* receipt, Failure failure, const std::function<void(ReceiptState*)>& watched);

    /// From now on `put` fails with `closed`; blocked callers return.
    void close();
    /// Fails everything that still waits.
    void fail_all(const Failure& failure, const std::function<void(ReceiptState*)>& watched);

    /// Waits until the session has taken everything; at most until the deadline.
    void wait_handed_over(std::chrono::steady_clock::time_point deadline);

    /// Counts a message that was refused before it came here.
    void count_refused();

    struct Counts {
        std::uint64_t accepted, done, failed, dropped, refused, messages, bytes;
    };
    [[nodiscard]] Counts counts() const;

private:
    struct Record;
    using Watched = std::function<void(ReceiptState*)>;

    [[nodiscard]] bool has_room(std::size_t bytes) const noexcept;
    [[nodiscard]] Result<void> make_room(std::unique_lock<std::mutex>& lock, std::size_t bytes,
                                         const PublishOptions& options, const Watched& watched);
    [[nodiscard]] bool drop_oldest(const Watched& watched);
    void append(const Item& item, std::size_t record_bytes, ReceiptState* receipt);
    void give_back(std::size_t messages, std::size_t bytes);
    void end(ReceiptState* receipt, const Watched& watched, bool is_watched);

    const std::size_t bytes_max_;
    const std::size_t messages_max_;
    const OutboxFull policy_;
    const std::chrono::milliseconds block_timeout_;

    mutable std::mutex mutex_;
    std::condition_variable room_;
    std::condition_variable handed_over_;
    RowQueue queue_;  // Of records.
    std::size_t bytes_ = 0;
    std::size_t messages_ = 0;
    std::size_t unsent_ = 0;  // Of `messages_`, those that the session has not taken.
    unsigned blocked_ = 0;
    bool closed_ = false;
    Counts counts_{};

    struct Finished {
        ReceiptState* receipt;
        ReasonCode reason;
    };

    std::vector<Finished> finished_;  // I/O thread only.
};

}  // namespace multimqtt::client
