// The switch of the mutated engine: which of its bugs is on.
#pragma once

namespace multimqtt::mutation {

/// The number of the mutation that is on, 0 when none is.
extern int chosen;

[[nodiscard]] inline bool active(int number) noexcept {
    return chosen == number;
}

}  // namespace multimqtt::mutation
