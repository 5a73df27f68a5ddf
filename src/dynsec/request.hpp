// One batch of commands, from the wish for a connection to the answers.
#pragma once

#include "dynsec/exchange.hpp"
#include "multimqtt/dynsec.hpp"
#include "multimqtt/observer.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace multimqtt::dynsec {

/// What a `Dynsec` and its requests share.
struct Shared {
    Shared(Client& engine, DynsecOptions given);

    Client& client;
    const DynsecOptions options;
    const std::shared_ptr<Exchange> exchange;

    /// Observes the responses; the first call subscribes.
    [[nodiscard]] Result<const Observation*> responses();

private:
    std::mutex mutex_;
    std::optional<Observation> observation_;
};

/// Threads: one at a time.
class Request {
public:
    /// `commands` have been checked.
    Request(std::shared_ptr<Shared> shared, std::vector<boost::json::object> commands);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    /// See `DynsecRequest::wait`.
    [[nodiscard]] std::optional<Result<DynsecAnswers>> wait(std::chrono::milliseconds time);

private:
    using TimePoint = std::chrono::steady_clock::time_point;

    [[nodiscard]] std::optional<Failure> prepare(TimePoint until);
    [[nodiscard]] std::optional<Failure> send();
    [[nodiscard]] std::optional<Result<DynsecAnswers>> wait_for_answers(TimePoint until);
    [[nodiscard]] std::optional<Failure> refusal() const;
    [[nodiscard]] Failure too_late() const;
    [[nodiscard]] Failure about(Failure failure) const;

    const std::shared_ptr<Shared> shared_;
    const std::vector<boost::json::object> commands_;
    const std::string description_;
    const TimePoint deadline_;
    std::optional<Failure> delay_;  // Why it has not been sent yet.
    std::optional<Exchange::Number> number_;
    Receipt probe_;
};

}  // namespace multimqtt::dynsec
