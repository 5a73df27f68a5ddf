// Tells the copies of one message apart from new messages, on one connection.
#pragma once

#include "routing/keyed_hash.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing {

/// Remembers the last message whose subscription identifiers named only some of the subscriptions it matches.
///
/// A broker may send such a message once (Mosquitto with `allow_duplicate_messages false`), or once per
/// subscription, one copy behind the other. The first case needs all routes to run at the first copy; so they
/// do, and when the same message comes next with other identifiers, it was the second case.
class CopyWatch {
public:
    explicit CopyWatch(KeyedHash hash) : hash_{hash} {}

    /// Forgets what was learned, because the connection ended.
    void reset();

    /// True when the broker is known to send one copy per subscription.
    [[nodiscard]] bool copies_per_subscription() const noexcept { return copies_per_subscription_; }

    /// True while `is_copy` can be true, so that most messages need no comparison.
    [[nodiscard]] bool watching() const noexcept { return watching_; }

    /// True when the message is a further copy of the remembered one; otherwise that one is forgotten.
    [[nodiscard]] bool is_copy(std::string_view topic, std::string_view payload,
                               std::span<const std::uint32_t> identifiers);

    /// Remembers a message that all its routes are about to handle.
    void remember(std::string_view topic, std::string_view payload,
                  std::span<const std::uint32_t> identifiers);

    /// Another message came.
    void forget() noexcept { watching_ = false; }

private:
    struct Digest {
        std::size_t size = 0;
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        friend bool operator==(const Digest&, const Digest&) = default;
    };

    [[nodiscard]] Digest digest_of(std::string_view payload) const noexcept;

    KeyedHash hash_;
    bool copies_per_subscription_ = false;
    bool watching_ = false;
    std::string topic_;
    Digest payload_;  // Keyed and 128 bits long: payloads may be too large to keep.
    std::vector<std::uint32_t> identifiers_;
};

}  // namespace multimqtt::routing
