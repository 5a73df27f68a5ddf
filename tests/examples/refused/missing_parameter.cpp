// Placeholders = 2;.*Parameters = 2
#include <multimqtt/multimqtt.hpp>

void refuse(multimqtt::Client& mqtt) {
    mqtt.topic<"plant/<int:line>/<sensor>">([](const multimqtt::Message&, std::int64_t) {});
}
