// Authorities, client certificate and key, versions and ciphers.

#include "io/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace multimqtt::io {

namespace {

template <class T, void (*free)(T*)>
struct Freed {
    void operator()(T* object) const noexcept { free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

std::string openssl_text() {
    const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    return reason != nullptr ? reason : "unknown error";
}

Failure bad_config(std::string text) {
    ::ERR_clear_error();
    return {Error::bad_config, std::move(text)};
}

Result<File> open_file(std::string_view option, const std::string& path) {
    File file{std::fopen(path.c_str(), "re")};
    // A folder can be opened, only not read.
    if (!file || (std::fgetc(file.get()) == EOF && std::ferror(file.get()) != 0)) {
        const int error = errno;
        return bad_config(std::string{option} + ": cannot read '" + path +
                          "': " + std::generic_category().message(error));
    }
    std::rewind(file.get());
    return file;
}

struct PasswordRequest {
    const std::string& password;
    bool asked = false;
};

/// OpenSSL's own callback would ask the terminal.
int give_password(char* buffer, int size, int /*writing*/, void* argument) {
    auto& request = *static_cast<PasswordRequest*>(argument);
    request.asked = true;
    if (request.password.empty() || request.password.size() > static_cast<std::size_t>(size)) {
        return -1;
    }
    std::copy(request.password.begin(), request.password.end(), buffer);  // OpenSSL wants no zero behind it.
    return static_cast<int>(request.password.size());
}

Result<void> trust_authorities(SSL_CTX* context, const TlsOptions& options) {
    if (options.ca_certs.empty()) {
        if (::SSL_CTX_set_default_verify_paths(context) != 1) {
            return bad_config("the system's certificate authorities cannot be read: " + openssl_text() +
                              "; set tls.ca_certs");
        }
        return {};
    }
    const auto file = open_file("tls.ca_certs", options.ca_certs);
    if (!file) {
        return file.error();
    }
    if (::SSL_CTX_load_verify_file(context, options.ca_certs.c_str()) != 1) {
        return bad_config("tls.ca_certs: '" + options.ca_certs + "' holds no certificate in PEM form (" +
                          openssl_text() + ")");
    }
    return {};
}

Result<void> load_certificate(SSL_CTX* context, const TlsOptions& options) {
    const auto file = open_file("tls.certfile", options.certfile);
    if (!file) {
        return file.error();
    }
    if (::SSL_CTX_use_certificate_chain_file(context, options.certfile.c_str()) != 1) {
        return bad_config("tls.certfile: '" + options.certfile +
                          "' does not begin with a certificate in PEM form (" + openssl_text() + ")");
    }
    return {};
}

Result<void> load_key(SSL_CTX* context, const TlsOptions& options) {
    const bool separate = !options.keyfile.empty();
    const std::string& path = separate ? options.keyfile : options.certfile;
    const std::string option = separate ? "tls.keyfile" : "tls.certfile";
    const auto file = open_file(option, path);
    if (!file) {
        return file.error();
    }
    PasswordRequest request{options.key_password};
    const Key key{::PEM_read_PrivateKey(file->get(), nullptr, &give_password, &request)};
    if (!key && request.asked && options.key_password.empty()) {
        return bad_config(option + ": the key in '" + path + "' is encrypted; set tls.key_password");
    }
    if (!key && request.asked) {
        return bad_config(option + ": the key in '" + path +
                          "' cannot be decrypted: tls.key_password is not its password");
    }
    if (!key) {
        return bad_config(option + ": '" + path + "' holds no private key in PEM form (" + openssl_text() +
                          ")" + (separate ? "" : "; if the key has a file of its own, set tls.keyfile"));
    }
    if (::SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
        return bad_config(option + ": the key in '" + path + "' does not belong to the certificate in '" +
                          options.certfile + "' (" + openssl_text() + ")");
    }
    return {};
}

Result<void> set_versions_and_ciphers(SSL_CTX* context, const TlsOptions& options) {
    if (options.min_version != "1.2" && options.min_version != "1.3") {
        return bad_config("tls.min_version is '" + options.min_version + "'; allowed are '1.2' and '1.3'");
    }
    ::SSL_CTX_set_min_proto_version(context, options.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
    if (!options.ciphers.empty() && ::SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1) {
        return bad_config("tls.ciphers: '" + options.ciphers +
                          "' names no cipher of TLS 1.2 that OpenSSL knows (see `openssl ciphers`)");
    }
    return {};
}

Result<void> offer_protocols(SSL_CTX* context, const TlsOptions& options) {
    std::string encoded;  // Each name with its length before it: RFC 7301, section 3.1.
    for (const std::string& protocol : options.alpn) {
        if (protocol.empty() || protocol.size() > 255) {
            return bad_config("tls.alpn: '" + protocol + "' has " + std::to_string(protocol.size()) +
                              " bytes; allowed are 1 to 255");
        }
        encoded += static_cast<char>(static_cast<unsigned char>(protocol.size()));
        encoded += protocol;
    }
    // Unlike the rest of OpenSSL, 0 is success here.
    if (!encoded.empty() &&
        ::SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(encoded.data()),
                                  static_cast<unsigned>(encoded.size())) != 0) {
        return bad_config("tls.alpn: OpenSSL does not take these protocols (" + openssl_text() + ")");
    }
    return {};
}

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const noexcept {
    ::SSL_CTX_free(context);
}

Result<TlsContext> make_tls_context(const TlsOptions& options) {
    // OpenSSL's own exit handler would free what the I/O thread may still be using.
    ::OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
    ::ERR_clear_error();
    TlsContext context{::SSL_CTX_new(::TLS_client_method())};
    if (!context) {
        return bad_config("OpenSSL cannot make a TLS context: " + openssl_text());
    }
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_verify(context.get(), options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    if (options.certfile.empty() && !options.keyfile.empty()) {
        return bad_config("tls.keyfile is set but tls.certfile is not; a client certificate needs both");
    }
    for (const auto step : {&trust_authorities, &set_versions_and_ciphers, &offer_protocols}) {
        if (auto done = step(context.get(), options); !done) {
            return done.error();
        }
    }
    if (!options.certfile.empty()) {
        for (const auto step : {&load_certificate, &load_key}) {
            if (auto done = step(context.get(), options); !done) {
                return done.error();
            }
        }
    }
    return context;
}

}  // namespace multimqtt::io
