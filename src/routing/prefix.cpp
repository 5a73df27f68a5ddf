// What a prefix may be, and how it joins a pattern.
#include "routing/prefix.hpp"

#include "values/quoted.hpp"

namespace multimqtt::routing {

Result<Prefix> Prefix::parse(std::string_view text) {
    Prefix prefix;
    text.remove_suffix(text.ends_with('/') ? 1 : 0);
    if (text.empty()) {
        return prefix;
    }
    if (const Result<void> checked = check_topic(text); !checked) {
        return Failure{Error::bad_topic, "The prefix cannot be used: " + checked.error().message};
    }
    if (text.size() >= TopicPattern::kSizeBytesMax) {
        return Failure{Error::bad_topic,
                       "The prefix " + quoted(text) + " leaves no room for a topic; shorten it."};
    }
    if (text == "$share" || text.starts_with(grammar::kSharePrefix)) {
        return Failure{Error::bad_topic, "The prefix " + quoted(text) +
                                             " would make every route a shared subscription; write "
                                             "\"$share/{group}/\" in front of the patterns that are shared."};
    }
    prefix.text_.append(text).append("/");
    return prefix;
}

Result<std::string> Prefix::filter_of(const TopicPattern& pattern) const {
    const std::size_t inner_offset = pattern.filter().size() - pattern.inner_filter().size();
    std::string filter = pattern.filter();
    filter.insert(inner_offset, text_);
    if (filter.size() > TopicPattern::kSizeBytesMax) {
        return Failure{Error::bad_pattern, "The filter of the pattern " + quoted(pattern.text()) +
                                               " with the prefix " + quoted(text_) + " has " +
                                               std::to_string(filter.size()) +
                                               " bytes; MQTT allows at most 65535."};
    }
    return filter;
}

}  // namespace multimqtt::routing
