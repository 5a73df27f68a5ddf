// What `Client::take` gives: a batch of things to handle.
#pragma once

#include "multimqtt/message.hpp"
#include "multimqtt/reason_code.hpp"
#include "multimqtt/result.hpp"
#include "multimqtt/topic.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace multimqtt {

enum class LogLevel : std::uint8_t { info, warning, error };

namespace client {
class Inbox;
class Worker;
class ReceiptState;
}  // namespace client

/// One thing to handle: a message for one route, or something that happened to the client.
///
/// Valid until the next call of `Batch::next`, or the end of the batch.
class Delivery {
public:
    enum class Kind : std::uint8_t {
        message,       ///< `message()`, `route()`, `captures()`.
        connected,     ///< The broker accepted the connection.
        disconnected,  ///< The connection ended: `failure()`.
        log,           ///< `level()` and `text()`.
        receipt,       ///< A watched receipt is done: `receipt()`.
    };

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] const Message& message() const noexcept { return message_; }
    [[nodiscard]] RouteId route() const noexcept { return route_; }
    [[nodiscard]] Captures captures() const noexcept { return captures_; }
    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
    [[nodiscard]] LogLevel level() const noexcept { return level_; }
    [[nodiscard]] std::string_view text() const noexcept { return failure_.message; }
    [[nodiscard]] client::ReceiptState* receipt() const noexcept { return receipt_; }

    /// See `Message::ack`; from any thread.
    void ack(ReasonCode reason = ReasonCode::success) const { message_.ack(reason); }

private:
    friend class client::Worker;

    Kind kind_ = Kind::message;
    LogLevel level_ = LogLevel::info;
    RouteId route_ = 0;
    Message message_;
    Captures captures_;
    Failure failure_;
    client::ReceiptState* receipt_ = nullptr;
};

/// Deliveries that one thread has taken. Those it has not begun may be taken back and given to another thread
/// when this one is held up in a handler.
///
/// Threads: belongs to the thread that took it. In a forked child it has come to its end.
class Batch {
public:
    Batch() noexcept;
    Batch(std::shared_ptr<const void> client, client::Inbox& inbox,
          std::shared_ptr<client::Worker> worker) noexcept;
    Batch(Batch&&) noexcept;
    Batch& operator=(Batch&&) noexcept;
    /// Finishes the current delivery; those not begun go back to the client.
    ~Batch();

    /// Finishes the current delivery and begins the next; null at the end. A message with
    /// `AckMode::success` is acknowledged when it is finished.
    [[nodiscard]] Delivery* next();

    /// True when nothing was taken.
    [[nodiscard]] bool empty() const noexcept { return worker_ == nullptr; }

    /// Runs the C++ handlers of the current delivery, each guarded, as the client's own threads do.
    void run();

    /// Tells that the handler of the current delivery failed; counted, and logged by whoever calls.
    void failed() noexcept;

private:
    void give_back();
    [[nodiscard]] bool inherited() const noexcept;

    std::shared_ptr<const void> client_;  // Keeps `inbox_` alive.
    client::Inbox* inbox_ = nullptr;
    std::shared_ptr<client::Worker> worker_;  // Null when the batch is empty.
    std::uint32_t generation_ = 0;            // Of the process that took it.
};

}  // namespace multimqtt
