// Options with any values: those that are taken give a CONNECT that every broker can read.
#pragma once

#include "instructions.hpp"
#include "multimqtt/options.hpp"
#include "session/handshake.hpp"
#include "wire/decode.hpp"
#include "wire/validate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace multimqtt::fuzz {

/// Options whose values come from instructions: mostly those at the edge of what is allowed.
class OptionsMaker {
public:
    explicit OptionsMaker(Instructions& instructions) : instructions_{instructions} {}

    [[nodiscard]] Options make() {
        Options options;
        const unsigned fields = instructions_.next();
        options.version = static_cast<VersionPolicy>(instructions_.below(4));
        options.clean_start = (fields & 0x01) != 0;
        if ((fields & 0x02) != 0) {
            options.username = text();
        }
        if ((fields & 0x04) != 0) {
            options.password = text();
        }
        if ((fields & 0x08) != 0) {
            options.client_id = text();
        }
        if ((fields & 0x10) != 0) {
            options.will = Will{.topic = text(),
                                .payload = text(),
                                .qos = static_cast<Qos>(instructions_.below(3)),
                                .retain = instructions_.next() % 2 == 0,
                                .delay = std::chrono::seconds{number()},
                                .content_type = text()};
            options.will->user_properties = properties();
        }
        if ((fields & 0x20) != 0) {
            options.connect_properties = properties();
        }
        if ((fields & 0x40) != 0) {
            options.session_expiry = std::chrono::seconds{number()};
            options.keep_alive = std::chrono::seconds{number()};
            options.connect_timeout = std::chrono::milliseconds{number()};
            options.reconnect_min = std::chrono::milliseconds{number()};
            options.reconnect_max = std::chrono::milliseconds{number()};
            options.drain = std::chrono::milliseconds{number()};
            options.outbox_block_timeout = std::chrono::milliseconds{number()};
            options.quick_handler = std::chrono::microseconds{number()};
        }
        if ((fields & 0x80) != 0) {
            options.receive_maximum = static_cast<std::uint16_t>(number());
            options.inflight_max = static_cast<std::uint16_t>(number());
            options.topic_alias_maximum = static_cast<std::uint16_t>(number());
            options.packet_bytes_max = static_cast<std::uint32_t>(number());
            options.outbox_bytes_max = static_cast<std::size_t>(number());
            options.outbox_messages_max = static_cast<std::size_t>(number());
            options.inbox_bytes_max = static_cast<std::size_t>(number());
            options.inbox_messages_max = static_cast<std::size_t>(number());
            options.handler_threads = static_cast<unsigned>(number());
            options.tls.min_version = text();
            options.tls.keyfile = text();
            options.tls.key_password = "key-password";
            options.tls.alpn = {text()};
            options.endpoints.resize(instructions_.below(3));
            for (Endpoint& endpoint : options.endpoints) {
                endpoint.host = text();
                endpoint.port = static_cast<std::uint16_t>(number());
            }
        }
        return options;
    }

private:
    [[nodiscard]] std::int64_t number() {
        constexpr std::array<std::int64_t, 12> kEdges{0,           1,
                                                      1'000,       1'024,
                                                      65'535,      65'536,
                                                      86'400'000,  268'435'460,
                                                      0xFFFF'FFFF, std::int64_t{1} << 40,
                                                      -1,          std::numeric_limits<std::int64_t>::max()};
        const unsigned choice = instructions_.next();
        return kEdges[choice % kEdges.size()] +
               (choice < 128 ? 0 : static_cast<int>(choice % 5) - 2) *
                   (kEdges[choice % kEdges.size()] < (std::int64_t{1} << 41) ? 1 : 0);
    }

    [[nodiscard]] std::string text() {
        const unsigned choice = instructions_.next();
        switch (choice % 8) {
            case 0:
                return {};
            case 1:
                return std::string(65'535, 'x');
            case 2:
                return std::string(65'536, 'x');
            case 3:
                return "1.2";
            default:
                return std::string{text_of(instructions_.take(choice / 8))};
        }
    }

    [[nodiscard]] UserProperties properties() {
        UserProperties list;
        for (std::size_t count = instructions_.below(3); count > 0; --count) {
            std::string name = text();
            list.emplace_back(std::move(name), text());
        }
        return list;
    }

    Instructions& instructions_;
};

/// The empty string when `options` give a CONNECT of `version` that can be read, and says what they say.
[[nodiscard]] inline std::string check_connect(const Options& options, ProtocolVersion version) {
    wire::ByteBuffer buffer;
    session::encode_connect(options, {version, options.clean_start, options.client_id}, buffer);
    const wire::Decoded decoded =
        wire::decode(buffer.bytes(), {.version = version, .sender = wire::Sender::client});
    if (decoded.status == wire::DecodeStatus::failed) {
        return "options that are taken make a CONNECT that cannot be read: " + decoded.failure.message();
    }
    const auto* connect = std::get_if<wire::Connect>(&decoded.packet);
    if (decoded.status != wire::DecodeStatus::packet || decoded.bytes != buffer.size() ||
        connect == nullptr) {
        return "options that are taken make no whole CONNECT";
    }
    const bool same = connect->client_id == options.client_id &&
                      connect->will.has_value() == options.will.has_value() &&
                      connect->user_name.value_or("") == options.username.value_or("") &&
                      connect->keep_alive_s == options.keep_alive.count();
    return same ? "" : "CONNECT says something else than the options";
}

/// The property of the target "options".
[[nodiscard]] inline std::string check_options(Input input) {
    Instructions instructions{input};
    const Options options = OptionsMaker{instructions}.make();
    if (const auto valid = options.validate(); !valid) {
        const std::string& said = valid.error().message;
        constexpr std::size_t kSentenceBytesMax = 400;
        if (!valid.error().is(Error::bad_config) || said.empty() || said.size() > kSentenceBytesMax) {
            return "options are refused without a sentence, or with too long a one";
        }
        const bool shown = said.find("key-password") != std::string::npos ||
                           (options.password && options.password->size() > 12 &&
                            said.find(*options.password) != std::string::npos);
        return shown ? "a sentence that shows a password: " + said : "";
    }
    if (options.will && !wire::validate_topic_name(options.will->topic)) {
        return {};  // The client refuses it, with a sentence of its own.
    }
    for (const ProtocolVersion version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        if (version != ProtocolVersion::v5 && options.version == VersionPolicy::v5) {
            continue;
        }
        if (std::string broken = check_connect(options, version); !broken.empty()) {
            return broken;
        }
    }
    return {};
}

}  // namespace multimqtt::fuzz
