// Options with any values.
#include "fuzzer.hpp"
#include "options_property.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_options)
