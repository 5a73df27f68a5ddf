// The broker's side of a connection, byte by byte.
#include "support/scripted_broker.hpp"

#include "support/loopback.hpp"

#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace multimqtt::test {
namespace {

constexpr int kDeadlineMilliseconds = 10'000;

bool readable(int descriptor) {
    pollfd waiting{descriptor, POLLIN, 0};
    return ::poll(&waiting, 1, kDeadlineMilliseconds) == 1;
}

}  // namespace

std::string ScriptedLink::receive(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count && readable(descriptor_)) {
        const ssize_t more = ::recv(descriptor_, bytes.data() + have, count - have, 0);
        if (more <= 0) {
            break;
        }
        have += static_cast<std::size_t>(more);
    }
    bytes.resize(have);
    return bytes;
}

std::string ScriptedLink::receive_packet() {
    std::string packet = receive(1);
    std::size_t length = 0;
    for (unsigned shift = 0; !packet.empty() && shift < 28; shift += 7) {
        const std::string byte = receive(1);
        if (byte.empty()) {
            return {};
        }
        packet += byte;
        length |= (static_cast<unsigned char>(byte[0]) & 0x7Fu) << shift;
        if ((static_cast<unsigned char>(byte[0]) & 0x80u) == 0) {
            break;
        }
    }
    return packet + receive(length);
}

void ScriptedLink::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) {
            return;  // The client has closed; the test looks at what the client says of it.
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

bool ScriptedLink::ended() {
    char byte = 0;
    while (readable(descriptor_)) {
        if (::recv(descriptor_, &byte, 1, 0) <= 0) {
            return true;
        }
    }
    return false;
}

void ScriptedLink::close() noexcept {
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
}

ScriptedBroker::ScriptedBroker() : listener_{listen_on_loopback(port_)} {
}

ScriptedBroker::~ScriptedBroker() {
    ::close(listener_);
}

ScriptedLink ScriptedBroker::accept() {
    const int link = readable(listener_) ? ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
    if (link < 0) {
        throw std::runtime_error("no client has connected within 10 s");
    }
    return ScriptedLink{link};
}

ScriptedLink ScriptedBroker::accept_session() {
    ScriptedLink link = accept();
    const std::string connect = link.receive_packet();
    // The protocol level stands behind the header and the name "MQTT".
    const bool v5 = connect.size() > 8 && connect[8] == 5;
    link.send(v5 ? kConnackV5 : kConnackV3);
    return link;
}

}  // namespace multimqtt::test
