// Topic aliases of one connection, in both directions. Both maps die with the connection, v5 [MQTT-3.3.2-7].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace multimqtt::session {

/// The aliases that the broker has defined.
class InboundAliases {
public:
    /// Forgets all aliases; from now on 1 to `maximum` are allowed.
    void reset(std::uint16_t maximum);

    [[nodiscard]] bool allows(std::uint16_t alias) const noexcept { return alias >= 1 && alias <= maximum_; }

    void define(std::uint16_t alias, std::string_view topic);

    /// The topic, or nothing when the alias was not defined on this connection. The view stays valid
    /// until `forget_replaced`, even when the alias gets another topic.
    [[nodiscard]] std::optional<std::string_view> topic(std::uint16_t alias) const noexcept;

    void forget_replaced() noexcept { replaced_.clear(); }

private:
    std::uint16_t maximum_ = 0;
    std::vector<std::unique_ptr<const std::string>> topics_;
    std::vector<std::unique_ptr<const std::string>> replaced_;  // Events may still hold views of them.
};

/// The aliases that we define: topics that are seen a second time get one, until all are given away.
class OutboundAliases {
public:
    struct Use {
        std::uint16_t alias = 0;  ///< 0: send the topic without an alias.
        bool with_topic = true;   ///< The alias is new to the broker, or there is none.
    };

    /// Forgets all aliases; from now on 1 to `maximum` may be used.
    void reset(std::uint16_t maximum);

    /// How to send `topic` in the next PUBLISH. The caller must then send that PUBLISH.
    [[nodiscard]] Use use(std::string_view topic);

    [[nodiscard]] bool enabled() const noexcept { return maximum_ > 0; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view topic) const noexcept {
            return std::hash<std::string_view>{}(topic);
        }
    };

    /// An alias costs three bytes, so a topic has to be longer than that to gain from one.
    static constexpr std::size_t kTopicBytesMin = 4;
    /// Chosen as some times the default number of aliases; a collision only delays an alias.
    static constexpr std::size_t kSeenMax = 256;

    std::uint16_t maximum_ = 0;
    std::uint16_t last_alias_ = 0;  // Of the last topic, which is often also the next one.
    std::string last_topic_;
    std::unordered_map<std::string, std::uint16_t, Hash, std::equal_to<>> aliases_;
    std::array<std::size_t, kSeenMax> seen_{};  // Hashes of topics that were sent without an alias.
};

}  // namespace multimqtt::session
