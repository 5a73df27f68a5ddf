// The certificates that the TLS tests use, made once per test program by tests/support/certificates.py.
#pragma once

#include <string>

namespace multimqtt::io {

/// The path of a file of the test authority, such as "ca.crt"; see tests/support/certificates.py.
[[nodiscard]] std::string certificate(const std::string& file);

/// The password of "encrypted.key".
inline const std::string kKeyPassword = "correct horse";

}  // namespace multimqtt::io
