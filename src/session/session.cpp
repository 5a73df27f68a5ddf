// The public face of the session; what happens behind it is in the files that parts.hpp names.
#include "session/session.hpp"

#include "session/parts.hpp"

#include <utility>

namespace multimqtt::session {
namespace {

// The reason codes that a client may put into PUBACK and PUBREC, v5 [MQTT-3.4.2-1], [MQTT-3.5.2-1].
ReasonCode sendable(ReasonCode reason) noexcept {
    switch (reason) {
        case ReasonCode::implementation_specific_error:
        case ReasonCode::not_authorized:
        case ReasonCode::topic_name_invalid:
        case ReasonCode::quota_exceeded:
        case ReasonCode::payload_format_invalid:
            return reason;
        default:
            return is_failure(reason) ? ReasonCode::unspecified_error : ReasonCode::success;
    }
}

}  // namespace

Session::Parts::Parts(const Options& given, Random& source, QueueLimits queue_limits)
    : options{given},
      limits{queue_limits},
      random{source},
      version_choice{given.version},
      backoff{given.reconnect_min, given.reconnect_max, source},
      packet_ids{queue_limits.packet_id_max},
      packet_bytes_max{given.packet_bytes_max} {
    greeting.client_id = given.client_id;
    grants.client_id = given.client_id;
    decode_options.packet_bytes_max = given.packet_bytes_max;
}

Session::Session(const Options& options, Random& random, QueueLimits limits)
    : parts_{std::make_unique<Parts>(options, random, limits)} {
}

Session::~Session() = default;

void Session::start(TimePoint now) {
    parts_->start(now);
}

Result<void> Session::publish(Token token, const OutboundMessage& message, TimePoint now) {
    return parts_->publish(token, message, now);
}

bool Session::accepts_publish() const noexcept {
    return parts_->accepts_publish();
}

void Session::subscribe(Subscription subscription) {
    parts_->subscriptions.subscribe(std::move(subscription));
    parts_->send_requests();
}

void Session::unsubscribe(std::string_view filter) {
    parts_->subscriptions.unsubscribe(filter);
    parts_->send_requests();
}

void Session::acknowledge(DeliveryId delivery, ReasonCode reason) {
    parts_->inbound.acknowledge(delivery, sendable(reason));
    parts_->send_acks();
}

void Session::close(TimePoint now, TimePoint deadline, ReasonCode reason) {
    parts_->close(now, deadline, reason);
}

void Session::transport_opened(TimePoint now) {
    parts_->transport_opened(now);
}

void Session::transport_closed(const Failure& cause, TimePoint now) {
    parts_->transport_closed(cause, now);
}

std::size_t Session::receive(std::span<const std::byte> bytes, TimePoint now) {
    return parts_->receive(bytes, now);
}

void Session::pause_reading(TimePoint) {
    parts_->paused = true;
    parts_->keep_alive.pause();
}

void Session::resume_reading(TimePoint now) {
    parts_->paused = false;
    parts_->keep_alive.resume(now);
}

void Session::timeout(TimePoint now) {
    parts_->timeout(now);
}

const Event* Session::next_event() const noexcept {
    return parts_->events.front();
}

void Session::pop_event() noexcept {
    parts_->events.pop();
}

bool Session::take_output(OutputChunk& chunk, TimePoint) {
    return parts_->output.take(chunk);
}

void Session::output_written(std::size_t bytes, TimePoint now) {
    Parts& parts = *parts_;
    parts.counters.bytes_out += bytes;
    if (parts.output.written(bytes)) {
        parts.keep_alive.packet_written(now);
    } else {
        parts.keep_alive.progress(now);
    }
    if (parts.ping_position != 0 && parts.output.written() >= parts.ping_position) {
        parts.ping_position = 0;
        parts.keep_alive.ping_written(now);
    }
    parts.report_left();
    parts.pump(now);
    parts.go_on_closing(now);
}

TransportRequest Session::transport() noexcept {
    return std::exchange(parts_->request, TransportRequest{});
}

std::optional<TimePoint> Session::deadline() const noexcept {
    return parts_->deadline();
}

bool Session::connected() const noexcept {
    return parts_->phase == Phase::connected;
}

const Grants& Session::grants() const noexcept {
    return parts_->grants;
}

std::size_t Session::endpoint() const noexcept {
    return parts_->endpoint;
}

Statistics Session::statistics() const noexcept {
    Statistics statistics = parts_->counters;
    statistics.inflight = parts_->outbound.publishes().size() + parts_->outbound.releases().size();
    statistics.queued = parts_->outbound.queue().size();
    statistics.unacknowledged_in = parts_->inbound.unacknowledged();
    return statistics;
}

std::size_t Session::bytes_needed() const noexcept {
    return parts_->bytes_needed;
}

}  // namespace multimqtt::session
