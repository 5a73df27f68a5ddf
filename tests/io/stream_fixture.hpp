// Drives one stream on the test's own thread, with a deadline for everything.
#pragma once

#include "io/peer.hpp"
#include "io/stream.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace multimqtt::io {

class StreamFixture : public testing::Test {
protected:
    static constexpr std::chrono::seconds kPatience{20};

    /// Runs the context until `done` holds; false when that takes too long or nothing is left to run.
    bool run_until(const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        context_.restart();
        while (!done()) {
            if (context_.run_one_until(deadline) == 0) {
                return done();
            }
        }
        return true;
    }

    /// Runs `count` handlers, fewer when `done` holds before.
    void run_steps(int count, const std::function<bool()>& done) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        context_.restart();
        for (int step = 0; step < count && !done(); ++step) {
            context_.run_one_until(deadline);
        }
    }

    /// Makes `stream_` for `endpoint`.
    Result<void> make(const Endpoint& endpoint, const TlsOptions& tls = {}) {
        auto made = make_stream(context_.get_executor(), endpoint, tls);
        if (!made) {
            return made.error();
        }
        stream_ = std::move(*made);
        return {};
    }

    Result<void> open() {
        return wait<void>([this](auto handler) { stream_->open(handler); });
    }

    Result<void> open(const Endpoint& endpoint, const TlsOptions& tls = {}) {
        if (auto made = make(endpoint, tls); !made) {
            return made;
        }
        return open();
    }

    Result<std::size_t> read_some(std::span<std::byte> buffer) {
        return wait<std::size_t>([&](auto handler) { stream_->read_some(buffer, handler); });
    }

    Result<std::size_t> write_some(std::string_view bytes) {
        return wait<std::size_t>([&](auto handler) {
            stream_->write_some(std::as_bytes(std::span{bytes.data(), bytes.size()}), handler);
        });
    }

    /// Writes `bytes` and reads until as many have come back, both at the same time.
    Result<std::string> exchange(std::string_view bytes) {
        std::string back(bytes.size(), '\0');
        std::size_t written = 0;
        std::size_t count = 0;
        std::optional<Failure> failure;
        std::function<void()> write = [&] {
            const auto rest = bytes.substr(written);
            stream_->write_some(std::as_bytes(std::span{rest.data(), rest.size()}),
                                [&](const Result<std::size_t>& result) {
                                    if (!result) {
                                        failure = result.error();
                                    } else if ((written += *result) < bytes.size()) {
                                        write();
                                    }
                                });
        };
        std::function<void()> read = [&] {
            const auto rest = std::span{back}.subspan(count);
            stream_->read_some(std::as_writable_bytes(rest.first(std::min<std::size_t>(rest.size(), 65'536))),
                               [&](const Result<std::size_t>& result) {
                                   if (!result) {
                                       failure = result.error();
                                   } else if ((count += *result) < back.size()) {
                                       read();
                                   }
                               });
        };
        write();
        read();
        run_until([&] { return failure || (count == back.size() && written == bytes.size()); });
        if (failure) {
            stream_.reset();  // The other direction must not outlive the variables above.
            return *failure;
        }
        back.resize(count);
        return back;
    }

    template <class T, class Start>
    Result<T> wait(Start start) {
        auto outcome = std::make_shared<std::optional<Result<T>>>();
        start([outcome](Result<T> result) { *outcome = std::move(result); });
        EXPECT_FALSE(outcome->has_value()) << "a handler was called from inside the call that it belongs to";
        if (!run_until([&] { return outcome->has_value(); })) {
            return Failure{Error::timed_out, "the handler was not called"};
        }
        return **outcome;
    }

    boost::asio::io_context context_;
    std::unique_ptr<Stream> stream_;
};

/// The sentence of a failure, or "no failure".
template <class T>
std::string sentence(const Result<T>& result) {
    return result ? "no failure" : result.error().message;
}

}  // namespace multimqtt::io
