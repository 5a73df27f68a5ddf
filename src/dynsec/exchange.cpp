// Sorting answers by their correlation data.
#include "dynsec/exchange.hpp"

#include "dynsec/answer.hpp"
#include "multimqtt/dynsec_error.hpp"

#include <boost/json/parse.hpp>

#include <charconv>
#include <utility>

namespace multimqtt::dynsec {
namespace {

namespace json = boost::json;

/// What Mosquitto 2.1 sends to the requester when there is no plugin; it holds nothing to recognize a request
/// by.
constexpr std::string_view kNoEndpoint = "endpoint not available";

/// Takes a number and the "-" behind it, if there is one, from the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('-')) {
        text.remove_prefix(1);
    }
    return number;
}

}  // namespace

Exchange::Number Exchange::begin(std::size_t commands) {
    const std::lock_guard lock{mutex_};
    Waiting& waiting = waiting_[++last_];
    waiting.answers.resize(commands);
    waiting.missing = commands;
    return last_;
}

void Exchange::end(Number request) {
    const std::lock_guard lock{mutex_};
    waiting_.erase(request);
}

void Exchange::receive(std::string_view payload) {
    const bool no_endpoint = payload.size() < 256 && payload.find(kNoEndpoint) != std::string_view::npos;
    // The answers to others are not worth reading, and this is the I/O thread.
    if (!no_endpoint && payload.find(instance_) == std::string_view::npos) {
        return;
    }
    boost::system::error_code error;
    json::value value = json::parse({payload.data(), payload.size()}, error);
    if (error || !value.is_object()) {
        return;
    }
    const std::lock_guard lock{mutex_};
    if (no_endpoint && text_in(value.get_object(), "error") == kNoEndpoint) {
        fail_all(
            Failure{DynsecError::endpoint_unavailable, "the broker has no dynamic-security plugin loaded"});
    }
    json::value* const responses = value.get_object().if_contains("responses");
    if (responses == nullptr || !responses->is_array()) {
        return;
    }
    for (json::value& answer : responses->get_array()) {
        if (answer.is_object()) {
            take(answer.get_object());
        }
    }
    changed_.notify_all();
}

void Exchange::take(json::object& answer) {
    const std::string correlation = text_in(answer, "correlationData");
    std::string_view rest{correlation};
    if (!rest.starts_with(instance_) || rest.size() == instance_.size()) {
        return;
    }
    rest.remove_prefix(instance_.size() + 1);
    const auto request = take_number(rest);
    const auto index = take_number(rest);
    const auto found = request ? waiting_.find(*request) : waiting_.end();
    if (found == waiting_.end() || !index || *index >= found->second.answers.size()) {
        return;
    }
    Waiting& waiting = found->second;
    if (auto& place = waiting.answers[*index]; !place) {
        place = std::move(answer);
        --waiting.missing;
    }
}

void Exchange::fail_all(const Failure& failure) {
    for (auto& [number, waiting] : waiting_) {
        if (!waiting.done()) {
            waiting.failure = failure;
        }
    }
    changed_.notify_all();
}

void Exchange::interrupt(const Failure& failure) {
    const std::lock_guard lock{mutex_};
    Failure interrupted{
        DynsecError::interrupted,
        "the connection ended before the answer came, so that the command may have been carried "
        "out; the plugin disconnects the clients whose rights a command changes (" +
            (failure.message.empty() ? failure.code.message() : failure.message) + ")"};
    interrupted.reason = failure.reason;
    fail_all(interrupted);
}

std::optional<Result<Exchange::Answers>> Exchange::wait(Number request,
                                                        std::chrono::steady_clock::time_point until) {
    std::unique_lock lock{mutex_};
    Waiting& waiting = waiting_.at(request);
    if (!changed_.wait_until(lock, until, [&] { return waiting.done(); })) {
        return std::nullopt;
    }
    if (waiting.failure) {
        return *waiting.failure;
    }
    Answers answers;
    for (auto& answer : waiting.answers) {
        answers.push_back(*std::move(answer));
    }
    return answers;
}

}  // namespace multimqtt::dynsec
