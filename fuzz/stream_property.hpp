// What a broker's bytes cause does not depend on the pieces in which they arrive.
#pragma once

#include "counting.hpp"
#include "instructions.hpp"
#include "session/session.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::fuzz {

/// A session that has something under way, and writes down what happens to it.
class Listening {
public:
    explicit Listening(unsigned bits) : session_{options_of(bits), random_} {
        session_.start(kNow);
        (void)session_.transport();
        session_.transport_opened(kNow);
        for (const Qos qos : {Qos::at_least_once, Qos::exactly_once, Qos::exactly_once}) {
            session::OutboundMessage message;
            message.topic = "a/b";
            message.qos = qos;
            (void)session_.publish(++last_token_, message, kNow);
        }
        session_.subscribe({.filter = "a/#", .qos = Qos::exactly_once, .identifier = 7});
        drain();
    }

    /// Takes as much of `bytes` as it will; the rest has to be offered again with more behind it.
    [[nodiscard]] std::size_t receive(Input bytes) {
        const std::size_t consumed = session_.receive(bytes, kNow);
        drain();
        return consumed;
    }
    [[nodiscard]] bool open() const noexcept { return open_; }
    [[nodiscard]] const std::string& log() const noexcept { return log_; }

private:
    static Options options_of(unsigned bits) {
        Options options;
        options.version = (bits & 0x01) != 0 ? VersionPolicy::v5 : VersionPolicy::v3_1_1;
        options.clean_start = (bits & 0x02) != 0;
        options.topic_alias_maximum = (bits & 0x04) != 0 ? 3 : 0;
        options.receive_maximum = (bits & 0x08) != 0 ? 2 : 100;
        options.packet_bytes_max = (bits & 0x10) != 0 ? 1'024 : 100'000;
        return options;
    }

    void drain() {
        while (const session::Event* event = session_.next_event()) {
            log_ += std::to_string(static_cast<int>(event->kind)) + ' ' + std::to_string(event->token) + ' ' +
                    std::to_string(static_cast<int>(event->reason)) + ' ' + event->filter + ' ' +
                    event->failure.message;
            if (event->kind == session::Event::Kind::message) {
                log_.append(" ")
                    .append(event->publish.topic)
                    .append("=")
                    .append(text_of(event->publish.payload));
                log_ += ' ' + std::to_string(event->delivery);
                session_.acknowledge(event->delivery);
            }
            log_ += '\n';
            session_.pop_event();
        }
        while (session_.take_output(chunk_, kNow)) {
            session_.output_written(chunk_.bytes().size(), kNow);
        }
        using Kind = session::TransportRequest::Kind;
        const Kind kind = session_.transport().kind;
        open_ = open_ && kind != Kind::close && kind != Kind::close_after_flush;
    }

    static constexpr session::TimePoint kNow = std::chrono::hours{1};

    Counting random_;
    session::Session session_;
    session::OutputChunk chunk_;
    session::Token last_token_ = 0;
    std::string log_;
    bool open_ = true;
};

/// The property of the target "stream": a byte of options, one that says how to cut, then a broker's bytes.
[[nodiscard]] inline std::string check_stream(Input input) {
    Instructions instructions{input};
    const unsigned bits = instructions.next();
    const std::size_t piece = 1 + instructions.below(17);
    const Input bytes = instructions.rest();

    Listening whole{bits};
    const std::size_t consumed = whole.receive(bytes);
    if (consumed > bytes.size()) {
        return "more was consumed than given";
    }

    Listening cut{bits};
    std::vector<std::byte> buffer;
    for (std::size_t at = 0; at < bytes.size() && cut.open(); at += piece) {
        const Input more = bytes.subspan(at, std::min(piece, bytes.size() - at));
        buffer.insert(buffer.end(), more.begin(), more.end());
        const std::vector<std::byte> given = buffer;
        buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(cut.receive(given)));
    }
    if (whole.open() != cut.open()) {
        return "the connection ends in one way of cutting, and not in the other";
    }
    return whole.log() == cut.log() ? ""
                                    : "other events when the bytes come in pieces of " +
                                          std::to_string(piece) + ":\n" + whole.log() + "---\n" + cut.log();
}

}  // namespace multimqtt::fuzz
