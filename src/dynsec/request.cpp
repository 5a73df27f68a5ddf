// The steps of a request, each of which may have to wait.
#include "dynsec/request.hpp"

#include "dynsec/answer.hpp"
#include "dynsec/command.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace multimqtt::dynsec {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a waiting thread looks whether the broker has refused the probe; an answer wakes it at once.
/// Chosen so that a refusal seems immediate to people.
constexpr milliseconds kRefusalLook{20};

std::string random_instance() {
    std::random_device device;
    std::string text = "multimqtt-";
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (int word = 0; word < 3; ++word) {
        for (auto bits = device(), digit = 0u; digit < 8; ++digit, bits >>= 4) {
            text += kDigits[bits % 16];
        }
    }
    return text;
}

milliseconds left(steady_clock::time_point until) {
    const auto time = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    return std::max(time, milliseconds{0});
}

}  // namespace

Shared::Shared(Client& engine, DynsecOptions given)
    : client{engine}, options{given}, exchange{std::make_shared<Exchange>(random_instance())} {
}

Result<const Observation*> Shared::responses() {
    const std::lock_guard lock{mutex_};
    if (!observation_) {
        // The observer may still be running when the observation ends: it keeps the exchange alive.
        auto made =
            observe(client, kResponseTopic,
                    {[exchange = exchange](const Message& message) { exchange->receive(message.text()); },
                     [exchange = exchange](const Failure& failure) { exchange->interrupt(failure); }});
        if (!made) {
            return made.error();
        }
        observation_ = *std::move(made);
    }
    return &*observation_;
}

Request::Request(std::shared_ptr<Shared> shared, std::vector<boost::json::object> commands)
    : shared_{std::move(shared)},
      commands_{std::move(commands)},
      description_{describe(commands_)},
      deadline_{steady_clock::now() + shared_->options.timeout} {
}

Request::~Request() {
    if (number_) {
        shared_->exchange->end(*number_);
    }
}

Failure Request::about(Failure failure) const {
    failure.message = description_ + ": " + failure.message;
    return failure;
}

std::optional<Result<DynsecAnswers>> Request::wait(milliseconds time) {
    const TimePoint until = std::min(deadline_, steady_clock::now() + time);
    if (!number_) {
        if (auto failure = prepare(until)) {
            return about(*std::move(failure));
        }
    }
    if (number_) {
        if (auto answers = wait_for_answers(until)) {
            return answers;
        }
    }
    if (steady_clock::now() < deadline_) {
        return std::nullopt;
    }
    return about(too_late());
}

// Leaves `number_` empty when it has to be called again.
std::optional<Failure> Request::prepare(TimePoint until) {
    const auto waits = [this](const Result<void>& step) {
        if (!step) {
            delay_ = step.error();
        }
        return !step && (step.error().is(Error::timed_out) || step.error().is(Error::not_connected));
    };
    const Result<void> connected = shared_->client.wait_connected(left(until));
    if (waits(connected)) {
        return std::nullopt;
    }
    if (!connected) {
        return connected.error();
    }
    const auto responses = shared_->responses();
    if (!responses) {
        return responses.error();
    }
    const Result<void> subscribed = (*responses)->wait_subscribed(left(until));
    if (waits(subscribed)) {
        return std::nullopt;
    }
    if (!subscribed && subscribed.error().is(Error::closed)) {
        return subscribed.error();
    }
    if (!subscribed) {
        Failure refused{DynsecError::not_authorized,
                        "the broker does not let this client subscribe to " + std::string{kResponseTopic} +
                            "; give it a role that allows " + std::string{kRequestTopic} + "/#"};
        refused.reason = subscribed.error().reason;
        return refused;
    }
    return send();
}

std::optional<Failure> Request::send() {
    const Exchange::Number number = shared_->exchange->begin(commands_.size());
    number_ = number;
    const Result<std::string> payload = payload_of(commands_, shared_->exchange->id_of(number));
    if (!payload) {
        return payload.error();
    }
    PublishOptions options;
    options.no_prefix = true;
    options.block = false;
    // A request that waits in the outbox while the connection is down must not be carried out after its time.
    options.properties.expiry =
        std::max(std::chrono::ceil<std::chrono::seconds>(left(deadline_)), std::chrono::seconds{1});
    const Receipt request = shared_->client.publish(kRequestTopic, *payload, options);
    if (const auto outcome = request.outcome(); outcome && !*outcome) {
        return outcome->error();
    }
    // Only an acknowledgement tells whether the broker lets us publish here, and only MQTT 5.0 has a reason
    // in it. The probe asks for nothing, so that it does no harm when it has to be sent again.
    options.qos = Qos::at_least_once;
    probe_ = shared_->client.publish(kRequestTopic, R"({"commands":[]})", options);
    return std::nullopt;
}

std::optional<Failure> Request::refusal() const {
    const auto outcome = probe_.outcome();
    if (!outcome || *outcome || !outcome->error().is(Error::refused)) {
        return std::nullopt;
    }
    const Failure& why = outcome->error();
    const bool not_authorized = why.reason == static_cast<std::uint8_t>(ReasonCode::not_authorized);
    Failure failure{not_authorized ? DynsecError::not_authorized : DynsecError::internal,
                    not_authorized
                        ? "the broker does not let this client publish to " + std::string{kRequestTopic}
                        : why.message};
    failure.reason = why.reason;
    return failure;
}

std::optional<Result<DynsecAnswers>> Request::wait_for_answers(TimePoint until) {
    std::optional<Result<Exchange::Answers>> answers;
    do {
        answers = shared_->exchange->wait(*number_, std::min(until, steady_clock::now() + kRefusalLook));
        if (!answers) {
            if (auto failure = refusal()) {
                return about(*std::move(failure));
            }
        }
    } while (!answers && steady_clock::now() < until);
    if (!answers) {
        return std::nullopt;
    }
    if (!*answers) {
        return about(answers->error());
    }
    DynsecAnswers outcomes;
    for (std::size_t index = 0; index < commands_.size(); ++index) {
        outcomes.push_back(outcome_of(commands_[index], std::move((**answers)[index])));
    }
    return outcomes;
}

Failure Request::too_late() const {
    if (!number_) {
        return delay_.value_or(Failure{Error::timed_out, "there was no time to connect"});
    }
    return {DynsecError::timed_out, "no answer within " + std::to_string(shared_->options.timeout.count()) +
                                        " ms; probably this client is not authorized to publish to " +
                                        std::string{kRequestTopic} +
                                        ", or the broker has the dynamic-security plugin not loaded"};
}

}  // namespace multimqtt::dynsec

namespace multimqtt {

DynsecRequest::DynsecRequest(std::unique_ptr<dynsec::Request> request) noexcept
    : request_{std::move(request)} {
}
DynsecRequest::DynsecRequest(DynsecRequest&&) noexcept = default;
DynsecRequest& DynsecRequest::operator=(DynsecRequest&&) noexcept = default;
DynsecRequest::~DynsecRequest() = default;

std::optional<Result<DynsecAnswers>> DynsecRequest::wait(std::chrono::milliseconds time) {
    return request_->wait(time);
}

}  // namespace multimqtt
