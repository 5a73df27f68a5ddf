// OpenSSL between two memory buffers, and what it says about certificates.

#include "io/tls_engine.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace multimqtt::io {

namespace {

std::string taken_text(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    ::BIO_free(memory);
    return text;
}

std::string time_text(const ASN1_TIME* time) {
    BIO* const memory = ::BIO_new(::BIO_s_mem());
    ::ASN1_TIME_print(memory, time);
    return taken_text(memory);
}

std::string subject_text(const X509* certificate) {
    BIO* const memory = ::BIO_new(::BIO_s_mem());
    ::X509_NAME_print_ex(memory, ::X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    return taken_text(memory);
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    const unsigned char* const data = ::ASN1_STRING_get0_data(address);
    if (::ASN1_STRING_length(address) == 4) {
        boost::asio::ip::address_v4::bytes_type bytes{};
        std::copy_n(data, bytes.size(), bytes.begin());
        return boost::asio::ip::address_v4{bytes}.to_string();
    }
    if (::ASN1_STRING_length(address) == 16) {
        boost::asio::ip::address_v6::bytes_type bytes{};
        std::copy_n(data, bytes.size(), bytes.begin());
        return boost::asio::ip::address_v6{bytes}.to_string();
    }
    return "an address of odd length";
}

/// The hosts that `certificate` is valid for; without any, its common name stands in.
std::string names_text(const X509* certificate) {
    std::string text;
    auto* const names =
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int index = 0; index < sk_GENERAL_NAME_num(names); ++index) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, index);
        std::string host;
        if (name->type == GEN_DNS) {
            host.assign(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                        static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            host = address_text(name->d.iPAddress);
        } else {
            continue;
        }
        text += (text.empty() ? "" : ", ") + host;
    }
    ::GENERAL_NAMES_free(names);
    return text.empty() ? subject_text(certificate) : text;
}

}  // namespace

void TlsEngine::SslDeleter::operator()(ssl_st* ssl) const noexcept {
    ::SSL_free(ssl);
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::make(const Endpoint& endpoint, const TlsOptions& options) {
    auto context = make_tls_context(options);
    if (!context) {
        return context.error();
    }
    std::unique_ptr<TlsEngine> engine{new TlsEngine{std::move(*context), endpoint, options}};
    if (auto expected = engine->expect_name(options); !expected) {
        return expected.error();
    }
    return engine;
}

TlsEngine::TlsEngine(TlsContext context, const Endpoint& endpoint, const TlsOptions& options)
    : context_{std::move(context)}, ssl_{::SSL_new(context_.get())} {
    observations_.endpoint = endpoint.to_string();
    observations_.name = options.server_name.empty() ? endpoint.host : options.server_name;
    observations_.min_version = options.min_version;
    if (observations_.name.ends_with('.')) {
        observations_.name.pop_back();  // Certificates do not spell out the root of the name tree.
    }
    if (!ssl_) {
        return;
    }
    SSL_set_app_data(ssl_.get(), this);
    ::SSL_set_connect_state(ssl_.get());
    ::SSL_set_bio(ssl_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    ::SSL_set_verify(ssl_.get(), ::SSL_CTX_get_verify_mode(context_.get()), &TlsEngine::on_verify);
    if (options.certfile.empty()) {
        ::SSL_set_cert_cb(ssl_.get(), &TlsEngine::on_certificate_request, this);
    }
}

TlsEngine::~TlsEngine() = default;

Result<void> TlsEngine::expect_name(const TlsOptions& options) {
    if (!ssl_) {
        return failure(-1);
    }
    boost::system::error_code not_an_address;
    const auto address = boost::asio::ip::make_address(observations_.name, not_an_address);
    X509_VERIFY_PARAM* const parameters = ::SSL_get0_param(ssl_.get());
    ::X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool accepted = true;
    if (!not_an_address) {
        auto plain = address;  // A zone such as "%eth0" is no part of a certificate.
        if (plain.is_v6()) {
            plain = boost::asio::ip::address_v6{address.to_v6().to_bytes()};
        }
        accepted = ::X509_VERIFY_PARAM_set1_ip_asc(parameters, plain.to_string().c_str()) == 1;
    } else {
        // An address is not allowed as SNI: RFC 6066, section 3.
        accepted = ::SSL_set_tlsext_host_name(ssl_.get(), observations_.name.c_str()) == 1 &&
                   ::X509_VERIFY_PARAM_set1_host(parameters, observations_.name.data(),
                                                 observations_.name.size()) == 1;
    }
    if (!accepted) {
        ::ERR_clear_error();
        return Failure{Error::bad_config, (options.server_name.empty() ? "the host '" : "tls.server_name '") +
                                              observations_.name + "' is no name that TLS can ask for"};
    }
    return {};
}

int TlsEngine::on_verify(int accepted, x509_store_ctx_st* store) {
    auto* const ssl =
        static_cast<SSL*>(::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& seen = static_cast<TlsEngine*>(SSL_get_app_data(ssl))->observations_;
    if (accepted == 0 && seen.verify_error == X509_V_OK) {
        seen.verify_error = ::X509_STORE_CTX_get_error(store);
        if (const X509* const certificate = ::X509_STORE_CTX_get_current_cert(store)) {
            seen.certificate = subject_text(certificate);
            seen.names = names_text(certificate);
            seen.valid_from = time_text(::X509_get0_notBefore(certificate));
            seen.valid_until = time_text(::X509_get0_notAfter(certificate));
        }
    }
    return accepted;
}

int TlsEngine::on_certificate_request(ssl_st* /*ssl*/, void* engine) {
    static_cast<TlsEngine*>(engine)->observations_.certificate_requested = true;
    return 1;
}

Result<TlsEngine::Handshake> TlsEngine::advance_handshake() {
    ::ERR_clear_error();
    const int returned = ::SSL_do_handshake(ssl_.get());
    if (returned == 1) {
        return Handshake::finished;
    }
    if (::SSL_get_error(ssl_.get(), returned) == SSL_ERROR_WANT_READ) {
        return Handshake::needs_input;
    }
    return failure(returned);
}

void TlsEngine::feed(std::span<const std::byte> ciphertext) {
    // A memory buffer takes everything; only memory itself can run out, and then the record is cut short
    // and fails its check.
    ::BIO_write(::SSL_get_rbio(ssl_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
}

Result<std::size_t> TlsEngine::read(std::span<std::byte> buffer) {
    if (read_failure_) {
        return *read_failure_;
    }
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        ::ERR_clear_error();
        std::size_t count = 0;
        const int returned =
            ::SSL_read_ex(ssl_.get(), buffer.data() + filled, buffer.size() - filled, &count);
        if (returned == 1) {
            filled += count;
            continue;
        }
        if (::SSL_get_error(ssl_.get(), returned) == SSL_ERROR_WANT_READ) {
            break;
        }
        read_failure_ = failure(returned);  // OpenSSL names the cause only once.
        if (filled == 0) {
            return *read_failure_;
        }
        break;
    }
    return filled;
}

Result<void> TlsEngine::write(std::span<const std::byte> bytes) {
    ::ERR_clear_error();
    std::size_t count = 0;
    const int returned = ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    if (returned != 1) {
        return failure(returned);
    }
    return {};
}

void TlsEngine::farewell() noexcept {
    if (::SSL_is_init_finished(ssl_.get()) == 1) {
        ::SSL_shutdown(ssl_.get());
    }
    ::ERR_clear_error();
}

void TlsEngine::append_output(std::vector<std::byte>& output) {
    BIO* const written = ::SSL_get_wbio(ssl_.get());
    const std::size_t size = ::BIO_ctrl_pending(written);
    if (size == 0) {
        return;
    }
    const std::size_t start = output.size();
    output.resize(start + size);
    ::BIO_read(written, output.data() + start, static_cast<int>(size));
}

Failure TlsEngine::failure(int returned) {
    if (ssl_ && ::SSL_get_error(ssl_.get(), returned) == SSL_ERROR_ZERO_RETURN) {
        return {Error::connection_lost, "the broker at " + observations_.endpoint + " closed the connection"};
    }
    return tls_failure(observations_);
}

}  // namespace multimqtt::io
