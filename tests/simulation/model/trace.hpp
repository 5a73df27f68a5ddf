// What happens in a run, line by line, for whoever replays it.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace multimqtt::simulation {

/// Virtual time, counted from the beginning of the run.
using Time = std::chrono::nanoseconds;

/// Prints nothing unless it is switched on; the text is then made only when it is needed.
class Trace {
public:
    explicit Trace(bool on) noexcept : on_{on} {}

    void at(Time now) noexcept { now_ = now; }
    template <class MakeText>
    void operator()(std::string_view who, const MakeText& make_text) const {
        if (on_) {
            const std::string text = make_text();
            std::printf("%10.3f s  %-9.*s %s\n", std::chrono::duration<double>{now_}.count(),
                        static_cast<int>(who.size()), who.data(), text.c_str());
        }
    }

private:
    bool on_;
    Time now_{0};
};

}  // namespace multimqtt::simulation
