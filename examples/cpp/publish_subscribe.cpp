// Publishes a few numbers and receives them again.
//
//     publish_subscribe mqtt://127.0.0.1/myprefix
#include <chrono>
#include <iostream>
#include <latch>
#include <multimqtt/multimqtt.hpp>

int main(int argc, char** argv) {
    using namespace std::chrono_literals;
    constexpr int kNumbers = 3;

    multimqtt::Client mqtt{argc > 1 ? argv[1] : "mqtt://127.0.0.1/myprefix"};

    std::latch all_received{kNumbers};
    mqtt.topic<"number/<int:number>">(
        [&](const multimqtt::Message& message, std::int64_t number) {
            std::cout << message.topic() << ": " << number << ", payload " << message.text() << '\n';
            all_received.count_down();
        },
        {.qos = multimqtt::Qos::at_least_once, .name = "number_topic"});

    mqtt.connect();
    if (const auto connected = mqtt.wait_connected(5s); !connected) {
        std::cerr << connected.error() << '\n';
        return 1;
    }
    mqtt.wait_subscribed(5s).value();

    for (int number = 1; number <= kNumbers; ++number) {
        const std::string topic = mqtt.topic_for("number_topic", {{"number", number}}).value();
        mqtt.publish(topic, {{"square", number * number}}, {.qos = multimqtt::Qos::at_least_once})
            .wait()
            .value();
    }
    all_received.wait();
}
