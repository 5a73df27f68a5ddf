// Drives a whole session with what libFuzzer thinks of: bytes, commands, the transport and time.
#include "session_property.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const multimqtt::fuzz::SessionRun run{std::as_bytes(std::span{data, size})};
    if (!run.broken().empty()) {
        std::fprintf(stderr, "%s\n", run.broken().c_str());
        std::abort();
    }
    return 0;
}
