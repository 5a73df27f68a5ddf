// The lookup thread and the hand-over of its answer.

#include "io/name_lookup.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <pthread.h>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace multimqtt::io {

namespace {

// Unanswered lookups of the process `counted_process`. A forked child has none of its parent's threads, so
// it counts anew.
constinit std::atomic<pid_t> counted_process{0};
constinit std::atomic<int> unanswered{0};

bool may_look_up() noexcept {
    const pid_t process = ::getpid();
    if (counted_process.exchange(process) != process) {
        unanswered = 0;
    }
    if (unanswered.fetch_add(1) < NameLookup::kUnansweredMax) {
        return true;
    }
    unanswered.fetch_sub(1);
    return false;
}

class AllSignalsBlocked {
public:
    AllSignalsBlocked() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

boost::system::error_code lookup_error(int status, int system_error) {
    namespace error = boost::asio::error;
    switch (status) {
        case EAI_SYSTEM:
            return {system_error, boost::system::system_category()};
        case EAI_AGAIN:
            return error::host_not_found_try_again;
        case EAI_FAIL:
            return error::no_recovery;
        case EAI_MEMORY:
            return error::no_memory;
        default:
            return error::host_not_found;
    }
}

}  // namespace

Result<Addresses> system_addresses(const std::string& host, std::uint16_t port) {
    // No AI_ADDRCONFIG: it hides "::1" from a container without IPv6 routes, and an address that cannot be
    // reached fails at once anyway.
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (status != 0) {
        const int system_error = errno;
        const std::string text =
            status == EAI_SYSTEM ? std::generic_category().message(system_error) : ::gai_strerror(status);
        return Failure{lookup_error(status, system_error), text};
    }
    Addresses addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        boost::asio::ip::tcp::endpoint address;
        if (entry->ai_addrlen <= address.capacity()) {
            std::memcpy(address.data(), entry->ai_addr, entry->ai_addrlen);
            address.resize(entry->ai_addrlen);
            address.port(port);
            addresses.push_back(address);
        }
    }
    ::freeaddrinfo(found);
    return addresses;
}

/// Shared by the I/O thread and the lookup thread. `executor` is let go of under the lock, so that the
/// lookup thread never touches the context of a lookup that was given up.
struct NameLookup::Request : std::enable_shared_from_this<Request> {
    std::mutex mutex;
    boost::asio::any_io_executor executor;
    Handler handler;
    std::optional<Result<Addresses>> answer;
    bool over = false;

    void hand_over(Result<Addresses> addresses) {
        const std::lock_guard lock{mutex};
        if (over) {
            return;
        }
        answer = std::move(addresses);
        boost::asio::post(executor, [request = shared_from_this()] { request->deliver(); });
        executor = {};
    }

    void deliver() {
        std::unique_lock lock{mutex};
        if (over) {
            return;
        }
        over = true;
        const Handler called = std::exchange(handler, nullptr);
        Result<Addresses> addresses = std::move(*answer);
        lock.unlock();
        called(std::move(addresses));
    }

    void give_up() noexcept {
        Handler dropped;
        const std::lock_guard lock{mutex};
        over = true;
        executor = {};
        dropped.swap(handler);
    }
};

NameLookup::NameLookup(const boost::asio::any_io_executor& executor, Resolve resolve)
    : executor_{executor}, resolve_{std::move(resolve)} {
}

NameLookup::~NameLookup() {
    cancel();
}

void NameLookup::cancel() noexcept {
    if (request_) {
        request_->give_up();
        request_.reset();
    }
}

void NameLookup::start(const std::string& host, std::uint16_t port, Handler handler) {
    cancel();
    request_ = std::make_shared<Request>();
    // Tracked: the context has work to wait for until the answer is there.
    request_->executor = boost::asio::prefer(executor_, boost::asio::execution::outstanding_work.tracked);
    request_->handler = std::move(handler);
    if (!may_look_up()) {
        request_->hand_over(Failure{boost::system::error_code{boost::asio::error::host_not_found_try_again},
                                    std::to_string(kUnansweredMax) + " lookups have not been answered yet"});
        return;
    }
    try {
        const AllSignalsBlocked blocked;  // A thread inherits the mask of the thread that makes it.
        std::thread{[request = request_, resolve = resolve_, host, port] {
            ::pthread_setname_np(::pthread_self(), "mqtt-lookup");
            auto addresses = resolve(host, port);
            unanswered.fetch_sub(1);
            request->hand_over(std::move(addresses));
        }}.detach();
    } catch (const std::system_error& error) {
        unanswered.fetch_sub(1);
        request_->hand_over(Failure{error.code(), std::string{"no thread for the lookup: "} + error.what()});
    }
}

}  // namespace multimqtt::io
