// Why TLS failed, in words that tell a person what to change.
#pragma once

#include "multimqtt/result.hpp"

#include <string>

namespace multimqtt::io {

/// What one TLS connection has learnt that explains a failure.
struct TlsObservations {
    std::string endpoint;     ///< "mqtts://broker.example:8883".
    std::string name;         ///< Host name or address that the certificate has to hold.
    long verify_error = 0;    ///< `X509_V_OK`, or the first objection.
    std::string certificate;  ///< Subject of the certificate objected to.
    std::string names;        ///< The names it is valid for: "broker.example, 10.0.0.7".
    std::string valid_from;   ///< Start and end of its time.
    std::string valid_until;
    bool certificate_requested = false;  ///< The broker asked for a client certificate and got none.
    std::string min_version;             ///< As configured.
};

/// The category of OpenSSL's packed error numbers; its name is "openssl".
[[nodiscard]] const std::error_category& openssl_category() noexcept;

/// The failure at the top of OpenSSL's error queue, which is emptied.
[[nodiscard]] Failure tls_failure(const TlsObservations& observations);

}  // namespace multimqtt::io
