// Sockets on 127.0.0.1.
#include "support/loopback.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace multimqtt::test {
namespace {

sockaddr_in loopback(std::uint16_t port) noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

}  // namespace

int listen_on_loopback(std::uint16_t& port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (listener < 0 || ::bind(listener, raw, size) != 0 || ::listen(listener, 16) != 0 ||
        ::getsockname(listener, raw, &size) != 0) {
        throw std::system_error(errno, std::generic_category(), "listen on 127.0.0.1");
    }
    port = ntohs(address.sin_port);
    return listener;
}

int connect_to_loopback(std::uint16_t port) noexcept {
    const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    if (::connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(connected);
        return -1;
    }
    const int on = 1;
    ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connected;
}

void reset_and_close(int descriptor) noexcept {
    const linger at_once{1, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(descriptor);
}

}  // namespace multimqtt::test
