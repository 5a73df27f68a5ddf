"""The life of a connection: start, loss, return, session, close, and the messages about it."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading

import pytest
from flask import current_app

from flask_multimqtt import ConfigError, MultiMQTT, NotConnected
from flask_multimqtt import connected as connected_signal
from flask_multimqtt import disconnected as disconnected_signal
from tests.python.conftest import DEADLINE_S, Arrivals
from tests.support.mosquitto import Listener, Mosquitto
from tests.support.mosquitto_clients import Subscriber, publish


@pytest.mark.matrix
def test_init_app_starts_no_thread_and_does_not_connect(make_app):
    before = threading.active_count()
    mqtt = MultiMQTT(make_app())
    assert threading.active_count() == before
    assert not mqtt.connected
    assert mqtt.health()["state"] == "armed"
    assert mqtt.stats() == {}


@pytest.mark.matrix
def test_connecting_twice_and_from_several_threads_makes_one_connection(mqtt):
    threads = [threading.Thread(target=mqtt.connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    mqtt.wait_connected(DEADLINE_S)
    assert mqtt.connected
    assert mqtt.stats()["connects"] <= 1


@pytest.mark.matrix
def test_initialising_the_same_application_twice_is_refused(app, mqtt):
    with pytest.raises(RuntimeError, match="called twice"):
        mqtt.init_app(app)


def test_initialising_with_a_wrong_configuration_is_refused(make_app):
    with pytest.raises(ConfigError):
        MultiMQTT(make_app(MQTT_KEEPALIVE="x"))


@pytest.mark.matrix
def test_connect_and_disconnect_handlers_run_in_an_app_context(mqtt, arrivals):
    mqtt.on_connect(lambda: arrivals.append(("connected", current_app.name)))

    @mqtt.on_connect
    def also():
        arrivals.append(("also", current_app.name))

    @mqtt.on_disconnect()
    def lost():
        arrivals.append(("disconnected", current_app.name))

    removed = mqtt.on_connect(lambda: arrivals.append("removed"))
    mqtt.on_connect(removed, remove=True)
    with mqtt.running():
        assert arrivals.wait_for(2) == [("connected", "demo"), ("also", "demo")]
    assert arrivals.wait_for(3)[2] == ("disconnected", "demo")


def test_removing_a_handler_that_is_not_there_is_refused(mqtt):
    with pytest.raises(ValueError, match="not there"):
        mqtt.on_disconnect(print, remove=True)


def test_a_failing_connect_handler_does_not_keep_the_next_from_running(mqtt, arrivals, caplog):
    mqtt.on_connect(lambda: 1 / 0)
    mqtt.on_connect(lambda: arrivals.append(1))
    with mqtt.running():
        arrivals.wait_for()
    assert "ZeroDivisionError" in caplog.text


def test_signals_tell_of_connection_and_loss(app, mqtt):
    found = Arrivals()

    def note_connected(sender, **values):
        found.append(("connected", sender, values["mqtt"]))

    def note_disconnected(sender, **values):
        found.append(("disconnected", sender, values["mqtt"]))

    with (
        connected_signal.connected_to(note_connected, app),
        disconnected_signal.connected_to(note_disconnected, app),
    ):
        with mqtt.running():
            found.wait_for(1)
        assert found.wait_for(2) == [("connected", app, mqtt), ("disconnected", app, mqtt)]


def test_wait_connected_gives_up_in_time_and_says_why(make_app, own_broker):
    own_broker.stop()
    mqtt = MultiMQTT(make_app(MQTT_URI=own_broker.uri()))
    with pytest.raises(NotConnected, match=str(own_broker.port)):
        mqtt.wait_connected(0.5)


@pytest.mark.matrix
def test_a_broker_that_comes_later_is_found(make_app, own_broker, arrivals):
    own_broker.stop()
    mqtt = MultiMQTT(make_app(MQTT_URI=own_broker.uri()))
    mqtt.topic("late", qos=1)(lambda client, message: arrivals.append(message.payload))
    mqtt.connect()
    receipt = mqtt.publish("early", "x", qos=1)
    assert not mqtt.connected
    own_broker.start()
    receipt.wait(DEADLINE_S)
    mqtt.wait_subscribed(DEADLINE_S)
    mqtt.publish("late", "y", qos=1)
    assert arrivals.wait_for() == [b"y"]


@pytest.mark.matrix
def test_after_a_restart_of_the_broker_topics_are_subscribed_again(make_app, own_broker, arrivals):
    connects = Arrivals()
    mqtt = MultiMQTT(make_app(MQTT_URI=own_broker.uri()))
    mqtt.on_connect(lambda: connects.append(1))
    mqtt.topic("again", qos=1)(lambda client, message: arrivals.append(message.payload))
    with mqtt.running():
        connects.wait_for(1)
        own_broker.restart()
        connects.wait_for(2)
        mqtt.wait_subscribed(DEADLINE_S)
        publish(own_broker, "again", "x", qos=1)
        assert arrivals.wait_for() == [b"x"]


@pytest.mark.parametrize("persistence", [True, False], ids=["with its session", "without its session"])
def test_a_broker_that_comes_back_gets_everything_and_is_subscribed_to(make_app, arrivals, persistence):
    lost = Arrivals()
    with Mosquitto(persistence=persistence) as broker:
        config = {"MQTT_URI": broker.uri(), "MQTT_CLIENT_ID": "back", "MQTT_SESSION_EXPIRY": 60}
        mqtt = MultiMQTT(make_app(**config))
        mqtt.on_disconnect(lambda: lost.append(1))
        mqtt.topic("qos/<int:qos>", qos=2)(lambda client, message, qos: arrivals.append(qos))
        ended = Arrivals()
        mqtt.topic("end")(lambda client, message: ended.append(1))
        with mqtt.running():
            broker.stop()
            lost.wait_for()
            receipts = [mqtt.publish(f"qos/{qos}", "", qos=qos) for qos in (1, 2)]
            assert not any(receipt.done for receipt in receipts)
            assert mqtt.health()["healthy"] is False
            broker.start()
            for receipt in receipts:
                receipt.wait(DEADLINE_S)
            mqtt.wait_subscribed(DEADLINE_S)
            mqtt.publish("end", "", qos=1)
            ended.wait_for()
            if persistence:
                assert sorted(arrivals.wait_for(2)) == [1, 2]
    # Without the session they may have come before the topic was subscribed to again.
    assert sorted(set(arrivals)) == sorted(arrivals)


def test_with_a_session_messages_of_the_time_between_are_delivered(make_app, own_broker, arrivals):
    config = {"MQTT_URI": own_broker.uri(), "MQTT_CLIENT_ID": "kept", "MQTT_SESSION_EXPIRY": 60}
    mqtt = MultiMQTT(make_app(**config))
    mqtt.topic("session", qos=1)(lambda client, message: arrivals.append(message.payload))
    with mqtt.running():
        pass
    publish(own_broker, "session", "between", qos=1)
    own_broker.restart()
    with mqtt.running():
        assert arrivals.wait_for() == [b"between"]


def test_the_status_topic_says_online_and_offline(make_app, broker, prefix):
    mqtt = MultiMQTT(make_app(MQTT_STATUS_TOPIC="status"))
    with Subscriber(broker, f"{prefix}/status") as subscriber:
        with mqtt.running():
            assert subscriber.take().payload == b"online"
        assert subscriber.take().payload == b"offline"


def test_the_will_is_published_when_the_client_is_lost(make_app, broker, prefix):
    config = {"MQTT_CLIENT_ID": f"{prefix}-lost", "MQTT_WILL_TOPIC": "gone", "MQTT_WILL_PAYLOAD": "alas"}
    mqtt = MultiMQTT(make_app(**config))
    # The broker throws a client out for another one with the same identifier.
    other = MultiMQTT(make_app(MQTT_CLIENT_ID=f"{prefix}-lost"))
    with Subscriber(broker, f"{prefix}/gone") as subscriber, mqtt.running(), other.running():
        assert subscriber.take().payload == b"alas"


@pytest.mark.matrix
@pytest.mark.parametrize("version", [3, 4, 5, "auto"])
def test_every_protocol_version_works(make_app, arrivals, version):
    mqtt = MultiMQTT(make_app(MQTT_PROTOCOL_VERSION=version))
    mqtt.topic("version", qos=2)(lambda client, message: arrivals.append(message.properties))
    with mqtt.running():
        mqtt.publish("version", "x", qos=2, content_type="text/plain").wait(DEADLINE_S)
        properties = arrivals.wait_for()[0]
    assert (properties is not None) == (version in (5, "auto"))


@pytest.mark.matrix
def test_user_name_and_password_are_needed_where_the_broker_asks_for_them(make_app, broker):
    mqtt = MultiMQTT(make_app(MQTT_URI=broker.uri(Listener.PASSWORD, user="user")))
    with mqtt.running():
        assert mqtt.connected


@pytest.mark.matrix
def test_a_wrong_password_is_reported_and_never_shown(make_app, broker, caplog):
    uri = broker.uri(Listener.PASSWORD).replace("://", "://user:wr0ng@")
    mqtt = MultiMQTT(make_app(MQTT_URI=uri))
    with caplog.at_level(logging.DEBUG), pytest.raises(NotConnected) as refusal:
        mqtt.wait_connected(1.0)
    mqtt.close()
    assert "password" in str(refusal.value).lower() or "authori" in str(refusal.value).lower()
    assert "wr0ng" not in str(refusal.value)
    assert "wr0ng" not in caplog.text


@pytest.mark.matrix
@pytest.mark.parametrize(
    "listener",
    [Listener.TLS, Listener.SECURE_WEBSOCKET, Listener.WEBSOCKET, Listener.UNIX],
    ids=lambda listener: listener.value,
)
def test_every_transport_carries_messages(make_app, broker, prefix, arrivals, listener):
    config = {"MQTT_URI": broker.uri(listener), "MQTT_PREFIX": prefix}
    if listener in (Listener.TLS, Listener.SECURE_WEBSOCKET):
        config["MQTT_TLS_CA_CERTS"] = str(broker.certificates.ca)
    mqtt = MultiMQTT(make_app(**config))
    mqtt.topic("transport", qos=1)(lambda client, message: arrivals.append(message.payload))
    with mqtt.running():
        mqtt.publish("transport", bytes(100_000), qos=1)
        assert arrivals.wait_for() == [bytes(100_000)]


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_in_brackets_is_reached(make_app, arrivals):
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        except OSError as error:
            pytest.skip(f"no IPv6 loopback: {error}")
        broker = stack.enter_context(Mosquitto(Listener.ANONYMOUS_IPV6))
        mqtt = MultiMQTT(make_app(MQTT_URI=broker.uri(Listener.ANONYMOUS_IPV6)))
        mqtt.topic("six", qos=1)(lambda client, message: arrivals.append(message.text))
        with mqtt.running():
            assert "[::1]" in mqtt.health()["broker"]
            mqtt.publish("six", "x", qos=1)
            assert arrivals.wait_for() == ["x"]


def test_a_client_certificate_opens_a_broker_that_asks_for_one(make_app, broker):
    certificates = broker.certificates
    mqtt = MultiMQTT(
        make_app(
            MQTT_URI=broker.uri(Listener.MUTUAL_TLS),
            MQTT_TLS_CA_CERTS=str(certificates.ca),
            MQTT_TLS_CERTFILE=certificates.client,
            MQTT_TLS_KEYFILE=str(certificates.encrypted_key),
            MQTT_TLS_KEY_PASSWORD="correct horse",
        )
    )
    with mqtt.running():
        assert mqtt.connected


@pytest.mark.parametrize(
    ("listener", "ca", "server_name"),
    [
        (Listener.TLS, None, None),
        (Listener.TLS, "other_ca", None),
        (Listener.TLS, "ca", "another.example"),
        (Listener.TLS_WRONG_HOST, "ca", None),
    ],
)
def test_a_broker_that_cannot_be_trusted_is_refused(make_app, broker, listener, ca, server_name):
    config = {"MQTT_URI": broker.uri(listener)}
    if ca is not None:
        config["MQTT_TLS_CA_CERTS"] = str(getattr(broker.certificates, ca))
    if server_name is not None:
        config["MQTT_TLS_SERVER_NAME"] = server_name
    mqtt = MultiMQTT(make_app(**config))
    with pytest.raises(NotConnected, match=r"certificate|verif"):
        mqtt.wait_connected(1.0)


def test_the_name_to_verify_can_be_given(make_app, broker):
    mqtt = MultiMQTT(
        make_app(
            MQTT_URI=broker.uri(Listener.TLS_WRONG_HOST),
            MQTT_TLS_CA_CERTS=str(broker.certificates.ca),
            MQTT_TLS_SERVER_NAME="broker.example",
        )
    )
    with mqtt.running():
        assert mqtt.connected


def test_insecure_tls_connects_and_warns(make_app, broker, caplog):
    mqtt = MultiMQTT(make_app(MQTT_URI=broker.uri(Listener.TLS_WRONG_HOST), MQTT_TLS_INSECURE=True))
    with caplog.at_level(logging.WARNING, "flask_multimqtt"), mqtt.running():
        assert mqtt.connected
    assert "TLS verification is off" in caplog.text


def test_the_next_address_is_tried_when_one_does_not_answer(make_app, broker, own_broker):
    own_broker.stop()
    mqtt = MultiMQTT(make_app(MQTT_URI=[own_broker.uri(), broker.uri()]))
    with mqtt.running():
        assert mqtt.connected


@pytest.mark.matrix
def test_health_and_stats_describe_the_connection(mqtt, broker, arrivals):
    mqtt.topic("health")(lambda client, message: arrivals.append(1))
    with mqtt.running():
        mqtt.publish("health", "x", qos=1).wait(DEADLINE_S)
        arrivals.wait_for()
        health = mqtt.health()
        assert health["healthy"] is True
        assert health["state"] == "running"
        assert health["broker"] == f"mqtt://127.0.0.1:{broker.port}"
        assert (health["routes"], health["subscriptions"]) == (1, 1)
        assert health["connection"]["version"] == "MQTT 5.0"
        assert health["connection"]["session_present"] is False
        assert mqtt.stats()["messages_received"] == 1
    assert mqtt.health()["healthy"] is False
    assert mqtt.health()["connection"] is None
    assert "running" not in repr(mqtt)


def test_two_clients_of_one_process_have_different_identifiers(make_app, broker):
    first, second = MultiMQTT(make_app("same")), MultiMQTT(make_app("same"))
    with first.running(), second.running():
        assert first.connected
        assert second.connected
        assert first.stats()["disconnects"] == 0


def test_the_client_identifier_is_taken_from_the_constructor(make_app, broker, prefix):
    mqtt = MultiMQTT(make_app(MQTT_CLIENT_ID="configured"), client_id=f"{prefix}-given")
    with mqtt.running():
        broker.wait_for_log(f"as {prefix}-given ")


def test_closing_twice_and_before_connecting_does_nothing(mqtt):
    mqtt.close()
    with mqtt.running():
        pass
    mqtt.close()
    mqtt.close()
    assert not mqtt.connected


@pytest.mark.matrix
def test_no_thread_is_left_after_close(mqtt):
    before = set(threading.enumerate())
    mqtt.topic("a")(lambda client, message: None)
    with mqtt.running():
        assert any(thread.name.startswith("multimqtt-handler-") for thread in threading.enumerate())
    assert {thread for thread in threading.enumerate() if thread.name.startswith("multimqtt-h")} <= before


def test_run_forever_returns_when_the_client_is_closed(mqtt, arrivals):
    mqtt.on_connect(lambda: arrivals.append("connected"))

    def serve():
        mqtt.run_forever()
        arrivals.append("returned")

    thread = threading.Thread(target=serve)
    thread.start()
    arrivals.wait_for(1)
    mqtt.close()
    assert arrivals.wait_for(2)[-1] == "returned"
    thread.join(DEADLINE_S)
