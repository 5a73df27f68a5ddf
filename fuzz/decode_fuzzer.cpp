// Feeds the decoder with what libFuzzer thinks of: one byte of options, then a stream of packets.
#include "decode_property.hpp"
#include "fuzzer.hpp"
#include "length_mutator.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_decode)

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t size_max,
                                               unsigned seed) {
    return multimqtt::fuzz::mutate_stream(data, size, size_max, 1, seed);
}
