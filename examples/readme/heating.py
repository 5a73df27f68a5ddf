import logging

from flask import Flask, jsonify

from flask_multimqtt import MultiMQTT, PublishError, TimedOut

log = logging.getLogger(__name__)
mqtt = MultiMQTT()
temperatures = {}


@mqtt.topic("room/<room>/temperature", qos=1, ordered_by="room")
def temperature(client, message, room):
    temperatures[room] = float(message.text)
    if temperatures[room] < 18:
        client.publish(f"room/{room}/heating", {"on": True}, qos=1)


@mqtt.topic("alarm/<path:place>", qos=1, ack="manual")
def alarm(client, message, place):
    log.warning("Alarm at %s: %s", place, message.json)
    message.ack()  # From here on the broker does not send it again.


@mqtt.on_connect
def announce():
    mqtt.publish("heating/status", "here", retain=True)


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    mqtt.init_app(app)

    @app.get("/rooms")
    def rooms():
        return jsonify(temperatures)

    @app.put("/rooms/<room>/heating/<any(on, off):position>")
    def heat(room, position):
        receipt = mqtt.publish(f"room/{room}/heating", {"on": position == "on"}, qos=1, expiry=60)
        try:
            receipt.wait(timeout=2)
        except TimedOut:
            return "The broker is away; it gets the command when it is back, within a minute.", 202
        except PublishError as error:
            return f"The broker refused it: {error}", 502
        return "The broker has it."

    @app.get("/health")
    def health():
        found = mqtt.health()
        return jsonify(found), 200 if found["healthy"] else 503

    return app
