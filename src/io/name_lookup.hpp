// Host names to addresses, without ever making the I/O thread wait.
#pragma once

#include "multimqtt/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace multimqtt::io {

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// The addresses of `host` as the system's resolver orders them. Waits for as long as the resolver does.
[[nodiscard]] Result<Addresses> system_addresses(const std::string& host, std::uint16_t port);

/// One lookup at a time, each on a detached thread that has all signals blocked.
///
/// The system's resolver cannot be interrupted. A lookup that is given up goes on by itself and its answer
/// is dropped, so that neither `cancel` nor the destructor waits for it. (Asio's own resolver is joined when
/// its context is destroyed, and a dead name server makes that half a minute.)
///
/// Threads: all calls and the handler on the executor's one thread. To be destroyed before the executor's
///          context.
class NameLookup {
public:
    using Handler = std::function<void(Result<Addresses>)>;
    using Resolve = std::function<Result<Addresses>(const std::string& host, std::uint16_t port)>;

    /// Most lookups of this process that may be unanswered at the same time; one more fails at once.
    /// Chosen because a hanging lookup outlives its connection attempt by some half a minute.
    static constexpr int kUnansweredMax = 8;

    explicit NameLookup(const boost::asio::any_io_executor& executor, Resolve resolve = &system_addresses);
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    void start(const std::string& host, std::uint16_t port, Handler handler);

    /// The handler of a lookup under way is dropped without being called.
    void cancel() noexcept;

private:
    struct Request;

    boost::asio::any_io_executor executor_;
    Resolve resolve_;
    std::shared_ptr<Request> request_;
};

}  // namespace multimqtt::io
