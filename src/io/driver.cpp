// The loop between a session and its transport.
#include "io/driver.hpp"

#include "io/stream.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <pthread.h>
#include <random>
#include <signal.h>
#include <utility>

namespace multimqtt::io {
namespace {

namespace asio = boost::asio;
using session::TimePoint;

/// One read. Chosen: larger ones gain nothing on loopback, and cost cache.
constexpr std::size_t kReadBytes = 64 * 1'024;

/// How many bytes the session decodes before its events are taken, so that they stay in the cache.
constexpr std::size_t kDecodeBytes = 16 * 1'024;

/// One write. Measured on loopback: writes of 16 to 32 KiB are faster than 64 KiB ones.
constexpr std::size_t kWriteBytes = 32 * 1'024;

/// How many writes follow each other before the broker is listened to again.
constexpr int kWritesPerTurn = 16;

/// What the other side may leave unacknowledged, in keep-alives. While reading pauses PINGREQ leaves every
/// 0.45 keep-alives: the first one that is swallowed fails the connection within 0.45 + 0.5 and the time of
/// one retransmission, and the third one, at 1.35, meets the failure.
constexpr std::chrono::milliseconds unacknowledged_max(std::chrono::milliseconds keep_alive) noexcept {
    return keep_alive / 2;
}

}  // namespace

SystemRandom::SystemRandom()
    : state_{(std::uint64_t{std::random_device{}()} << 32) | std::random_device{}()} {
}

std::uint64_t SystemRandom::next() {
    // SplitMix64: jitter and identifiers need spread, not secrecy.
    state_ += 0x9E37'79B9'7F4A'7C15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58'476D'1CE4'E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D0'49BB'1331'11EB;
    return mixed ^ (mixed >> 31);
}

class Driver::Loop {
public:
    Loop(const Options& options, DriverOwner& owner)
        : options_{options}, owner_{owner}, session_{options, random_}, timer_{context_} {}

    Result<void> start();
    void wake() {
        asio::post(context_, [this] { turn(); });
    }
    void join() {
        if (started_) {
            ::pthread_join(thread_, nullptr);
            started_ = false;
        }
    }

private:
    static void* run(void* self);
    void turn();
    void settle();
    void take_events();
    void take_events_and_pass_on();
    /// Returns true when nothing is left to write.
    bool write();
    void write_rest();
    void wrote(const Result<std::size_t>& written);
    void read();
    void received(const Result<std::size_t>& count);
    void digest();
    void limit_silence();
    void acknowledge();
    void obey(const session::TransportRequest& request);
    void open(std::size_t endpoint);
    void opened(const Result<void>& outcome);
    void lost(const Failure& cause);
    void drop_stream();
    void arm();

    const Options& options_;
    DriverOwner& owner_;
    SystemRandom random_;
    session::Session session_;
    asio::io_context context_{1};
    asio::steady_timer timer_;
    TimePoint armed_for_ = TimePoint::max();
    std::unique_ptr<Stream> stream_;
    std::uint64_t stream_number_ = 0;  // Tells a handler of a stream that is gone from one of the present.
    wire::ByteBuffer input_;
    session::OutputChunk output_;
    std::size_t output_at_ = 0;
    bool output_taken_ = false;
    bool open_ = false;
    bool writing_ = false;
    bool reading_ = false;
    bool paused_ = false;
    bool silence_limited_ = false;
    bool heard_ = false;    // And nothing has been written since.
    bool closing_ = false;  // After the flush.
    bool ended_ = false;
    ::pthread_t thread_{};
    bool started_ = false;
};

Result<void> Driver::Loop::start() {
    // Signals belong to the application and its server: none may land on this thread.
    ::sigset_t all;
    ::sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = ::pthread_create(&thread_, nullptr, &Loop::run, this);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error != 0) {
        return Failure{std::error_code{error, std::generic_category()},
                       "cannot start the MQTT thread: " + std::generic_category().message(error)};
    }
    started_ = true;
    return {};
}

void* Driver::Loop::run(void* self) {
    auto& loop = *static_cast<Loop*>(self);
    ::pthread_setname_np(::pthread_self(), "multimqtt-io");
    const auto work = asio::make_work_guard(loop.context_);
    loop.session_.start(now());
    loop.turn();
    loop.context_.run();
    loop.owner_.ended();
    return nullptr;
}

// One turn: commands in, events out, bytes out, and then whatever the session asks of the transport.

void Driver::Loop::turn() {
    if (ended_) {
        return;
    }
    owner_.give_commands(session_, now());
    settle();
}

void Driver::Loop::settle() {
    take_events_and_pass_on();
    const bool flushed = !open_ || (!writing_ && write());
    if (ended_) {
        return;
    }
    if (closing_ && flushed) {
        lost(Failure{});
        settle();
        return;
    }
    obey(session_.transport());
    if (!ended_) {
        limit_silence();
        acknowledge();
        read();
        arm();
    }
}

// A broker that holds small packets back until the last one has been acknowledged, as Mosquitto does by
// default, waits 40 ms for a kernel that waits for something to send along.
void Driver::Loop::acknowledge() {
    if (std::exchange(heard_, false) && open_ && !writing_ && session_.statistics().inflight > 0) {
        stream_->acknowledge();
    }
}

void Driver::Loop::take_events() {
    if (!ended_ && !owner_.take_events(session_, now())) {
        ended_ = true;
        drop_stream();
        timer_.cancel();
        context_.stop();
    }
}

void Driver::Loop::take_events_and_pass_on() {
    take_events();
    owner_.pass_on();
}

// Writing.

bool Driver::Loop::write() {
    for (int round = 0; open_ && round < kWritesPerTurn; ++round) {
        if (!output_taken_) {
            output_at_ = 0;
            output_taken_ = session_.take_output(output_, now());
            if (!output_taken_) {
                return true;
            }
        }
        const auto rest = output_.bytes().subspan(output_at_);
        const Result<std::size_t> written =
            stream_->try_write(rest.first(std::min(rest.size(), kWriteBytes)));
        if (!written) {
            lost(written.error());
            take_events_and_pass_on();
            return false;
        }
        if (*written == 0) {
            write_rest();
            return false;
        }
        heard_ = false;  // What is written acknowledges what was read.
        wrote(written);
        if (!output_taken_) {
            // What accumulated during this write leaves with the next.
            owner_.give_commands(session_, now());
            take_events_and_pass_on();
        }
    }
    wake();
    return false;
}

void Driver::Loop::write_rest() {
    const auto rest = output_.bytes().subspan(output_at_);
    writing_ = true;
    stream_->write_some(rest, [this, number = stream_number_](const Result<std::size_t>& written) {
        if (number != stream_number_ || ended_) {
            return;
        }
        writing_ = false;
        if (!written) {
            lost(written.error());
        } else {
            session_.output_moves(now());
            wrote(written);
        }
        turn();
    });
}

void Driver::Loop::wrote(const Result<std::size_t>& written) {
    output_at_ += *written;
    session_.output_written(*written, now());
    if (output_at_ == output_.bytes().size()) {
        output_taken_ = false;
    }
}

// Reading.

void Driver::Loop::read() {
    if (!open_ || reading_) {
        return;
    }
    // Only messages need room: CONNACK is read in any case.
    const bool room = !session_.connected() || owner_.has_room();
    if (room != !paused_) {
        paused_ = !room;
        room ? session_.resume_reading(now()) : session_.pause_reading(now());
    }
    if (!room) {
        return;
    }
    // What is missing of a large packet, as a whole, so that the buffer grows once.
    const std::size_t missing = session_.bytes_needed() - std::min(session_.bytes_needed(), input_.size());
    const auto space = input_.prepare(std::max(kReadBytes, missing));
    reading_ = true;
    stream_->read_some(space, [this, number = stream_number_](const Result<std::size_t>& count) {
        if (number != stream_number_ || ended_) {
            return;
        }
        reading_ = false;
        received(count);
    });
}

void Driver::Loop::received(const Result<std::size_t>& count) {
    if (!count) {
        lost(count.error());
        turn();
        return;
    }
    input_.commit(*count);
    heard_ = true;
    digest();
    owner_.pass_on();  // All at once: waking the threads that handle it costs more than a few messages.
    turn();
}

void Driver::Loop::digest() {
    std::size_t offered = 0;
    while (!ended_ && !input_.empty()) {
        // A packet that is larger than a slice needs more of the buffer than the slice shows.
        offered = std::min(input_.size(), std::max(offered + kDecodeBytes, session_.bytes_needed()));
        const std::size_t consumed = session_.receive(input_.bytes().first(offered), now());
        take_events();
        input_.consume(std::min(consumed, input_.size()));
        if (consumed > 0) {
            offered = 0;
        } else if (offered >= input_.size()) {
            return;
        }
    }
}

// The transport.

void Driver::Loop::limit_silence() {
    if (!open_ || silence_limited_ || !session_.connected()) {
        return;
    }
    silence_limited_ = true;
    stream_->give_up_after(unacknowledged_max(session_.grants().keep_alive));
}

void Driver::Loop::obey(const session::TransportRequest& request) {
    using Kind = session::TransportRequest::Kind;
    switch (request.kind) {
        case Kind::none:
            return;
        case Kind::open:
            open(request.endpoint);
            return;
        case Kind::close_after_flush:
            closing_ = true;
            if (open_) {
                wake();  // The next turn closes once everything has been written.
                return;
            }
            [[fallthrough]];
        case Kind::close:
            lost(Failure{});
            settle();
            return;
    }
}

void Driver::Loop::open(std::size_t endpoint) {
    drop_stream();
    auto made = make_stream(context_.get_executor(), options_.endpoints[endpoint], options_.tls);
    if (!made) {
        session_.transport_closed(made.error(), now());
        settle();
        return;
    }
    stream_ = std::move(*made);
    stream_->open([this, number = stream_number_](const Result<void>& outcome) {
        if (number != stream_number_ || ended_) {
            return;
        }
        opened(outcome);
    });
}

void Driver::Loop::opened(const Result<void>& outcome) {
    if (!outcome) {
        lost(outcome.error());
    } else {
        open_ = true;
        session_.transport_opened(now());
    }
    turn();
}

void Driver::Loop::lost(const Failure& cause) {
    drop_stream();
    session_.transport_closed(cause, now());
}

void Driver::Loop::drop_stream() {
    ++stream_number_;
    if (stream_ != nullptr) {
        stream_->close();
        stream_.reset();
    }
    if (paused_) {
        session_.resume_reading(now());
    }
    open_ = writing_ = reading_ = paused_ = silence_limited_ = closing_ = output_taken_ = false;
    input_.clear();
}

// Time.

void Driver::Loop::arm() {
    std::optional<TimePoint> next = session_.deadline();
    if (const auto owners = owner_.deadline(); owners && (!next || *owners < *next)) {
        next = owners;
    }
    if (!next || *next >= armed_for_) {
        return;  // The timer that is set fires early enough, and then arms itself anew.
    }
    armed_for_ = *next;
    timer_.expires_at(std::chrono::steady_clock::time_point{*next});
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || ended_) {
            return;
        }
        armed_for_ = TimePoint::max();
        session_.timeout(now());
        turn();
    });
}

Driver::Driver(const Options& options, DriverOwner& owner) : loop_{std::make_unique<Loop>(options, owner)} {
}

Driver::~Driver() = default;

Result<void> Driver::start() {
    return loop_->start();
}

void Driver::wake() noexcept {
    loop_->wake();
}

void Driver::join() {
    loop_->join();
}

TimePoint Driver::now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace multimqtt::io
