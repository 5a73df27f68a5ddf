// The inside of a client: its lifecycle, and what each side of the hand-off does.
#pragma once

#include "client/acknowledgements.hpp"
#include "client/handler_threads.hpp"
#include "client/inbox.hpp"
#include "client/intake.hpp"
#include "client/log.hpp"
#include "client/observer_list.hpp"
#include "client/outbox.hpp"
#include "client/reception.hpp"
#include "client/route_table.hpp"
#include "client/subscriber.hpp"
#include "client/worker.hpp"
#include "io/driver.hpp"
#include "multimqtt/client.hpp"
#include "routing/prefix.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace multimqtt {

/// Threads: as `Client`, except the functions of the two interfaces that it implements.
class Client::Core final : public std::enable_shared_from_this<Client::Core>,
                           public io::DriverOwner,
                           public client::DeliveryHandler {
public:
    explicit Core(Options options);
    ~Core() override;
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    Result<void> connect();
    void close(std::optional<std::chrono::milliseconds> drain);
    [[nodiscard]] State state() const noexcept;
    [[nodiscard]] bool inherited() const noexcept;
    [[nodiscard]] std::optional<ConnectionFacts> connection() const;
    Result<void> wait_connected(std::chrono::milliseconds timeout) const;
    /// For one filter, or with an empty one for all.
    Result<void> wait_subscribed(std::chrono::milliseconds timeout, std::string_view filter) const;

    void on_connect(std::function<void()> handler);
    void on_disconnect(std::function<void(const Failure&)> handler);
    void on_log(client::Log::Handler handler);

    Result<Topic> register_topic(std::string_view pattern, TopicOptions options);
    /// Who observes `filter`; see `observe`.
    Result<std::shared_ptr<client::ObserverList>> observers_of(std::string_view filter);
    Result<std::string> topic_for(std::string_view name, std::span<const TopicArgument> values,
                                  Absolute absolute) const;
    Receipt publish(std::string_view topic, const Payload& payload, const PublishOptions& options);
    Batch take(std::size_t messages_max, std::chrono::milliseconds timeout);
    Result<int> fileno();

    [[nodiscard]] Statistics statistics() const;
    [[nodiscard]] const Options& options() const noexcept { return options_; }

private:
    using Command = std::function<void(session::Session&, session::TimePoint)>;

    // What the I/O thread does, core_io.cpp.
    void give_commands(session::Session& session, session::TimePoint now) override;
    bool take_events(session::Session& session, session::TimePoint now) override;
    void pass_on() override;
    bool has_room() override;
    [[nodiscard]] std::optional<session::TimePoint> deadline() const override;
    void ended() noexcept override;
    [[nodiscard]] bool take_event(const session::Event& event, session::Session& session);
    void take_message(const session::Event& event, session::Session& session);
    void came_up(session::Session& session);
    void went_down(const session::Event& event);
    void attempt_failed(const session::Event& event);
    void publish_state(const session::Session& session);
    void give_acknowledgements(session::Session& session, session::TimePoint now);

    // What handler threads do.
    void handle(client::Worker& worker, Delivery& delivery) override;
    void run_route(client::Worker& worker, Delivery& delivery);
    void run_connection_handlers(const Delivery& delivery);

    [[nodiscard]] Failure inherited_failure() const;
    Result<void> add_route(const client::RouteTable::RoutePointer& route);
    [[nodiscard]] Result<void> check_message(std::string_view topic, const Payload& payload,
                                             const PublishOptions& options) const;
    void command(Command command);
    void wake_for_outbox();
    void wake_for_command();
    void drain(std::chrono::steady_clock::time_point deadline);
    void stop_everything();

    const Options options_;
    const routing::Prefix prefix_;
    const std::uint32_t generation_;
    io::SystemRandom random_;
    client::Log log_;
    client::HandlerCounts handler_counts_;
    std::shared_ptr<client::Acknowledgements> acknowledgements_;  // Shared with deliveries that are kept.
    client::Outbox outbox_;
    client::Inbox inbox_;
    client::RouteTable routes_;
    client::HandlerThreads threads_;

    std::atomic<bool> outbox_wake_pending_{false};
    std::atomic<bool> command_wake_pending_{false};
    std::mutex commands_mutex_;
    std::vector<Command> commands_;

    mutable std::mutex handlers_mutex_;
    std::vector<std::function<void()>> connect_handlers_;
    std::vector<std::function<void(const Failure&)>> disconnect_handlers_;

    // The state as other threads see it.
    mutable std::mutex state_mutex_;
    mutable std::condition_variable state_changed_;
    std::atomic<State> state_{State::armed};
    bool closing_ = false;
    std::optional<Failure> last_failure_;  // Of the last attempt to connect.
    std::optional<ConnectionFacts> facts_;
    std::uint64_t routes_wanted_ = 0;   // Handed to the I/O thread.
    std::uint64_t routes_settled_ = 0;  // Of these, answered by the broker.
    bool settled_ = false;              // No answer is outstanding on this connection.
    client::Subscriber::Refusals refusals_;
    std::size_t granted_ = 0;
    session::Statistics session_statistics_;
    std::uint64_t connects_failed_ = 0;
    std::uint64_t disconnects_ = 0;
    std::atomic<bool> discard_messages_{false};  // While draining: what arrives is left to the broker.

    // The I/O thread's own.
    client::Subscriber subscriber_;
    client::Reception reception_;
    client::Intake intake_;
    std::vector<Command> commands_taken_;
    std::vector<client::Acknowledgement> acknowledgements_taken_;
    std::uint64_t routes_added_ = 0;
    bool answers_changed_ = false;  // The broker has answered a subscription since `refusals_` was made.
    std::chrono::milliseconds acknowledgement_interval_{0};
    std::optional<session::TimePoint> acknowledgement_deadline_;
    std::optional<Failure> reported_failure_;
    std::unique_ptr<io::Driver> driver_;
    std::atomic<io::Driver*> running_driver_{nullptr};
};

}  // namespace multimqtt
