#include "brokers/capabilities.hpp"

#include "brokers/broker.hpp"

#include <array>

namespace multimqtt::brokers {
namespace {

using enum Feature;

struct Heading {
    Feature feature;
    std::string_view text;
};

constexpr std::array kHeadings{
    Heading{version_5, "MQTT 5.0"},
    Heading{qos_2, "subscribing with QoS 2"},
    Heading{qos_2_publish, "publishing with QoS 2"},
    Heading{lesser_quality, "the lesser QoS counts"},
    Heading{retained, "retained messages"},
    Heading{retained_wildcards, "retained messages through wildcards"},
    Heading{retained_kept, "retained messages after a restart"},
    Heading{will, "will"},
    Heading{offline_messages, "messages that came while away"},
    Heading{offline_order, "in their order"},
    Heading{session_kept, "sessions after a restart"},
    Heading{redelivery, "unacknowledged messages come again"},
    Heading{dup, "with the flag DUP"},
    Heading{publisher_session, "sessions of clients that only publish"},
    Heading{kept_across_cuts, "nothing is lost across cuts"},
    Heading{dots_taken, "publishing to topics with a dot"},
    Heading{dots, "topics keep their dots"},
    Heading{shared_subscriptions, "shared subscriptions"},
    Heading{properties, "message properties"},
    Heading{no_local, "No Local"},
    Heading{subscription_identifiers, "subscription identifiers"},
};

constexpr auto kFeatures = [] {
    std::array<Feature, kHeadings.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = kHeadings[i].feature;
    }
    return all;
}();

constexpr std::array kKinds{&kMosquitto, &kRabbitMq, &kNats, &kAedes, &kMochi};

}  // namespace

std::span<const Feature> features() noexcept {
    return kFeatures;
}

std::string_view to_string(Feature feature) noexcept {
    for (const Heading& heading : kHeadings) {
        if (heading.feature == feature) {
            return heading.text;
        }
    }
    return "unknown";
}

bool of_version_5(Feature feature) noexcept {
    return feature == properties || feature == no_local || feature == subscription_identifiers;
}

std::span<const BrokerKind* const> broker_kinds() noexcept {
    return kKinds;
}

}  // namespace multimqtt::brokers
