// One client of the bench broker: its socket, its buffers and what its CONNECT and SUBSCRIBE said.
#include "connection.hpp"

#include <cerrno>
#include <cstring>

namespace bench {

namespace {

constexpr std::size_t kBufferBytes = 128 * 1024;

Connection::Progress after_error() noexcept {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Connection::Progress::all_for_now
                                                                     : Connection::Progress::closed;
}

}  // namespace

Connection::Connection(int descriptor, const TlsServer& tls)
    : socket_{descriptor, tls}, buffer_(kBufferBytes) {
}

Connection::Progress Connection::receive() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
    const std::size_t room = buffer_.size() - end_;
    const ssize_t received = socket_.receive(buffer_.data() + end_, room);
    if (received == 0) return Progress::closed;
    if (received < 0) return after_error();
    end_ += static_cast<std::size_t>(received);
    // Asking an empty socket again would be a system call for nothing.
    const bool emptied = socket_.reads_all() && static_cast<std::size_t>(received) < room;
    return emptied ? Progress::all_for_now : Progress::some;
}

Connection::Progress Connection::flush() {
    waits_for_room = false;
    Progress progress = Progress::some;
    if (flood && flood->mid_chunk()) progress = write_flood();
    if (progress == Progress::some) progress = write_output();
    if (progress == Progress::some && flood) progress = write_flood();
    if (progress == Progress::some && !socket_.flush()) progress = after_error();
    waits_for_room = progress == Progress::all_for_now;
    return progress;
}

Connection::Progress Connection::write_flood() {
    for (std::string_view bytes = flood->pending(); !bytes.empty(); bytes = flood->pending()) {
        const ssize_t sent = socket_.send(bytes.data(), bytes.size());
        if (sent < 0) return after_error();
        flood->written(static_cast<std::size_t>(sent));
        if (!flood->mid_chunk() && !output.empty()) return Progress::some;
    }
    return Progress::some;
}

Connection::Progress Connection::write_output() {
    while (output_offset_ < output.size()) {
        const ssize_t sent = socket_.send(output.data() + output_offset_, output.size() - output_offset_);
        if (sent < 0) return after_error();
        output_offset_ += static_cast<std::size_t>(sent);
    }
    output.clear();
    output_offset_ = 0;
    return Progress::some;
}

}  // namespace bench
