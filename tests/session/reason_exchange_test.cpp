// Reason codes in both directions: each that the broker may give, and each that the application may give.
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace multimqtt::session {
namespace {

using namespace support;
using enum Event::Kind;
using enum wire::PacketType;

// MQTT 5.0, sections 3.4.2.1 and 3.5.2.1.
constexpr ReasonCode kPublishReasons[] = {
    ReasonCode::success,
    ReasonCode::no_matching_subscribers,
    ReasonCode::unspecified_error,
    ReasonCode::implementation_specific_error,
    ReasonCode::not_authorized,
    ReasonCode::topic_name_invalid,
    ReasonCode::packet_identifier_in_use,
    ReasonCode::quota_exceeded,
    ReasonCode::payload_format_invalid,
};

// v5 [MQTT-4.3.2-3], [MQTT-4.4.0-2]. One message may be in flight, so the second shows that there is room
// again, v5 [MQTT-3.3.4-7].
TEST(PublishReasonExchange, OfPubackEndsTheMessageAndFreesItsPlace) {
    for (const ReasonCode reason : kPublishReasons) {
        SCOPED_TRACE(to_string(reason));
        Script script{quiet_options(), QueueLimits{.packet_id_max = 1}};
        auto& [client, network, broker] = script.roles();
        client.connects();
        const Token token = client.publish("a", "1", Qos::at_least_once);
        client.publish("a", "2", Qos::at_least_once);
        broker.expects(publish, {.payload = "1"}).replies(puback, reason, after(2s));
        if (is_failure(reason)) {
            client.reports(publish_failed, {.token = token, .error = Error::refused, .reason = reason},
                           after(2s));
        } else {
            client.reports(published, {.token = token, .reason = reason}, after(2s));
        }
        broker.expects(publish, {.payload = "2", .dup = false, .packet_id = 1});
        script.silence(1h);
    }
}

// v5 [MQTT-4.3.3-4], [MQTT-4.4.0-2].
TEST(PublishReasonExchange, OfPubrecEndsTheMessageOrIsToldWithPubcomp) {
    for (const ReasonCode reason : kPublishReasons) {
        SCOPED_TRACE(to_string(reason));
        Script script{quiet_options(), QueueLimits{.packet_id_max = 1}};
        auto& [client, network, broker] = script.roles();
        client.connects();
        const Token token = client.publish("a", "1", Qos::exactly_once);
        client.publish("a", "2", Qos::at_least_once);
        broker.expects(publish, {.payload = "1"}).replies(pubrec, reason);
        if (is_failure(reason)) {
            client.reports(publish_failed, {.token = token, .error = Error::refused, .reason = reason});
        } else {
            broker.expects(pubrel, {.packet_id = 1, .reason = ReasonCode::success})
                .replies(pubcomp, after(1s));
            client.reports(published, {.token = token, .reason = reason}, after(1s));
        }
        broker.expects(publish, {.payload = "2", .packet_id = 1});
        script.silence(1h);
    }
}

// MQTT 5.0, section 3.7.2.1: the broker had finished before.
TEST(PublishReasonExchange, OfPubcompDoesNotMakeADeliveredMessageFail) {
    for (const ReasonCode reason : {ReasonCode::success, ReasonCode::packet_identifier_not_found}) {
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        const Token token = client.publish("a", "1", Qos::exactly_once);
        broker.expects(publish).replies(pubrec);
        broker.expects(pubrel).replies(pubcomp, reason);
        client.reports(published, {.token = token});
        script.silence(1h);
    }
}

// MQTT 5.0, section 3.6.2.1: the broker has lost track, and so the exchange is over here too.
TEST(MessageReasonExchange, OfPubrelDoesNotKeepPubcompBack) {
    for (const ReasonCode reason : {ReasonCode::success, ReasonCode::packet_identifier_not_found}) {
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        broker.publishes("a", "x", Qos::exactly_once, 5);
        client.acknowledge(client.reports(message).delivery);
        broker.expects(pubrec, {.packet_id = 5}).replies(pubrel, reason);
        broker.expects(pubcomp, {.packet_id = 5, .reason = ReasonCode::success});
        script.silence(1h);
    }
}

// What the application says about a message, and what of it may be said in PUBACK and PUBREC: 0x10 is for
// brokers, 0x91 is not the application's to say, and most codes belong to other packets. v5 [MQTT-3.4.2-1],
// [MQTT-3.5.2-1].
ReasonCode sayable(unsigned code) {
    constexpr unsigned kSayable[] = {0x83, 0x87, 0x90, 0x97, 0x99};
    if (std::ranges::find(kSayable, code) != std::end(kSayable)) {
        return static_cast<ReasonCode>(code);
    }
    return code >= 0x80 ? ReasonCode::unspecified_error : ReasonCode::success;
}

TEST(MessageReasonExchange, OfTheApplicationIsSaidInACodeThatTheAcknowledgementMayCarry) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (unsigned code = 0; code < 256; ++code) {
            SCOPED_TRACE(code);
            const ReasonCode reason = version == ProtocolVersion::v5 ? sayable(code) : ReasonCode::success;
            Script script{version};
            auto& [client, network, broker] = script.roles();
            client.connects();
            broker.publishes("a", "x", Qos::at_least_once, 5);
            client.acknowledge(client.reports(message).delivery, static_cast<ReasonCode>(code));
            broker.expects(puback, {.packet_id = 5, .reason = reason});
            broker.publishes("a", "y", Qos::exactly_once, 5);
            client.acknowledge(client.reports(message).delivery, static_cast<ReasonCode>(code));
            broker.expects(pubrec, {.packet_id = 5, .reason = reason});
            // v5 [MQTT-4.3.3-9]: a refusal ends it, so that the identifier is a new message's.
            broker.publishes("a", "z", Qos::exactly_once, 5);
            if (is_failure(reason)) {
                client.reports(message, {.payload = "z"});
            } else {
                broker.expects(pubrec, {.packet_id = 5});
            }
            script.silence();
        }
    }
}

// MQTT 5.0, section 3.9.3; MQTT 3.1.1, section 3.9.3.
struct SubackCase {
    ReasonCode reason;
    bool in_3_1_1;
};
constexpr SubackCase kSubackReasons[] = {
    {ReasonCode::granted_qos_0, true},
    {ReasonCode::granted_qos_1, true},
    {ReasonCode::granted_qos_2, true},
    {ReasonCode::unspecified_error, true},
    {ReasonCode::implementation_specific_error, false},
    {ReasonCode::not_authorized, false},
    {ReasonCode::topic_filter_invalid, false},
    {ReasonCode::packet_identifier_in_use, false},
    {ReasonCode::quota_exceeded, false},
    {ReasonCode::shared_subscriptions_not_supported, false},
    {ReasonCode::subscription_identifiers_not_supported, false},
    {ReasonCode::wildcard_subscriptions_not_supported, false},
};

TEST(RequestReasonExchange, OfSubackGrantsOrRefusesTheFilter) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (const auto& [reason, in_3_1_1] : kSubackReasons) {
            if (version == ProtocolVersion::v3_1_1 && !in_3_1_1) {
                continue;
            }
            SCOPED_TRACE(to_string(reason));
            Script script{version};
            auto& [client, network, broker] = script.roles();
            client.connects();
            client.subscribe("a", Qos::exactly_once);
            const std::uint16_t id = broker.expects(subscribe).packet_id();
            const std::vector<ReasonCode> codes = {reason};
            broker.sends(wire::Suback{id, wire::ReasonCodes{codes}, {}}, after(1s));
            if (is_failure(reason)) {
                client.reports(subscribe_failed, {.error = Error::refused, .reason = reason, .filter = "a"},
                               after(1s));
            } else {
                client.reports(subscribed, {.reason = reason, .filter = "a"}, after(1s));
            }
            script.silence(1h);
        }
    }
}

// MQTT 5.0, section 3.11.3: that there was no such subscription is as good as its end.
TEST(RequestReasonExchange, OfUnsubackEndsTheSubscriptionOrIsWarnedOf) {
    for (const ReasonCode reason :
         {ReasonCode::success, ReasonCode::no_subscription_existed, ReasonCode::unspecified_error,
          ReasonCode::implementation_specific_error, ReasonCode::not_authorized,
          ReasonCode::topic_filter_invalid, ReasonCode::packet_identifier_in_use}) {
        SCOPED_TRACE(to_string(reason));
        Script script;
        auto& [client, network, broker] = script.roles();
        client.connects();
        client.unsubscribe("a");
        broker.expects(unsubscribe).replies(unsuback, reason);
        if (is_failure(reason)) {
            client.reports(warning);
        } else {
            client.reports(unsubscribed, {.reason = reason, .filter = "a"});
        }
        script.silence(1h);
    }
}

// v5 [MQTT-3.8.4-6]; v3.1.1 [MQTT-3.8.4-5]: one code for each filter; which one is missing nobody could tell.
TEST(RequestReasonExchange, HasOneForEachFilter) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        for (const bool leaving : {false, true}) {
            for (std::size_t count = 1; count <= 4; ++count) {
                if (leaving && version == ProtocolVersion::v3_1_1) {
                    continue;  // Its UNSUBACK has none.
                }
                SCOPED_TRACE(count);
                Script script{version};
                auto& [client, network, broker] = script.roles();
                for (const char* filter : {"a", "b", "c"}) {
                    leaving ? client.unsubscribe(filter) : client.subscribe(filter);
                }
                client.connects(resuming());  // So that there may be something to leave.
                const std::uint16_t id = broker.expects(leaving ? unsubscribe : subscribe).packet_id();
                const std::vector<ReasonCode> codes(count, ReasonCode::success);
                if (leaving) {
                    broker.sends(wire::Unsuback{id, wire::ReasonCodes{codes}, {}});
                } else {
                    broker.sends(wire::Suback{id, wire::ReasonCodes{codes}, {}});
                }
                if (count == 3) {
                    for (int i = 0; i < 3; ++i) {
                        client.reports(leaving ? unsubscribed : subscribed);
                    }
                } else {
                    client.reports(disconnected, {.error = Error::protocol_error});
                    if (version == ProtocolVersion::v5) {
                        broker.expects(wire::PacketType::disconnect, {.reason = ReasonCode::protocol_error});
                    }
                }
                script.silence();
            }
        }
    }
}

}  // namespace
}  // namespace multimqtt::session
