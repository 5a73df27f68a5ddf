// A route: a topic pattern, how to subscribe to it, and the functions that handle it.
#pragma once

#include "multimqtt/message.hpp"
#include "multimqtt/protocol.hpp"
#include "multimqtt/result.hpp"
#include "multimqtt/topic_pattern.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace multimqtt {

/// When a QoS 1 or 2 message is acknowledged to the broker.
enum class AckMode : std::uint8_t {
    success,  ///< After every handler of the message has returned, or has failed and that was logged.
    receive,  ///< As soon as it is in the inbox. A killed process loses it.
    manual,   ///< When `Message::ack` is called for it. Until then it occupies the receive window.
};

/// Which messages a route takes, with respect to the retain flag.
enum class Retained : std::uint8_t { deliver, ignore, only };

struct TopicOptions {
    Qos qos = Qos::at_most_once;
    bool no_local = false;   ///< MQTT 5.0: not the messages that this client published itself.
    bool no_prefix = false;  ///< Take the pattern as it is, as for "$SYS/#".
    std::string name{};      ///< For `topic_for`; empty: the pattern's text.
    AckMode ack = AckMode::success;
    Retained retained = Retained::deliver;
    /// The placeholder whose value keeps messages in order; empty: the whole topic does.
    std::string ordered_by{};
    IntRange int_range = IntRange::any;  ///< Whether `<int:...>` takes values beyond 64 bits.

    friend bool operator==(const TopicOptions&, const TopicOptions&) = default;
};

/// The placeholders' texts in the order of the pattern; views into the topic.
using Captures = std::span<const TopicCapture>;

/// Identifies a route of one client; given out in order, from 1.
using RouteId = std::uint32_t;

/// A handle on a registered route; copies are the same route.
///
/// Threads: any thread, at any time.
class Topic {
public:
    using Handler = std::function<void(const Message&, Captures)>;

    struct Route;
    explicit Topic(std::shared_ptr<Route> route) noexcept : route_{std::move(route)} {}

    /// Adds a handler; all of them run, in the order they were added, one after the other.
    /// An exception is logged and does not keep the next handler from running.
    Topic& on_message(Handler handler);

    [[nodiscard]] RouteId id() const noexcept;
    [[nodiscard]] const TopicPattern& pattern() const noexcept;
    [[nodiscard]] const TopicOptions& options() const noexcept;
    [[nodiscard]] std::string_view name() const noexcept;

private:
    std::shared_ptr<Route> route_;
};

}  // namespace multimqtt
