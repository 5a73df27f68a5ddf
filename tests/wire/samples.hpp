// One valid packet after the other, with names: each type, each version, each property.
#pragma once

#include "wire/decode.hpp"
#include "wire/packets.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace multimqtt::wire {

struct Sample {
    std::string name;
    ProtocolVersion version;
    Sender sender;  ///< A side that may send the packet.
    Packet packet;
};

inline std::ostream& operator<<(std::ostream& stream, const Sample& sample) {
    return stream << sample.name;
}

/// All samples. The packets refer to memory that lives as long as the program.
[[nodiscard]] const std::vector<Sample>& samples();

}  // namespace multimqtt::wire
