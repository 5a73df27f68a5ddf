// Drives a whole session with what libFuzzer thinks of: a broker, an application, a transport and time.
#include "fuzzer.hpp"
#include "session_property.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_session)
