// How values take the places of placeholders.
#pragma once

#include "multimqtt/topic_pattern.hpp"

namespace multimqtt::routing {

/// `TopicPattern::topic_for` for a pattern without raw wildcards.
[[nodiscard]] Result<std::string> build_topic(const TopicPattern& pattern,
                                              std::span<const TopicArgument> values);

}  // namespace multimqtt::routing
