// A broker's bytes, once in one piece and once in many.
#include "fuzzer.hpp"
#include "length_mutator.hpp"
#include "stream_property.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_stream)

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t size_max,
                                               unsigned seed) {
    return multimqtt::fuzz::mutate_stream(data, size, size_max, 2, seed);
}
