"""Simulated sensors and pumps of a few beds: what real devices would send, from a process of its own."""

from __future__ import annotations

import argparse
import random
import threading
import typing as t

from flask import Flask

from flask_multimqtt import MultiMQTT

BEDS = 3

app = Flask(__name__)
mqtt = MultiMQTT()


class Bed:
    """Warms up and dries out; its pump brings the water back."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.temperature = 21.0 + number
        self.humidity = 60.0
        self.pump = False

    def step(self, chance: random.Random) -> dict[str, float]:
        self.temperature += chance.uniform(-0.2, 0.2)
        self.humidity += 1.5 if self.pump else -0.3
        self.humidity = min(max(self.humidity + chance.uniform(-0.1, 0.1), 5.0), 95.0)
        light = 12_000 + chance.uniform(-500, 500)
        return {
            "temperature": round(self.temperature, 1),
            "humidity": round(self.humidity, 1),
            "light": round(light),
        }


beds = {number: Bed(number) for number in range(1, BEDS + 1)}


@mqtt.topic("greenhouse/<int:bed>/pump/set", qos=1)
def pump_set(client: MultiMQTT, message: t.Any, bed: int) -> None:
    if bed in beds:
        beds[bed].pump = message.json["on"]
        announce_pump(client, beds[bed])


def announce_pump(client: MultiMQTT, bed: Bed) -> None:
    client.publish(f"greenhouse/{bed.number}/pump", '"on"' if bed.pump else '"off"', qos=1, retain=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri", help="address of the broker")
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between readings")
    arguments = parser.parse_args()

    app.config["MQTT_URI"] = arguments.uri
    mqtt.init_app(app)
    chance = random.Random()
    ended = threading.Event()

    def measure() -> None:
        for bed in beds.values():
            announce_pump(mqtt, bed)
        while not ended.wait(arguments.interval):
            for bed in beds.values():
                for quantity, value in bed.step(chance).items():
                    mqtt.publish(f"greenhouse/{bed.number}/{quantity}", value, qos=1)

    measuring = threading.Thread(target=measure)
    measuring.start()
    try:
        mqtt.run_forever()
    finally:
        ended.set()
        measuring.join()


if __name__ == "__main__":
    main()
