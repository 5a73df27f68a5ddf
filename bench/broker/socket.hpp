// One accepted socket of the bench broker, with TLS on it when the run asks for that.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <sys/types.h>

namespace bench {

/// The server side of TLS 1.3, shared by all connections; empty without a certificate.
class TlsServer {
public:
    TlsServer() = default;
    TlsServer(const std::string& certificate_file, const std::string& key_file);

    [[nodiscard]] SSL_CTX* context() const noexcept { return context_.get(); }

private:
    struct Free {
        void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
};

/// Reads and writes as `recv` and `send` do on a socket that does not block: -1 with `EAGAIN` when it would.
///
/// Threads: one at a time.
class Socket {
public:
    Socket(int descriptor, const TlsServer& tls);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    [[nodiscard]] ssize_t receive(void* buffer, std::size_t room);
    [[nodiscard]] ssize_t send(const void* bytes, std::size_t count);
    /// Writes what has been encrypted and not left; false with `errno` set when some of it is still here.
    [[nodiscard]] bool flush();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// Whether a read that leaves room has emptied the socket.
    [[nodiscard]] bool reads_all() const noexcept { return tls_ == nullptr; }

private:
    struct Free {
        void operator()(SSL* tls) const noexcept { SSL_free(tls); }
    };
    [[nodiscard]] ssize_t answer(int result);

    int descriptor_;
    std::unique_ptr<SSL, Free> tls_;
    std::string encrypted_;
    std::size_t left_ = 0;  // Of `encrypted_`.
};

}  // namespace bench
