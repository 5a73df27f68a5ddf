// Messages that own what they show.
#include "multimqtt/message.hpp"

#include <boost/json/parse.hpp>

#include <string>

namespace multimqtt {

struct Message::Owned {
    std::string topic;
    std::string payload;
    PublishProperties properties;
};

Message::Message(const Message& other)
    : parts_{other.parts_}, owned_{other.owned_}, acknowledger_{other.acknowledger_} {
    if (owned_ == nullptr) {
        own();
    }
}

Message& Message::operator=(const Message& other) {
    if (this != &other) {
        *this = Message{other};
    }
    return *this;
}

// A move keeps what the other has: a borrowed message stays borrowed, as long as its parts live.
Message::Message(Message&& other) noexcept = default;
Message& Message::operator=(Message&& other) noexcept = default;

void Message::own() {
    const auto copy = std::make_shared<Owned>();
    copy->topic = parts_.absolute_topic;
    copy->payload = text();
    parts_.absolute_topic = copy->topic;
    parts_.payload = std::as_bytes(std::span{copy->payload.data(), copy->payload.size()});
    if (parts_.properties != nullptr) {
        copy->properties = *parts_.properties;
        parts_.properties = &copy->properties;
    }
    owned_ = copy;
}

Result<boost::json::value> Message::json() const {
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 128;  // Bounds the stack against a hostile payload.
    boost::json::value value = boost::json::parse({text().data(), text().size()}, error, {}, options);
    if (error) {
        return Failure{Error::bad_payload,
                       "the payload on '" + std::string{topic()} + "' is not JSON: " + error.message()};
    }
    return value;
}

const PublishProperties& Message::properties() const noexcept {
    static const auto& none = *new PublishProperties;  // Leaked: handlers may run while the process exits.
    return parts_.properties != nullptr ? *parts_.properties : none;
}

}  // namespace multimqtt
