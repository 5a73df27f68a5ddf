// One accepted socket of the bench broker, with TLS on it when the run asks for that.
#include "socket.hpp"

#include <openssl/bio.h>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {

/// Encrypted at once: two full records, about the size of a good write.
constexpr std::size_t kEncryptBytes = 32 * 1024;

}  // namespace

TlsServer::TlsServer(const std::string& certificate_file, const std::string& key_file)
    : context_{SSL_CTX_new(TLS_server_method())} {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    if (SSL_CTX_use_certificate_chain_file(context_.get(), certificate_file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("cannot use the certificate " + certificate_file);
    }
}

Socket::Socket(int descriptor, const TlsServer& tls) : descriptor_{descriptor} {
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls.context() == nullptr) return;
    tls_.reset(SSL_new(tls.context()));
    // What is encrypted is kept here until the socket takes it, so that a write never has to be repeated.
    SSL_set_bio(tls_.get(), BIO_new_socket(descriptor_, BIO_NOCLOSE), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(tls_.get());
}

Socket::~Socket() {
    ::close(descriptor_);
}

ssize_t Socket::receive(void* buffer, std::size_t room) {
    if (tls_ == nullptr) return ::recv(descriptor_, buffer, room, 0);
    const ssize_t received =
        answer(SSL_read(tls_.get(), buffer, static_cast<int>(std::min(room, kEncryptBytes))));
    const int error = errno;
    (void)flush();  // The handshake writes too.
    errno = error;
    return received;
}

ssize_t Socket::send(const void* bytes, std::size_t count) {
    if (tls_ == nullptr) return ::send(descriptor_, bytes, count, MSG_NOSIGNAL);
    if (!flush()) return -1;
    const ssize_t taken =
        answer(SSL_write(tls_.get(), bytes, static_cast<int>(std::min(count, kEncryptBytes))));
    if (!flush() && errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    return taken;
}

bool Socket::flush() {
    if (tls_ == nullptr) return true;
    char* data = nullptr;
    BIO* const made = SSL_get_wbio(tls_.get());
    if (const long size = BIO_get_mem_data(made, &data); size > 0) {
        encrypted_.append(data, static_cast<std::size_t>(size));
        (void)BIO_reset(made);
    }
    while (left_ < encrypted_.size()) {
        const ssize_t sent =
            ::send(descriptor_, encrypted_.data() + left_, encrypted_.size() - left_, MSG_NOSIGNAL);
        if (sent < 0) return false;
        left_ += static_cast<std::size_t>(sent);
    }
    encrypted_.clear();
    left_ = 0;
    return true;
}

ssize_t Socket::answer(int result) {
    if (result > 0) return result;
    const int error = SSL_get_error(tls_.get(), result);
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

}  // namespace bench
