// world_link.cpp: the link between client and broker, and the time that passes.
//
// What the client writes lies in `to_broker_`, and what has arrived for it in `to_client_`; the rest of what
// the broker has sent is in `broker_.output`. All three are lost with the connection.
#include "simulation/world.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::simulation {
namespace {

using namespace std::chrono_literals;

// How long a session may take to let a transport go that is of no use.
constexpr Time kLinger = 300ms;
constexpr std::uint32_t kNever = 0xFFFF'FFFF;
constexpr std::uint8_t kSessionTakenOver = 0x8E;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// After these an attempt at once would be useless, or a fight.
bool permanent(std::uint8_t reason) {
    constexpr std::uint8_t kReasons[] = {0x85, 0x86, 0x87, 0x8A, 0x8C, 0x8E, 0x90};
    return std::ranges::find(kReasons, reason) != std::end(kReasons);
}

std::uint8_t reason_of_return_code(std::uint8_t code) {
    constexpr std::uint8_t kReasons[] = {0, 0x84, 0x85, 0x88, 0x86, 0x87};
    return code < std::size(kReasons) ? kReasons[code] : code;
}

}  // namespace

void World::asked_to_open() {
    if (not_before_ && now_ < *not_before_) {
        verdict_.violated(Check::reconnect_too_soon, "the broker's reason makes an attempt at once useless");
    }
    not_before_.reset();
    gives_way_ = false;
    attempt_at_ = now_;
    failed_ = false;
    opening_ = true;
    if (healed_ || dice_.chance(60)) {
        open();
    } else if (dice_.chance(30)) {
        refuse_transport();
    }
}

void World::open() {
    trace_("link", [] { return std::string{"is up"}; });
    opening_ = false;
    linked_ = attached_ = true;
    black_hole_ = flushing_ = full_ = was_connected_ = hostile_here_ = connect_checked_ = false;
    read_ = 0;
    last_delivered_ = 0;
    expected_.holds_session = expected_.connected_before && (!session_ends_at_ || now_ < *session_ends_at_);
    broker_.opened(now_);
    view_.opened(now_);
    session_->transport_opened(now_);
    drain();
}

void World::refuse_transport() {
    trace_("link", [] { return std::string{"cannot be had"}; });
    opening_ = false;
    failed_ = true;
    closed_at_ = now_;
    session_->transport_closed(Failure{Error::connection_lost, "refused"}, now_);
    drain();
}

void World::cut() {
    if (!linked_) {
        return;
    }
    // Some of what is under way still arrives; the rest is lost, though it was written.
    if (!black_hole_) {
        // A CONNECT that arrives, and whose answer does not, may begin a session that the client knows
        // nothing of.
        move_up(!was_connected_ && dice_.chance(50) ? to_broker_.size() : dice_.below(to_broker_.size() + 1));
        if (linked_ && was_connected_ && dice_.chance(50)) {
            move_down(dice_.below(broker_.output.bytes.size() + 1));
        }
    }
    if (linked_) {
        trace_("link", [] { return std::string{"breaks"}; });
        disconnect();
        drain();
    }
}

// The client's end is closed, or it learns that the connection is gone.
void World::disconnect() {
    if (!black_hole_) {
        move_up(dice_.chance(50) ? to_broker_.size() : dice_.below(to_broker_.size() + 1));
    }
    opening_ = linked_ = flushing_ = false;
    chunk_left_ = 0;
    to_broker_.clear();
    to_client_.clear();
    closed_at_ = now_;
    if (black_hole_ || dice_.chance(30)) {
        // The broker does not notice: to it the client is still there, until it comes back.
        attached_ = attached_ && !black_hole_;
    } else {
        broker_.lost(now_);
        attached_ = false;
    }
    view_.closed(now_);
    if (was_connected_) {
        session_ends_at_.reset();
        if (broker_.level() == 5 && granted_expiry_s_ != kNever) {
            session_ends_at_ = now_ + std::chrono::seconds{granted_expiry_s_};
        }
    }
    was_connected_ = false;
    failed_ = true;
    session_->transport_closed({}, now_);
}

void World::write(std::size_t bytes) {
    const std::size_t room = settings_.kernel_bytes - std::min(settings_.kernel_bytes, to_broker_.size());
    if (room == 0 && chunk_left_ > 0) {
        full_ = true;
    }
    bytes = std::min({bytes, chunk_left_, healed_ ? chunk_left_ : room});
    if (bytes == 0 || !linked_) {
        return;
    }
    if (std::exchange(full_, false)) {
        view_.heard(now_);
        session_->output_moves(now_);
    }
    const auto all = chunk_.bytes();
    to_broker_.append(text_of(all.subspan(all.size() - chunk_left_, bytes)));
    chunk_left_ -= bytes;
    view_.wrote(bytes, now_);
    session_->output_written(bytes, now_);
    drain();
}

void World::move_up(std::size_t bytes) {
    bytes = std::min(bytes, to_broker_.size());
    if (bytes == 0 || black_hole_ || (held_ && !healed_) || !attached_) {
        return;
    }
    broker_.receive(std::string_view{to_broker_}.substr(0, bytes), now_);
    to_broker_.erase(0, bytes);
}

void World::move_down(std::size_t bytes) {
    if (!linked_ || black_hole_) {
        return;
    }
    std::string& sent = broker_.output.bytes;
    bytes = std::min(bytes, sent.size());
    if (to_client_.size() < settings_.kernel_bytes || healed_ || bytes < 100) {
        to_client_.append(sent, 0, bytes);
        sent.erase(0, bytes);
    }
    if (!paused_ || !was_connected_) {
        give_to_client(to_client_.size());
    }
    if (linked_ && broker_.finished() && sent.empty() && to_client_.empty() && !paused_) {
        trace_("link", [] { return std::string{"is closed by the broker"}; });
        disconnect();
        drain();
    }
}

void World::give_to_client(std::size_t bytes) {
    if (bytes == 0) {
        return;
    }
    const bool reading = session_->connected() || (!was_connected_ && !failed_);
    const std::span<const std::byte> given = std::as_bytes(std::span{to_client_}.first(bytes));
    view_.heard(now_);
    const std::size_t consumed = session_->receive(given, now_);
    read_ += consumed;
    auto& notices = broker_.output.notices;
    while (reading && !notices.empty() && notices.front().end <= read_) {
        learn(notices.front());
        notices.pop_front();
    }
    take_events();  // Before the bytes that they look at go away.
    to_client_.erase(0, consumed);
    drain();
}

void World::learn(const Notice& notice) {
    trace_("client", [&] { return "reads " + to_string(notice); });
    view_.read(notice, broker_.offer(), broker_.level(), now_);
    const bool is_refusal = notice.kind == Notice::Kind::connack && notice.reason != 0;
    const std::uint8_t reason =
        is_refusal && broker_.level() != 5 ? reason_of_return_code(notice.reason) : notice.reason;
    if ((is_refusal || notice.kind == Notice::Kind::disconnect) && permanent(reason)) {
        not_before_ = now_ + settings_.options.reconnect_max;
    }
    if (notice.kind == Notice::Kind::disconnect && reason == kSessionTakenOver) {
        gives_way_ = true;
        way_given_max_ = std::max<Time>(settings_.options.reconnect_max, 2 * way_given_max_);
    }
    if (notice.kind == Notice::Kind::connack && notice.reason == 0) {
        granted_expiry_s_ = notice.expiry_s;
        session_ends_at_.reset();
        expected_.connected_before = true;
        expected_.client_id = notice.client_id.empty() ? view_.last_connect()->client_id : notice.client_id;
    }
}

void World::move_all() {
    write(chunk_left_);
    move_up(to_broker_.size());
    move_down(broker_.output.bytes.size());
}

void World::drain() {
    take_events();
    if (!verdict_.holds()) {
        return;  // What is wrong may be endless.
    }
    while (linked_ && chunk_left_ == 0 && session_->take_output(chunk_, now_)) {
        chunk_left_ = chunk_.bytes().size();
        view_.took(text_of(chunk_.bytes()), now_);
        if (view_.last_connect() && !connect_checked_) {
            connect_checked_ = true;
            check_connect(*view_.last_connect(), settings_.options, expected_, verdict_);
        }
        write(healed_ || dice_.chance(80) ? chunk_left_ : 0);
    }
    if (flushing_ && chunk_left_ == 0 && linked_) {
        disconnect();
        take_events();
    }
    switch (const session::TransportRequest request = session_->transport(); request.kind) {
        case session::TransportRequest::Kind::none:
            return;
        case session::TransportRequest::Kind::open:
            asked_to_open();
            break;
        case session::TransportRequest::Kind::close:
            trace_("client", [] { return std::string{"closes its transport"}; });
            if (linked_) {
                disconnect();
            } else {
                refuse_transport();
            }
            break;
        case session::TransportRequest::Kind::close_after_flush:
            flushing_ = linked_;
            break;
    }
    drain();
}

void World::set_time(Time now) {
    now_ = now;
    trace_.at(now - kBegin);
}

std::optional<Time> World::next_deadline() const {
    std::optional<Time> earliest = session_->deadline();
    if (const auto brokers = attached_ ? broker_.deadline() : std::nullopt) {
        earliest = earliest ? std::min(*earliest, *brokers) : *brokers;
    }
    return earliest;
}

void World::pass(Time duration) {
    const Time end = now_ + duration;
    for (unsigned spins = 0; verdict_.holds(); ++spins) {
        const auto deadline = next_deadline();
        if (!deadline || *deadline > end) {
            break;
        }
        serve(std::max(now_, *deadline));
        if (spins > 10'000) {
            verdict_.violated(Check::deadline_stands_still,
                              "the session asks for the same deadline for ever");
        }
    }
    check_waiting(end);
    set_time(end);
}

void World::serve(Time now) {
    check_waiting(now);
    set_time(now);
    if (attached_ && !black_hole_) {
        broker_.tick(now_);
    } else if (attached_ && broker_.deadline() && now_ >= *broker_.deadline()) {
        broker_.lost(now_);
        attached_ = false;
    }
    session_->timeout(now_);
    drain();
}

// The machine was asleep: nobody has served anything.
void World::jump(Time duration) {
    trace_("world", [&] { return "sleeps for " + std::to_string(duration.count() / 1'000'000) + " ms"; });
    set_time(now_ + duration);
    view_.excuse(now_);
    attempt_at_ = closed_at_ = now_;
    close_deadline_ = std::max(close_deadline_, now_);
    serve(now_);
}

Time World::longest_wait() const {
    const Time delay = gives_way_ ? way_given_max_ : Time{settings_.options.reconnect_max};
    return delay * 5 / 4 + 1ms;
}

void World::check_waiting(Time now) {
    if (session_->connected()) {
        view_.check_time(now, paused_);
    }
    const bool attempting = opening_ || (linked_ && !was_connected_);
    if (attempting && now - attempt_at_ > settings_.options.connect_timeout + kLinger) {
        verdict_.violated(Check::attempt_not_ended, "an attempt outlasts the connect timeout");
    }
    if (!opening_ && !linked_ && !closing_ && now - closed_at_ > longest_wait()) {
        verdict_.violated(Check::reconnect_too_late, "nothing is tried any more");
    }
}

void World::resume() {
    if (!paused_) {
        return;
    }
    trace_("client", [] { return std::string{"reads on"}; });
    paused_ = false;
    session_->resume_reading(now_);
    view_.heard(now_);
    drain();
    if (linked_) {
        give_to_client(to_client_.size());
    }
}

}  // namespace multimqtt::simulation
