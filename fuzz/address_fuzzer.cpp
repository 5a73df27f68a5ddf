// Broker addresses.
#include "address_property.hpp"
#include "fuzzer.hpp"

MULTIMQTT_FUZZ(multimqtt::fuzz::check_address)
