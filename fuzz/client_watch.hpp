// What a strict broker sees of a client: every packet of it, held against what MQTT asks.
#pragma once

#include "session/session.hpp"
#include "wire/packets.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::fuzz {

/// The number that a payload of this fuzzer begins with.
[[nodiscard]] inline std::uint64_t number_in(wire::BytesView payload) noexcept {
    std::uint64_t number = 0;
    const auto* const text = reinterpret_cast<const char*>(payload.data());
    (void)std::from_chars(text, text + payload.size(), number);
    return number;
}

/// Follows one session from the outside. A broker that sends nonsense gives up its claims: from the first
/// packet on that no broker would send, only what holds in any case is checked, until a new session begins.
class ClientWatch {
public:
    /// A PUBLISH of the client with QoS 1 or 2 that is not finished.
    struct ClientMessage {
        std::uint16_t packet_id;
        Qos qos;
        session::Token token;
        bool here = true;           ///< Sent on this connection.
        bool received = false;      ///< PUBREC has been read by the client.
        bool release_sent = false;  ///< PUBREL, on this connection.
        bool given_up = false;      ///< The client has told its application that it failed.
    };
    struct Request {
        std::uint16_t packet_id;
        std::size_t filters;
        bool unsubscribe;
    };
    /// A PUBLISH of the broker with QoS 1 or 2 that is not finished.
    struct BrokerMessage {
        std::uint16_t packet_id;
        Qos qos;
        std::uint64_t number;
        bool here = true;
        bool received = false;  ///< The client has sent PUBREC.
    };

    [[nodiscard]] const std::string& broken() const noexcept { return broken_; }
    [[nodiscard]] ProtocolVersion version() const noexcept { return version_; }
    [[nodiscard]] bool clean_start() const noexcept { return clean_start_; }
    [[nodiscard]] const std::vector<ClientMessage>& client_messages() const noexcept {
        return client_messages_;
    }
    [[nodiscard]] const std::vector<Request>& requests() const noexcept { return requests_; }
    [[nodiscard]] const std::vector<BrokerMessage>& broker_messages() const noexcept {
        return broker_messages_;
    }

    /// A connection begins with `connect`, of which the transport may not have taken anything yet.
    void connecting(const wire::Connect& connect) {
        version_ = connect.version;
        clean_start_ = connect.clean_start;
    }
    void connection_lost();
    /// The transport had taken the first bytes of this message; 0: of one that cannot be told.
    void cut_off(session::Token token);

    /// The client has written `packet`, which has `bytes` bytes.
    void sent(const wire::Packet& packet, std::size_t bytes);
    /// The client has taken `packet` from its broker.
    void received(const wire::Packet& packet);
    /// What the broker sends from now on is not to be believed.
    void distrust() noexcept { honest_ = always_honest_ = false; }

    void published(session::Token token);
    void publish_failed(session::Token token);
    void delivered(std::uint64_t number, Qos qos);
    void acknowledged(std::uint64_t number, bool well);
    void accepted(session::Token token, std::string_view topic, Qos qos) {
        accepted_[token] = {std::string{topic}, qos};
    }

private:
    struct Accepted {
        std::string topic;
        Qos qos;
    };

    void require(bool holds, std::string_view otherwise) {
        if (!holds && broken_.empty()) {
            broken_ = otherwise;
        }
    }
    /// The same for what a broker can only count on while it keeps the rules itself.
    void require_honestly(bool holds, std::string_view otherwise) { require(holds || !honest_, otherwise); }

    template <class List>
    [[nodiscard]] static auto find(List& list, std::uint16_t packet_id) {
        return std::ranges::find(list, packet_id, [](const auto& entry) { return entry.packet_id; });
    }
    void lose_session();
    void check_publish(const wire::Publish& publish);
    void check_order(session::Token token);
    void check_kept(const wire::Publish& publish, session::Token token);
    void check_topic(const wire::Publish& publish, const Accepted& accepted);
    void check_request(std::uint16_t packet_id, std::size_t filters, bool unsubscribe);
    void take_answer(std::uint16_t packet_id, bool unsubscribe);
    void take(const wire::Connack& connack);
    void take(const wire::Publish& publish);

    std::string broken_;
    bool honest_ = true;
    bool always_honest_ = true;  // In earlier sessions too.
    ProtocolVersion version_ = ProtocolVersion::v5;
    bool clean_start_ = true;

    // Of this connection.
    bool connect_sent_ = false;
    bool disconnect_sent_ = false;
    bool connack_taken_ = false;
    wire::ConnackProperties grants_;
    std::map<std::uint16_t, std::string> aliases_;
    std::vector<Request> requests_;
    std::vector<std::uint64_t> pubacks_;  // Numbers of the broker's messages with QoS 1, in order.
    std::map<std::uint16_t, unsigned> releases_;
    std::set<session::Token> sent_here_;
    session::Token last_new_here_ = 0;

    // Of this session.
    std::vector<ClientMessage> client_messages_;
    std::vector<BrokerMessage> broker_messages_;
    std::set<session::Token> begun_;  // The transport has taken some of it, but not all.
    bool begun_unknown_ = false;
    std::set<std::uint64_t> delivered_once_;

    // For ever.
    std::map<session::Token, Accepted> accepted_;
    std::set<session::Token> sent_;
    std::set<session::Token> answered_well_;
    std::set<std::uint64_t> acknowledged_;
    std::set<std::uint64_t> refused_;
};

}  // namespace multimqtt::fuzz
