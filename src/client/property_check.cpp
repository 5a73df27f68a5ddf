// The ranges of the properties of a PUBLISH.
#include "client/property_check.hpp"

#include "wire/validate.hpp"

#include <limits>
#include <string>

namespace multimqtt::client {
namespace {

constexpr std::size_t kStringBytesMax = 65'535;

Result<void> check_text(const char* property, const std::string& text) {
    if (text.size() > kStringBytesMax) {
        return Failure{Error::bad_value, std::string{property}.append(" has ") + std::to_string(text.size()) +
                                             " bytes; MQTT allows 65535"};
    }
    if (auto valid = wire::validate_utf8(text); !valid) {
        return Failure{Error::bad_value, std::string{property}.append(": ").append(valid.error().message)};
    }
    return {};
}

}  // namespace

Result<void> check_properties(const PublishProperties& properties) {
    if (properties.expiry && (properties.expiry->count() < 1 ||
                              properties.expiry->count() > std::numeric_limits<std::uint32_t>::max())) {
        return Failure{Error::bad_value, "the message expiry is " +
                                             std::to_string(properties.expiry->count()) +
                                             " s; allowed: 1 to 4294967295 s"};
    }
    if (properties.correlation_data.size() > kStringBytesMax) {
        return Failure{Error::bad_value, "the correlation data has " +
                                             std::to_string(properties.correlation_data.size()) +
                                             " bytes; MQTT allows 65535"};
    }
    if (!properties.response_topic.empty()) {
        if (auto valid = wire::validate_topic_name(properties.response_topic); !valid) {
            return Failure{Error::bad_topic, "the response topic: " + valid.error().message};
        }
    }
    if (auto valid = check_text("the content type", properties.content_type); !valid) {
        return valid;
    }
    for (const auto& [name, value] : properties.user_properties) {
        if (auto valid = check_text("the name of a user property", name); !valid) {
            return valid;
        }
        if (auto valid = check_text("the value of a user property", value); !valid) {
            return valid;
        }
    }
    return {};
}

}  // namespace multimqtt::client
