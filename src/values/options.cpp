// The ranges of the options.
#include "multimqtt/options.hpp"

#include "multimqtt/pattern_grammar.hpp"
#include "values/quoted.hpp"

#include <limits>
#include <string>

namespace multimqtt {
namespace {

Failure bad(std::string_view option, const std::string& value, std::string_view allowed) {
    return {Error::bad_config,
            std::string{option}.append(" is ").append(value).append("; allowed: ").append(allowed)};
}

template <class Number>
Result<void> in_range(std::string_view option, Number value, Number low, Number high) {
    if (value < low || value > high) {
        return bad(option, std::to_string(value),
                   std::to_string(low).append(" to ").append(std::to_string(high)));
    }
    return {};
}

template <class Duration>
Result<void> in_range(std::string_view option, Duration value, std::int64_t low, std::int64_t high,
                      std::string_view unit) {
    if (value.count() < low || value.count() > high) {
        return bad(option, std::to_string(value.count()).append(" ").append(unit),
                   std::to_string(low).append(" to ").append(std::to_string(high)).append(" ").append(unit));
    }
    return {};
}

constexpr std::int64_t kUint32Max = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kDayMs = 24LL * 3'600 * 1'000;
constexpr std::size_t kSizeMax = std::size_t{1} << 40;

Result<void> check_endpoints(const Options& options) {
    if (options.endpoints.empty()) {
        return bad("endpoints", "empty", "at least one broker address");
    }
    for (const Endpoint& endpoint : options.endpoints) {
        if (endpoint.host.empty()) {
            return bad("endpoints", "without a host", "a host name, an address or a socket path");
        }
        if (endpoint.port == 0 && endpoint.transport != Transport::unix_socket) {
            return bad("port", "0", "1 to 65535");
        }
    }
    return {};
}

/// A string of MQTT; the text itself is not shown, since it may be a secret.
Result<void> check_text(std::string_view option, std::string_view text) {
    switch (grammar::check_text(text).fault) {
        case grammar::Fault::too_long:
            return bad(option, std::to_string(text.size()).append(" bytes"), "at most 65535 bytes");
        case grammar::Fault::null_character:
        case grammar::Fault::not_utf8:
            return bad(option, "not UTF-8, or has U+0000", "text that MQTT can carry");
        default:
            return {};
    }
}

Result<void> check_properties(std::string_view option, const UserProperties& properties) {
    for (const auto& [name, value] : properties) {
        for (const std::string& text : {name, value}) {
            if (auto ok = check_text(option, text); !ok) {
                return ok;
            }
        }
    }
    return {};
}

// v5 [MQTT-1.5.4-1], v5 [MQTT-1.5.4-2]; v3.1.1 [MQTT-1.5.3-1], v3.1.1 [MQTT-1.5.3-2]
Result<void> check_account(const Options& options) {
    if (auto ok = check_text("client_id", options.client_id); !ok) {
        return ok;
    }
    if (auto ok = check_text("username", options.username.value_or("")); !ok) {
        return ok;
    }
    if (options.password && options.password->size() > 65'535) {
        return bad("password", std::to_string(options.password->size()).append(" bytes"),
                   "at most 65535 bytes");
    }
    return check_properties("connect_properties", options.connect_properties);
}

Result<void> check_session(const Options& options) {
    if (auto ok = in_range("session_expiry", options.session_expiry, 0, kUint32Max, "s"); !ok) {
        return ok;
    }
    if (auto ok = in_range("keep_alive", options.keep_alive, 0, 65'535, "s"); !ok) {
        return ok;
    }
    if (auto ok = in_range("connect_timeout", options.connect_timeout, 1, kDayMs, "ms"); !ok) {
        return ok;
    }
    if (auto ok = in_range<unsigned>("receive_maximum", options.receive_maximum, 1, 65'535); !ok) {
        return ok;
    }
    if (auto ok = in_range<unsigned>("inflight_max", options.inflight_max, 1, 65'535); !ok) {
        return ok;
    }
    if (auto ok = in_range<std::uint32_t>("packet_bytes_max", options.packet_bytes_max, 1'024, 268'435'460);
        !ok) {
        return ok;
    }
    if (options.version == VersionPolicy::v3_1 && options.client_id.size() > 23) {
        return bad("client_id", quoted(options.client_id), "at most 23 bytes with MQTT 3.1");
    }
    if (options.password && !options.username && options.version != VersionPolicy::v5) {
        // v3.1.1 [MQTT-3.1.2-22]
        return bad("password", "given without a user name", "both, or neither, unless the version is 5");
    }
    return {};
}

Result<void> check_reconnect(const Options& options) {
    if (auto ok = in_range("reconnect_min", options.reconnect_min, 1, kDayMs, "ms"); !ok) {
        return ok;
    }
    if (auto ok = in_range("reconnect_max", options.reconnect_max, 1, kDayMs, "ms"); !ok) {
        return ok;
    }
    if (options.reconnect_max < options.reconnect_min) {
        return bad("reconnect_max", std::to_string(options.reconnect_max.count()) + " ms",
                   "at least reconnect_min");
    }
    return {};
}

Result<void> check_queues(const Options& options) {
    if (auto ok = in_range<std::size_t>("outbox_bytes_max", options.outbox_bytes_max, 1'024, kSizeMax); !ok) {
        return ok;
    }
    if (auto ok = in_range<std::size_t>("outbox_messages_max", options.outbox_messages_max, 1, kSizeMax);
        !ok) {
        return ok;
    }
    if (auto ok = in_range("outbox_block_timeout", options.outbox_block_timeout, 0, kDayMs, "ms"); !ok) {
        return ok;
    }
    if (auto ok = in_range<std::size_t>("inbox_bytes_max", options.inbox_bytes_max, 1'024, kSizeMax); !ok) {
        return ok;
    }
    if (auto ok = in_range<std::size_t>("inbox_messages_max", options.inbox_messages_max, 1, kSizeMax); !ok) {
        return ok;
    }
    if (auto ok = in_range<unsigned>("handler_threads", options.handler_threads, 0, 256); !ok) {
        return ok;
    }
    if (auto ok = in_range("quick_handler", options.quick_handler, 1, 1'000'000, "us"); !ok) {
        return ok;
    }
    return in_range("drain", options.drain, 0, kDayMs, "ms");
}

Result<void> check_tls(const TlsOptions& tls) {
    if (tls.min_version != "1.2" && tls.min_version != "1.3") {
        return bad("tls.min_version", quoted(tls.min_version), "\"1.2\" or \"1.3\"");
    }
    if (!tls.keyfile.empty() && tls.certfile.empty()) {
        return bad("tls.keyfile", "given without tls.certfile", "both, or only tls.certfile");
    }
    for (const std::string& protocol : tls.alpn) {
        if (protocol.empty() || protocol.size() > 255) {
            return bad("tls.alpn", quoted(protocol), "names of 1 to 255 bytes");
        }
    }
    return {};
}

Result<void> check_will(const Options& options) {
    if (!options.will) {
        return {};
    }
    if (options.will->payload.size() > 65'535) {
        return bad("will.payload", std::to_string(options.will->payload.size()).append(" bytes"),
                   "at most 65535 bytes");
    }
    if (auto ok = check_text("will.content_type", options.will->content_type); !ok) {
        return ok;
    }
    if (auto ok = check_properties("will.user_properties", options.will->user_properties); !ok) {
        return ok;
    }
    return in_range("will.delay", options.will->delay, 0, kUint32Max, "s");
}

}  // namespace

Result<void> Options::validate() const {
    for (const auto& check :
         {check_endpoints(*this), check_account(*this), check_session(*this), check_reconnect(*this),
          check_queues(*this), check_tls(tls), check_will(*this)}) {
        if (!check) {
            return check;
        }
    }
    return {};
}

}  // namespace multimqtt
