// Tells the copies of one message apart from new messages, on one connection.
#pragma once

#include "routing/keyed_hash.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt::routing {

/// Remembers the last message, when it may be followed by further copies of itself.
///
/// MQTT lets a broker send a message that matches several subscriptions once, with the identifiers of all of
/// them, or once per subscription, as Mosquitto does; the copies then follow each other. The same message
/// with identifiers that were not there before is a further copy. With an identifier that was there it has
/// been published twice.
///
/// Spec: v5 [MQTT-3.3.4-4], v5 [MQTT-3.3.4-5].
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
    /// `ours`: one of the identifiers is of a subscription of ours that matches. Two such copies tell how the
    /// broker delivers.
    [[nodiscard]] bool is_copy(std::string_view topic, std::string_view payload,
                               std::span<const std::uint32_t> identifiers, bool ours);

    /// Remembers a message.
    void remember(std::string_view topic, std::string_view payload,
                  std::span<const std::uint32_t> identifiers, bool ours);

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
    bool ours_ = false;
    std::string topic_;
    Digest payload_;  // Keyed and 128 bits long: payloads may be too large to keep.
    std::vector<std::uint32_t> identifiers_;
};

}  // namespace multimqtt::routing
