// One client of the bench broker: its socket, its buffers and what its CONNECT and SUBSCRIBE said.
#pragma once

#include "flood.hpp"
#include "socket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Threads: one at a time.
class Connection {
public:
    Connection(int descriptor, const TlsServer& tls);

    enum class Progress : std::uint8_t { some, all_for_now, closed };

    /// Reads once into `input()`.
    [[nodiscard]] Progress receive();
    /// The bytes that have been read and not been dropped.
    [[nodiscard]] std::pair<const std::uint8_t*, std::size_t> input() const noexcept {
        return {buffer_.data() + begin_, end_ - begin_};
    }
    void drop_input(std::size_t bytes) noexcept { begin_ += bytes; }

    /// Writes answers and flood until the socket is full or nothing is left.
    [[nodiscard]] Progress flush();
    [[nodiscard]] int socket() const noexcept { return socket_.descriptor(); }

    std::string output;
    std::optional<Flood> flood;
    std::vector<std::pair<std::string, int>> subscriptions;
    bool version5 = false;
    bool waits_for_room = false;
    std::uint16_t receive_maximum = 65535;
    std::uint16_t last_packet_id = 0;
    std::uint64_t published = 0;

private:
    [[nodiscard]] Progress write_flood();
    [[nodiscard]] Progress write_output();

    Socket socket_;
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t output_offset_ = 0;
};

}  // namespace bench
