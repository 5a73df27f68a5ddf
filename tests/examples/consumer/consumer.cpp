// Needs no broker: it shows that the installed headers and library belong together.
#include <iostream>
#include <multimqtt/dynsec.hpp>
#include <multimqtt/multimqtt.hpp>

int main() {
    multimqtt::Client mqtt{"mqtt://127.0.0.1/myprefix"};
    mqtt.topic<"number/<int:number>">([](const multimqtt::Message&, std::int64_t) {},
                                      {.name = "number_topic"});
    multimqtt::Dynsec dynsec{mqtt};
    std::cout << mqtt.topic_for("number_topic", {{"number", 42}}, multimqtt::Absolute::yes) << '\n';
}
