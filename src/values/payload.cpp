// Payloads made of numbers and JSON values own their text.
#include "multimqtt/payload.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <charconv>

namespace multimqtt {
namespace {

template <class Number>
std::shared_ptr<const std::string> shortest_text(Number value) {
    // 64 bytes hold the longest double in its shortest form (24) and any 64-bit integer (20).
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return std::make_shared<const std::string>(buffer.data(), end);
}

}  // namespace

Payload::Payload(const boost::json::value& value)
    : Payload(Owned{std::make_shared<const std::string>(boost::json::serialize(value))}) {
}

Payload::Payload(const boost::json::object& value)
    : Payload(Owned{std::make_shared<const std::string>(boost::json::serialize(value))}) {
}

Payload::Payload(const boost::json::array& value)
    : Payload(Owned{std::make_shared<const std::string>(boost::json::serialize(value))}) {
}

Payload::Payload(std::initializer_list<boost::json::value_ref> list) {
    if (list.size() != 0) {
        *this = Payload(boost::json::value(list));
    }
}

Payload::Payload(Owned owned) noexcept
    : owner_{owned.text}, bytes_{std::as_bytes(std::span{owned.text->data(), owned.text->size()})} {
}

Payload::Owned Payload::text_of(bool value) {
    return {std::make_shared<const std::string>(value ? "true" : "false")};
}

Payload::Owned Payload::text_of(double value) {
    return {shortest_text(value)};
}

Payload::Owned Payload::text_of(float value) {
    return {shortest_text(value)};
}

Payload::Owned Payload::text_of(long long value) {
    return {shortest_text(value)};
}

Payload::Owned Payload::text_of(unsigned long long value) {
    return {shortest_text(value)};
}

}  // namespace multimqtt
