// The routes that a topic leads to, with the places of their captures in it.
#pragma once

#include "multimqtt/topic_value.hpp"
#include "routing/route_id.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace multimqtt::routing {

/// Where a capture stands in the topic, prefix included.
struct CaptureSpan {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    PlaceholderKind kind = PlaceholderKind::text;

    [[nodiscard]] TopicCapture in(std::string_view topic) const noexcept {
        return {kind, topic.substr(offset, size)};
    }
    friend bool operator==(const CaptureSpan&, const CaptureSpan&) = default;
};

/// One route that matched.
struct Match {
    RouteId route{};
    std::uint32_t prefix_size = 0;  ///< The topic as the route's handlers see it begins here.
    std::uint32_t first_capture = 0;
    std::uint32_t capture_count = 0;
};

/// The result of `Router::match`, in the order of the route ids; reuse it, so that matching does not
/// allocate.
///
/// Offsets count from the start of the absolute topic, so that they hold for every copy of it.
class Matches {
public:
    [[nodiscard]] bool empty() const noexcept { return matches_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return matches_.size(); }
    [[nodiscard]] const Match& operator[](std::size_t index) const noexcept { return matches_[index]; }
    [[nodiscard]] auto begin() const noexcept { return matches_.begin(); }
    [[nodiscard]] auto end() const noexcept { return matches_.end(); }

    /// The captures of one of the matches, in the order of its placeholders.
    [[nodiscard]] std::span<const CaptureSpan> captures(const Match& match) const noexcept {
        return std::span{captures_}.subspan(match.first_capture, match.capture_count);
    }

    /// Routes whose filter matches but whose placeholders do not, or whose prefix is the whole topic: their
    /// subscriptions bring the message, and nobody handles it.
    [[nodiscard]] std::span<const RouteId> rejected() const noexcept { return rejected_; }

private:
    friend class Router;
    friend class TopicCache;

    void clear() noexcept {
        matches_.clear();
        captures_.clear();
        rejected_.clear();
    }

    std::vector<Match> matches_;
    std::vector<CaptureSpan> captures_;
    std::vector<RouteId> rejected_;
};

}  // namespace multimqtt::routing
