"""The commands `flask mqtt routes`, `pub`, `sub` and `status`."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import sys
import time
import typing as t
from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import AppGroup

from . import _native
from .client_options import client_options, unique_client_id
from .connection import Connection
from .errors import MultiMQTTError
from .extension import connections_of

if t.TYPE_CHECKING:
    from .topic import Topic

mqtt_cli = AppGroup("mqtt", help="Publish and receive MQTT messages, and look at the connection.")

_JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
_TIMEOUT_OPTION = click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    help="Longest wait for the broker, in seconds.",
)
_CONNECTION_OPTION = click.option(
    "--connection",
    "number",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Which MultiMQTT, for an application with several: in the order of init_app.",
)
_LOG_STYLES = {_native.LEVEL_WARNING: "yellow", _native.LEVEL_ERROR: "red"}


@mqtt_cli.command("routes")
@_CONNECTION_OPTION
@_JSON_OPTION
def routes(number: int, as_json: bool) -> None:
    """Show the topics that are declared, and their handlers."""
    connection = _connection(number)
    rows: list[dict[str, t.Any]] = [
        {
            "topic": topic.name,
            "filter": connection.filter_of(topic),
            "qos": topic.qos,
            "ack": topic.options.ack,
            "names": [name for name in topic.route_names if name != topic.name],
            "handlers": [_name_of(handler) for handler in topic.handlers],
        }
        for topic in connection.mqtt.topics
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("No topics are declared.")
        return
    _table(
        ("Topic", "Filter", "QoS", "Handlers"),
        [
            (row["topic"], row["filter"], str(row["qos"]), ", ".join(row["handlers"]) or "none")
            for row in rows
        ],
    )


@mqtt_cli.command("pub")
@click.argument("topic")
@click.argument("payload")
@click.option("--qos", type=click.IntRange(0, 2), default=1, show_default=True)
@click.option("--retain", is_flag=True, help="Ask the broker to keep the message.")
@click.option("--no-prefix", is_flag=True, help="Take the topic as it is.")
@_CONNECTION_OPTION
@_TIMEOUT_OPTION
@_JSON_OPTION
def publish(
    topic: str,
    payload: str,
    qos: int,
    retain: bool,
    no_prefix: bool,
    number: int,
    timeout: float,
    as_json: bool,
) -> None:
    """Publish one message and wait until the broker has it; the payload "-" is read from standard input."""
    body = sys.stdin.buffer.read() if payload == "-" else payload.encode(errors="surrogateescape")
    deadline = time.monotonic() + timeout
    with _client(_connection(number)) as client:
        receipt = client.publish(topic, body, qos, retain, no_prefix=no_prefix)
        client.connect()
        client.wait_connected(timeout)
        receipt.wait(max(0.0, deadline - time.monotonic()))
        client.close()  # A QoS 0 message, which has no receipt, is sent by now.
    if as_json:
        click.echo(json.dumps({"topic": topic, "qos": qos, "retain": retain, "reason": receipt.reason}))


@mqtt_cli.command("sub")
@click.argument("filter")
@click.option("--count", type=click.IntRange(1), help="End after so many messages.")
@click.option("--qos", type=click.IntRange(0, 2), default=0, show_default=True)
@click.option("--no-prefix", is_flag=True, help="Take the filter as it is.")
@_CONNECTION_OPTION
@_TIMEOUT_OPTION
@_JSON_OPTION
def subscribe(
    filter: str, count: int | None, qos: int, no_prefix: bool, number: int, timeout: float, as_json: bool
) -> None:
    """Print the messages of a topic filter or pattern, until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt), _client(_connection(number)) as client:
        client.register_topic(filter, qos=qos, no_prefix=no_prefix)
        client.connect()
        client.wait_connected(timeout)
        client.wait_subscribed(timeout)
        _print_messages(client, count, as_json)


@mqtt_cli.command("status")
@_CONNECTION_OPTION
@_TIMEOUT_OPTION
@_JSON_OPTION
def status(number: int, timeout: float, as_json: bool) -> None:
    """Connect, and show what the broker grants; the exit code is 1 when it refuses something."""
    connection = _connection(number)
    report: dict[str, t.Any] = {"broker": connection.settings.address, "connected": False}
    topics = [topic for topic in connection.mqtt.topics if topic.handlers]
    with _client(connection) as client:
        for topic in topics:
            _subscribe_quietly(client, topic)
        client.connect()
        report["connected"] = _attempt(lambda: client.wait_connected(timeout), report)
        report["connection"] = client.connection()
        if report["connected"]:
            report["routes"] = _routes_status(connection, client, topics, timeout)
    if as_json:
        click.echo(json.dumps(report))
    else:
        _print_status(report)
    if not report["connected"] or any(not route["granted"] for route in report["routes"]):
        raise click.exceptions.Exit(1)


def _print_status(report: dict[str, t.Any]) -> None:
    good = report["connected"]
    _line(f"{report['broker']}: {'connected' if good else 'not connected'}", "green" if good else "red")
    if "error" in report:
        _line(f"  {report['error']}")
    if report["connection"] is not None:
        for text in _facts_lines(report["connection"]):
            _line(f"  {text}")
    for route in report.get("routes", ()):
        _line(
            f"  {route['topic']}: {'granted' if route['granted'] else route['error']}",
            None if route["granted"] else "red",
        )


def _facts_lines(facts: _native.ConnectionFacts) -> Iterator[str]:
    yield f"{facts['version']}, client identifier {facts['client_id']}, at {facts['endpoint']}"
    keep_alive = facts["keep_alive_s"]
    yield f"keep-alive {f'{keep_alive} seconds' if keep_alive else 'off'}"
    yield (
        f"publishes: up to QoS {facts['maximum_qos']}, {facts['receive_maximum']} unacknowledged, "
        f"{facts['packet_bytes_max']} bytes a packet, {facts['topic_alias_maximum']} topic aliases"
    )
    offers = {
        "retained messages": facts["retain_available"],
        "wildcards": facts["wildcard_subscriptions"],
        "subscription identifiers": facts["subscription_identifiers"],
        "shared subscriptions": facts["shared_subscriptions"],
    }
    for word, wanted in (("offered", True), ("not offered", False)):
        names = ", ".join(name for name, offered in offers.items() if offered is wanted)
        if names:
            yield f"{word}: {names}"


def _routes_status(
    connection: Connection, client: _native.Client, topics: list[Topic], timeout: float
) -> list[dict[str, t.Any]]:
    if _attempt(lambda: client.wait_subscribed(timeout), {}):
        return [{"topic": topic.name, "granted": True} for topic in topics]
    return [_route_status(connection, topic, timeout) for topic in topics]


def _route_status(connection: Connection, topic: Topic, timeout: float) -> dict[str, t.Any]:
    """Subscribes to one route on a connection of its own, so that one refusal does not hide another."""
    found: dict[str, t.Any] = {"topic": topic.name}
    with _client(connection) as client:
        _subscribe_quietly(client, topic)
        client.connect()
        found["granted"] = _attempt(lambda: client.wait_subscribed(timeout), found)
    return found


def _subscribe_quietly(client: _native.Client, topic: Topic) -> None:
    # Messages that come meanwhile are for nobody: the broker keeps no session for this client.
    client.register_topic(
        topic.name, qos=topic.qos, no_prefix=topic.options.no_prefix, ack="manual", retained="ignore"
    )


def _attempt(call: t.Callable[[], None], report: dict[str, t.Any]) -> bool:
    try:
        call()
    except MultiMQTTError as error:
        report["error"] = str(error)
        return False
    return True


def _print_messages(client: _native.Client, count: int | None, as_json: bool) -> None:
    printed = 0
    while count is None or printed < count:
        for delivery in client.take(64, 0.5):
            if delivery.kind == _native.KIND_LOG and (
                sys.stderr.isatty() or delivery.level > _native.LEVEL_INFO
            ):
                click.secho(delivery.text, err=True, fg=_LOG_STYLES.get(delivery.level))
            elif delivery.kind == _native.KIND_MESSAGE:
                _print_message(delivery.message, as_json)
                printed += 1
                if printed == count:
                    return


def _print_message(message: _native.Message, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_as_json(message)))
    else:
        text = message.payload.decode(errors="backslashreplace")
        click.echo(f"{click.style(_shown(message.topic), fg='cyan')} {_shown(text)}")
    sys.stdout.flush()


def _as_json(message: _native.Message) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"topic": message.topic, "qos": message.qos, "retain": message.retain}
    try:
        found["payload"] = message.text
    except UnicodeDecodeError:
        found["payload_base64"] = base64.b64encode(message.payload).decode()
    return {**found, "time": time.time()}


def _shown(text: str) -> str:
    """The text, for a terminal without what would steer it: anybody may have published it."""
    if not sys.stdout.isatty():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else repr(letter)[1:-1] for letter in text
    )


def _connection(number: int) -> Connection:
    found = connections_of(current_app._get_current_object())  # type: ignore[attr-defined]
    if not found:
        raise click.ClickException(
            f"The application {current_app.name!r} has no MultiMQTT: create one with MultiMQTT(app), or call "
            "init_app(app)."
        )
    if number > len(found):
        raise click.ClickException(
            f"There is no number {number}: the application {current_app.name!r} has {len(found)} MultiMQTT."
        )
    return found[number - 1]


@contextlib.contextmanager
def _client(connection: Connection) -> Iterator[_native.Client]:
    """A client of its own, so that a command never takes over the running application's connection.

    What the engine raises ends the command with one line and the exit code 1.
    """
    settings = connection.settings
    client_id = unique_client_id(settings, f"{settings.client_id or current_app.name}-cli")
    try:
        client = _native.Client(**client_options(settings, client_id, publisher_only=True))
        try:
            yield client
        finally:
            client.close(0)
    except MultiMQTTError as error:
        raise click.ClickException(str(error)) from None


def _name_of(handler: t.Any) -> str:
    while isinstance(handler, functools.partial):
        handler = handler.func
    named = handler if hasattr(handler, "__qualname__") else type(handler)
    return f"{named.__module__}.{named.__qualname__}"


def _line(text: str, colour: str | None = None) -> None:
    click.secho(text, fg=colour)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, tuple("-" * width for width in widths), *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
