// One run: a session, a link, a broker and an application, in virtual time.
#pragma once

#include "session/session.hpp"
#include "simulation/client_view.hpp"
#include "simulation/connect_check.hpp"
#include "simulation/model/broker.hpp"
#include "simulation/model/check.hpp"
#include "simulation/model/dice.hpp"
#include "simulation/model/hostile.hpp"
#include "simulation/model/ledger.hpp"
#include "simulation/model/trace.hpp"
#include "simulation/settings.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace multimqtt::simulation {

/// Each file that implements some of these functions says which in its first line.
class World {
public:
    World(const Settings& settings, Trace& trace);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Trouble, then either recovery or nothing, then the end. Returns what was found.
    [[nodiscard]] const Verdict& run();

private:
    class EngineRandom final : public session::Random {
    public:
        explicit EngineRandom(std::uint64_t seed) noexcept : dice_{seed} {}
        std::uint64_t next() override { return dice_.next(); }

    private:
        Dice dice_;
    };
    struct Pending {
        session::DeliveryId id;
        Number copy;
    };

    // world.cpp: the course of a run.
    void start();
    void step();
    void act(Act choice);
    void heal();
    [[nodiscard]] bool quiet();
    void check_healed();
    void close();
    void wait_for_the_end();
    void crash();
    void break_the_protocol();
    void send_hostile(const Hostile& hostile);
    void check_bounds();

    // world_application.cpp: what the application does, and what it is told.
    void publish(std::uint8_t qos, bool plain);
    [[nodiscard]] Message draw_message(std::uint8_t qos, bool plain);
    [[nodiscard]] bool may_refuse(const Message& message, const Failure& failure, bool accepts);
    [[nodiscard]] bool offer_forbids(const Message& message, const Failure& failure);
    void check_kept_bytes();
    void publish_elsewhere();
    void acknowledge(std::size_t index);
    void change_subscriptions();
    /// Draws a subscription; `wish` then asks for it.
    std::string want_something();
    void wish(const std::string& filter, bool wanted);
    void take_events();
    void take(const session::Event& event);
    void take_message(const session::Event& event);
    void take_end(const session::Event& event);
    [[nodiscard]] bool published_too_early(const Message& message);
    [[nodiscard]] bool may_fail(const Message& message, const Failure& failure);
    void check_grants();
    void check_connection_failure(const session::Event& event);

    // world_promises.cpp: what has to be true at the end.
    void check_messages();
    void check_copies();
    void check_subscriptions();

    // world_link.cpp: the link, and time.
    void asked_to_open();
    void open();
    void refuse_transport();
    void cut();
    void disconnect();
    void end_by_broker();
    void write(std::size_t bytes);
    void move_up(std::size_t bytes);
    void move_down(std::size_t bytes);
    void give_to_client(std::size_t bytes);
    void learn(const Notice& notice);
    void move_all();
    void drain();
    void set_time(Time now);
    void pass(Time duration);
    void serve(Time now);
    void jump(Time duration);
    [[nodiscard]] std::optional<Time> next_deadline() const;
    [[nodiscard]] Time longest_wait() const;
    void check_waiting(Time now);
    void resume();

    /// A clock that does not begin at 0, so that no time is one by accident.
    static constexpr Time kBegin = std::chrono::hours{1};

    const Settings& settings_;
    Trace& trace_;
    Dice dice_;
    EngineRandom engine_random_;
    Ledger ledger_;
    Verdict verdict_;
    Broker broker_;
    ClientView view_;
    std::unique_ptr<session::Session> session_;
    unsigned total_weight_ = 0;

    Time now_{0};
    // The link.
    bool opening_ = false;     // The client waits for a transport.
    bool linked_ = false;      // It has one.
    bool attached_ = false;    // The broker has its end of it.
    bool black_hole_ = false;  // Nothing arrives any more.
    bool held_ = false;        // The broker does not read.
    bool full_ = false;        // The client's transport takes nothing, for want of room.
    bool flushing_ = false;    // The client closes once everything is written.
    session::OutputChunk chunk_;
    std::size_t chunk_left_ = 0;
    std::string to_broker_;   // Accepted by the client's transport, not arrived.
    std::string to_client_;   // Arrived, not read.
    std::uint64_t read_ = 0;  // By the client, on this connection.
    Time attempt_at_{0};
    Time closed_at_{0};
    bool gives_way_ = false;          // To another client, which has taken the session.
    Time way_given_max_{0};           // The longest that it may do so: twice as long each time.
    std::optional<Time> not_before_;  // The broker has said something that makes trying again soon useless.

    // What the client knows of its session.
    ExpectedConnect expected_;
    bool was_connected_ = false;  // On this connection.
    bool failed_ = false;         // This attempt or connection has failed for the client.
    std::optional<Time> session_ends_at_;
    std::uint32_t granted_expiry_s_ = 0;
    bool connect_checked_ = false;

    // The application.
    std::deque<Pending> pending_;
    std::set<std::string> wanted_;
    std::set<std::string> left_over_;  // Subscriptions of an earlier life that nobody has ended.
    std::map<std::string, session::Subscription> subscriptions_;
    Number last_delivered_ = 0;  // On this connection.
    bool paused_ = false;
    bool healed_ = false;
    bool closing_ = false;
    bool ended_ = false;
    bool hostile_here_ = false;
    Time close_deadline_{0};
    ReasonCode close_reason_ = ReasonCode::success;
};

}  // namespace multimqtt::simulation
