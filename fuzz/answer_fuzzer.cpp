// Answers of the dynamic-security plugin.
#include "answer_property.hpp"
#include "fuzzer.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_answer)
