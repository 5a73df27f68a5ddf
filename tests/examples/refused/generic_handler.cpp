// the handler cannot be called with .const multimqtt::Message&, then the value of each placeholder
#include <multimqtt/multimqtt.hpp>

void refuse(multimqtt::Client& mqtt) {
    mqtt.topic<"plant/<int:line>">([](const auto&, const char*) {});
}
