// What a broker can do, what happens instead where it cannot, and how a reader is told.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace multimqtt::brokers {

/// What the exchange suite asks of a broker. Each is tested with every broker, both ways: a broker that can
/// must, and one that cannot must behave as its limit says.
enum class Feature : std::uint8_t {
    version_5,                 ///< MQTT 5.0 beside 3.1.1.
    qos_2,                     ///< QoS 2 is granted to subscribers.
    qos_2_publish,             ///< Messages of QoS 2 are taken with the exchange of QoS 2.
    lesser_quality,            ///< A message comes with the lesser of its own QoS and the one granted.
    retained,                  ///< A retained message reaches later subscribers of its topic.
    retained_wildcards,        ///< And subscribers of filters with wildcards.
    retained_kept,             ///< And is kept across a restart.
    will,                      ///< The will is published when a connection is lost.
    offline_messages,          ///< A session keeps the messages that come while its client is away.
    offline_order,             ///< And sends them in the order in which they came.
    session_kept,              ///< Sessions and their messages are kept across a restart.
    redelivery,                ///< What was not acknowledged comes again in a resumed session.
    dup,                       ///< And says so in its DUP flag.
    publisher_session,         ///< The session of a client without subscriptions is kept.
    kept_across_cuts,          ///< No message is lost while connections are cut again and again.
    dots_taken,                ///< A message whose topic has a dot is taken.
    dots,                      ///< And arrives with that topic.
    shared_subscriptions,      ///< "$share/group/filter".
    properties,                ///< The properties of MQTT 5.0 messages arrive as they were sent.
    no_local,                  ///< The option No Local of MQTT 5.0.
    subscription_identifiers,  ///< Subscription identifiers of MQTT 5.0.
};

/// All features, in the order of the table in docs/brokers.md.
[[nodiscard]] std::span<const Feature> features() noexcept;

/// The heading of the feature's row, such as "retained messages".
[[nodiscard]] std::string_view to_string(Feature feature) noexcept;

/// True for what only MQTT 5.0 has.
[[nodiscard]] bool of_version_5(Feature feature) noexcept;

/// One thing that a broker cannot do.
struct Limit {
    Feature feature;
    std::string_view instead;  ///< What happens instead, in words: "grants QoS 1".
};

}  // namespace multimqtt::brokers
