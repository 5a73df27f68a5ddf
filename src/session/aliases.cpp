// Topic aliases: who stands for which topic.
#include "session/aliases.hpp"

#include <utility>

namespace multimqtt::session {

void InboundAliases::reset(std::uint16_t maximum) {
    maximum_ = maximum;
    for (auto& topic : topics_) {
        if (topic) {
            replaced_.push_back(std::move(topic));
        }
    }
    topics_.clear();
}

void InboundAliases::define(std::uint16_t alias, std::string_view topic) {
    if (topics_.size() < alias) {
        topics_.resize(alias);
    }
    auto& place = topics_[alias - 1u];
    if (place && *place == topic) {
        return;
    }
    if (place) {
        replaced_.push_back(std::move(place));
    }
    place = std::make_unique<const std::string>(topic);
}

std::optional<std::string_view> InboundAliases::topic(std::uint16_t alias) const noexcept {
    if (alias == 0 || alias > topics_.size() || !topics_[alias - 1u]) {
        return std::nullopt;
    }
    return std::string_view{*topics_[alias - 1u]};
}

void OutboundAliases::reset(std::uint16_t maximum) {
    maximum_ = maximum;
    last_alias_ = 0;
    last_topic_.clear();
    aliases_.clear();
    seen_.fill(0);
}

OutboundAliases::Use OutboundAliases::use(std::string_view topic) {
    if (topic.size() < kTopicBytesMin) {
        return {};
    }
    if (last_alias_ != 0 && topic == last_topic_) {
        return {last_alias_, false};
    }
    if (const auto found = aliases_.find(topic); found != aliases_.end()) {
        last_alias_ = found->second;
        last_topic_ = topic;
        return {last_alias_, false};
    }
    if (aliases_.size() >= maximum_) {
        return {};
    }
    const std::size_t hash = Hash{}(topic) | 1;  // Never the 0 of an empty place.
    std::size_t& seen = seen_[hash / 2 % kSeenMax];
    if (seen != hash) {
        seen = hash;
        return {};
    }
    const auto alias = static_cast<std::uint16_t>(aliases_.size() + 1);
    aliases_.emplace(topic, alias);
    last_alias_ = alias;
    last_topic_ = topic;
    return {alias, true};
}

}  // namespace multimqtt::session
