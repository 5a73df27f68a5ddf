// Where lines go when nobody asked for them.
#include "client/log.hpp"

#include <cstdio>

namespace multimqtt::client {

void Log::write(LogLevel level, std::string_view text) const {
    Handler handler;
    {
        const std::lock_guard lock{mutex_};
        handler = handler_;
    }
    if (handler) {
        try {
            handler(level, text);
            return;
        } catch (...) {  // What it could not take goes where lines go without it.
        }
    }
    if (level != LogLevel::info) {
        const std::string line = std::string{"multimqtt: "}.append(text).append("\n");
        (void)std::fwrite(line.data(), 1, line.size(), stderr);
    }
}

}  // namespace multimqtt::client
