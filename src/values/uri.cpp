// Broker addresses as URIs.
#include "multimqtt/options.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace multimqtt {
namespace {

struct Scheme {
    std::string_view name;
    Transport transport;
    std::uint16_t port;
};

constexpr std::array kSchemes{
    Scheme{"mqtt", Transport::tcp, 1'883},     Scheme{"mqtts", Transport::tls, 8'883},
    Scheme{"ws", Transport::websocket, 80},    Scheme{"wss", Transport::secure_websocket, 443},
    Scheme{"unix", Transport::unix_socket, 0},
};

Failure bad(std::string text) {
    return {Error::bad_uri, std::move(text)};
}

/// The scheme, or nothing; the rest of the text may hold a password and is never shown.
const Scheme* scheme_of(std::string_view text) {
    const std::size_t colon = text.find("://");
    for (const Scheme& scheme : kSchemes) {
        if (colon != std::string_view::npos && text.substr(0, colon) == scheme.name) {
            return &scheme;
        }
    }
    return nullptr;
}

struct Address {
    Endpoint endpoint;
    std::optional<std::string> username;
    std::optional<std::string> password;
    std::string prefix;

    [[nodiscard]] bool same_account(const Address& other) const {
        return username == other.username && password == other.password && prefix == other.prefix;
    }
};

void read_account(const boost::urls::url_view& url, Address& address) {
    if (url.has_userinfo()) {
        address.username = url.user();
        if (url.has_password()) {
            address.password = url.password();
        }
    }
}

/// A prefix ends where a "?" or "#" begins. The text is not shown, since it may be a part of a password.
Result<void> check_end(const boost::urls::url_view& url) {
    if (url.has_query() || url.has_fragment()) {
        return bad(
            "the broker address ends with a '?' or '#' and more, which has no meaning here; set options by "
            "their fields, and percent-encode the character in a prefix");
    }
    return {};
}

Result<Address> parse_unix(std::string_view text) {
    // unix:///run/broker.sock: the path names the socket, so there is no place for a prefix.
    const auto url = boost::urls::parse_uri(boost::urls::string_view{text.data(), text.size()});
    if (!url) {
        return bad("the broker address is not a valid URI; write unix:///path/of/the/socket");
    }
    if (auto complete = check_end(*url); !complete) {
        return complete.error();
    }
    Address address;
    read_account(*url, address);
    address.endpoint.transport = Transport::unix_socket;
    address.endpoint.port = 0;
    address.endpoint.host = url->path();
    // Boost.URL 1.81 takes what follows "unix://:" for a port and a path without its slash.
    if (!url->host().empty() || url->has_port() || !address.endpoint.host.starts_with('/') ||
        address.endpoint.host == "/") {
        return bad(
            "the broker address names no socket; write unix:///path/of/the/socket, with three slashes");
    }
    return address;
}

/// Boost.URL 1.81 takes "host:port" and "host:1x" apart in surprising ways, so the place of the port is
/// looked at first. The text is not shown, since it may be a password in the wrong place.
Result<void> check_authority(std::string_view text) {
    std::string_view authority = text.substr(text.find("://") + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    authority = authority.substr(authority.rfind('@') + 1);
    const std::size_t colon =
        authority.find(':', authority.rfind(']') == std::string_view::npos ? 0 : authority.rfind(']'));
    if (colon != std::string_view::npos &&
        authority.substr(colon + 1).find_first_not_of("0123456789") != std::string_view::npos) {
        return bad("the port of the broker address is not a number; allowed: 1 to 65535");
    }
    return {};
}

Result<std::uint16_t> port_of(const boost::urls::url_view& url, const Scheme& scheme) {
    if (!url.has_port() || url.port().empty()) {
        return scheme.port;
    }
    const std::string port{url.port().data(), url.port().size()};
    if (port.size() > 5 || std::stoul(port) == 0 || std::stoul(port) > 65'535) {
        // Not shown: with an "@" or "/" in the wrong place it may be a part of a password.
        return bad("the port of the broker address is out of range; allowed: 1 to 65535");
    }
    return static_cast<std::uint16_t>(std::stoul(port));
}

std::string without_slashes(std::string_view text) {
    const std::size_t first = text.find_first_not_of('/');
    if (first == std::string_view::npos) {
        return {};
    }
    const std::size_t last = text.find_last_not_of('/');
    return std::string{text.substr(first, last - first + 1)};
}

Result<Address> parse_address(std::string_view text) {
    const Scheme* const scheme = scheme_of(text);
    if (scheme == nullptr) {
        return bad("the broker address must begin with mqtt://, mqtts://, ws://, wss:// or unix://");
    }
    if (scheme->transport == Transport::unix_socket) {
        return parse_unix(text);
    }
    if (auto valid = check_authority(text); !valid) {
        return valid.error();
    }
    const auto url = boost::urls::parse_uri(boost::urls::string_view{text.data(), text.size()});
    if (!url) {
        return bad("the broker address is not a valid URI (" + url.error().message() +
                   "); write scheme://user:password@host:port/prefix, with special characters such as "
                   "'@', '/' and '#' percent-encoded");
    }
    if (auto complete = check_end(*url); !complete) {
        return complete.error();
    }
    Address address;
    read_account(*url, address);
    address.endpoint.transport = scheme->transport;
    address.endpoint.host =
        url->host_type() == boost::urls::host_type::ipv6 ? std::string{url->host_address()} : url->host();
    if (address.endpoint.host.empty()) {
        return bad("the broker address has no host; write scheme://host:port/prefix");
    }
    const Result<std::uint16_t> port = port_of(*url, *scheme);
    if (!port) {
        return port.error();
    }
    address.endpoint.port = *port;
    address.prefix = without_slashes(url->path());
    return address;
}

/// The next address of a comma-separated list. A comma separates only where a scheme follows, since user
/// names and prefixes may hold commas.
std::string_view take_address(std::string_view& list) {
    std::size_t from = 0;
    while (true) {
        const std::size_t comma = list.find(',', from);
        if (comma == std::string_view::npos) {
            return std::exchange(list, {});
        }
        std::string_view rest = list.substr(comma + 1);
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        if (scheme_of(rest) != nullptr) {
            const std::string_view address = list.substr(0, comma);
            list = rest;
            return address;
        }
        from = comma + 1;
    }
}

}  // namespace

std::string Endpoint::to_string() const {
    for (const Scheme& scheme : kSchemes) {
        if (scheme.transport == transport) {
            std::string text = std::string{scheme.name}.append("://");
            if (transport == Transport::unix_socket) {
                return text.append(host);
            }
            const bool ipv6 = host.find(':') != std::string::npos;
            text.append(ipv6 ? "[" : "").append(host).append(ipv6 ? "]" : "");
            return text.append(":").append(std::to_string(port));
        }
    }
    return host;
}

Result<Options> Options::from_uri(std::string_view uri) {
    if (uri.empty()) {
        return bad("the broker address is empty; write for example mqtt://127.0.0.1");
    }
    Options options;
    options.endpoints.clear();
    std::optional<Address> first;
    for (std::string_view rest = uri; !rest.empty();) {
        const Result<Address> address = parse_address(take_address(rest));
        if (!address) {
            return address.error();
        }
        if (first && !first->same_account(*address)) {
            return bad("the broker addresses of a list must have the same user, password and prefix");
        }
        if (!first) {
            first = *address;
        }
        options.endpoints.push_back(address->endpoint);
    }
    options.username = first->username;
    options.password = first->password;
    options.prefix = first->prefix;
    return options;
}

}  // namespace multimqtt
