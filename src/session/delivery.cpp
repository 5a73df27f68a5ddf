// The exchange of QoS 1 and QoS 2 as one table.
#include "session/delivery.hpp"

namespace multimqtt::session {
namespace {

using enum DeliveryState;
using enum DeliveryEvent;
using enum DeliveryAction;

struct Transition {
    DeliveryState state;
    DeliveryEvent event;
    DeliveryStep step;
};

// The whole exchange on one screen; v3.1.1 [MQTT-4.3.2-1] and v3.1.1 [MQTT-4.3.3-1] ask for the same steps.
constexpr Transition kTransitions[] = {
    // QoS 1: PUBLISH, PUBACK.
    {awaiting_puback, puback, {finished, report_delivered}},        // v5 [MQTT-4.3.2-3]
    {awaiting_puback, puback_refused, {finished, report_refused}},  // v5 [MQTT-4.4.0-2]

    // QoS 2: PUBLISH, PUBREC, PUBREL, PUBCOMP.
    {awaiting_pubrec, pubrec, {awaiting_pubcomp, send_pubrel}},     // v5 [MQTT-4.3.3-4]
    {awaiting_pubrec, pubrec_refused, {finished, report_refused}},  // v5 [MQTT-4.4.0-2]
    {awaiting_pubcomp, pubcomp, {finished, report_delivered}},      // v5 [MQTT-4.3.3-5]

    // Once PUBREL is out the PUBLISH must never be sent again, v5 [MQTT-4.3.3-6], so a repeated
    // PUBREC repeats the PUBREL.
    {awaiting_pubcomp, pubrec, {awaiting_pubcomp, send_pubrel}},
};

}  // namespace

DeliveryStep advance(DeliveryState state, DeliveryEvent event) noexcept {
    for (const Transition& transition : kTransitions) {
        if (transition.state == state && transition.event == event) {
            return transition.step;
        }
    }
    return {state, close_connection};  // A broken peer costs the connection, not the message.
}

std::string_view to_string(DeliveryState state) noexcept {
    switch (state) {
        case awaiting_puback:
            return "awaiting_puback";
        case awaiting_pubrec:
            return "awaiting_pubrec";
        case awaiting_pubcomp:
            return "awaiting_pubcomp";
        case finished:
            return "finished";
    }
    return "unknown";
}

std::string_view to_string(DeliveryEvent event) noexcept {
    switch (event) {
        case puback:
            return "puback";
        case puback_refused:
            return "puback_refused";
        case pubrec:
            return "pubrec";
        case pubrec_refused:
            return "pubrec_refused";
        case pubcomp:
            return "pubcomp";
    }
    return "unknown";
}

}  // namespace multimqtt::session
