// From a host name and a port to a connected TCP socket.
#pragma once

#include "io/lifetime.hpp"
#include "io/name_lookup.hpp"
#include "multimqtt/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace multimqtt::io {

/// A stream socket of any address family.
using Socket = boost::asio::generic::stream_protocol::socket;

/// A socket that no program started from this process inherits, connected to nothing yet.
[[nodiscard]] boost::system::error_code open_socket(Socket& socket, int family);

/// Races the addresses of one host: the next one starts when one fails, or has not answered for a while;
/// the first connection wins and the others are closed.
/// Spec: RFC 8305, sections 4 and 5.
class Connector {
public:
    using Handler = std::function<void(Result<Socket>)>;

    /// Recommended by RFC 8305, section 5.
    static constexpr std::chrono::milliseconds kHeadStart{250};

    /// `name` is how failures call the broker: "mqtt://broker.example:1883".
    Connector(const boost::asio::any_io_executor& executor, std::string name,
              NameLookup::Resolve resolve = &system_addresses);

    ~Connector();
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    /// Connects to `host`, which is looked up unless it is an address. Used once.
    void start(const std::string& host, std::uint16_t port, Handler handler);

    /// Gives up; the handler is dropped without being called.
    void cancel() noexcept;

    /// What is being waited for, for a message: "the name lookup of 'broker.example'".
    [[nodiscard]] std::string waiting_for() const;

private:
    struct Attempt;
    struct FailedAttempt {
        boost::asio::ip::tcp::endpoint address;
        boost::system::error_code error;
    };

    void race(Addresses addresses);
    void start_next();
    void start_attempt(const boost::asio::ip::tcp::endpoint& address);
    void on_connect(const Attempt* key, const boost::system::error_code& error);
    void finish(Result<Socket> result);
    [[nodiscard]] Failure failure() const;

    boost::asio::any_io_executor executor_;
    std::string name_;
    std::string host_;
    NameLookup lookup_;
    boost::asio::steady_timer head_start_;
    Handler handler_;
    Addresses addresses_;
    std::size_t next_ = 0;
    std::vector<std::unique_ptr<Attempt>> running_;
    std::vector<FailedAttempt> failed_;
    Lifetime lifetime_;
};

/// What a person can do about a connection that could not be made: "; is a broker running there?".
[[nodiscard]] std::string connect_advice(const std::error_code& error);

}  // namespace multimqtt::io
