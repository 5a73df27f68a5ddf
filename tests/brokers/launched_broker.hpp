// What the brokers have in common that are started as a program: folder, ports, log, readiness, end.
#pragma once

#include "brokers/broker.hpp"
#include "brokers/program.hpp"

#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace multimqtt::brokers {

/// Where `./run test` puts the brokers: one folder each, named after its `BrokerKind::id`.
[[nodiscard]] std::filesystem::path installation_of(std::string_view id);

class LaunchedBroker : public Broker {
public:
    ~LaunchedBroker() override;

    void start() override;
    void stop() override;
    void kill() override;
    [[nodiscard]] std::uint16_t port() const override { return ports_.at(0); }
    [[nodiscard]] std::string version() const override;
    [[nodiscard]] std::string log() const override { return content_of(log_file()); }

protected:
    /// How one broker differs from another.
    struct Manner {
        std::size_t ports = 1;     ///< How many ports it needs; the first is the one for MQTT.
        std::string_view ready;    ///< A regular expression; its match in the log tells that it listens.
        std::string_view version;  ///< A regular expression whose first group is the version in the log.
    };

    explicit LaunchedBroker(const Manner& manner) : manner_{manner} {}

    /// Writes its configuration into `folder()`.
    virtual void configure() const = 0;
    /// The programs to run, the broker itself last.
    [[nodiscard]] virtual std::vector<Command> commands() const = 0;

    /// A folder that is kept from start to start.
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
    [[nodiscard]] std::uint16_t port(std::size_t index) const { return ports_.at(index); }
    void write(const std::string& file, std::string_view content) const;

private:
    enum class Start : std::uint8_t { listening, ended };

    [[nodiscard]] std::filesystem::path log_file() const { return folder() / "log"; }
    [[nodiscard]] Start launch();
    void end_with(int signal_number);

    Manner manner_;
    PrivateFolder folder_;
    std::vector<std::uint16_t> ports_;
    std::list<Program> programs_;
};

}  // namespace multimqtt::brokers
