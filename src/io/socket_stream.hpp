// What TCP and Unix sockets share: everything after the connection has been made.
#pragma once

#include "io/connector.hpp"
#include "io/fork_guard.hpp"
#include "io/lifetime.hpp"
#include "io/stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <string>

namespace multimqtt::io {

/// A `Stream` that is a socket. Steady reading and writing allocates nothing but what Asio recycles.
class SocketStream : public Stream {
public:
    void read_some(std::span<std::byte> buffer, TransferHandler handler) override;
    void write_some(std::span<const std::byte> bytes, TransferHandler handler) override;
    [[nodiscard]] Result<std::size_t> try_write(std::span<const std::byte> bytes) override;
    void close() noexcept override;
    [[nodiscard]] int descriptor() const noexcept override;

protected:
    /// `name` is how failures call the broker.
    SocketStream(const boost::asio::any_io_executor& executor, std::string name);

    /// Ends `open`; from now on the socket is read and written.
    void finish_open(Result<Socket> connected);
    [[nodiscard]] Failure closed_failure(const std::string& during) const;

    boost::asio::any_io_executor executor_;
    const std::string name_;
    OpenHandler open_handler_;
    bool closed_ = false;
    Lifetime lifetime_;

private:
    void finish(TransferHandler& slot, const boost::system::error_code& error, std::size_t count);
    [[nodiscard]] Failure failure(const boost::system::error_code& error) const;

    Socket socket_;
    GuardedDescriptor guard_;  // Ends before the socket does, so that it never names somebody else's.
    TransferHandler read_handler_;
    TransferHandler write_handler_;
};

}  // namespace multimqtt::io
