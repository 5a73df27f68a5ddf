// Blocking servers with Asio and Beast. The only test file that compiles them.

#include "io/peer.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace multimqtt::io {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
using Secure = asio::ssl::stream<Socket&>;

namespace {

constexpr std::string_view kText = "this is no MQTT\r\n";
constexpr std::chrono::seconds kPatience{20};

bool is_secure(Transport transport) {
    return transport == Transport::tls || transport == Transport::secure_websocket;
}

bool is_websocket(Transport transport) {
    return transport == Transport::websocket || transport == Transport::secure_websocket;
}

}  // namespace

class Peer::Server {
public:
    explicit Server(PeerOptions options)
        : options_{std::move(options)}, stop_{::eventfd(0, EFD_CLOEXEC)}, acceptor_{context_} {
        listen();
        thread_ = std::thread{[this] { serve(); }};
    }

    ~Server() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
        {
            const std::lock_guard lock{mutex_};
            if (client_ >= 0) {
                ::shutdown(client_, SHUT_RDWR);
            }
            stopped_ = true;
        }
        thread_.join();
        ::close(stop_);
        if (options_.transport == Transport::unix_socket) {
            ::unlink(options_.address.c_str());
        }
    }

    [[nodiscard]] Endpoint endpoint() const {
        Endpoint endpoint;
        endpoint.transport = options_.transport;
        endpoint.host = options_.address;
        endpoint.port = port_;
        return endpoint;
    }

    PeerObservations after_client() {
        std::unique_lock lock{mutex_};
        if (!gone_.wait_for(lock, kPatience, [this] { return seen_.clients > 0; })) {
            throw std::runtime_error{"the client did not leave"};
        }
        return seen_;
    }

private:
    void listen() {
        if (options_.transport == Transport::unix_socket) {
            const asio::local::stream_protocol::endpoint address{options_.address};
            acceptor_.open(address.protocol());
            acceptor_.bind(address);
        } else {
            const asio::ip::tcp::endpoint address{asio::ip::make_address(options_.address), 0};
            acceptor_.open(address.protocol());
            acceptor_.bind(address);
            sockaddr_storage bound{};
            socklen_t size = sizeof bound;
            ::getsockname(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&bound), &size);
            asio::ip::tcp::endpoint local;
            std::memcpy(local.data(), &bound, size);
            local.resize(size);
            port_ = local.port();
        }
        acceptor_.listen();
    }

    bool wait_readable(int descriptor) const {
        std::array<pollfd, 2> polled{pollfd{descriptor, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        return ::poll(polled.data(), polled.size(), -1) > 0 && polled[1].revents == 0;
    }

    void serve() {
        while (wait_readable(acceptor_.native_handle())) {
            Socket client{context_};
            error_code error;
            acceptor_.accept(client, error);
            if (error) {
                continue;
            }
            {
                const std::lock_guard lock{mutex_};
                if (stopped_) {
                    return;
                }
                client_ = client.native_handle();
            }
            serve(client);
            const std::lock_guard lock{mutex_};
            client_ = -1;
            ++seen_.clients;
            gone_.notify_all();
        }
    }

    void serve(Socket& client) {
        if (options_.conduct == Conduct::close_at_once) {
            return;
        }
        if (options_.conduct == Conduct::silent) {
            wait_for_end(client);
            return;
        }
        if (!is_secure(options_.transport)) {
            serve_above(client, client);
            return;
        }
        asio::ssl::context tls{asio::ssl::context::tls_server};
        set_up(tls);
        Secure secure{client, tls};
        error_code error;
        secure.handshake(asio::ssl::stream_base::server, error);
        if (!error) {
            observe_tls(secure);
            serve_above(secure, client);
        }
    }

    void wait_for_end(Socket& client) {
        pollfd polled{client.native_handle(), POLLRDHUP, 0};
        while (::poll(&polled, 1, -1) <= 0) {
        }
    }

    void set_up(asio::ssl::context& tls) {
        tls.use_certificate_chain_file(options_.certfile);
        tls.use_private_key_file(options_.keyfile, asio::ssl::context::pem);
        if (!options_.client_ca.empty()) {
            tls.load_verify_file(options_.client_ca);
            tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        }
        if (options_.tls_1_2_only) {
            ::SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
        }
        if (!options_.alpn.empty()) {
            ::SSL_CTX_set_alpn_select_cb(tls.native_handle(), &choose_protocol, &alpn_);
        }
    }

    static int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                               const unsigned char* offered, unsigned offered_size, void* wanted) {
        const auto& name = *static_cast<const std::string*>(wanted);
        for (unsigned index = 0; index < offered_size; index += offered[index] + 1u) {
            const std::string_view one{reinterpret_cast<const char*>(offered + index + 1), offered[index]};
            if (one == name) {
                *chosen = offered + index + 1;
                *chosen_size = offered[index];
                return SSL_TLSEXT_ERR_OK;
            }
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }

    void observe_tls(Secure& secure) {
        const unsigned char* protocol = nullptr;
        unsigned size = 0;
        ::SSL_get0_alpn_selected(secure.native_handle(), &protocol, &size);
        const char* name = ::SSL_get_servername(secure.native_handle(), TLSEXT_NAMETYPE_host_name);
        const std::lock_guard lock{mutex_};
        seen_.alpn.assign(reinterpret_cast<const char*>(protocol), size);
        seen_.server_name = name != nullptr ? name : "";
    }

    template <class Stream>
    void serve_above(Stream& stream, Socket& client) {
        if (is_websocket(options_.transport)) {
            serve_websocket(stream);
        } else {
            serve_bytes(stream, client);
        }
    }

    template <class Stream>
    void serve_bytes(Stream& stream, Socket& client) {
        error_code error;
        if (options_.conduct == Conduct::sends_text) {
            asio::write(stream, asio::buffer(kText), error);
            wait_for_end(client);
            return;
        }
        if constexpr (std::is_same_v<Stream, Secure>) {
            if (options_.conduct == Conduct::close_after) {
                stream.shutdown(error);
                return;
            }
        }
        std::vector<char> buffer(65'536);
        while (options_.conduct != Conduct::close_after) {
            const std::size_t count = stream.read_some(asio::buffer(buffer), error);
            if (error) {
                break;
            }
            received({buffer.data(), count});
            asio::write(stream, asio::buffer(buffer.data(), count), error);
            if (error) {
                break;
            }
        }
        const std::lock_guard lock{mutex_};
        seen_.orderly_end = error == asio::error::eof;
    }

    template <class Stream>
    void serve_websocket(Stream& stream) {
        error_code error;
        beast::flat_buffer buffer;
        http::request<http::string_body> request;
        http::read(stream, buffer, request, error);
        if (error) {
            return;
        }
        {
            const std::lock_guard lock{mutex_};
            seen_.host_header = request[http::field::host];
            seen_.target = std::string_view{request.target().data(), request.target().size()};
            seen_.offered_subprotocol = request[http::field::sec_websocket_protocol];
        }
        if (options_.http_status != 101) {
            http::response<http::string_body> response{static_cast<http::status>(options_.http_status), 11};
            response.body() = "no\n";
            response.prepare_payload();
            http::write(stream, response, error);
            return;
        }
        websocket::stream<Stream&> socket{stream};
        socket.set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
            if (!options_.subprotocol.empty()) {
                response.set(http::field::sec_websocket_protocol, options_.subprotocol);
            }
        }));
        socket.accept(request, error);
        if (!error) {
            serve_messages(socket);
        }
    }

    template <class WebSocket>
    void serve_messages(WebSocket& socket) {
        error_code error;
        socket.read_message_max(0);
        socket.control_callback([this](websocket::frame_type kind, beast::string_view /*payload*/) {
            if (kind == websocket::frame_type::close) {
                const std::lock_guard lock{mutex_};
                seen_.orderly_end = true;
            }
        });
        socket.text(options_.conduct == Conduct::sends_text);
        if (options_.conduct == Conduct::sends_text) {
            socket.write(asio::buffer(kText), error);
        } else if (options_.conduct == Conduct::close_after) {
            socket.close({websocket::close_code::going_away, "the broker stops"}, error);
            return;
        }
        beast::flat_buffer buffer;
        while (!error) {
            socket.read(buffer, error);
            if (error) {
                break;
            }
            const bool binary = socket.got_binary();
            received({static_cast<const char*>(buffer.data().data()), binary ? buffer.size() : 0});
            if (options_.conduct == Conduct::echo_bytes) {
                echo_in_fragments(socket, buffer, error);
            } else {
                socket.write(buffer.data(), error);
            }
            buffer.consume(buffer.size());
        }
    }

    template <class WebSocket>
    void echo_in_fragments(WebSocket& socket, beast::flat_buffer& buffer, error_code& error) {
        const std::string_view bytes{static_cast<const char*>(buffer.data().data()), buffer.size()};
        const std::size_t piece = bytes.size() / 3 + 1;
        for (std::size_t start = 0; start < bytes.size() && !error; start += piece) {
            const auto part = bytes.substr(start, piece);
            socket.ping("still there?", error);
            socket.write_some(false, asio::buffer(part), error);
        }
        socket.write_some(true, asio::const_buffer{}, error);  // An empty last fragment.
    }

    void received(std::string_view bytes) {
        constexpr std::size_t kKeptBytesMax = 1'024;
        const std::lock_guard lock{mutex_};
        seen_.received += bytes.substr(0, kKeptBytesMax - std::min(kKeptBytesMax, seen_.received.size()));
    }

    const PeerOptions options_;
    std::string alpn_ = options_.alpn;  // OpenSSL wants it mutable.
    const int stop_;
    asio::io_context context_;
    asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable gone_;
    PeerObservations seen_;
    int client_ = -1;
    bool stopped_ = false;
    std::thread thread_;
};

Peer::Peer(PeerOptions options) : server_{std::make_unique<Server>(std::move(options))} {
}
Peer::~Peer() = default;
Endpoint Peer::endpoint() const {
    return server_->endpoint();
}
PeerObservations Peer::after_client() {
    return server_->after_client();
}

}  // namespace multimqtt::io
