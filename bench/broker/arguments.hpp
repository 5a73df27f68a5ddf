// The command line that the bench broker and every driver share, and the line of JSON they answer with.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

namespace bench {

/// `--name value` pairs; a name that nobody asks for is not an error, so that one command line fits all
/// programs.
class Arguments {
public:
    Arguments(int argument_count, char** arguments) {
        for (int i = 1; i < argument_count; ++i) {
            const std::string name = arguments[i];
            if (name.rfind("--", 0) != 0)
                throw std::invalid_argument("expected --name value, found: " + name);
            const bool has_value =
                i + 1 < argument_count && std::string(arguments[i + 1]).rfind("--", 0) != 0;
            values_[name.substr(2)] = has_value ? arguments[++i] : "1";
        }
    }

    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
        const auto found = values_.find(name);
        return found == values_.end() ? otherwise : found->second;
    }

    [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
        const auto found = values_.find(name);
        return found == values_.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
    }

private:
    std::map<std::string, std::string> values_;
};

/// What one run is about.
struct Run {
    explicit Run(const Arguments& arguments)
        : mode{arguments.text("mode", "publish0")},
          topic{arguments.text("topic", "bench/sensor-0000042")},
          filter{arguments.text("filter", "bench/+")},
          port{static_cast<std::uint16_t>(arguments.number("port", 1883))},
          count{arguments.number("count", 100'000)},
          warmup{arguments.number("warmup", count / 20)},
          window{static_cast<std::uint16_t>(arguments.number("window", 100))},
          payload_bytes{arguments.number("payload", 64)},
          patience_s{static_cast<int>(arguments.number("patience", 20))},
          threads{arguments.number("threads", 1)},
          ca_file{arguments.text("ca", "")} {
        if (count < 2 || warmup + 1 >= count)
            throw std::invalid_argument("--count must be above --warmup + 1");
        if (payload_bytes < 8)
            throw std::invalid_argument("--payload must be at least 8, the size of the message number");
        if (window == 0) throw std::invalid_argument("--window must be at least 1");
    }

    [[nodiscard]] bool receives() const { return mode == "receive0" || mode == "receive1"; }
    [[nodiscard]] int qos() const {
        return mode == "publish1" || mode == "receive1" || mode == "memory" ? 1 : 0;
    }

    std::string mode;
    std::string topic;
    std::string filter;
    std::uint16_t port;
    std::uint64_t count;
    std::uint64_t warmup;
    std::uint16_t window;
    std::uint64_t payload_bytes;
    /// How long the whole of a receiving run may take.
    int patience_s;
    /// How many threads publish.
    std::uint64_t threads;
    /// PEM file with the certificate of a broker that speaks TLS; empty: none.
    std::string ca_file;
};

/// Prints the answer of a driver: `messages` is how many the clock covers, `lost` how many never arrived.
inline void print_report(const Run& run, std::uint64_t messages, double seconds, std::uint64_t lost,
                         std::uint64_t duplicates = 0) {
    std::printf(
        "{\"mode\": \"%s\", \"messages\": %llu, \"seconds\": %.9f, \"lost\": %llu, \"duplicates\": %llu}\n",
        run.mode.c_str(), static_cast<unsigned long long>(messages), seconds,
        static_cast<unsigned long long>(lost), static_cast<unsigned long long>(duplicates));
    std::fflush(stdout);
}

}  // namespace bench
