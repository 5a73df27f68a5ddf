// A hundred clients that lose their broker at the same moment: how they come back, in virtual time.
#include "session/session.hpp"
#include "support/script.hpp"
#include "wire/encode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;

constexpr std::size_t kClients = 100;
constexpr TimePoint kReconnectMin = 500ms;
constexpr TimePoint kReconnectMax = 30s;

/// What becomes of an attempt to connect.
enum class Broker : std::uint8_t {
    away,             ///< The connection is refused.
    resets_at_once,   ///< It is accepted, and reset.
    never_answers,    ///< It is accepted, and CONNECT is not answered.
    drops_after_all,  ///< CONNECT is answered, and the connection then reset.
    back,             ///< All is well.
};

const char* name_of(Broker broker) {
    switch (broker) {
        case Broker::away:
            return "away";
        case Broker::resets_at_once:
            return "resets_at_once";
        case Broker::never_answers:
            return "never_answers";
        case Broker::drops_after_all:
            return "drops_after_all";
        case Broker::back:
            return "back";
    }
    return "unknown";
}

/// One session, driven by its contract, that writes down when it tries to connect.
class Fleeing {
public:
    explicit Fleeing(std::uint64_t seed) : random_{seed}, session_{options_, random_} {}

    void start(TimePoint now, Broker broker) {
        session_.start(now);
        settle(now, broker);
    }
    void lose_broker(TimePoint now, Broker broker) {
        session_.transport_closed({Error::connection_lost, "gone"}, now);
        settle(now, broker);
    }
    void timeout(TimePoint now, Broker broker) {
        session_.timeout(now);
        settle(now, broker);
    }
    [[nodiscard]] std::optional<TimePoint> deadline() const { return session_.deadline(); }
    [[nodiscard]] bool connected() const { return session_.connected(); }
    [[nodiscard]] const std::vector<TimePoint>& attempts() const { return attempts_; }

    static Options quiet() {
        Options options = quiet_options();
        options.reconnect_min = std::chrono::duration_cast<std::chrono::milliseconds>(kReconnectMin);
        options.reconnect_max = std::chrono::duration_cast<std::chrono::milliseconds>(kReconnectMax);
        options.connect_timeout = 5s;
        return options;
    }

private:
    void settle(TimePoint now, Broker broker) {
        for (bool more = true; more;) {
            while (session_.next_event() != nullptr) {
                session_.pop_event();
            }
            OutputChunk chunk;
            while (session_.take_output(chunk, now)) {
                session_.output_written(chunk.bytes().size(), now);
            }
            more = obey(session_.transport(), now, broker);
        }
    }
    bool obey(const TransportRequest& request, TimePoint now, Broker broker) {
        switch (request.kind) {
            case TransportRequest::Kind::none:
                return false;
            case TransportRequest::Kind::open:
                attempts_.push_back(now);
                open(now, broker);
                return true;
            case TransportRequest::Kind::close:
            case TransportRequest::Kind::close_after_flush:
                session_.transport_closed({Error::closed, "closed"}, now);
                return true;
        }
        return false;
    }
    void open(TimePoint now, Broker broker) {
        if (broker == Broker::away) {
            session_.transport_closed({Error::connection_lost, "refused"}, now);
            return;
        }
        session_.transport_opened(now);
        if (broker == Broker::back || broker == Broker::drops_after_all) {
            wire::ByteBuffer connack;
            wire::encode(wire::Connack{}, ProtocolVersion::v5, connack);
            (void)session_.receive(connack.bytes(), now);
        }
        if (broker == Broker::resets_at_once || broker == Broker::drops_after_all) {
            session_.transport_closed({Error::connection_lost, "reset"}, now);
        }
    }

    Options options_ = quiet();
    SeededRandom random_;
    Session session_;
    std::vector<TimePoint> attempts_;
};

class StormTest : public testing::Test {
protected:
    void SetUp() override {
        for (std::size_t number = 0; number < kClients; ++number) {
            clients_.push_back(std::make_unique<Fleeing>(number + 1));
            clients_.back()->start(now_, Broker::back);
            ASSERT_TRUE(clients_.back()->connected());
        }
        now_ += 1h;  // Longer than the longest delay: all of them begin anew.
    }
    void lose_broker(Broker broker) {
        for (const auto& client : clients_) {
            client->lose_broker(now_, broker);
        }
    }
    /// Serves the earliest deadline again and again until `end`.
    void run_until(TimePoint end, Broker broker) {
        while (true) {
            Fleeing* next = nullptr;
            for (const auto& client : clients_) {
                const auto at = client->deadline();
                if (at && *at <= end && (next == nullptr || *at < *next->deadline())) {
                    next = client.get();
                }
            }
            if (next == nullptr) {
                now_ = end;
                return;
            }
            now_ = std::max(now_, *next->deadline());
            next->timeout(now_, broker);
        }
    }
    [[nodiscard]] std::vector<TimePoint> attempts_between(TimePoint begin, TimePoint end) const {
        std::vector<TimePoint> all;
        for (const auto& client : clients_) {
            std::copy_if(client->attempts().begin(), client->attempts().end(), std::back_inserter(all),
                         [&](TimePoint at) { return at > begin && at <= end; });
        }
        return all;
    }
    /// How many of `times` lie in each tenth of the window.
    static std::array<std::size_t, 10> tenths(const std::vector<TimePoint>& times, TimePoint begin,
                                              TimePoint window) {
        std::array<std::size_t, 10> counts{};
        for (const TimePoint at : times) {
            const auto tenth = static_cast<std::size_t>((at - begin) * 10 / window);
            ++counts.at(std::min<std::size_t>(tenth, 9));
        }
        return counts;
    }

    TimePoint now_ = 1h;
    std::vector<std::unique_ptr<Fleeing>> clients_;
};

TEST_F(StormTest, ABrokerThatIsBackAtOnceSeesTheFirstAttemptsSpreadOverTheShortestDelay) {
    const TimePoint lost = now_;
    lose_broker(Broker::back);
    run_until(lost + kReconnectMin, Broker::back);
    const auto attempts = attempts_between(lost, now_);
    EXPECT_EQ(attempts.size(), kClients) << "one attempt each";
    for (const std::size_t count : tenths(attempts, lost, kReconnectMin)) {
        EXPECT_GE(count, 2u);
        EXPECT_LE(count, 25u);
    }
}

TEST_F(StormTest, ABrokerThatComesBackLaterSeesTheClientsSpreadOverTheLongestDelay) {
    lose_broker(Broker::away);
    run_until(now_ + 10min, Broker::away);
    const TimePoint returned = now_;
    const auto before = attempts_between(returned - 5min, returned);
    run_until(returned + kReconnectMax, Broker::back);
    EXPECT_TRUE(std::all_of(clients_.begin(), clients_.end(), [](const auto& it) { return it->connected(); }))
        << "within the longest delay all are back";
    const auto attempts = attempts_between(returned, now_);
    EXPECT_EQ(attempts.size(), kClients) << "one attempt each";
    // What is left of a uniform delay falls evenly from the first tenth, 19 of 100, to the last, 1 of 100.
    const auto counts = tenths(attempts, returned, kReconnectMax);
    for (std::size_t tenth = 0; tenth < counts.size(); ++tenth) {
        EXPECT_LE(counts.at(tenth), 30u) << "in tenth " << tenth;
    }
    EXPECT_GE(counts[5] + counts[6] + counts[7] + counts[8] + counts[9], 10u);
    // 15 s on average between two attempts of a client: 2,000 in 5 minutes.
    EXPECT_GE(before.size(), 1'600u);
    EXPECT_LE(before.size(), 2'400u);
}

/// An attempt that gets further than the last one did proves nothing: the delays grow all the same.
class GrowingDelayTest : public StormTest, public testing::WithParamInterface<Broker> {};

TEST_P(GrowingDelayTest, DoublesWhateverTheAttemptsGetTo) {
    lose_broker(GetParam());
    run_until(now_ + 10min, GetParam());
    const TimePoint attempt_takes = GetParam() == Broker::never_answers ? TimePoint{5s} : TimePoint{0};
    TimePoint ceiling = kReconnectMin;
    for (std::size_t number = 1; number <= 12; ++number) {
        TimePoint sum{0};
        TimePoint largest{0};
        for (const auto& client : clients_) {
            ASSERT_GT(client->attempts().size(), number + 1);
            const TimePoint since_last = client->attempts()[number + 1] - client->attempts()[number];
            const TimePoint delay = since_last - attempt_takes;
            ASSERT_GE(delay, TimePoint{0});
            sum += delay;
            largest = std::max(largest, delay);
        }
        ceiling = std::min<TimePoint>(ceiling * 2, kReconnectMax);
        EXPECT_LE(largest, ceiling) << "after attempt " << number;
        EXPECT_GT(largest, ceiling * 9 / 10) << "after attempt " << number;
        const TimePoint mean = sum / static_cast<TimePoint::rep>(kClients);
        EXPECT_GT(mean, ceiling * 2 / 5) << "after attempt " << number;
        EXPECT_LT(mean, ceiling * 3 / 5) << "after attempt " << number;
    }
}

INSTANTIATE_TEST_SUITE_P(Brokers, GrowingDelayTest,
                         testing::Values(Broker::away, Broker::resets_at_once, Broker::never_answers,
                                         Broker::drops_after_all),
                         [](const auto& row) { return std::string{name_of(row.param)}; });

}  // namespace
}  // namespace multimqtt::session
