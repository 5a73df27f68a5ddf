// Beast's WebSocket on top of a `Stream`. The only file that compiles Beast.

#include "io/websocket_stream.hpp"

#include "io/lifetime.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <array>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace multimqtt::io {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

// What one write carries at most, and so the size of the buffer in which Beast masks a message.
constexpr std::size_t kWriteBufferBytes = 65'536;
constexpr std::string_view kSubprotocol = "mqtt";

/// The stream below and what went wrong in it. `stream` is empty once the owner is gone.
struct Below {
    asio::any_io_executor executor;
    std::unique_ptr<Stream> stream;
    std::optional<Failure> failure;
    std::vector<std::byte> gathered;  // The message being written, header and payload in one piece.
    bool writing = false;
};

/// Gives `Below` the shape of a stream that Beast can stand on.
class BelowAdapter {
public:
    using executor_type = asio::any_io_executor;

    explicit BelowAdapter(std::shared_ptr<Below> below) : below_{std::move(below)} {}

    [[nodiscard]] executor_type get_executor() const noexcept { return below_->executor; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [below = below_](auto handler, const Buffers& targets) {
                for (auto it = asio::buffer_sequence_begin(targets); it != asio::buffer_sequence_end(targets);
                     ++it) {
                    const asio::mutable_buffer target{*it};
                    if (target.size() > 0 && below->stream) {
                        const std::span bytes{static_cast<std::byte*>(target.data()), target.size()};
                        below->stream->read_some(bytes, transfer_handler(below, std::move(handler)));
                        return;
                    }
                }
                finish_at_once(*below, std::move(handler));
            },
            token, buffers);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [below = below_](auto handler, const Buffers& sources) {
                const std::size_t size = asio::buffer_size(sources);
                if (size == 0 || !below->stream) {
                    finish_at_once(*below, std::move(handler));
                    return;
                }
                below->gathered.resize(size);
                asio::buffer_copy(asio::buffer(below->gathered), sources);
                below->writing = true;
                auto finish = transfer_handler(below, std::move(handler));
                below->stream->write_some(below->gathered, [below, finish](Result<std::size_t> count) {
                    below->writing = false;
                    finish(std::move(count));
                });
            },
            token, buffers);
    }

    // Beast takes the connection down through these; closing is up to the owner.
    friend void beast_close_socket(BelowAdapter& /*adapter*/) {}
    template <class Handler>
    friend void async_teardown(boost::beast::role_type /*role*/, BelowAdapter& adapter, Handler&& handler) {
        asio::post(adapter.get_executor(),
                   [called = std::forward<Handler>(handler)]() mutable { called(error_code{}); });
    }

private:
    /// Beast's handlers can only be moved, and `Stream` wants one that can be copied.
    template <class Handler>
    static Stream::TransferHandler transfer_handler(const std::shared_ptr<Below>& below, Handler handler) {
        auto shared = std::make_shared<Handler>(std::move(handler));
        return [below, shared](const Result<std::size_t>& count) {
            // The handler may hold the last reference to what holds it.
            Handler called = std::move(*shared);
            if (count) {
                called(error_code{}, *count);
                return;
            }
            below->failure = count.error();
            called(error_code{asio::error::connection_aborted}, 0);
        };
    }

    template <class Handler>
    static void finish_at_once(Below& below, Handler handler) {
        const error_code error = below.stream ? error_code{} : error_code{asio::error::operation_aborted};
        asio::post(below.executor,
                   [called = std::move(handler), error]() mutable { called(error, std::size_t{0}); });
    }

    std::shared_ptr<Below> below_;
};

bool is_default_port(const Endpoint& endpoint) {
    return endpoint.port == (endpoint.transport == Transport::secure_websocket ? 443 : 80);
}

/// The value of the Host header: RFC 7230, section 5.4.
std::string host_header(const Endpoint& endpoint) {
    std::string host = endpoint.host;
    if (host.find(':') != std::string::npos) {
        host = '[' + host.substr(0, host.find('%')) + ']';
    }
    return is_default_port(endpoint) ? host : host + ':' + std::to_string(endpoint.port);
}

}  // namespace

struct WebSocketStream::Session : std::enable_shared_from_this<Session> {
    Session(const asio::any_io_executor& executor, const Endpoint& where, std::unique_ptr<Stream> stream)
        : endpoint{where}, name{where.to_string()}, below{std::make_shared<Below>()} {
        below->executor = executor;
        below->stream = std::move(stream);
        socket.emplace(BelowAdapter{below});
        socket->binary(true);
        socket->auto_fragment(false);
        socket->read_message_max(0);  // Any size: the packet decoder has its own limit.
        socket->write_buffer_bytes(kWriteBufferBytes);
        // v5 and v3.1.1 [MQTT-6.0.0-3].
        socket->set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
            request.set(http::field::sec_websocket_protocol, kSubprotocol);
            request.set(http::field::user_agent, "multimqtt");
        }));
    }

    void shake_hands(const std::shared_ptr<Session>& self) {
        socket->async_handshake(
            response, host_header(endpoint), endpoint.path.empty() ? "/" : endpoint.path,
            lifetime->guard([this, self](const error_code& error) { finish_open(error); }));
    }

    void finish_open(const error_code& error) {
        const OpenHandler handler = std::exchange(open_handler, nullptr);
        if (const auto refused = handshake_failure(error)) {
            handler(*refused);
            return;
        }
        open = true;
        handler({});
    }

    [[nodiscard]] std::optional<Failure> handshake_failure(const error_code& error) const {
        const std::string start = "the WebSocket handshake with " + name + " failed: ";
        if (closed) {
            return closed_failure();
        }
        if (error == websocket::error::upgrade_declined) {
            return Failure{error, start + "the server answered with HTTP status " +
                                      std::to_string(response.result_int()) + " (" +
                                      std::string{http::obsolete_reason(response.result())} +
                                      "); check the path '" + endpoint.path + "'"};
        }
        if (error && below->failure) {
            return Failure{below->failure->code, start + below->failure->message};
        }
        if (error) {
            return Failure{error,
                           start + error.message() + "; does the broker speak WebSocket on this port?"};
        }
        // v5 and v3.1.1 [MQTT-6.0.0-4].
        if (response[http::field::sec_websocket_protocol] != kSubprotocol) {
            return Failure{Error::protocol_error, start + "the server did not agree on the subprotocol '" +
                                                      std::string{kSubprotocol} +
                                                      "'; is it an MQTT broker? Check the path '" +
                                                      endpoint.path + "'"};
        }
        return std::nullopt;
    }

    void read(const std::shared_ptr<Session>& self) {
        socket->async_read_some(asio::buffer(read_buffer.data(), read_buffer.size()),
                                lifetime->guard([this, self](const error_code& error, std::size_t count) {
                                    on_read(self, error, count);
                                }));
    }

    void on_read(const std::shared_ptr<Session>& self, const error_code& error, std::size_t count) {
        if (!error && !closed && count == 0) {
            read(self);  // An empty message or the end of one.
            return;
        }
        const TransferHandler handler = std::exchange(read_handler, nullptr);
        if (error || closed) {
            handler(transfer_failure(error));
        } else if (socket->got_text()) {
            // v5 and v3.1.1 [MQTT-6.0.0-1].
            handler(Failure{Error::protocol_error, "the broker at " + name +
                                                       " sent a WebSocket text message; MQTT travels in "
                                                       "binary ones"});
        } else {
            handler(count);
        }
    }

    void write(const std::shared_ptr<Session>& self, std::span<const std::byte> bytes) {
        socket->async_write(asio::buffer(bytes.data(), bytes.size()),
                            lifetime->guard([this, self](const error_code& error, std::size_t count) {
                                const TransferHandler handler = std::exchange(write_handler, nullptr);
                                if (error || closed) {
                                    handler(transfer_failure(error));
                                } else {
                                    handler(count);
                                }
                            }));
    }

    [[nodiscard]] Failure transfer_failure(const error_code& error) const {
        if (closed) {
            return closed_failure();
        }
        if (error == websocket::error::closed) {
            const auto& reason = socket->reason();
            return {Error::connection_lost,
                    "the broker at " + name + " closed the WebSocket (code " + std::to_string(reason.code) +
                        (reason.reason.empty() ? "" : ": " + std::string{reason.reason.c_str()}) + ")"};
        }
        if (below->failure) {
            return *below->failure;
        }
        return {error, "the WebSocket to " + name + " failed: " + error.message()};
    }

    [[nodiscard]] Failure closed_failure() const {
        return {Error::closed, "the connection to " + name + " was closed on this side"};
    }

    /// A close frame without a code, if a frame may begin now. Its mask covers nothing, so zeros will do.
    void farewell() {
        constexpr std::array kCloseFrame{std::byte{0x88}, std::byte{0x80}, std::byte{0},
                                         std::byte{0},    std::byte{0},    std::byte{0}};
        if (open && !write_handler && !below->writing && socket->is_open()) {
            [[maybe_unused]] const auto sent = below->stream->try_write(kCloseFrame);
        }
    }

    const Endpoint endpoint;
    const std::string name;
    const std::shared_ptr<Below> below;
    std::optional<websocket::stream<BelowAdapter, false>> socket;
    websocket::response_type response;
    OpenHandler open_handler;
    TransferHandler read_handler;
    std::span<std::byte> read_buffer;
    TransferHandler write_handler;
    bool open = false;
    bool closed = false;
    std::optional<Lifetime> lifetime{std::in_place};  // Ends with the stream; Beast may keep the rest longer.
};

WebSocketStream::WebSocketStream(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                 std::unique_ptr<Stream> below)
    : session_{std::make_shared<Session>(executor, endpoint, std::move(below))} {
}

WebSocketStream::~WebSocketStream() {
    session_->lifetime.reset();
    session_->open_handler = nullptr;
    session_->read_handler = nullptr;
    session_->write_handler = nullptr;
    // Drops what Beast has under way, and with it its references to the session.
    const auto below = std::move(session_->below->stream);
}

void WebSocketStream::open(OpenHandler handler) {
    session_->open_handler = std::move(handler);
    session_->below->stream->open([session = session_.get()](const Result<void>& opened) {
        if (!opened) {
            std::exchange(session->open_handler, nullptr)(opened);
            return;
        }
        session->shake_hands(session->shared_from_this());
    });
}

void WebSocketStream::read_some(std::span<std::byte> buffer, TransferHandler handler) {
    session_->read_buffer = buffer;
    session_->read_handler = std::move(handler);
    session_->read(session_);
}

void WebSocketStream::write_some(std::span<const std::byte> bytes, TransferHandler handler) {
    session_->write_handler = std::move(handler);
    session_->write(session_, bytes);
}

Result<std::size_t> WebSocketStream::try_write(std::span<const std::byte> /*bytes*/) {
    if (session_->closed) {
        return session_->closed_failure();
    }
    return std::size_t{0};
}

void WebSocketStream::close() noexcept {
    if (session_->closed) {
        return;
    }
    session_->farewell();
    session_->closed = true;
    session_->below->stream->close();
}

int WebSocketStream::descriptor() const noexcept {
    return session_->below->stream->descriptor();
}

}  // namespace multimqtt::io
