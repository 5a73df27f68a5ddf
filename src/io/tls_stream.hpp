// TLS over another stream.
#pragma once

#include "io/lifetime.hpp"
#include "io/stream.hpp"
#include "io/tls_engine.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace multimqtt::io {

class TlsStream final : public Stream {
public:
    /// `name` is how failures call the broker; `below` carries the ciphertext.
    TlsStream(const boost::asio::any_io_executor& executor, std::string name,
              std::unique_ptr<TlsEngine> engine, std::unique_ptr<Stream> below);

    void open(OpenHandler handler) override;
    void read_some(std::span<std::byte> buffer, TransferHandler handler) override;
    void write_some(std::span<const std::byte> bytes, TransferHandler handler) override;
    [[nodiscard]] Result<std::size_t> try_write(std::span<const std::byte> bytes) override;
    void close() noexcept override;
    [[nodiscard]] int descriptor() const noexcept override { return below_->descriptor(); }

private:
    void shake_hands();
    void on_handshake_input(const Result<std::size_t>& count);
    void finish_open(const Result<void>& result);

    void fetch();
    void on_input(const Result<std::size_t>& count);
    void finish_read(Result<std::size_t> result);

    [[nodiscard]] Result<std::size_t> encrypt(std::span<const std::byte> bytes);
    void flush();
    void on_flushed(const Result<std::size_t>& count);
    void finish_write();
    [[nodiscard]] Failure closed_failure() const;

    boost::asio::any_io_executor executor_;
    const std::string name_;
    std::unique_ptr<TlsEngine> engine_;
    std::vector<std::byte> input_;  // Where ciphertext arrives.

    OpenHandler open_handler_;
    TransferHandler read_handler_;
    std::span<std::byte> read_buffer_;

    TransferHandler write_handler_;
    std::size_t written_ = 0;        // Plain bytes that the write under way will report.
    bool write_end_posted_ = false;  // Its ciphertext left at once; the handler is about to be called.
    std::vector<std::byte> output_;  // Ciphertext on its way,
    std::size_t output_sent_ = 0;    // and how much of it has left.
    bool flushing_ = false;
    std::optional<Failure> write_failure_;

    bool open_ = false;
    bool closed_ = false;
    std::unique_ptr<Stream> below_;
    Lifetime lifetime_;
};

}  // namespace multimqtt::io
