// When a PUBLISH counts as a further copy.
#include "routing/copy_watch.hpp"

#include <algorithm>

namespace multimqtt::routing {

void CopyWatch::reset() {
    copies_per_subscription_ = false;
    watching_ = false;
}

bool CopyWatch::is_copy(std::string_view topic, std::string_view payload,
                        std::span<const std::uint32_t> identifiers, bool ours) {
    const auto is_known = [&](std::uint32_t identifier) {
        return std::ranges::find(identifiers_, identifier) != identifiers_.end();
    };
    watching_ = watching_ && topic == topic_ && std::ranges::none_of(identifiers, is_known) &&
                digest_of(payload) == payload_;
    if (watching_) {
        identifiers_.insert(identifiers_.end(), identifiers.begin(), identifiers.end());
        copies_per_subscription_ = copies_per_subscription_ || (ours && ours_);
        ours_ = ours_ || ours;
    }
    return watching_;
}

void CopyWatch::remember(std::string_view topic, std::string_view payload,
                         std::span<const std::uint32_t> identifiers, bool ours) {
    topic_.assign(topic);
    payload_ = digest_of(payload);
    identifiers_.assign(identifiers.begin(), identifiers.end());
    ours_ = ours;
    watching_ = true;
}

CopyWatch::Digest CopyWatch::digest_of(std::string_view payload) const noexcept {
    return {payload.size(), hash_(payload, 1), hash_(payload, 2)};
}

}  // namespace multimqtt::routing
