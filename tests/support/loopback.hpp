// Listening and connecting on 127.0.0.1, for the C++ test peers.
#pragma once

#include <cstdint>

namespace multimqtt::test {

/// A listening socket on a free port, which is written to `port`. Errors: throws `std::system_error`.
[[nodiscard]] int listen_on_loopback(std::uint16_t& port);

/// A connected socket, or -1.
[[nodiscard]] int connect_to_loopback(std::uint16_t port) noexcept;

/// Closes so that the peer sees a reset.
void reset_and_close(int descriptor) noexcept;

}  // namespace multimqtt::test
