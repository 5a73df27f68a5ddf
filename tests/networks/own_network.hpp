// A network that belongs to this test program alone, and whose packets pass through its hands.
#pragma once

#include <cstdint>
#include <string>

namespace multimqtt::test {

/// A network namespace with one tunnel. What is sent to `kFarAddress` comes out of the tunnel's descriptor as
/// IPv4 packets. One that is written back with its two addresses exchanged arrives here, at `kNearAddress`,
/// as if the far end had sent it. So client and broker, both of this machine, talk over a link that a test
/// can make as bad as it likes; and the checksums stay right, since exchanging two addresses changes no sum.
///
/// The namespace ends with the processes in it: nothing can be left behind.
class OwnNetwork {
public:
    static constexpr std::uint32_t kNearAddress = 0x0A'09'00'01;  // 10.9.0.1
    static constexpr std::uint32_t kFarAddress = 0x0A'09'00'02;   // 10.9.0.2
    static constexpr const char* kFarHost = "10.9.0.2";

    /// Moves this process into such a network, once, before it has threads. Needs the right to make a network
    /// namespace (root, or user namespaces) and to open /dev/net/tun. MULTIMQTT_NETWORK=proxy forgoes it.
    static void enter();

    /// The descriptor of the tunnel; -1 when this process could not have a network of its own.
    [[nodiscard]] static int tunnel() noexcept;
    /// Why there is no tunnel; empty when there is one.
    [[nodiscard]] static const std::string& obstacle() noexcept;
};

}  // namespace multimqtt::test
