// A broker on the same machine, behind the path of a Unix socket.
#pragma once

#include "io/socket_stream.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <sys/un.h>

namespace multimqtt::io {

class UnixStream final : public SocketStream {
public:
    /// Longest path of a socket; what `sockaddr_un` holds with its closing zero.
    static constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

    /// Errors: `bad_config` for a path that is empty or longer than `kPathBytesMax`.
    [[nodiscard]] static Result<std::unique_ptr<Stream>> make(const boost::asio::any_io_executor& executor,
                                                              const Endpoint& endpoint);

    UnixStream(const boost::asio::any_io_executor& executor, const Endpoint& endpoint);

    void open(OpenHandler handler) override;

private:
    [[nodiscard]] Result<Socket> connected() const;

    const std::string path_;
};

}  // namespace multimqtt::io
