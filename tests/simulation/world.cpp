// world.cpp: the course of a run, from the first CONNECT to the end of the session.
#include "simulation/world.hpp"

#include <algorithm>
#include <exception>
#include <numeric>

namespace multimqtt::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Time kCloseWithin = 1s;
// Longer than the longest delay between attempts, a connect timeout and a keep-alive together.
constexpr Time kHealsWithin = 60s;

}  // namespace

World::World(const Settings& settings, Trace& trace)
    : settings_{settings},
      trace_{trace},
      dice_{settings.seed},
      engine_random_{~settings.seed},
      broker_{settings.broker, settings.seed + 0x9E37'79B9, ledger_, verdict_, trace},
      view_{settings.options, ledger_, verdict_, trace},
      total_weight_{std::accumulate(settings.weights.begin(), settings.weights.end(), 0u)} {
}

World::~World() = default;

const Verdict& World::run() {
    try {
        set_time(kBegin);
        while (dice_.chance(60)) {
            want_something();
        }
        start();
        for (unsigned i = 0; i < settings_.steps && verdict_.holds(); ++i) {
            step();
        }
        if (settings_.heals) {
            heal();
            check_healed();
        }
        close();
        wait_for_the_end();
    } catch (const Violation& violation) {
        verdict_.violated(violation.check, violation.text);
    } catch (const std::exception& exception) {
        verdict_.violated(Check::assertion, exception.what());
    }
    return verdict_;
}

void World::start() {
    session_ = std::make_unique<session::Session>(settings_.options, engine_random_, settings_.limits);
    for (auto& [filter, subscription] : subscriptions_) {
        wish(filter, true);
    }
    session_->start(now_);
    drain();
}

void World::step() {
    auto draw = static_cast<unsigned>(dice_.below(total_weight_));
    std::size_t choice = 0;
    while (draw >= settings_.weights[choice]) {
        draw -= settings_.weights[choice++];
    }
    act(static_cast<Act>(choice));
    drain();
    check_bounds();
}

void World::act(Act choice) {
    switch (choice) {
        case Act::publish:
            if (session_->accepts_publish() || dice_.chance(20)) {
                publish(static_cast<std::uint8_t>(dice_.below(3)), false);
            } else {
                pass(std::chrono::milliseconds{dice_.below(300)});  // As an application would wait for room.
            }
            break;
        case Act::publish_elsewhere:
            publish_elsewhere();
            break;
        case Act::acknowledge:
            if (!pending_.empty()) {
                acknowledge(dice_.below(pending_.size()));
            }
            break;
        case Act::answer:
            if (attached_) {
                broker_.answer_one();
            }
            break;
        case Act::move_up:
            move_up(dice_.between(1, settings_.segment_bytes));
            break;
        case Act::move_down:
            move_down(dice_.between(1, settings_.segment_bytes));
            break;
        case Act::write:
            write(dice_.between(1, 60));
            break;
        case Act::pass:
            pass(std::chrono::milliseconds{dice_.below(dice_.chance(8) ? 6'000 : 200)});
            break;
        case Act::open:
            if (opening_) {
                dice_.chance(80) ? open() : refuse_transport();
            }
            break;
        case Act::subscribe:
            change_subscriptions();
            break;
        case Act::pause:
            if (paused_) {
                resume();
            } else {
                trace_("client", [] { return std::string{"pauses reading"}; });
                session_->pause_reading(now_);
                paused_ = true;
            }
            break;
        case Act::cut:
            cut();
            break;
        case Act::black_hole:
            if (linked_ && dice_.chance(30)) {
                trace_("link", [] { return std::string{"turns into a black hole"}; });
                black_hole_ = true;
            }
            break;
        case Act::hold_reading:
            held_ = !held_;
            break;
        case Act::hold_pings:
            broker_.answer_pings(dice_.chance(50));
            break;
        case Act::stray:
            broker_.send_stray();
            break;
        case Act::goodbye:
            if (dice_.chance(30)) {
                broker_.say_goodbye();
            }
            break;
        case Act::forget:
            if (dice_.chance(30)) {
                cut();
                broker_.lost(now_);
                broker_.forget_session();
            }
            break;
        case Act::crash:
            if (!closing_ && dice_.chance(30)) {
                crash();
            }
            break;
        case Act::jump:
            if (closing_) {
                break;
            }
            jump(std::chrono::milliseconds{dice_.below(dice_.chance(20) ? 5'000'000 : 20'000)});
            break;
        case Act::hostile:
            break_the_protocol();
            break;
        case Act::last_:
            break;
    }
}

// The process is gone, and with it everything that it knew. What it had written may still arrive.
void World::crash() {
    trace_("client", [] { return std::string{"crashes"}; });
    if (linked_) {
        disconnect();
    }
    opening_ = false;
    view_.restarted();
    ++ledger_.process;
    if (settings_.options.client_id.empty()) {
        broker_.lost(now_);
        broker_.forget_session();  // Under another client identifier there is none.
    }
    expected_ = {};
    session_ends_at_.reset();
    pending_.clear();
    not_before_.reset();
    gives_way_ = false;
    way_given_max_ = Time{0};
    paused_ = false;
    // The new version of the program may not want all of them; nobody ends those that it does not mention.
    std::erase_if(subscriptions_, [this](const auto&) { return dice_.chance(20); });
    wanted_.clear();
    for (const auto& [filter, held] : broker_.subscriptions()) {
        left_over_.insert(filter);
    }
    start();
}

// Every violation costs the connection, and only that.
void World::break_the_protocol() {
    const bool reachable = linked_ && attached_ && !black_hole_ && !failed_ && !hostile_here_ && !closing_;
    if (!reachable) {
        return;
    }
    move_down(broker_.output.bytes.size());
    const bool reads = !paused_ || !was_connected_;
    if (!linked_ || !reads || failed_ || broker_.finished() || !to_client_.empty()) {
        return;
    }
    if (session_->connected() && broker_.connected()) {
        send_hostile(draw_hostile(dice_, broker_, ledger_));
    } else if (!was_connected_ && !broker_.connected() && view_.last_connect()) {
        send_hostile(draw_hostile_answer(dice_, *view_.last_connect()));
    }
}

void World::send_hostile(const Hostile& hostile) {
    trace_("broker", [&] { return "breaks the protocol: " + std::string{hostile.name}; });
    hostile_here_ = true;
    broker_.send_hostile(hostile.bytes);
    const unsigned connection = view_.connection();
    const bool v5 = view_.last_connect()->level == 5;
    move_down(broker_.output.bytes.size());
    const bool same = view_.connection() == connection;
    if (same && linked_ && !failed_ && verdict_.holds()) {
        verdict_.violated(Check::violation_accepted, std::string{hostile.name});
    }
    const auto farewell = same ? view_.farewell() : std::nullopt;
    if (farewell && (!v5 || hostile.reasons.find(static_cast<char>(*farewell)) == std::string_view::npos)) {
        verdict_.violated(Check::violation_reason_wrong,
                          std::string{hostile.name} + " is answered with " + std::to_string(*farewell));
    }
}

void World::check_bounds() {
    const session::Statistics statistics = session_->statistics();
    const std::size_t inflight_max =
        std::min<std::size_t>(settings_.options.inflight_max, settings_.limits.packet_id_max);
    if (statistics.queued > settings_.limits.messages_max + inflight_max) {
        verdict_.violated(Check::queue_unbounded, std::to_string(statistics.queued) + " messages wait");
    }
}

// From now on nothing is lost, and everybody answers.
void World::heal() {
    if (!verdict_.holds()) {
        return;
    }
    trace_("world", [] { return std::string{"heals"}; });
    healed_ = true;
    held_ = false;
    broker_.behave();
    resume();
    cut();  // What was refused, or not on offer, is tried again on another connection.
    drain();
    if (opening_) {
        open();
        drain();
    }
    const Time latest = now_ + kHealsWithin + longest_wait();
    while (verdict_.holds() && !quiet()) {
        if (now_ > latest) {
            verdict_.violated(Check::not_healed, "something is unfinished " +
                                                     std::to_string(kHealsWithin.count() / 1'000'000'000) +
                                                     " s after the last fault");
            return;
        }
        const auto connection = view_.connection();
        const auto messages_before = read_;
        move_all();
        broker_.answer_all();
        while (!pending_.empty()) {
            acknowledge(0);
        }
        move_all();
        const bool progress = view_.connection() != connection || read_ != messages_before;
        const auto deadline = next_deadline();
        pass(progress || !deadline ? Time{1ms} : std::clamp(*deadline - now_, Time{1ms}, Time{1s}));
    }
}

bool World::quiet() {
    const session::Statistics statistics = session_->statistics();
    return session_->connected() && statistics.inflight == 0 && statistics.queued == 0 &&
           statistics.unacknowledged_in == 0 && broker_.owes_nothing() && broker_.delivered_all() &&
           to_broker_.empty() && to_client_.empty() && broker_.output.bytes.empty() && chunk_left_ == 0 &&
           !view_.asks();
}

void World::check_healed() {
    if (!verdict_.holds()) {
        return;
    }
    if (settings_.options.version != VersionPolicy::automatic &&
        settings_.weights[static_cast<std::size_t>(Act::hostile)] == 0) {
        verdict_.require(session_->statistics().protocol_errors == 0, Check::broker_blamed,
                         "a protocol error was counted");
    }
    check_messages();
    check_copies();
    check_subscriptions();
    // It still takes messages, and delivers them.
    for (const std::uint8_t qos : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
        publish(qos, true);
        drain();
    }
    const std::size_t last = ledger_.messages.size();
    for (unsigned i = 0; i < 20 && verdict_.holds() && !quiet(); ++i) {
        move_all();
        broker_.answer_all();
        pass(1ms);
    }
    for (std::size_t i = last - 3; i < last && verdict_.holds(); ++i) {
        verdict_.require(ledger_.messages[i].end == Message::End::published, Check::message_never_ends,
                         "a message after the recovery has no end");
    }
}

void World::close() {
    if (!verdict_.holds()) {
        return;
    }
    trace_("client", [] { return std::string{"closes"}; });
    closing_ = true;
    close_deadline_ = now_ + kCloseWithin;
    close_reason_ =
        dice_.chance(50) ? ReasonCode::normal_disconnection : ReasonCode::disconnect_with_will_message;
    session_->close(now_, close_deadline_, close_reason_);
    drain();
}

// A session that is closed ends in time, whatever its transport and its broker do.
void World::wait_for_the_end() {
    const Time latest = close_deadline_ + 500ms;
    while (verdict_.holds() && !ended_) {
        if (now_ > latest) {
            verdict_.violated(Check::end_too_late,
                              "the session has not ended half a second after its deadline");
            return;
        }
        if (healed_) {
            move_all();
            broker_.answer_all();
        } else {
            step();
            if (dice_.chance(5)) {
                close_deadline_ = std::min(close_deadline_, now_ + 100ms);
                session_->close(now_, close_deadline_, close_reason_);
                drain();
            }
        }
        pass(healed_ ? Time{1ms} : Time{20ms});
    }
    if (!verdict_.holds()) {
        return;
    }
    const std::uint8_t farewell = broker_.level() == 5 ? static_cast<std::uint8_t>(close_reason_) : 0;
    verdict_.require(!healed_ || view_.farewell() == farewell, Check::farewell_wrong,
                     "a client that closes in peace has not said DISCONNECT with the reason it was given");
    verdict_.require(!session_->deadline(), Check::event_after_the_end, "a session that has ended waits");
    check_messages();
}

}  // namespace multimqtt::simulation
