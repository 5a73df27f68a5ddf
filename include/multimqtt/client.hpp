// The client: one connection to a broker, shared by all threads of the process.
#pragma once

#include "multimqtt/connection_facts.hpp"
#include "multimqtt/delivery.hpp"
#include "multimqtt/message.hpp"
#include "multimqtt/options.hpp"
#include "multimqtt/payload.hpp"
#include "multimqtt/publish.hpp"
#include "multimqtt/receipt.hpp"
#include "multimqtt/result.hpp"
#include "multimqtt/statistics.hpp"
#include "multimqtt/topic.hpp"
#include "multimqtt/topic_pattern.hpp"
#include "multimqtt/typed_pattern.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt {

/// Where a client stands in its life.
enum class State : std::uint8_t {
    armed,       ///< Made, and `connect` has not been called: no thread, no socket.
    connecting,  ///< Looking for the broker, for the first time or again.
    running,     ///< Connected.
    draining,    ///< `close` has been called; unfinished work is being finished.
    stopped,     ///< Closed for good.
    inherited,   ///< This process is a forked child; the connection belongs to the parent.
};

[[nodiscard]] std::string_view to_string(State state) noexcept;

/// Whether `topic_for` puts the prefix before the topic.
enum class Absolute : bool { no, yes };

/// One MQTT connection and the thread that serves it.
///
///     multimqtt::Client mqtt{"mqtt://127.0.0.1/myprefix"};
///     mqtt.topic<"number/<int:number>">([](const multimqtt::Message& message, std::int64_t number) { ... });
///     mqtt.connect();
///     mqtt.publish("example", {{"hello", "world"}});
///
/// Threads: every function may be called from any thread at any time, handlers included, unless it says
///          otherwise.
class Client {
public:
    /// Checks the options; opens nothing, starts nothing.
    /// Errors: throws `Exception` with `bad_config`.
    explicit Client(Options options);
    /// Errors: throws `Exception` with `bad_uri` or `bad_config`.
    explicit Client(std::string_view uri);
    explicit Client(const char* uri) : Client{std::string_view{uri}} {}
    /// Closes with `Options::drain`. In a forked child it only forgets.
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    // The connection.

    /// Starts the one connection, which is kept up from then on. The first call starts it; later calls, from
    /// any thread, find it there. Never waits for the broker. Errors: `closed`, `inherited`.
    Result<void> connect();

    [[nodiscard]] bool connected() const noexcept;
    [[nodiscard]] State state() const noexcept;
    /// What holds on the connection of the moment; nothing while there is none.
    [[nodiscard]] std::optional<ConnectionFacts> connection() const;

    /// Waits until the broker has accepted the connection.
    /// Errors: `timed_out` with the reason of the last failed attempt; `closed`, `inherited`.
    Result<void> wait_connected(std::chrono::milliseconds timeout) const;

    /// Waits until the broker has answered every subscription of the routes known now.
    /// Errors: `refused` naming the filters that the broker refused; `timed_out`, `closed`, `inherited`.
    Result<void> wait_subscribed(std::chrono::milliseconds timeout) const;

    /// Ends the connection: lets running handlers finish, sends what is accepted, says DISCONNECT. What is
    /// not finished after `drain` fails with `Error::closed`. From a handler: does not wait for that handler.
    void close(std::optional<std::chrono::milliseconds> drain = std::nullopt);

    /// Runs at each connection and each loss, on a handler thread. Like `on_log` it does nothing in a forked
    /// child.
    void on_connect(std::function<void()> handler);
    void on_disconnect(std::function<void(const Failure&)> handler);

    /// Where one line for people goes: connects, losses, refused subscriptions, failed handlers. The default
    /// writes to stderr. Runs on a handler thread.
    void on_log(std::function<void(LogLevel, std::string_view)> handler);

    // Messages in.

    /// Declares a subscription; before, during or after the connection. The same pattern with the same
    /// options gives the same topic.
    /// Errors: `bad_pattern`; `bad_config` when the pattern is there already with other options, or the
    ///         route's name belongs to another pattern.
    Result<Topic> register_topic(std::string_view pattern, TopicOptions options = {});

    /// Routes a pattern to a function whose parameters are checked against it by the compiler.
    /// Errors: throws `Exception`, see `register_topic`.
    template <FixedString pattern, class Handler>
    requires TypedHandlerFor<pattern, Handler> Topic topic(Handler handler, TopicOptions options = {}) {
        options.int_range = IntRange::int64;
        Topic topic = register_topic(pattern.text(), std::move(options)).value();
        topic.on_message([handler = std::move(handler)](const Message& message, Captures captures) mutable {
            invoke_with_captures<pattern>(handler, message, captures);
        });
        return topic;
    }

    /// Takes messages for this thread, for programs with a loop of their own (`Options::handler_threads` =
    /// 0). Waits up to `timeout` for the first; an empty batch means that there was none, or that the client
    /// stopped. `messages_max`: 1..1024.
    [[nodiscard]] Batch take(std::size_t messages_max, std::chrono::milliseconds timeout);

    /// A descriptor that is readable while `take` has something, for `poll` and event loops. The client
    /// owns it. Spec: eventfd(2).
    /// Errors: `inherited`, or the errno of eventfd.
    Result<int> fileno();

    // Messages out.

    /// Sends a message: puts it into the outbox and returns. The prefix is put before the topic.
    ///
    /// Errors: in the receipt: `bad_topic`, `payload_too_large`, `queue_full`, `would_block`, `closed`,
    ///         `inherited`; later `refused`, `session_lost`, `expired`, `dropped`, `not_supported`.
    Receipt publish(std::string_view topic, const Payload& payload, const PublishOptions& options = {});

    /// The topic of a route, from the values of its placeholders.
    /// Errors: `unknown_route`, `bad_value`, `inherited`.
    [[nodiscard]] Result<std::string> topic_for(std::string_view name,
                                                std::initializer_list<TopicArgument> values = {},
                                                Absolute absolute = Absolute::no) const;
    [[nodiscard]] Result<std::string> topic_for(std::string_view name, std::span<const TopicArgument> values,
                                                Absolute absolute = Absolute::no) const;

    [[nodiscard]] Statistics statistics() const;
    [[nodiscard]] const Options& options() const noexcept;

    class Core;
    /// For bindings and `Dynsec`.
    [[nodiscard]] const std::shared_ptr<Core>& core() const noexcept { return core_; }

private:
    std::shared_ptr<Core> core_;
};

}  // namespace multimqtt
