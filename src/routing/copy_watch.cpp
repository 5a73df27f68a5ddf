// When a PUBLISH counts as a further copy.
#include "routing/copy_watch.hpp"

#include <algorithm>

namespace multimqtt::routing {

void CopyWatch::reset() {
    copies_per_subscription_ = false;
    watching_ = false;
    identifiers_.clear();
}

bool CopyWatch::is_copy(std::string_view topic, std::string_view payload,
                        std::span<const std::uint32_t> identifiers) {
    if (!watching_) {
        return false;
    }
    const auto is_known = [&](std::uint32_t identifier) {
        return std::ranges::find(identifiers_, identifier) != identifiers_.end();
    };
    if (topic != topic_ || std::ranges::any_of(identifiers, is_known) || digest_of(payload) != payload_) {
        watching_ = false;
        return false;
    }
    identifiers_.insert(identifiers_.end(), identifiers.begin(), identifiers.end());
    copies_per_subscription_ = true;
    return true;
}

void CopyWatch::remember(std::string_view topic, std::string_view payload,
                         std::span<const std::uint32_t> identifiers) {
    topic_.assign(topic);
    payload_ = digest_of(payload);
    identifiers_.assign(identifiers.begin(), identifiers.end());
    watching_ = true;
}

CopyWatch::Digest CopyWatch::digest_of(std::string_view payload) const noexcept {
    return {payload.size(), hash_(payload, 1), hash_(payload, 2)};
}

}  // namespace multimqtt::routing
