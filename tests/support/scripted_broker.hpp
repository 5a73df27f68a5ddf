// A listening socket that a C++ test answers by hand, for brokers that speak nonsense or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace multimqtt::test {

/// One connection of a client to a `ScriptedBroker`.
class ScriptedLink {
public:
    explicit ScriptedLink(int descriptor) noexcept : descriptor_{descriptor} {}
    ScriptedLink(ScriptedLink&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    ScriptedLink& operator=(ScriptedLink&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~ScriptedLink() { close(); }

    /// The next packet, its header included; empty when the client has closed or says nothing for 10 s.
    [[nodiscard]] std::string receive_packet();
    void send(std::string_view bytes);
    /// Waits until the client has closed.
    [[nodiscard]] bool ended();
    void close() noexcept;

private:
    [[nodiscard]] std::string receive(std::size_t count);

    int descriptor_;
};

/// Listens on a free loopback port. A broker that never answers is one whose test does not call `accept`: the
/// kernel completes the connection.
class ScriptedBroker {
public:
    ScriptedBroker();
    ~ScriptedBroker();
    ScriptedBroker(const ScriptedBroker&) = delete;
    ScriptedBroker& operator=(const ScriptedBroker&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
    /// The next connection. Errors: throws `std::runtime_error` when none comes within 10 s.
    [[nodiscard]] ScriptedLink accept();
    /// The next connection, after its CONNECT has been answered with success.
    [[nodiscard]] ScriptedLink accept_session();

private:
    std::uint16_t port_ = 0;
    int listener_;
};

/// CONNACK that accepts, without a stored session.
inline constexpr std::string_view kConnackV3{"\x20\x02\x00\x00", 4};
inline constexpr std::string_view kConnackV5{"\x20\x03\x00\x00\x00", 5};

}  // namespace multimqtt::test
