// A broker with one client, that checks every packet of the client against what MQTT asks of it.
#pragma once

#include "support/script.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace multimqtt::session {

/// What one run of the simulation is like; drawn from its seed.
struct ModelSettings {
    ProtocolVersion version = ProtocolVersion::v5;  ///< 5.0 means both.
    bool forgets_sessions = false;
    std::uint16_t receive_maximum_max = 4;  ///< Drawn anew for each connection, from 1 on.
    std::uint16_t topic_alias_maximum = 2;
    std::uint16_t client_receive_maximum = 3;
    std::uint16_t client_topic_alias_maximum = 2;
    bool shrinks = false;  ///< 5.0: may offer less on a connection than on the one before.
    bool refuses = false;  ///< Refuses messages, subscriptions and connections now and then.
};

/// Keeps one session. All that it sends is appended to `output`.
class ModelBroker {
public:
    ModelBroker(ModelSettings settings, support::SeededRandom& random)
        : settings_{settings}, random_{random} {}

    void connection_opened();
    void connection_lost();
    void receive(std::span<const std::byte> bytes);
    /// A message for the client. Numbers must be given in ascending order.
    void publish(unsigned number, unsigned topic, Qos qos);
    /// Sends one of the acknowledgements that are still owed.
    void acknowledge_one();
    void acknowledge_all();
    void forget_session();
    /// 5.0: ends the connection with DISCONNECT; what is owed stays unsent.
    void say_goodbye();
    /// From now on everything is offered, and nothing refused.
    void behave() { settings_.shrinks = settings_.refuses = false; }
    /// Whether the connection shall be closed once `output` has been sent.
    [[nodiscard]] bool closing() const noexcept { return closing_; }
    [[nodiscard]] bool owes_nothing() const noexcept { return owed_.empty(); }
    [[nodiscard]] bool delivered_all() const noexcept { return outgoing_.empty(); }

    std::vector<std::byte> output;
    std::map<unsigned, unsigned> received;  ///< How often each message of the client was taken as new.
    std::set<unsigned> refused;             ///< Messages of the client that a PUBACK or PUBREC refused.
    std::set<std::string> subscriptions;
    unsigned sessions_lost = 0;

private:
    struct Outgoing {
        unsigned number;
        unsigned topic;
        Qos qos;
        std::uint16_t packet_id = 0;
        bool sent_before = false;
        bool sent_here = false;
        bool released = false;  // PUBREC has come.
    };
    enum class Owed : std::uint8_t { puback, pubrec, pubcomp };
    struct Debt {
        Owed kind;
        std::uint16_t packet_id;
        ReasonCode reason = ReasonCode::success;
    };

    void handle(const wire::Connect& connect);
    void refuse_connection(const wire::Connect& connect);
    [[nodiscard]] wire::ConnackProperties draw_offer();
    [[nodiscard]] bool refuses_now() { return settings_.refuses && random_.chance(8); }
    void handle(const wire::Publish& publish);
    void handle_new(const wire::Publish& publish, unsigned number, unsigned topic);
    void handle(const wire::Puback& ack);
    void handle(const wire::Pubrec& ack);
    void handle(const wire::Pubrel& ack);
    void handle(const wire::Pubcomp& ack);
    void handle(const wire::Subscribe& subscribe);
    void handle(const wire::Unsubscribe& unsubscribe);
    void handle(const wire::Pingreq&) { send(wire::Pingresp{}); }
    void handle(const wire::Disconnect&) { disconnected_ = true; }
    template <class Other>
    void handle(const Other&) {
        ADD_FAILURE() << "the client sent a packet of a server";
    }
    void send_waiting();
    void send_publish(Outgoing& message);
    template <class AnyPacket>
    void send(const AnyPacket& packet) {
        wire::ByteBuffer buffer;
        wire::encode(packet, version_, buffer);
        output.insert(output.end(), buffer.bytes().begin(), buffer.bytes().end());
    }
    [[nodiscard]] std::deque<Outgoing>::iterator find(std::uint16_t packet_id);

    ModelSettings settings_;
    support::SeededRandom& random_;

    // The connection.
    std::vector<std::byte> input_;
    bool connected_ = false;
    bool disconnected_ = false;
    bool closing_ = false;
    ProtocolVersion version_ = ProtocolVersion::v5;
    bool session_present_ = false;
    std::uint16_t receive_maximum_ = 65'535;
    Qos maximum_qos_ = Qos::exactly_once;
    bool retain_available_ = true;
    std::uint32_t packet_bytes_max_ = wire::kPacketBytesMax;
    std::map<std::uint16_t, std::string> client_aliases_;
    std::map<std::uint16_t, std::string> own_aliases_;
    std::set<std::uint16_t> open_here_;         // Identifiers of PUBLISH that we have not finished.
    std::deque<std::uint16_t> expect_pubacks_;  // In the order in which PUBLISH was sent here.
    std::deque<std::uint16_t> expect_pubrecs_;
    std::deque<Debt> owed_;

    // The session.
    bool session_exists_ = false;
    std::map<std::uint16_t, unsigned> received_qos2_;
    std::map<std::uint16_t, unsigned> unfinished_qos1_;  // Seen, but PUBACK may not have arrived.
    std::deque<Outgoing> outgoing_;
    std::uint16_t last_packet_id_ = 0;
    std::map<unsigned, unsigned> last_number_;  // By topic.
};

}  // namespace multimqtt::session
