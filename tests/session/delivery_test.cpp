#include "session/delivery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace multimqtt::session {
namespace {

using enum DeliveryState;
using enum DeliveryEvent;
using enum DeliveryAction;

struct Case {
    DeliveryState state;
    DeliveryEvent event;
    DeliveryStep expected;
    const char* spec;  // The MQTT 5.0 statement that asks for this step.
};

std::string name_of(DeliveryState state, DeliveryEvent event) {
    return std::string{to_string(state)}.append("_on_").append(to_string(event));
}

// Every step that MQTT allows. The last test of this file proves that there are no others.
constexpr Case kAllowed[] = {
    {awaiting_puback, puback, {finished, report_delivered}, "v5 [MQTT-4.3.2-3]"},
    {awaiting_puback, puback_refused, {finished, report_refused}, "v5 [MQTT-4.4.0-2]"},
    {awaiting_pubrec, pubrec, {awaiting_pubcomp, send_pubrel}, "v5 [MQTT-4.3.3-4]"},
    {awaiting_pubrec, pubrec_refused, {finished, report_refused}, "v5 [MQTT-4.4.0-2]"},
    {awaiting_pubcomp, pubcomp, {finished, report_delivered}, "v5 [MQTT-4.3.3-5]"},
    {awaiting_pubcomp, pubrec, {awaiting_pubcomp, send_pubrel}, "v5 [MQTT-4.3.3-6]"},
};

class DeliveryTest : public testing::TestWithParam<Case> {};

TEST_P(DeliveryTest, TakesTheStepTheSpecificationAsksFor) {
    const Case& row = GetParam();
    EXPECT_EQ(advance(row.state, row.event), row.expected) << row.spec;
}

INSTANTIATE_TEST_SUITE_P(Allowed, DeliveryTest, testing::ValuesIn(kAllowed),
                         [](const auto& row) { return name_of(row.param.state, row.param.event); });

constexpr DeliveryState kStates[] = {awaiting_puback, awaiting_pubrec, awaiting_pubcomp, finished};
constexpr DeliveryEvent kEvents[] = {puback, puback_refused, pubrec, pubrec_refused, pubcomp};

TEST(DeliveryNegativeTest, EveryOtherEventClosesTheConnectionAndKeepsTheMessage) {
    for (const DeliveryState state : kStates) {
        for (const DeliveryEvent event : kEvents) {
            const bool allowed = std::ranges::any_of(
                kAllowed, [&](const Case& row) { return row.state == state && row.event == event; });
            if (!allowed) {
                const DeliveryStep expected{state, close_connection};
                EXPECT_EQ(advance(state, event), expected) << name_of(state, event);
            }
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
