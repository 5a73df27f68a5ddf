// What libFuzzer calls: a property as a function that says what does not hold.
#pragma once

#include "instructions.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

/// Makes the program that holds `property`, a function from an input to what does not hold (empty when all
/// does), against all that libFuzzer thinks of.
#define MULTIMQTT_FUZZ(property)                                                        \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        const std::string broken = property(std::as_bytes(std::span{data, size}));      \
        if (!broken.empty()) {                                                          \
            std::fprintf(stderr, "%s\n", broken.c_str());                               \
            std::abort();                                                               \
        }                                                                               \
        return 0;                                                                       \
    }
