// Where the session gets random numbers from.
#pragma once

#include <cstdint>

namespace multimqtt::session {

/// The source of jitter and made-up client identifiers, injected so that a run can be repeated.
class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
};

}  // namespace multimqtt::session
