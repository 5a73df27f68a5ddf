// Placeholder = .*"sensor".*Position = 3;.*Parameter = int
#include <multimqtt/multimqtt.hpp>

void refuse(multimqtt::Client& mqtt) {
    mqtt.topic<"plant/<int:line>/<str:sensor>">([](const multimqtt::Message&, std::int64_t, int) {});
}
