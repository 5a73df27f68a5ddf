// Keeps late completions away from an object that is gone.
#pragma once

#include <memory>
#include <utility>

namespace multimqtt::io {

/// A member of an object that starts asynchronous work. What `guard` wrapped does nothing once the member,
/// and so the object, has been destroyed.
///
/// Threads: the object and its completions share one thread.
class Lifetime {
public:
    Lifetime() = default;
    Lifetime(const Lifetime&) = delete;
    Lifetime& operator=(const Lifetime&) = delete;

    template <class Function>
    [[nodiscard]] auto guard(Function function) const {
        return [token = std::weak_ptr<const char>{token_},
                function = std::move(function)](auto&&... arguments) mutable {
            if (!token.expired()) {
                function(std::forward<decltype(arguments)>(arguments)...);
            }
        };
    }

private:
    std::shared_ptr<const char> token_ = std::make_shared<const char>('\0');
};

}  // namespace multimqtt::io
