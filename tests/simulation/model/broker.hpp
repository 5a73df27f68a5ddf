// A broker with one client, strict about what the client may send and free in what a broker may do.
#pragma once

#include "check.hpp"
#include "client_packet.hpp"
#include "dice.hpp"
#include "ledger.hpp"
#include "server_packet.hpp"
#include "trace.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::simulation {

/// What a broker is like in one run.
struct BrokerSettings {
    Level level = 5;        ///< The highest that it speaks.
    bool forgets = false;   ///< It loses the session now and then.
    bool shrinks = false;   ///< It may offer less on a connection than on the one before.
    bool refuses = false;   ///< It refuses messages, subscriptions and connections now and then.
    bool merges = false;    ///< One copy for overlapping subscriptions, not one for each.
    bool reorders = false;  ///< It answers in another order where MQTT leaves the order open.
    bool strays = false;    ///< It acknowledges what nobody has sent.
    std::uint16_t receive_maximum_max = 4;  ///< Drawn anew for each connection, from 1 on.
    std::uint16_t topic_alias_maximum = 2;
    std::uint16_t packet_id_max = 20;                   ///< Few, so that they meet again soon.
    std::uint16_t packet_id_client_max = 65'535;        ///< The client uses none above; the strays are.
    std::uint32_t packet_bytes_max_of_3 = 0xFFFF'FFFF;  ///< 3.x cannot say it, so both have to know.
    std::optional<std::uint16_t> keep_alive_s;          ///< Server Keep Alive.
    std::optional<std::uint32_t> expiry_s;              ///< Session Expiry Interval of CONNACK.
};

/// What one CONNACK grants.
struct Offer {
    std::uint16_t receive_maximum = 65'535;
    std::uint8_t maximum_qos = 2;
    bool retain = true;
    std::uint32_t packet_bytes_max = 0xFFFF'FFFF;
    std::uint16_t topic_alias_maximum = 0;
    bool wildcards = true;
    bool identifiers = true;
    bool shared = true;
    std::uint16_t keep_alive_s = 0;  ///< In force, whoever asked for it.
};

/// Each file that implements some of these functions says which in its first line.
class Broker {
public:
    Broker(const BrokerSettings& settings, std::uint64_t seed, Ledger& ledger, Verdict& verdict, Trace& trace)
        : settings_{settings}, dice_{seed}, ledger_{ledger}, verdict_{verdict}, trace_{trace} {}

    // The transport.

    void opened(Time now);
    void lost(Time now);
    void receive(std::string_view bytes, Time now);
    /// Ends the connection of a client that was silent for longer than MQTT allows.
    void tick(Time now);
    [[nodiscard]] std::optional<Time> deadline() const noexcept;
    /// Whether the connection shall end once all output is sent.
    [[nodiscard]] bool finished() const noexcept { return stage_ == Stage::finished; }
    [[nodiscard]] bool connected() const noexcept { return stage_ == Stage::connected; }

    // broker_send.cpp: what it does of its own accord.

    /// Another client publishes.
    void publish(std::string_view topic, std::uint8_t qos, bool retain, std::size_t payload_bytes);
    void answer_one();
    void answer_all();
    void answer_pings(bool answers) noexcept { answers_pings_ = answers; }
    void send_stray();
    /// Ends the connection, in 5.0 with a reason.
    void say_goodbye();
    /// Breaks the protocol; everything behind the bytes is lost.
    void send_hostile(std::string_view bytes);
    void forget_session();
    /// From now on everything is offered, and nothing refused or lost.
    void behave();

    // Facts.

    [[nodiscard]] bool owes_nothing() const noexcept;
    [[nodiscard]] bool delivered_all() const noexcept { return outgoing_.empty(); }
    [[nodiscard]] const Offer& offer() const noexcept { return offer_; }
    [[nodiscard]] Level level() const noexcept { return level_; }
    [[nodiscard]] bool session_exists() const noexcept { return session_exists_; }
    struct Held {
        RequestedFilter request;
        std::uint32_t identifier = 0;
        std::uint8_t granted = 0;  // QoS.
    };
    [[nodiscard]] const std::map<std::string, Held, std::less<>>& subscriptions() const noexcept {
        return subscriptions_;
    }
    struct Outgoing {
        Number copy;
        std::uint16_t packet_id = 0;
        bool sent_before = false;
        bool sent_here = false;
        bool released = false;      // PUBREC has come.
        bool release_sent = false;  // PUBREL has been sent on this connection.
    };
    [[nodiscard]] const std::deque<Outgoing>& outgoing() const noexcept { return outgoing_; }
    [[nodiscard]] std::uint16_t client_receive_maximum() const noexcept { return client_receive_maximum_; }
    [[nodiscard]] std::uint32_t client_packet_bytes_max() const noexcept { return client_packet_bytes_max_; }
    [[nodiscard]] std::uint16_t client_alias_maximum() const noexcept { return client_alias_maximum_; }

    Downstream output;

private:
    enum class Stage : std::uint8_t { absent, awaiting_connect, connected, finished };
    struct Debt {
        AckType type;
        std::uint16_t packet_id;
        std::uint8_t reason = 0;
    };
    struct Request {
        bool unsubscribe;
        std::uint16_t packet_id;
        std::string codes;
    };

    // broker_connect.cpp
    void handle(const ReceivedConnect& connect, Time now);
    [[nodiscard]] bool refuse(const ReceivedConnect& connect);
    void refuse_version();
    [[nodiscard]] Properties draw_offer(const ReceivedConnect& connect);
    void begin_session(const ReceivedConnect& connect, Time now);

    // broker_receive.cpp
    void handle(const ReceivedPublish& publish, Time now);
    [[nodiscard]] bool check_publish(const ReceivedPublish& publish, Message& message);
    [[nodiscard]] std::string topic_of(const ReceivedPublish& publish);
    void keep(const ReceivedPublish& publish, Number number, Message& message);
    void handle(const ReceivedAck& ack, Time now);
    void handle_puback(const ReceivedAck& ack);
    void handle_pubrec(const ReceivedAck& ack);
    void handle_pubrel(const ReceivedAck& ack);
    void handle_pubcomp(const ReceivedAck& ack);
    [[nodiscard]] bool in_turn(std::deque<std::uint16_t>& expected, const ReceivedAck& ack);
    void check_acknowledged(const Outgoing& message, const ReceivedAck& ack);
    void handle(const ReceivedSubscribe& subscribe, Time now);
    void handle(const ReceivedUnsubscribe& unsubscribe, Time now);
    void handle(const ReceivedPingreq& pingreq, Time now);
    void handle(const ReceivedDisconnect& disconnect, Time now);
    void check_request_id(std::uint16_t packet_id);
    [[nodiscard]] std::uint8_t answer_to(const RequestedFilter& requested, std::uint32_t identifier);

    // broker_send.cpp
    void send(std::string_view packet, Notice notice = {});
    void send_releases();
    void send_waiting();
    void send_publish(Outgoing& message);
    void send_debt(const Debt& debt);
    void queue_copy(Copy copy);
    void send_retained(const std::string& filter, const Held& held);
    void use_alias(SentPublish& publish, Properties& properties);
    [[nodiscard]] std::deque<Outgoing>::iterator find_outgoing(std::uint16_t packet_id);

    [[nodiscard]] bool refuses_now() { return settings_.refuses && dice_.chance(8); }
    void end_session_state();

    BrokerSettings settings_;
    Dice dice_;
    Ledger& ledger_;
    Verdict& verdict_;
    Trace& trace_;

    // The connection.
    Stage stage_ = Stage::absent;
    Level level_ = 5;
    std::string input_;
    bool disconnected_ = false;
    bool hostile_ = false;
    bool answers_pings_ = true;
    Offer offer_;
    std::uint16_t client_receive_maximum_ = 65'535;
    std::uint16_t client_alias_maximum_ = 0;
    std::uint32_t client_packet_bytes_max_ = 0xFFFF'FFFF;
    bool session_present_ = false;
    std::map<std::uint16_t, std::string> client_aliases_;
    std::map<std::uint16_t, std::string> own_aliases_;
    std::set<std::uint16_t> open_here_;         // Identifiers of PUBLISH that are not finished.
    Number last_number_ = 0;                    // Of the PUBLISH packets of this connection.
    std::deque<std::uint16_t> expect_pubacks_;  // In the order in which PUBLISH was sent here.
    std::deque<std::uint16_t> expect_pubrecs_;
    std::deque<Debt> pubacks_;
    std::deque<Debt> pubrecs_;
    std::deque<Debt> pubrels_;
    std::deque<Debt> pubcomps_;
    std::deque<Request> requests_;
    unsigned pings_ = 0;
    Time last_packet_at_{0};

    // The session.
    bool session_exists_ = false;
    std::uint32_t expiry_s_ = 0;
    std::optional<Time> expires_at_;
    std::map<std::string, Held, std::less<>> subscriptions_;
    std::map<std::uint16_t, Number> received_qos2_;
    std::deque<Outgoing> outgoing_;
    std::uint16_t last_packet_id_ = 0;

    // For ever.
    Number last_number_seen_ = 0;
    std::map<std::string, Copy> retained_;
    unsigned assigned_ids_ = 0;
};

}  // namespace multimqtt::simulation
