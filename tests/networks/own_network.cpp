// Namespaces and the tunnel device, by system calls alone.
#include "networks/own_network.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace multimqtt::test {
namespace {

constexpr const char* kTunnelName = "far0";
constexpr const char* kTunnelDevice = "/dev/net/tun";
constexpr std::uint32_t kNetmask = 0xFF'FF'FF'00;

struct Place {
    int tunnel = -1;
    std::string obstacle = "OwnNetwork::enter has not been called";
};

Place& place() {
    static Place& only = *new Place;
    return only;
}

void must(bool done, const char* what) {
    if (!done) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

ifreq interface(const char* name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return request;
}

void set_address(ifreq& request, std::uint32_t address) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_addr.s_addr = htonl(address);
    std::memcpy(&request.ifr_addr, &target, sizeof target);
}

void bring_up(int control, const char* name) {
    ifreq request = interface(name);
    must(::ioctl(control, SIOCGIFFLAGS, &request) == 0, name);
    request.ifr_flags |= IFF_UP;
    must(::ioctl(control, SIOCSIFFLAGS, &request) == 0, name);
}

void enter_namespace() {
    if (::unshare(CLONE_NEWNET) == 0) {
        return;
    }
    const unsigned user = ::geteuid();
    const unsigned group = ::getegid();
    must(::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, "a network namespace");
    // The same user as before, so that files stay accessible; the rights in the new network come with it.
    std::ofstream{"/proc/self/setgroups"} << "deny";
    std::ofstream{"/proc/self/uid_map"} << user << ' ' << user << " 1";
    std::ofstream{"/proc/self/gid_map"} << group << ' ' << group << " 1";
}

int open_tunnel(int control) {
    const int tunnel = ::open(kTunnelDevice, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    must(tunnel >= 0, kTunnelDevice);
    ifreq request = interface(kTunnelName);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    must(::ioctl(tunnel, TUNSETIFF, &request) == 0, "a tunnel device");
    request = interface(kTunnelName);
    set_address(request, OwnNetwork::kNearAddress);
    must(::ioctl(control, SIOCSIFADDR, &request) == 0, "the address of the tunnel");
    set_address(request, kNetmask);
    must(::ioctl(control, SIOCSIFNETMASK, &request) == 0, "the netmask of the tunnel");
    bring_up(control, kTunnelName);
    return tunnel;
}

}  // namespace

void OwnNetwork::enter() {
    Place& here = place();
    const char* const wish = std::getenv("MULTIMQTT_NETWORK");
    if (wish != nullptr && std::string_view{wish} == "proxy") {
        here.obstacle = "MULTIMQTT_NETWORK=proxy forgoes it";
        return;
    }
    // Tried first, so that a machine without tunnels keeps the network that it has.
    const int probe = ::open(kTunnelDevice, O_RDWR | O_CLOEXEC);
    if (probe < 0) {
        here.obstacle = std::string{kTunnelDevice} + ": " + std::strerror(errno);
        return;
    }
    ::close(probe);
    try {
        enter_namespace();
        const int control = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        must(control >= 0, "a control socket");
        bring_up(control, "lo");  // First: without a tunnel there is still the proxy.
        here.tunnel = open_tunnel(control);
        ::close(control);
        here.obstacle.clear();
    } catch (const std::system_error& error) {
        here.obstacle = error.what();
    }
}

int OwnNetwork::tunnel() noexcept {
    return place().tunnel;
}

const std::string& OwnNetwork::obstacle() noexcept {
    return place().obstacle;
}

}  // namespace multimqtt::test
