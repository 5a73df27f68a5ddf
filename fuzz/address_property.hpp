// Broker addresses as users write them: what is taken can be written again, and what is refused is refused
// with a sentence that holds no password.
#pragma once

#include "instructions.hpp"
#include "multimqtt/options.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace multimqtt::fuzz {

/// True for what may stand in a URI as it is: RFC 3986, section 2.3.
[[nodiscard]] constexpr bool is_unreserved(char character) noexcept {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') ||
           std::string_view{"-._~"}.find(character) != std::string_view::npos;
}

[[nodiscard]] inline std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        if (is_unreserved(character)) {
            encoded += character;
        } else {
            encoded.append("%").append(1, kDigits[code >> 4U]).append(1, kDigits[code & 0xFU]);
        }
    }
    return encoded;
}

/// Another text of the same shape: letters become letters and digits digits.
[[nodiscard]] inline std::string shifted(std::string_view text) {
    std::string other{text};
    for (char& character : other) {
        if ((character >= 'a' && character < 'z') || (character >= 'A' && character < 'Z') ||
            (character >= '0' && character < '9')) {
            ++character;
        } else if (character == 'z' || character == 'Z') {
            character = static_cast<char>(character - 25);
        } else if (character == '9') {
            character = '1';
        }
    }
    return other;
}

/// The empty string when what was taken from `uri` is complete, allowed, and the same again when written.
[[nodiscard]] inline std::string check_taken(const Options& options) {
    if (options.endpoints.empty()) {
        return "an address without an endpoint";
    }
    for (const Endpoint& endpoint : options.endpoints) {
        const bool socket = endpoint.transport == Transport::unix_socket;
        if (endpoint.host.empty() || (endpoint.port == 0) != socket) {
            return "an endpoint without a host or a port";
        }
        const bool plain = std::ranges::all_of(endpoint.host, [socket](char character) {
            return is_unreserved(character) || (socket && character == '/');
        });
        const bool ipv6 = endpoint.host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos &&
                          std::ranges::count(endpoint.host, ':') > 1;
        if (!plain && !ipv6) {
            continue;  // What was percent-encoded is shown in messages as it is.
        }
        const auto again = Options::from_uri(endpoint.to_string());
        if (!again) {
            return "an endpoint that cannot be written again: " + endpoint.to_string();
        }
        const Endpoint& same = again->endpoints.front();
        if (same.host != endpoint.host || same.port != endpoint.port ||
            same.transport != endpoint.transport) {
            return "an endpoint that is another when written again: " + endpoint.to_string();
        }
    }
    if (const auto valid = options.validate(); !valid && !valid.error().is(Error::bad_config)) {
        return "options that are refused for another reason than their values";
    }
    return {};
}

/// An address from its parts, one on each line. Bits say which of them are percent-encoded.
struct AddressParts {
    explicit AddressParts(Instructions& instructions) {
        bits = instructions.next();
        for (std::string* part : {&user, &password, &host, &port, &prefix}) {
            *part = instructions.take_until('\n');
        }
    }

    [[nodiscard]] std::string uri(std::string_view secret) const {
        constexpr std::array<std::string_view, 6> kSchemes{"mqtt", "mqtts", "ws", "wss", "unix", "http"};
        const auto written = [this](std::string_view part, unsigned bit) {
            return (bits & bit) != 0 ? std::string{part} : percent_encoded(part);
        };
        std::string text{kSchemes[bits % kSchemes.size()]};
        text.append("://").append(written(user, 0x10)).append(":").append(written(secret, 0x20)).append("@");
        text.append(host);
        if (!port.empty()) {
            text.append(":").append(port);
        }
        return text.append("/").append(written(prefix, 0x40));
    }

    unsigned bits = 0;
    std::string user, password, host, port, prefix;
};

/// True when `said` holds a piece of `secret` that `otherwise`, said about another secret, does not.
[[nodiscard]] inline bool shows(std::string_view said, std::string_view secret, std::string_view otherwise) {
    // Shorter pieces, and those without a digit, are in many a sentence by chance.
    constexpr std::size_t kPieceBytes = 4;
    for (std::size_t at = 0; at + kPieceBytes <= secret.size(); ++at) {
        const std::string_view piece = secret.substr(at, kPieceBytes);
        const bool common = piece.find_first_of("0123456789") == std::string_view::npos ||
                            std::string_view{"allowed: 1 to 65535"}.find(piece) != std::string_view::npos;
        if (!common && said.find(piece) != std::string_view::npos &&
            otherwise.find(piece) == std::string_view::npos) {
            return true;
        }
    }
    return false;
}

/// The empty string when no sentence about `parts` shows the password.
[[nodiscard]] inline std::string check_password(const AddressParts& parts) {
    const auto one = Options::from_uri(parts.uri(parts.password));
    const auto other = Options::from_uri(parts.uri(shifted(parts.password)));
    if (!one && !other) {
        return shows(one.error().message, parts.password, other.error().message)
                   ? "a sentence that shows the password: " + one.error().message
                   : "";
    }
    if (!one || !other) {
        return {};  // "%41" and "%52" mean letters, "%4z" nothing.
    }
    const bool encoded = (parts.bits & 0x30) == 0;  // Otherwise the account may end anywhere.
    if (encoded) {
        if (one->username != parts.user || one->password != parts.password) {
            return "another account than the one in the address";
        }
    }
    const bool same_places = one->endpoints.front().to_string() == other->endpoints.front().to_string();
    if (encoded && !same_places) {
        return "an endpoint that depends on the password";
    }
    return check_taken(*one);
}

/// The property of the target "address": a byte that chooses between a whole address and its parts.
[[nodiscard]] inline std::string check_address(Input input) {
    Instructions instructions{input};
    if (instructions.next() % 2 == 0) {
        return check_password(AddressParts{instructions});
    }
    const auto options = Options::from_uri(text_of(instructions.rest()));
    if (options) {
        return check_taken(*options);
    }
    return options.error().is(Error::bad_uri) && !options.error().message.empty()
               ? ""
               : "an address is refused without a sentence";
}

}  // namespace multimqtt::fuzz
