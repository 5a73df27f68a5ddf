"""The commands `flask mqtt routes`, `pub`, `sub` and `status`."""

from __future__ import annotations

import json
import sys
import time
import typing as t

import click
from flask import current_app
from flask.cli import AppGroup

from . import _native
from .client_options import client_options, unique_client_id
from .connection import Connection
from .errors import MultiMQTTError
from .extension import connections_of

mqtt_cli = AppGroup("mqtt", help="Publish and receive MQTT messages, and look at the connection.")

_JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
_TIMEOUT_OPTION = click.option(
    "--timeout", default=10.0, show_default=True, help="Longest wait for the broker, in seconds."
)
_LOG_STYLES = {_native.LEVEL_WARNING: "yellow", _native.LEVEL_ERROR: "red"}


@mqtt_cli.command("routes")
@_JSON_OPTION
def routes(as_json: bool) -> None:
    """Show the topics that have handlers."""
    connection = _connection()
    rows: list[dict[str, t.Any]] = [
        {
            "topic": topic.name,
            "filter": topic.filter if topic.options.no_prefix else connection.settings.absolute(topic.filter),
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
        click.echo("No topics are registered.")
        return
    _table(
        ("Topic", "Filter", "QoS", "Handlers"),
        [(row["topic"], row["filter"], str(row["qos"]), ", ".join(row["handlers"])) for row in rows],
    )


@mqtt_cli.command("pub")
@click.argument("topic")
@click.argument("payload")
@click.option("--qos", type=click.IntRange(0, 2), default=1, show_default=True)
@click.option("--retain", is_flag=True, help="Ask the broker to keep the message.")
@click.option("--no-prefix", is_flag=True, help="Take the topic as it is.")
@_TIMEOUT_OPTION
@_JSON_OPTION
def publish(
    topic: str, payload: str, qos: int, retain: bool, no_prefix: bool, timeout: float, as_json: bool
) -> None:
    """Publish one message and wait until the broker has it; the payload "-" is read from standard input."""
    body = sys.stdin.buffer.read() if payload == "-" else payload.encode(errors="surrogateescape")
    client = _open(_connection())
    try:
        receipt = client.publish(topic, body, qos, retain, no_prefix=no_prefix)
        client.connect()
        _wait_connected(client, timeout)
        receipt.wait(timeout)
    except MultiMQTTError as error:
        raise click.ClickException(str(error)) from None
    finally:
        client.close()
    if as_json:
        click.echo(json.dumps({"topic": topic, "qos": qos, "retain": retain, "reason": receipt.reason}))


@mqtt_cli.command("sub")
@click.argument("filter")
@click.option("--count", type=click.IntRange(1), help="End after so many messages.")
@click.option("--qos", type=click.IntRange(0, 2), default=0, show_default=True)
@click.option("--no-prefix", is_flag=True, help="Take the filter as it is.")
@_TIMEOUT_OPTION
@_JSON_OPTION
def subscribe(
    filter: str, count: int | None, qos: int, no_prefix: bool, timeout: float, as_json: bool
) -> None:
    """Print the messages of a topic filter or pattern, until Ctrl-C."""
    client = _open(_connection())
    try:
        client.register_topic(filter, qos=qos, no_prefix=no_prefix)
        client.connect()
        _wait_connected(client, timeout)
        client.wait_subscribed(timeout)
        _print_messages(client, count, as_json)
    except MultiMQTTError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        pass
    finally:
        client.close(0)


@mqtt_cli.command("status")
@_TIMEOUT_OPTION
@_JSON_OPTION
def status(timeout: float, as_json: bool) -> None:
    """Connect, and show whether the broker accepts the connection and the subscriptions."""
    connection = _connection()
    client = _open(connection)
    report: dict[str, t.Any] = {"broker": connection.settings.address, "connected": False}
    try:
        client.connect()
        report["connected"] = _attempt(lambda: client.wait_connected(timeout), report, "error")
        # What the engine tells of the connection: version, session, limits.
        report["log"] = _log_lines(client)
        if report["connected"]:
            report["routes"] = [_route_status(connection, topic, timeout) for topic in connection.mqtt.topics]
    finally:
        client.close(0)
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
    for text in report["log"]:
        _line(f"  {text}")
    for route in report.get("routes", ()):
        _line(
            f"  {route['topic']}: {'granted' if route['granted'] else route['error']}",
            None if route["granted"] else "red",
        )


def _route_status(connection: Connection, topic: t.Any, timeout: float) -> dict[str, t.Any]:
    """Subscribes to one route on a connection of its own, so that one refusal does not hide another."""
    found: dict[str, t.Any] = {"topic": topic.name}
    client = _open(connection)
    try:
        # Only kept messages would come, and of those none is wanted.
        client.register_topic(
            topic.name, qos=topic.qos, no_prefix=topic.options.no_prefix, ack="manual", retained="ignore"
        )
        client.connect()
        found["granted"] = _attempt(lambda: client.wait_subscribed(timeout), found, "error")
    finally:
        client.close(0)
    return found


def _attempt(call: t.Callable[[], None], report: dict[str, t.Any], key: str) -> bool:
    try:
        call()
    except MultiMQTTError as error:
        report[key] = str(error)
        return False
    return True


def _log_lines(client: _native.Client) -> list[str]:
    return [delivery.text for delivery in client.take(64, 0) if delivery.kind == _native.KIND_LOG]


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
    text = message.payload.decode(errors="backslashreplace")
    if as_json:
        found = {"topic": message.topic, "payload": text, "qos": message.qos, "retain": message.retain}
        click.echo(json.dumps({**found, "time": time.time()}))
    else:
        click.echo(f"{click.style(message.topic, fg='cyan')} {text}")
    sys.stdout.flush()


def _connection() -> Connection:
    found = connections_of(current_app._get_current_object())  # type: ignore[attr-defined]
    if not found:
        raise click.ClickException(
            f"The application {current_app.name!r} has no MultiMQTT: create one with MultiMQTT(app), or call "
            "init_app(app)."
        )
    return found[0]


def _open(connection: Connection) -> _native.Client:
    """A client of its own, so that a command never takes over the running application's connection."""
    name = connection.settings.client_id or current_app.name
    return _native.Client(
        **client_options(
            connection.settings, unique_client_id(connection.settings, f"{name}-cli"), publisher_only=True
        )
    )


def _wait_connected(client: _native.Client, timeout: float) -> None:
    try:
        client.wait_connected(timeout)
    except MultiMQTTError as error:
        raise click.ClickException(str(error)) from None


def _name_of(handler: t.Any) -> str:
    return f"{handler.__module__}.{getattr(handler, '__qualname__', repr(handler))}"


def _line(text: str, colour: str | None = None) -> None:
    click.secho(text, fg=colour)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, tuple("-" * width for width in widths), *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
