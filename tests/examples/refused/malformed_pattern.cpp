// multimqtt: a '<' of the pattern has no '>' in its level
#include <multimqtt/multimqtt.hpp>

void refuse(multimqtt::Client& mqtt) {
    mqtt.topic<"plant/<int:line">([](const multimqtt::Message&, std::int64_t) {});
}
