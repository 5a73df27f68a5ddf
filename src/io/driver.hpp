// Feeds one session: connects, reads, writes and keeps time for it, on a thread of its own.
#pragma once

#include "multimqtt/options.hpp"
#include "session/session.hpp"

#include <memory>
#include <optional>

namespace multimqtt::io {

/// What the owner of a driver does at each turn. All of it runs on the driver's thread.
class DriverOwner {
public:
    virtual ~DriverOwner() = default;

    /// Hands commands to the session: publishes, acknowledgements, subscriptions, close.
    virtual void give_commands(session::Session& session, session::TimePoint now) = 0;

    /// Pulls every event out of the session. Returns false when one of them was the session's end.
    [[nodiscard]] virtual bool take_events(session::Session& session, session::TimePoint now) = 0;

    /// Passes on what the events brought. One read may be followed by several `take_events` before it.
    virtual void pass_on() = 0;

    /// Whether more may be read from the broker; when that was false, the owner calls `wake` once it is true.
    [[nodiscard]] virtual bool has_room() = 0;

    /// When the owner wants its next turn, beside those that wakes, bytes and the session cause.
    [[nodiscard]] virtual std::optional<session::TimePoint> deadline() const = 0;

    /// The session has ended; nothing more will be called.
    virtual void ended() noexcept = 0;
};

/// Random numbers that differ from run to run.
class SystemRandom : public session::Random {
public:
    SystemRandom();
    std::uint64_t next() override;

private:
    std::uint64_t state_;
};

/// Threads: made, started, and joined by one owner; `wake` from any thread.
class Driver {
public:
    Driver(const Options& options, DriverOwner& owner);
    /// `join` first, when it was started.
    ~Driver();
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    /// Starts the thread, with all signals blocked, and the session.
    /// Errors: the errno of pthread_create.
    [[nodiscard]] Result<void> start();

    /// Causes a turn soon.
    void wake() noexcept;

    /// Waits until the session has ended and the thread with it.
    void join();

    /// The time that `now` parameters count in.
    [[nodiscard]] static session::TimePoint now() noexcept;

private:
    class Loop;
    std::unique_ptr<Loop> loop_;
};

}  // namespace multimqtt::io
