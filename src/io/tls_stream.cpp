// Moves ciphertext between the TLS engine and the stream below.

#include "io/tls_stream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace multimqtt::io {

namespace {

// As much as the driver reads and writes at once, so that one system call serves four TLS records.
constexpr std::size_t kTransferBytesMax = 65'536;

}  // namespace

TlsStream::TlsStream(const boost::asio::any_io_executor& executor, std::string name,
                     std::unique_ptr<TlsEngine> engine, std::unique_ptr<Stream> below)
    : executor_{executor}, name_{std::move(name)}, engine_{std::move(engine)}, below_{std::move(below)} {
}

void TlsStream::open(OpenHandler handler) {
    open_handler_ = std::move(handler);
    below_->open([this](const Result<void>& opened) {
        if (!opened) {
            finish_open(opened);
            return;
        }
        input_.resize(kTransferBytesMax);
        shake_hands();
    });
}

void TlsStream::shake_hands() {
    const auto progress = engine_->advance_handshake();
    flush();  // Also the alert that tells the broker why we leave.
    if (!progress) {
        finish_open(progress.error());
        return;
    }
    if (*progress == TlsEngine::Handshake::finished) {
        open_ = true;
        finish_open({});
        return;
    }
    below_->read_some(input_, [this](const Result<std::size_t>& count) { on_handshake_input(count); });
}

void TlsStream::on_handshake_input(const Result<std::size_t>& count) {
    if (count) {
        engine_->feed(std::span{input_}.first(*count));
        shake_hands();
        return;
    }
    const Failure& lost = count.error();
    finish_open(lost.is(Error::closed)
                    ? lost
                    : Failure{lost.code, "TLS with " + name_ + " failed: the connection ended during the " +
                                             "handshake; does the broker speak TLS on this port?"});
}

void TlsStream::finish_open(const Result<void>& result) {
    const OpenHandler handler = std::exchange(open_handler_, nullptr);
    handler(closed_ && result ? Result<void>{closed_failure()} : result);
}

void TlsStream::read_some(std::span<std::byte> buffer, TransferHandler handler) {
    read_buffer_ = buffer;
    read_handler_ = std::move(handler);
    auto count = closed_ ? Result<std::size_t>{closed_failure()} : engine_->read(buffer);
    flush();
    if (count && *count == 0) {
        fetch();
        return;
    }
    boost::asio::post(executor_, lifetime_.guard([this, count = std::move(count)] { finish_read(count); }));
}

void TlsStream::fetch() {
    below_->read_some(input_, [this](const Result<std::size_t>& count) { on_input(count); });
}

void TlsStream::on_input(const Result<std::size_t>& count) {
    if (!count) {
        finish_read(count);
        return;
    }
    engine_->feed(std::span{input_}.first(*count));
    auto plain = engine_->read(read_buffer_);
    flush();
    if (plain && *plain == 0) {
        fetch();
        return;
    }
    finish_read(std::move(plain));
}

void TlsStream::finish_read(Result<std::size_t> result) {
    const TransferHandler handler = std::exchange(read_handler_, nullptr);
    handler(closed_ ? Result<std::size_t>{closed_failure()} : std::move(result));
}

Result<std::size_t> TlsStream::encrypt(std::span<const std::byte> bytes) {
    if (closed_) {
        return closed_failure();
    }
    if (write_failure_) {
        return *write_failure_;
    }
    const auto now = bytes.first(std::min(bytes.size(), kTransferBytesMax));
    if (auto done = engine_->write(now); !done) {
        return done.error();
    }
    return now.size();
}

void TlsStream::write_some(std::span<const std::byte> bytes, TransferHandler handler) {
    write_handler_ = std::move(handler);
    const auto count = encrypt(bytes);
    if (count) {
        written_ = *count;
        flush();
    } else {
        write_failure_ = count.error();
    }
    if (!flushing_ || write_failure_) {
        write_end_posted_ = true;
        boost::asio::post(executor_, lifetime_.guard([this] {
            write_end_posted_ = false;
            finish_write();
        }));
    }
}

Result<std::size_t> TlsStream::try_write(std::span<const std::byte> bytes) {
    if (!open_ || flushing_ || bytes.empty()) {
        return std::size_t{0};
    }
    auto count = encrypt(bytes);
    flush();
    if (write_failure_) {
        return *write_failure_;
    }
    return count;
}

/// Sends the engine's output, at once as far as the stream below takes it, the rest in the background.
void TlsStream::flush() {
    while (!flushing_ && !closed_ && !write_failure_) {
        if (output_sent_ == output_.size()) {
            output_.clear();
            output_sent_ = 0;
            engine_->append_output(output_);
            if (output_.empty()) {
                return;
            }
        }
        const auto rest = std::span<const std::byte>{output_}.subspan(output_sent_);
        const auto count = below_->try_write(rest);
        if (!count) {
            write_failure_ = count.error();
        } else if (*count > 0) {
            output_sent_ += *count;
        } else {
            flushing_ = true;
            below_->write_some(rest, [this](const Result<std::size_t>& sent) { on_flushed(sent); });
        }
    }
}

void TlsStream::on_flushed(const Result<std::size_t>& count) {
    flushing_ = false;
    if (count) {
        output_sent_ += *count;
        flush();
    } else {
        write_failure_ = count.error();
    }
    if (!flushing_ && write_handler_ && !write_end_posted_) {
        finish_write();
    }
}

void TlsStream::finish_write() {
    const TransferHandler handler = std::exchange(write_handler_, nullptr);
    if (closed_) {
        handler(closed_failure());
    } else if (write_failure_) {
        handler(*write_failure_);
    } else {
        handler(written_);
    }
}

void TlsStream::close() noexcept {
    if (closed_) {
        return;
    }
    if (open_ && !flushing_ && !write_failure_) {
        engine_->farewell();
        flush();
    }
    closed_ = true;
    below_->close();
}

Failure TlsStream::closed_failure() const {
    return {Error::closed, "the connection to " + name_ + " was closed on this side"};
}

}  // namespace multimqtt::io
