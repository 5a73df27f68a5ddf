// One TLS connection as a machine: ciphertext in and out, plain bytes in and out, no socket.
#pragma once

#include "io/tls_context.hpp"
#include "io/tls_failure.hpp"
#include "multimqtt/options.hpp"
#include "multimqtt/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct ssl_st;
struct x509_store_ctx_st;

namespace multimqtt::io {

/// The client's end of TLS. Whatever is called, fetch the ciphertext that came of it with `append_output`.
class TlsEngine {
public:
    enum class Handshake { finished, needs_input };

    /// Errors: `bad_config`, see `make_tls_context`.
    [[nodiscard]] static Result<std::unique_ptr<TlsEngine>> make(const Endpoint& endpoint,
                                                                 const TlsOptions& options);
    ~TlsEngine();
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    /// Goes as far as the input allows.
    [[nodiscard]] Result<Handshake> advance_handshake();

    /// Hands in what the broker sent.
    void feed(std::span<const std::byte> ciphertext);

    /// The plain bytes that are there, as many as fit; 0 when more input is needed.
    /// Errors: `connection_lost` when the broker has ended TLS in good order.
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer);

    /// Encrypts all of `bytes`.
    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);

    /// Tells the broker that nothing follows.
    void farewell() noexcept;

    /// Moves the ciphertext to be sent to the end of `output`.
    void append_output(std::vector<std::byte>& output);

private:
    struct SslDeleter {
        void operator()(ssl_st* ssl) const noexcept;
    };

    TlsEngine(TlsContext context, const Endpoint& endpoint, const TlsOptions& options);
    [[nodiscard]] Result<void> expect_name(const TlsOptions& options);
    [[nodiscard]] Failure failure(int returned);
    static int on_verify(int accepted, x509_store_ctx_st* store);
    static int on_certificate_request(ssl_st* ssl, void* engine);

    TlsContext context_;
    std::unique_ptr<ssl_st, SslDeleter> ssl_;
    TlsObservations observations_;
    std::optional<Failure> read_failure_;  // Found behind bytes that were handed out first.
};

}  // namespace multimqtt::io
