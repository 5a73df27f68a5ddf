import threading

import pytest
from heating import create_app, mqtt, temperatures


@pytest.fixture
def app(broker):  # The address of a broker for tests, such as a private Mosquitto.
    return create_app({"TESTING": True, "MQTT_URI": broker})


def test_a_cold_room_is_heated(app):
    heated = threading.Event()
    mqtt.topic("room/<room>/heating")(lambda client, message, room: heated.set())
    with app.app_context(), mqtt.running():
        mqtt.publish("room/kitchen/temperature", "17.5", qos=1)
        assert heated.wait(timeout=5)
    assert app.test_client().get("/rooms").json == {"kitchen": 17.5}


def test_a_handler_is_a_function(app):
    with app.app_context(), mqtt.running() as client:
        client.publish("room/hall/temperature", "20", qos=1).wait(timeout=5)
    assert temperatures["hall"] == 20
