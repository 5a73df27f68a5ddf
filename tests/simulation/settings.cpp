// Drawing the settings of a run. Each run leaves some kinds of trouble out and has more of others, so that
// the rare combinations come up.
#include "simulation/settings.hpp"

namespace multimqtt::simulation {
namespace {

using namespace std::chrono_literals;

struct Weight {
    Act act;
    unsigned weight;
    unsigned present_percent;  // In how many runs it happens at all.
};

constexpr Weight kWeights[] = {
    {Act::publish, 30, 100},     {Act::publish_elsewhere, 24, 85},
    {Act::acknowledge, 16, 100}, {Act::answer, 20, 100},
    {Act::move_up, 24, 100},     {Act::move_down, 24, 100},
    {Act::write, 14, 100},       {Act::pass, 12, 100},
    {Act::open, 16, 100},        {Act::subscribe, 8, 80},
    {Act::pause, 2, 40},         {Act::cut, 3, 90},
    {Act::black_hole, 1, 25},    {Act::hold_reading, 3, 40},
    {Act::hold_pings, 1, 25},    {Act::stray, 2, 40},
    {Act::goodbye, 1, 50},       {Act::forget, 1, 30},
    {Act::crash, 1, 25},         {Act::jump, 1, 20},
    {Act::hostile, 1, 20},
};
static_assert(std::size(kWeights) == static_cast<std::size_t>(Act::last_));

VersionPolicy draw_version(Dice& dice, Level broker) {
    const unsigned draw = static_cast<unsigned>(dice.below(100));
    if (draw < 25) {
        return VersionPolicy::automatic;
    }
    return draw < 32                 ? VersionPolicy::v3_1
           : draw < 50 || broker < 5 ? VersionPolicy::v3_1_1
                                     : VersionPolicy::v5;
}

BrokerSettings draw_broker(Dice& dice) {
    BrokerSettings broker;
    broker.level = dice.chance(80) ? 5 : 4;
    broker.forgets = dice.chance(30);
    broker.shrinks = dice.chance(30);
    broker.refuses = dice.chance(40);
    broker.merges = dice.chance(50);
    broker.reorders = dice.chance(60);
    broker.strays = dice.chance(40);
    broker.receive_maximum_max = static_cast<std::uint16_t>(dice.chance(20) ? 1 : dice.between(1, 8));
    broker.topic_alias_maximum = static_cast<std::uint16_t>(dice.below(4));
    broker.packet_id_max = static_cast<std::uint16_t>(dice.chance(50) ? dice.between(1, 4) : 20);
    if (dice.chance(25)) {
        broker.keep_alive_s = static_cast<std::uint16_t>(dice.below(4));
    }
    if (dice.chance(15)) {
        broker.expiry_s = static_cast<std::uint32_t>(dice.below(4));
    }
    return broker;
}

Options draw_options(Dice& dice, const BrokerSettings& broker) {
    Options options;
    options.version = draw_version(dice, broker.level);
    options.client_id = dice.chance(85) ? "simulated" : "";
    options.clean_start = dice.chance(25);
    constexpr std::chrono::seconds kExpiries[] = {0s,    2s,    3600s,
                                                  3600s, 3600s, std::chrono::seconds{0xFFFF'FFFF}};
    options.session_expiry = dice.pick(kExpiries);
    options.keep_alive = dice.chance(60) ? std::chrono::seconds{dice.between(1, 8)} : 0s;
    options.lost_session = dice.chance(30) ? LostSession::fail : LostSession::publish_again;
    options.receive_maximum = static_cast<std::uint16_t>(dice.chance(70) ? dice.between(1, 6) : 1'024);
    options.inflight_max = static_cast<std::uint16_t>(dice.chance(70) ? dice.between(1, 8) : 1'024);
    options.topic_alias_maximum = static_cast<std::uint16_t>(dice.below(4));
    options.topic_aliases_out_max = static_cast<std::uint16_t>(dice.below(4));
    options.packet_bytes_max = dice.chance(30) ? 1'024 : options.packet_bytes_max;
    options.connect_timeout = 2s;
    options.reconnect_min = 100ms;
    options.reconnect_max = std::chrono::milliseconds{dice.between(500, 3'000)};
    options.endpoints.resize(dice.between(1, 3));
    if (dice.chance(20)) {
        options.username = "user";
    }
    if (dice.chance(20)) {
        options.password = "secret";
    }
    if (dice.chance(20)) {
        options.will = Will{.topic = "will",
                            .payload = "gone",
                            .qos = static_cast<Qos>(dice.below(3)),
                            .retain = dice.chance(50),
                            .delay = std::chrono::seconds{dice.below(3)},
                            .content_type = dice.chance(50) ? "text/plain" : ""};
    }
    if (dice.chance(10)) {
        options.connect_properties = {{"name", "value"}};
    }
    return options;
}

std::string text_of(VersionPolicy policy) {
    switch (policy) {
        case VersionPolicy::automatic:
            return "automatic";
        case VersionPolicy::v3_1:
            return "3.1";
        case VersionPolicy::v3_1_1:
            return "3.1.1";
        case VersionPolicy::v5:
            return "5.0";
    }
    return {};
}

}  // namespace

Settings settings_of(std::uint64_t seed) {
    Dice dice{seed * 0x2545'F491'4F6C'DD1D + 1};
    Settings settings;
    settings.seed = seed;
    settings.broker = draw_broker(dice);
    settings.options = draw_options(dice, settings.broker);
    settings.broker.packet_bytes_max_of_3 = settings.options.packet_bytes_max;
    settings.limits.messages_max = dice.chance(60) ? dice.between(1, 20) : 200;
    settings.limits.bytes_max = dice.chance(30) ? 2'000 : 200'000;
    if (dice.chance(50)) {
        settings.limits.packet_id_max = static_cast<std::uint16_t>(dice.between(1, 6));
    } else {
        settings.limits.packet_id_max = 100;
    }
    settings.broker.packet_id_client_max = settings.limits.packet_id_max;
    for (const Weight& row : kWeights) {
        constexpr unsigned kFactors[] = {1, 2, 2, 4};  // In halves.
        settings.weights[static_cast<std::size_t>(row.act)] =
            dice.chance(row.present_percent) ? row.weight * dice.pick(kFactors) : 0;
    }
    settings.steps = static_cast<unsigned>(dice.between(60, 400));
    settings.kernel_bytes = dice.chance(40) ? dice.between(1, 200) : 100'000;
    settings.segment_bytes = dice.chance(40) ? dice.between(1, 20) : 4'096;
    settings.heals = dice.chance(80);
    return settings;
}

std::string Settings::describe() const {
    std::string text;
    const auto say = [&text](std::string_view name, const auto& value) {
        text.append(text.empty() ? "" : ", ").append(name).append(" ").append(std::to_string(value));
    };
    const auto say_if = [&text](bool holds, std::string_view what) {
        text.append(holds ? ", " : "").append(holds ? what : "");
    };
    text = "version " + text_of(options.version);
    say("broker level", broker.level);
    say("session expiry", options.session_expiry.count());
    say("keep-alive", options.keep_alive.count());
    say("receive maximum", options.receive_maximum);
    say("in flight", options.inflight_max);
    say("packet identifiers", limits.packet_id_max);
    say("queue", limits.messages_max);
    say("queue bytes", limits.bytes_max);
    say("aliases in", options.topic_alias_maximum);
    say("aliases out", options.topic_aliases_out_max);
    say("packet bytes", options.packet_bytes_max);
    say("broker's receive maximum", broker.receive_maximum_max);
    say("broker's packet identifiers", broker.packet_id_max);
    say("steps", steps);
    say("kernel bytes", kernel_bytes);
    say("segment bytes", segment_bytes);
    say_if(options.clean_start, "clean start");
    say_if(options.client_id.empty(), "no client identifier");
    say_if(options.lost_session == LostSession::fail, "a lost session fails its messages");
    say_if(broker.shrinks, "the broker shrinks");
    say_if(broker.refuses, "the broker refuses");
    say_if(broker.merges, "the broker merges copies");
    say_if(broker.reorders, "the broker reorders");
    say_if(weights[static_cast<std::size_t>(Act::forget)] > 0, "the broker forgets");
    say_if(weights[static_cast<std::size_t>(Act::crash)] > 0, "the client crashes");
    say_if(weights[static_cast<std::size_t>(Act::hostile)] > 0, "the broker is hostile");
    say_if(!heals, "closed in mid-flight");
    return text;
}

}  // namespace multimqtt::simulation
