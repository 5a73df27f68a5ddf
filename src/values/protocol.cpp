// The names of the words in protocol.hpp.
#include "multimqtt/protocol.hpp"

namespace multimqtt {

std::string_view to_string(ProtocolVersion version) noexcept {
    switch (version) {
        case ProtocolVersion::v3_1:
            return "MQTT 3.1";
        case ProtocolVersion::v3_1_1:
            return "MQTT 3.1.1";
        case ProtocolVersion::v5:
            return "MQTT 5.0";
    }
    return "unknown";
}

std::string_view to_string(Qos qos) noexcept {
    switch (qos) {
        case Qos::at_most_once:
            return "at_most_once";
        case Qos::at_least_once:
            return "at_least_once";
        case Qos::exactly_once:
            return "exactly_once";
    }
    return "unknown";
}

}  // namespace multimqtt
