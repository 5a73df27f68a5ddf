// CONNECT and CONNACK: what we ask for, what the broker grants, and which version both speak.
#pragma once

#include "session/session.hpp"

#include <cstdint>
#include <string>

namespace multimqtt::session {

/// What differs from one CONNECT of a session to the next.
struct Greeting {
    ProtocolVersion version = ProtocolVersion::v5;
    bool clean_start = true;
    std::string client_id;
};

/// Encodes CONNECT. In 3.x a password without a user name gets an empty one, v3.1.1 [MQTT-3.1.2-22].
void encode_connect(const Options& options, const Greeting& greeting, wire::ByteBuffer& buffer);

/// What a successful CONNACK grants. What it does not mention gets the default of MQTT 5.0 for this
/// connection, never what an earlier connection had.
[[nodiscard]] Grants grants_of(const wire::Connack& connack, const Options& options,
                               const Greeting& greeting);

/// Says in words why the broker refused. Errors: `refused`.
[[nodiscard]] Failure refusal(const wire::Connack& connack, ProtocolVersion version);
/// Says in words why the broker ended the connection. Errors: `refused`.
[[nodiscard]] Failure farewell(const wire::Disconnect& disconnect);

/// Clean Start (Clean Session in 3.x) for the next CONNECT.
///
/// In 5.0 the first CONNECT says what the user says; later ones resume as long as the session can still
/// exist. In 3.x the flag also decides whether the session survives the connection, so it is set only when
/// the user wants a clean start and no session expiry: then nothing is to be kept.
///
/// Spec: v5 [MQTT-3.1.2-4]; v3.1.1 [MQTT-3.1.2-4], [MQTT-3.1.2-6].
///
/// `holds_session`: an earlier connection of this session existed, and its session has not expired.
[[nodiscard]] bool clean_start(const Options& options, ProtocolVersion version, bool connected_before,
                               bool holds_session) noexcept;

/// A client identifier for brokers that make up none, v3.1.1 [MQTT-3.1.3-7]. 23 letters and digits: what
/// every broker has to accept, v3.1.1 [MQTT-3.1.3-5].
[[nodiscard]] std::string made_up_client_id(Random& random);

/// Which version to speak next.
///
/// A broker that says that it does not know 5.0 is believed. One that only does not answer properly may just
/// be starting, or stand behind a proxy whose backend is away: 3.1.1 is then tried once, and when it works it
/// is good for that one connection.
class VersionChoice {
public:
    explicit VersionChoice(VersionPolicy policy) noexcept;

    [[nodiscard]] ProtocolVersion version() const noexcept { return version_; }

    /// The broker speaks this version.
    void settle() noexcept;
    /// An attempt is to begin that does not follow at once on another.
    void start_over() noexcept;
    /// Whether there is another version to try.
    [[nodiscard]] bool open() const noexcept { return !settled_; }

    enum class Evidence : std::uint8_t {
        stated,   ///< CONNACK says that the version is not supported.
        guessed,  ///< The answer to CONNECT is none, or cannot be read.
    };
    /// The broker did not understand CONNECT; the next attempt uses the other version. Only while `open`.
    /// Returns whether to try it at once: 3.1.1 after 5.0, but not the other way round.
    [[nodiscard]] bool not_understood(Evidence evidence) noexcept;

private:
    ProtocolVersion version_;
    bool settled_;
    bool stated_ = false;  // That 5.0 is not supported.
};

}  // namespace multimqtt::session
