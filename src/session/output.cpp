// Chunks of output and their positions.
#include "session/output.hpp"

#include <utility>

namespace multimqtt::session {

void Output::append_reference(std::span<const std::byte> payload, std::shared_ptr<const void> owner) {
    queued_bytes_ += tail_.size() + payload.size();
    queued_.emplace_back();
    queued_.back().buffer = std::exchange(tail_, wire::ByteBuffer{});
    queued_.emplace_back();
    queued_.back().referenced = payload;
    queued_.back().owner = std::move(owner);
}

bool Output::take(OutputChunk& chunk) {
    if (written_ != taken_ || position() == taken_) {
        return false;
    }
    chunk.buffer.clear();
    chunk.owner.reset();
    chunk.referenced = {};
    if (queued_.empty()) {
        std::swap(chunk.buffer, tail_);
        ends_with_packet_ = true;
    } else {
        OutputChunk& first = queued_.front();
        // A chunk before a referenced payload holds the header of that packet at its end.
        ends_with_packet_ = !first.referenced.empty();
        if (tail_.capacity() == 0) {
            tail_ = std::move(chunk.buffer);
        }
        chunk = std::move(first);
        queued_.pop_front();
        queued_bytes_ -= chunk.bytes().size();
    }
    taken_ += chunk.bytes().size();
    return true;
}

bool Output::written(std::size_t bytes) noexcept {
    written_ += bytes;
    return written_ == taken_ && ends_with_packet_;
}

Token Output::next_left() noexcept {
    if (watched_.empty() || watched_.front().position > written_) {
        return 0;
    }
    return next_watched();
}

Token Output::next_watched() noexcept {
    if (watched_.empty()) {
        return 0;
    }
    const Token token = watched_.front().token;
    watched_.pop_front();
    return token;
}

void Output::reset() noexcept {
    tail_.clear();
    queued_.clear();
    queued_bytes_ = 0;
    taken_ = 0;
    written_ = 0;
}

}  // namespace multimqtt::session
