// The options of a session from two bytes, so that every choice is one bit away.
#pragma once

#include "multimqtt/options.hpp"

#include <chrono>

namespace multimqtt::fuzz {

/// `both`: sixteen bits, each of which, or pairs of them, stands for one option.
[[nodiscard]] inline Options session_options(unsigned both) {
    const unsigned bits = both >> 8U;
    const unsigned more = both & 0xFFU;
    constexpr VersionPolicy kPolicies[] = {VersionPolicy::automatic, VersionPolicy::v5, VersionPolicy::v3_1_1,
                                           VersionPolicy::v3_1};
    Options options;
    options.version = kPolicies[bits % 4];
    options.clean_start = (bits & 0x04) != 0;
    options.session_expiry = std::chrono::seconds{(bits & 0x08) != 0 ? 2 : 0};
    options.keep_alive = std::chrono::seconds{(bits & 0x10) != 0 ? 2 : 0};
    options.lost_session = (bits & 0x20) != 0 ? LostSession::fail : LostSession::publish_again;
    options.inflight_max = (bits & 0x40) != 0 ? 2 : 1'024;
    options.packet_bytes_max = (bits & 0x80) != 0 ? 100'000 : 1'024;
    options.topic_alias_maximum = (more & 0x01) != 0 ? 3 : 0;
    options.topic_aliases_out_max = (more & 0x02) != 0 ? 2 : 0;
    options.receive_maximum = (more & 0x04) != 0 ? 2 : 100;
    options.client_id = (more & 0x08) != 0 ? "fuzzed" : "";
    options.endpoints.resize((more & 0x10) != 0 ? 2 : 1);
    if ((more & 0x20) != 0) {
        options.will = Will{.topic = "will", .payload = "gone", .qos = Qos::at_least_once};
    }
    if ((more & 0x40) != 0) {
        options.username = "user";
        options.password = "password";
    }
    options.reconnect_max = std::chrono::milliseconds{(more & 0x80) != 0 ? 500 : 1'000};
    return options;
}

}  // namespace multimqtt::fuzz
