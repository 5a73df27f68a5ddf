// Which answers belong to which requests, among those that the plugin broadcasts to everybody.
#pragma once

#include "multimqtt/result.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::dynsec {

/// The requests of one `Dynsec` that wait for their answers.
///
/// A request is recognized by the correlation data of its commands, "{instance}-{request}-{index}", where the
/// instance differs between all programs that talk to the plugin.
///
/// Threads: any.
class Exchange {
public:
    using Answers = std::vector<boost::json::object>;
    using Number = std::uint64_t;

    explicit Exchange(std::string instance) : instance_{std::move(instance)} {}

    /// A new request of so many commands.
    [[nodiscard]] Number begin(std::size_t commands);
    /// What `payload_of` puts before the index of a command.
    [[nodiscard]] std::string id_of(Number request) const {
        return instance_ + "-" + std::to_string(request);
    }
    void end(Number request);

    /// A payload of the response topic.
    void receive(std::string_view payload);
    /// The connection is gone, and with it the answers that were on their way.
    void interrupt(const Failure& failure);

    /// Waits for the answers, in the order of the commands. Nothing while they are not known.
    /// Errors: `interrupted`, `endpoint_unavailable`, `internal`; the messages go on after the command's
    /// name.
    [[nodiscard]] std::optional<Result<Answers>> wait(Number request,
                                                      std::chrono::steady_clock::time_point until);

private:
    struct Waiting {
        std::vector<std::optional<boost::json::object>> answers;
        std::size_t missing = 0;
        std::optional<Failure> failure;

        [[nodiscard]] bool done() const noexcept { return failure || missing == 0; }
    };

    void take(boost::json::object& answer);
    void fail_all(const Failure& failure);

    const std::string instance_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<Number, Waiting> waiting_;
    Number last_ = 0;
};

}  // namespace multimqtt::dynsec
