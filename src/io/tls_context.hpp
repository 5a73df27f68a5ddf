// `TlsOptions` as OpenSSL wants them, read from their files once.
#pragma once

#include "multimqtt/options.hpp"
#include "multimqtt/result.hpp"

#include <memory>

struct ssl_ctx_st;

namespace multimqtt::io {

struct TlsContextDeleter {
    void operator()(ssl_ctx_st* context) const noexcept;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

/// Errors: `bad_config`, naming the option, the file and the cause. Never asks a terminal for a password.
[[nodiscard]] Result<TlsContext> make_tls_context(const TlsOptions& options);

}  // namespace multimqtt::io
