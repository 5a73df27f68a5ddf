// Feeds the decoder with what libFuzzer thinks of: one byte of options, then a stream of packets.
#include "decode_property.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto bytes = std::as_bytes(std::span{data, size});
    const auto outcome =
        multimqtt::fuzz::decode_all(bytes.subspan(1), multimqtt::fuzz::options_of(bytes.front()));
    if (!outcome.broken.empty()) {
        std::fprintf(stderr, "%s\n", outcome.broken.c_str());
        std::abort();
    }
    return 0;
}
