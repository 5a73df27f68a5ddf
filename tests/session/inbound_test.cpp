// The receiving side of QoS 1 and 2: every step from every stage, allowed or not.
#include "session/inbound.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt::session {
namespace {

// Where the message with packet identifier 1 stands. A message of the first kind is of QoS 1, others of
// QoS 2.
enum class Stage : std::uint8_t {
    unknown,
    pending_1,  // The application has it.
    pending_2,
    acknowledged_1,  // The application is done, but an earlier message holds the PUBACK back.
    acknowledged_2,
    detached_1,  // Pending when the connection ended.
    detached_2,
    detached_done_1,  // The application was done with it while there was no connection.
    detached_done_2,
    awaiting_pubrel,        // PUBREC sent.
    awaiting_pubrel_again,  // Likewise, on an earlier connection.
    doubtful_pending_1,     // As detached, and the session at the broker may be another.
    doubtful_pending_2,
    doubtful_released,  // As awaiting_pubrel_again, likewise.
};

enum class Step : std::uint8_t { publish_1, publish_1_dup, publish_2, publish_2_dup, pubrel };

struct Named {
    Stage stage;
    const char* name;
};

constexpr Named kStages[] = {
    {Stage::unknown, "unknown"},
    {Stage::pending_1, "pending_1"},
    {Stage::pending_2, "pending_2"},
    {Stage::acknowledged_1, "acknowledged_1"},
    {Stage::acknowledged_2, "acknowledged_2"},
    {Stage::detached_1, "detached_1"},
    {Stage::detached_2, "detached_2"},
    {Stage::detached_done_1, "detached_done_1"},
    {Stage::detached_done_2, "detached_done_2"},
    {Stage::awaiting_pubrel, "awaiting_pubrel"},
    {Stage::awaiting_pubrel_again, "awaiting_pubrel_again"},
    {Stage::doubtful_pending_1, "doubtful_pending_1"},
    {Stage::doubtful_pending_2, "doubtful_pending_2"},
    {Stage::doubtful_released, "doubtful_released"},
};
constexpr const char* kSteps[] = {"publish_1", "publish_1_dup", "publish_2", "publish_2_dup", "pubrel"};

// What the step gives; by step in the order of `kSteps`. Everything that is not among the first three is
// refused.
//   "new"      a message for the application      "known"    it has it; nothing is sent
//   "ack"      it has it; PUBACK or PUBREC is sent "complete" PUBCOMP
//   "nothing"  PUBCOMP that says so               "refused"  the broker has broken the protocol
const std::map<Stage, std::vector<const char*>> kTable = {
    {Stage::unknown, {"new", "new", "new", "new", "nothing"}},
    // v5 [MQTT-2.2.1-4], v3.1.1 [MQTT-2.3.1-4]: an identifier in use may repeat its message and do no more.
    // With QoS 2 it repeats it whatever DUP says, v5 [MQTT-4.3.3-10].
    {Stage::pending_1, {"refused", "known", "refused", "refused", "refused"}},
    {Stage::pending_2, {"refused", "refused", "known", "known", "refused"}},
    {Stage::acknowledged_1, {"refused", "known", "refused", "refused", "refused"}},
    {Stage::acknowledged_2, {"refused", "refused", "known", "known", "refused"}},
    // The broker repeats on a new connection with DUP; without, it has given the old message up.
    {Stage::detached_1, {"new", "known", "new", "new", "refused"}},
    {Stage::detached_2, {"new", "new", "new", "known", "refused"}},
    {Stage::detached_done_1, {"new", "ack", "new", "new", "refused"}},
    {Stage::detached_done_2, {"new", "new", "new", "ack", "refused"}},
    {Stage::awaiting_pubrel, {"refused", "refused", "ack", "ack", "complete"}},
    {Stage::awaiting_pubrel_again, {"refused", "refused", "ack", "ack", "complete"}},
    // In doubt DUP and the QoS tell: what is no repetition belongs to another session.
    {Stage::doubtful_pending_1, {"new", "known", "new", "new", "refused"}},
    {Stage::doubtful_pending_2, {"new", "new", "new", "known", "refused"}},
    {Stage::doubtful_released, {"new", "new", "new", "ack", "complete"}},
};

class Received {
public:
    explicit Received(Stage stage) {
        using enum Stage;
        if (stage == unknown) {
            return;
        }
        const bool first_kind = stage == pending_1 || stage == acknowledged_1 || stage == detached_1 ||
                                stage == detached_done_1 || stage == doubtful_pending_1;
        const Qos qos = first_kind ? Qos::at_least_once : Qos::exactly_once;
        if (stage == acknowledged_1 || stage == acknowledged_2) {
            static_cast<void>(inbound.arrived(2, qos, false));
        }
        const DeliveryId delivery = inbound.arrived(1, qos, false).delivery;
        const bool released =
            stage == awaiting_pubrel || stage == awaiting_pubrel_again || stage == doubtful_released;
        if (released || stage == acknowledged_1 || stage == acknowledged_2) {
            inbound.acknowledge(delivery, ReasonCode::success);
            EXPECT_EQ(inbound.next_ack(ProtocolVersion::v5).has_value(), released);
        }
        if (stage >= detached_1 && stage != awaiting_pubrel) {
            inbound.connection_lost();
        }
        if (stage == detached_done_1 || stage == detached_done_2) {
            inbound.acknowledge(delivery, ReasonCode::success);
            EXPECT_FALSE(inbound.next_ack(ProtocolVersion::v5)) << "there is no connection to acknowledge on";
        }
        if (stage >= doubtful_pending_1) {
            inbound.session_doubtful();
        }
    }

    std::string take(Step step) {
        if (step == Step::pubrel) {
            switch (inbound.released(1)) {
                case Inbound::Release::completed:
                    return "complete";
                case Inbound::Release::unknown:
                    return "nothing";
                case Inbound::Release::not_received:
                    return "refused";
            }
        }
        const bool second_kind = step == Step::publish_2 || step == Step::publish_2_dup;
        const bool dup = step == Step::publish_1_dup || step == Step::publish_2_dup;
        const auto arrival = inbound.arrived(1, second_kind ? Qos::exactly_once : Qos::at_least_once, dup);
        switch (arrival.verdict) {
            case Inbound::Verdict::deliver:
                EXPECT_NE(arrival.delivery, 0U);
                return "new";
            case Inbound::Verdict::known: {
                const auto ack = inbound.next_ack(ProtocolVersion::v5);
                EXPECT_TRUE(!ack || ack->packet_id == 1);
                return ack ? "ack" : "known";
            }
            case Inbound::Verdict::identifier_in_use:
                return "refused";
        }
        return {};
    }

    Inbound inbound;
};

TEST(InboundTest, TakesTheStepsOfTheTableAndRefusesAllOthers) {
    ASSERT_EQ(std::size(kStages), kTable.size());
    for (const auto& [stage, name] : kStages) {
        ASSERT_EQ(kTable.at(stage).size(), std::size(kSteps));
        for (std::size_t step = 0; step < std::size(kSteps); ++step) {
            Received received{stage};
            EXPECT_EQ(received.take(static_cast<Step>(step)), kTable.at(stage)[step])
                << name << ", " << kSteps[step];
        }
    }
}

// v5 [MQTT-3.2.2-5].
TEST(InboundTest, KnowsNothingOnceTheSessionIsLost) {
    for (const auto& [stage, name] : kStages) {
        for (std::size_t step = 0; step < std::size(kSteps); ++step) {
            Received received{stage};
            received.inbound.session_lost();
            EXPECT_EQ(received.take(static_cast<Step>(step)), kTable.at(Stage::unknown)[step])
                << name << ", " << kSteps[step];
        }
        Received received{stage};
        received.inbound.session_lost();
        EXPECT_EQ(received.inbound.open(), 0U) << name;
        EXPECT_EQ(received.inbound.unacknowledged(), 0U) << name;
    }
}

// All orders in which four handlers can finish, for all mixtures of QoS 1 and 2.
// v5 and v3.1.1 [MQTT-4.6.0-2], [MQTT-4.6.0-3].
TEST(InboundTest, AcknowledgesEachKindInTheOrderOfArrivalWhateverOrderHandlersFinishIn) {
    constexpr std::uint16_t kMessages = 4;
    for (unsigned kinds = 0; kinds < 1U << kMessages; ++kinds) {
        std::vector<std::uint16_t> finishing = {1, 2, 3, 4};
        do {
            Inbound inbound;
            std::map<std::uint16_t, DeliveryId> deliveries;
            std::map<Qos, std::vector<std::uint16_t>> arrived;
            std::map<Qos, std::vector<std::uint16_t>> acknowledged;
            const auto qos_of = [&](std::uint16_t id) {
                return (kinds >> (id - 1) & 1) != 0 ? Qos::exactly_once : Qos::at_least_once;
            };
            for (std::uint16_t id = 1; id <= kMessages; ++id) {
                deliveries[id] = inbound.arrived(id, qos_of(id), false).delivery;
                arrived[qos_of(id)].push_back(id);
            }
            std::vector<std::uint16_t> done;
            for (const std::uint16_t id : finishing) {
                inbound.acknowledge(deliveries[id], ReasonCode::success);
                done.push_back(id);
                while (const auto ack = inbound.next_ack(ProtocolVersion::v5)) {
                    EXPECT_NE(std::ranges::find(done, ack->packet_id), done.end());
                    acknowledged[ack->qos].push_back(ack->packet_id);
                }
            }
            EXPECT_EQ(acknowledged, arrived) << "kinds " << kinds;
        } while (std::ranges::next_permutation(finishing).found);
    }
}

}  // namespace
}  // namespace multimqtt::session
