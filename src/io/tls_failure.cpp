// OpenSSL's reasons, translated.

#include "io/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>

namespace multimqtt::io {

namespace {

class OpensslCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "openssl"; }
    [[nodiscard]] std::string message(int value) const override {
        const char* reason =
            ::ERR_reason_error_string(static_cast<unsigned long>(static_cast<unsigned>(value)));
        return reason != nullptr ? reason : "OpenSSL error " + std::to_string(value);
    }
};

std::string certificate_sentence(const TlsObservations& seen) {
    const std::string certificate = "the certificate '" + seen.certificate + "' of " + seen.endpoint;
    switch (seen.verify_error) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "the broker's certificate is not valid for '" + seen.name + "': it names " +
                   (seen.names.empty() ? "no host" : seen.names) +
                   "; connect under such a name, or set tls.server_name (" + seen.endpoint + ")";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return certificate + " has expired on " + seen.valid_until +
                   "; the broker needs a new one, or this machine's clock is wrong";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return certificate + " is not valid before " + seen.valid_from + "; check this machine's clock";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return certificate + " comes from an authority that is not trusted here (" +
                   ::X509_verify_cert_error_string(seen.verify_error) +
                   "); set tls.ca_certs to the file with that authority's certificate";
        default:
            return certificate + " is not acceptable: " + ::X509_verify_cert_error_string(seen.verify_error);
    }
}

struct Explanation {
    int reason;
    const char* text;
};

// What the broker refused, or answered instead of TLS.
constexpr std::array kExplanations{
    Explanation{SSL_R_WRONG_VERSION_NUMBER,
                "the broker does not speak TLS on this port; check port and scheme"},
    Explanation{SSL_R_HTTP_REQUEST, "the broker does not speak TLS on this port; check port and scheme"},
    Explanation{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
                "the broker asks for a client certificate; set tls.certfile and tls.keyfile"},
    Explanation{SSL_R_TLSV1_ALERT_UNKNOWN_CA,
                "the broker does not trust the authority of the client certificate in tls.certfile"},
    Explanation{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
                "the broker refuses the client certificate in tls.certfile"},
    Explanation{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
                "the broker refuses the client certificate in tls.certfile"},
    Explanation{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
                "the broker refuses the client certificate in tls.certfile: wrong kind"},
    Explanation{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the client certificate in tls.certfile has expired"},
    Explanation{SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the client certificate in tls.certfile was revoked"},
    Explanation{SSL_R_TLSV1_ALERT_ACCESS_DENIED, "the broker denies access to this client certificate"},
    Explanation{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
                "the broker found no common ground: check tls.ciphers, tls.min_version and tls.certfile"},
    Explanation{SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
                "the broker supports none of the protocols in tls.alpn"},
    Explanation{SSL_R_TLSV1_UNRECOGNIZED_NAME,
                "the broker does not know the host name that was asked for; check host and tls.server_name"},
};

std::string sentence(const TlsObservations& seen, int reason) {
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && seen.verify_error != X509_V_OK) {
        return certificate_sentence(seen);
    }
    const std::string start = "TLS with " + seen.endpoint + " failed: ";
    if (reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL) {
        return start + "the broker does not offer TLS " + seen.min_version + " or newer (tls.min_version)";
    }
    // TLS 1.2 has no alert of its own for a missing client certificate.
    if (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE && seen.certificate_requested) {
        reason = SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED;
    }
    for (const Explanation& explanation : kExplanations) {
        if (explanation.reason == reason) {
            return start + explanation.text;
        }
    }
    return "";
}

}  // namespace

const std::error_category& openssl_category() noexcept {
    static const OpensslCategory& category = *new OpensslCategory;  // Leaked: no destructor runs at exit.
    return category;
}

Failure tls_failure(const TlsObservations& observations) {
    const unsigned long packed = ::ERR_peek_error();
    ::ERR_clear_error();
    const std::error_code code{static_cast<int>(static_cast<unsigned>(packed)), openssl_category()};
    std::string text = sentence(observations, ERR_GET_REASON(packed));
    if (text.empty()) {
        text = "TLS with " + observations.endpoint + " failed: " + code.message();
    }
    return {code, text};
}

}  // namespace multimqtt::io
