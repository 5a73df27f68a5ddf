// Routes and topics from strangers.
#include "fuzzer.hpp"
#include "pattern_property.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_pattern)
