// Seeded runs of a session against the model broker over a link that delays, cuts and loses.
//
// A failure names its seed; MULTIMQTT_SEED runs that one alone, MULTIMQTT_SEEDS sets how many are run.
#include "model_broker.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using Kind = Event::Kind;

ModelSettings settings_of(SeededRandom& random) {
    ModelSettings settings;
    settings.version = random.chance(60) ? ProtocolVersion::v5 : ProtocolVersion::v3_1_1;
    settings.forgets_sessions = random.chance(30);
    settings.receive_maximum_max = static_cast<std::uint16_t>(1 + random.below(6));
    settings.topic_alias_maximum = static_cast<std::uint16_t>(random.below(3));
    settings.client_receive_maximum = static_cast<std::uint16_t>(1 + random.below(5));
    settings.client_topic_alias_maximum = static_cast<std::uint16_t>(random.below(3));
    settings.shrinks = settings.version == ProtocolVersion::v5 && random.chance(40);
    settings.refuses = random.chance(40);
    return settings;
}

Options options_of(const ModelSettings& settings, SeededRandom& random) {
    Options options = quiet_options(settings.version);
    if (random.chance(25)) {
        options.version = VersionPolicy::automatic;
    }
    if (random.chance(20)) {
        options.session_expiry = 3s;
    }
    if (random.chance(25)) {
        options.lost_session = LostSession::fail;
    }
    options.keep_alive = std::chrono::seconds{random.chance(50) ? 5 : 0};
    options.receive_maximum = settings.client_receive_maximum;
    options.topic_alias_maximum = settings.client_topic_alias_maximum;
    options.inflight_max = static_cast<std::uint16_t>(1 + random.below(8));
    options.connect_timeout = 2s;
    return options;
}

QueueLimits limits_of(SeededRandom& random) {
    QueueLimits limits{20, 100'000};
    if (random.chance(40)) {
        limits.packet_id_max = static_cast<std::uint16_t>(1 + random.below(6));
    }
    return limits;
}

/// One world: a session, a link, a broker and an application, in virtual time.
class World {
public:
    explicit World(std::uint64_t seed)
        : random_{seed},
          settings_{settings_of(random_)},
          broker_{settings_, random_},
          options_{options_of(settings_, random_)},
          session_{options_, random_, limits_of(random_)} {
        session_.start(now_);
        drain();
    }

    void misbehave(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            step();
        }
    }

    /// Nothing is cut or lost any more: everything that was accepted has to end.
    void heal() {
        healed_ = true;
        broker_.behave();
        resume();
        cut();  // What the broker has refused, or did not offer, is tried again on another connection.
        for (int i = 0; i < 3'000 && !testing::Test::HasFailure(); ++i) {
            pass(50ms);
            move_all();
            broker_.acknowledge_all();
            while (!deliveries_.empty()) {
                acknowledge(deliveries_.front());
            }
        }
    }

    void check_end() {
        EXPECT_TRUE(session_.connected());
        EXPECT_TRUE(broker_.owes_nothing());
        EXPECT_TRUE(broker_.delivered_all());
        const Statistics statistics = session_.statistics();
        EXPECT_EQ(statistics.inflight, 0u);
        EXPECT_EQ(statistics.queued, 0u);
        EXPECT_EQ(statistics.unacknowledged_in, 0u);
        if (options_.version != VersionPolicy::automatic) {
            EXPECT_EQ(statistics.protocol_errors, 0u);
        }
        EXPECT_EQ(broker_.subscriptions, wanted_);
        check_ends();
        for (const auto& [token, qos] : accepted_) {
            if (failed_.contains(token)) {
                continue;
            }
            if (qos == Qos::at_most_once) {
                EXPECT_LE(broker_.received[unsigned(token)], 1u);
            } else {
                EXPECT_GE(broker_.received[unsigned(token)], 1u) << "message " << token << " was lost";
            }
            if (qos == Qos::exactly_once && broker_.sessions_lost == 0) {
                EXPECT_EQ(broker_.received[unsigned(token)], 1u) << "message " << token << " came twice";
            }
        }
        for (const auto& [number, qos] : promised_) {
            if (broker_.sessions_lost > 0) {
                break;
            }
            if (qos == Qos::exactly_once && !refused_.contains(number)) {
                EXPECT_EQ(delivered_[number], 1u) << "delivery " << number;
            } else if (qos == Qos::at_least_once) {
                EXPECT_GE(delivered_[number], 1u) << "delivery " << number;
            }
        }
    }

    void check_ends() {
        for (const auto& [token, qos] : accepted_) {
            EXPECT_EQ(ended_[token], 1u) << "message " << token << " has to end once";
        }
    }

    void close(TimePoint within) {
        closing_ = true;
        session_.close(now_, now_ + within);
        drain();
    }

    /// A session that is closed ends in time, whatever its transport and its broker do.
    void wait_for_the_end(TimePoint within) {
        const TimePoint latest = now_ + within + 1s;
        while (!closed_ && now_ < latest && !testing::Test::HasFailure()) {
            pass(50ms);
            if (healed_) {
                move_all();
            } else {
                step();
            }
        }
        EXPECT_TRUE(closed_);
        EXPECT_FALSE(session_.deadline());
        check_ends();
    }

private:
    struct Pending {
        DeliveryId id;
        unsigned number;
    };

    void step() {
        switch (random_.below(17)) {
            case 0:
            case 1:
            case 2:
                publish();
                break;
            case 3:
            case 4:
                promise();
                break;
            case 5:
            case 6:
                if (!deliveries_.empty()) {
                    acknowledge(deliveries_[random_.below(deliveries_.size())]);
                }
                break;
            case 7:
                broker_.acknowledge_one();
                break;
            case 8:
            case 9:
                move_to_broker(random_.below(60));
                break;
            case 10:
            case 11:
                move_to_client(random_.below(60));
                break;
            case 12:
                stuck_ = random_.chance(20);
                write(random_.below(40));
                break;
            case 13:
                pass(std::chrono::milliseconds{random_.below(random_.chance(5) ? 8'000 : 400)});
                break;
            case 14:
                if (random_.chance(12)) {
                    cut();
                }
                break;
            case 15:
                change_something();
                break;
            case 16:
                if (opening_) {
                    open();
                } else if (random_.chance(10)) {
                    broker_.say_goodbye();
                }
                break;
        }
        drain();
    }

    void resume() {
        stuck_ = false;
        if (paused_) {
            session_.resume_reading(now_);
            paused_ = false;
        }
    }

    void publish() {
        OutboundMessage message;
        const std::string topic = "topic/" + std::to_string(random_.below(3));
        const auto token = Token{next_number_ + 1};
        const bool large = random_.chance(2);
        const auto payload = std::make_shared<const std::string>(
            std::to_string(token) + std::string(large ? 40'000 : random_.below(30), ' '));
        PublishProperties properties;
        properties.expiry = std::chrono::seconds{1 + random_.below(5)};
        message.topic = topic;
        message.payload = std::as_bytes(std::span{*payload});
        message.payload_owner = random_.chance(50) ? payload : nullptr;
        message.qos = static_cast<Qos>(random_.below(3));
        message.retain = random_.chance(20);
        message.properties = random_.chance(10) ? &properties : nullptr;
        message.accepted_at = now_;
        const bool accepts = session_.accepts_publish();
        const auto result = session_.publish(token, message, now_);
        if (result) {
            EXPECT_TRUE(accepts);
            ++next_number_;
            accepted_[token] = message.qos;
        } else if (closing_) {
            EXPECT_TRUE(result.error().is(Error::closed));
        } else if (accepts) {
            EXPECT_TRUE(settings_.shrinks) << result.error();
        } else {
            EXPECT_TRUE(result.error().is(Error::would_block));
        }
    }

    void promise() {
        const auto qos = static_cast<Qos>(random_.below(3));
        const unsigned number = ++next_promise_;
        if (session_.connected() && linked_) {
            promised_[number] = qos;
            broker_.publish(number, static_cast<unsigned>(random_.below(3)), qos);
        }
    }

    void acknowledge(Pending pending) {
        std::erase_if(deliveries_, [&](const Pending& other) { return other.id == pending.id; });
        const bool refuse = random_.chance(5);
        if (refuse) {
            refused_.insert(pending.number);
        }
        session_.acknowledge(pending.id, refuse ? ReasonCode::quota_exceeded : ReasonCode::success);
        drain();
    }

    void change_something() {
        const std::string filter = "filter/" + std::to_string(random_.below(4)) + "/#";
        if (random_.chance(30)) {
            session_.unsubscribe(filter);
            wanted_.erase(filter);
        } else if (random_.chance(40)) {
            Subscription subscription;
            subscription.filter = filter;
            subscription.identifier = static_cast<std::uint32_t>(random_.below(3));
            session_.subscribe(subscription);
            wanted_.insert(filter);
        } else if (paused_) {
            session_.resume_reading(now_);
            paused_ = false;
        } else if (random_.chance(30)) {
            session_.pause_reading(now_);
            paused_ = true;
        }
    }

    // The link: what the client writes lies in `to_broker_`, what the broker sends in `to_client_`.

    void asked_to_open() {
        if (healed_ || random_.chance(70)) {
            open();
        } else if (random_.chance(50)) {
            opening_ = true;
        } else {
            session_.transport_closed(Failure{Error::connection_lost, "refused"}, now_);
        }
        drain();
    }

    void open() {
        opening_ = false;
        linked_ = true;
        broker_.connection_opened();
        session_.transport_opened(now_);
    }

    void cut() {
        if (!linked_) {
            return;
        }
        // Some of what is under way still arrives; the rest is lost, though it was written.
        move_to_broker(random_.below(to_broker_.size() + 1));
        if (random_.chance(50)) {
            move_to_client(random_.below(broker_.output.size() + 1));
        }
        if (linked_) {
            disconnect();
        }
    }

    void disconnect() {
        linked_ = opening_ = false;
        chunk_left_ = 0;
        to_broker_.clear();
        to_client_.clear();
        broker_.connection_lost();
        if (settings_.forgets_sessions && random_.chance(30)) {
            broker_.forget_session();
        }
        session_.transport_closed({}, now_);
        drain();
    }

    void write(std::size_t bytes) {
        bytes = std::min(bytes, chunk_left_);
        if (bytes == 0) {
            return;
        }
        const auto all = chunk_.bytes();
        const auto part = all.subspan(all.size() - chunk_left_, bytes);
        to_broker_.insert(to_broker_.end(), part.begin(), part.end());
        chunk_left_ -= bytes;
        session_.output_written(bytes, now_);
        drain();
    }

    void move_to_broker(std::size_t bytes) {
        bytes = std::min(bytes, to_broker_.size());
        broker_.receive(std::span{to_broker_}.first(bytes));
        to_broker_.erase(to_broker_.begin(), to_broker_.begin() + static_cast<std::ptrdiff_t>(bytes));
    }

    void move_to_client(std::size_t bytes) {
        bytes = std::min(bytes, broker_.output.size());
        to_client_.insert(to_client_.end(), broker_.output.begin(),
                          broker_.output.begin() + static_cast<std::ptrdiff_t>(bytes));
        broker_.output.erase(broker_.output.begin(),
                             broker_.output.begin() + static_cast<std::ptrdiff_t>(bytes));
        if (paused_ || !linked_) {
            return;
        }
        const std::size_t consumed = session_.receive(to_client_, now_);
        take_events();  // Before the bytes they look at go away.
        to_client_.erase(to_client_.begin(), to_client_.begin() + static_cast<std::ptrdiff_t>(consumed));
        drain();
        if (linked_ && broker_.closing() && broker_.output.empty()) {
            disconnect();
        }
    }

    void move_all() {
        write(chunk_left_);
        move_to_broker(to_broker_.size());
        move_to_client(broker_.output.size());
    }

    void pass(TimePoint duration) {
        const TimePoint end = now_ + duration;
        for (;;) {
            const auto deadline = session_.deadline();
            if (!deadline || *deadline > end) {
                break;
            }
            now_ = std::max(now_, *deadline);
            session_.timeout(now_);
            drain();
        }
        now_ = end;
    }

    void drain() {
        take_events();
        while (linked_ && chunk_left_ == 0 && session_.take_output(chunk_, now_)) {
            chunk_left_ = chunk_.bytes().size();
            if (!stuck_) {
                write(chunk_left_);
            }
        }
        switch (session_.transport().kind) {
            case TransportRequest::Kind::none:
                break;
            case TransportRequest::Kind::open:
                asked_to_open();
                break;
            case TransportRequest::Kind::close:
                disconnect();
                break;
            case TransportRequest::Kind::close_after_flush:
                write(chunk_left_);
                move_to_broker(to_broker_.size());
                disconnect();
                break;
        }
    }

    void take_events() {
        while (const Event* event = session_.next_event()) {
            const Happened happened{*event};
            session_.pop_event();
            take(happened);
        }
    }

    void take(const Happened& event) {
        EXPECT_FALSE(closed_) << to_string(event.kind) << " after the end";
        switch (event.kind) {
            case Kind::published:
                ++ended_[event.token];
                break;
            case Kind::publish_failed:
                ++ended_[event.token];
                failed_.insert(event.token);
                EXPECT_TRUE(may_fail(event)) << event.failure;
                break;
            case Kind::message: {
                const auto number = static_cast<unsigned>(std::stoul(event.payload));
                ++delivered_[number];
                if (event.delivery != 0) {
                    const bool waits = std::ranges::any_of(
                        deliveries_, [&](const Pending& other) { return other.number == number; });
                    EXPECT_TRUE(!waits || broker_.sessions_lost > 0)
                        << "delivery " << number << " again, though it was not acknowledged";
                    deliveries_.push_back({event.delivery, number});
                }
                break;
            }
            case Kind::disconnected:
                EXPECT_FALSE(event.failure.is(Error::protocol_error)) << event.failure;
                EXPECT_FALSE(event.failure.is(Error::malformed_packet)) << event.failure;
                break;
            case Kind::closed:
                EXPECT_TRUE(closing_ && !closed_);
                closed_ = true;
                break;
            default:
                break;
        }
    }

    bool may_fail(const Happened& event) {
        const Failure& failure = event.failure;
        return accepted_[event.token] == Qos::at_most_once || failure.is(Error::expired) ||
               (closing_ && failure.is(Error::closed)) ||
               (failure.is(Error::refused) && broker_.refused.contains(static_cast<unsigned>(event.token))) ||
               (options_.lost_session == LostSession::fail && broker_.sessions_lost > 0 &&
                failure.is(Error::session_lost)) ||
               (settings_.shrinks &&
                (failure.is(Error::not_supported) || failure.is(Error::payload_too_large)));
    }

    SeededRandom random_;
    ModelSettings settings_;
    ModelBroker broker_;
    Options options_;
    Session session_;
    TimePoint now_ = 1h;
    bool linked_ = false;
    bool stuck_ = false;
    bool paused_ = false;
    bool opening_ = false;
    bool healed_ = false;
    bool closing_ = false;
    bool closed_ = false;
    OutputChunk chunk_;
    std::size_t chunk_left_ = 0;
    std::vector<std::byte> to_broker_;
    std::vector<std::byte> to_client_;
    unsigned next_number_ = 0;
    unsigned next_promise_ = 0;
    std::map<Token, Qos> accepted_;
    std::map<Token, unsigned> ended_;
    std::set<Token> failed_;
    std::map<unsigned, Qos> promised_;
    std::map<unsigned, unsigned> delivered_;
    std::set<unsigned> refused_;  // Deliveries that the application refused: they may come again.
    std::deque<Pending> deliveries_;
    std::set<std::string> wanted_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    return text == nullptr ? otherwise : std::stoull(text);
}

TEST(RandomSessionTest, EveryPromiseHoldsOnALinkThatBreaks) {
    const std::uint64_t only = number_from("MULTIMQTT_SEED", 0);
    const std::uint64_t count = only != 0 ? 1 : number_from("MULTIMQTT_SEEDS", 400);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t seed = only != 0 ? only : i + 1;
        SCOPED_TRACE("MULTIMQTT_SEED=" + std::to_string(seed));
        World world{seed};
        world.misbehave(400);
        if (seed % 4 != 0) {
            world.heal();
            world.check_end();
        }
        if (!HasFailure()) {
            world.close(1s);
            world.wait_for_the_end(1s);
        }
        if (HasFailure()) {
            break;
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
