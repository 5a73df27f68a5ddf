"""Mosquitto's dynamic security through the helpers of the extension."""

from __future__ import annotations

import pytest

from flask_multimqtt import (
    DynsecAlreadyExists,
    DynsecError,
    DynsecForbidden,
    DynsecInsecure,
    DynsecInvalidArgument,
    DynsecNotFound,
    DynsecUnknownCommand,
    MultiMQTT,
    _native,
)
from flask_multimqtt.dynsec import Dynsec
from tests.support.mosquitto import Listener, Mosquitto

needs_engine = pytest.mark.skipif(not hasattr(_native, "Dynsec"), reason="this engine has no Dynsec")


@pytest.fixture(scope="module")
def secured():
    with Mosquitto(Listener.DYNAMIC_SECURITY) as running:
        yield running


@pytest.fixture
def admin(make_app, secured):
    mqtt = MultiMQTT(make_app(MQTT_URI=secured.uri(prefix="p")))
    with mqtt.running():
        yield mqtt


@pytest.fixture
def recorded(monkeypatch):
    """The commands that reach the engine, which answers each with nothing."""
    commands = []

    class Engine:
        def __init__(self, client, **options):
            pass

        def execute(self, given):
            commands.extend(given)
            return [{} for _ in given]

    monkeypatch.setattr(_native, "Dynsec", Engine, raising=False)
    return commands


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda mqtt: mqtt.dynsec_add_client("u", "p", "c", ["reader", ("writer", 5)]),
            {
                "command": "createClient",
                "username": "u",
                "password": "p",
                "clientid": "c",
                "roles": [{"rolename": "reader"}, {"rolename": "writer", "priority": 5}],
            },
        ),
        (
            lambda mqtt: mqtt.dynsec_add_client("u", "p"),
            {"command": "createClient", "username": "u", "password": "p"},
        ),
        (lambda mqtt: mqtt.dynsec_delete_client("u"), {"command": "deleteClient", "username": "u"}),
        (lambda mqtt: mqtt.dynsec_create_role("r"), {"command": "createRole", "rolename": "r"}),
        (lambda mqtt: mqtt.dynsec_delete_role("r"), {"command": "deleteRole", "rolename": "r"}),
        (
            lambda mqtt: mqtt.dynsec_add_role_acl("r", "subscribePattern", "a/#", True, 3),
            {
                "command": "addRoleACL",
                "rolename": "r",
                "acltype": "subscribePattern",
                "topic": "p/a/#",
                "allow": True,
                "priority": 3,
            },
        ),
        (
            lambda mqtt: mqtt.dynsec_add_role_acl("r", "subscribePattern", "$share/g/a", False),
            {
                "command": "addRoleACL",
                "rolename": "r",
                "acltype": "subscribePattern",
                "topic": "$share/g/p/a",
                "allow": False,
            },
        ),
        (
            lambda mqtt: mqtt.dynsec_remove_role_acl("r", "publishClientSend", "a"),
            {"command": "removeRoleACL", "rolename": "r", "acltype": "publishClientSend", "topic": "p/a"},
        ),
    ],
)
def test_each_helper_sends_its_command(make_app, recorded, call, expected):
    call(MultiMQTT(make_app(MQTT_PREFIX="p")))
    assert recorded == [expected]


def test_the_acls_of_a_new_role_get_the_prefix(recorded):
    dynsec = Dynsec(lambda: None, "p")
    dynsec.create_role("r", acls=[("publishClientSend", "a", True), ("subscribeLiteral", "b", False, 2)])
    assert recorded[0]["acls"] == [
        {"acltype": "publishClientSend", "topic": "p/a", "allow": True, "priority": 0},
        {"acltype": "subscribeLiteral", "topic": "p/b", "allow": False, "priority": 2},
    ]


def test_a_role_of_mosquitto_2_1_may_refuse_wildcard_subscriptions(recorded):
    dynsec = Dynsec(lambda: None, "p")
    dynsec.create_role("r", allowwildcardsubs=False)
    dynsec.modify_role("r", allowwildcardsubs=True)
    assert [command["allowwildcardsubs"] for command in recorded] == [False, True]


def test_one_name_alone_is_a_list_of_one(recorded):
    Dynsec(lambda: None, "p").create_client("u", roles="reader")
    assert recorded[0]["roles"] == [{"rolename": "reader"}]


def test_no_entries_of_a_list_are_none_at_all(recorded):
    # The plugin would give one.
    assert Dynsec(lambda: None, "p").list_clients(count=0) == []
    assert recorded == []


@needs_engine
def test_groups_and_members_that_do_not_exist_are_not_left_out_in_silence(admin):
    with pytest.raises(DynsecNotFound, match="getGroup groupname 'missing'"):
        admin.dynsec.create_client("lonely", groups=["missing"])
    with pytest.raises(DynsecNotFound):
        admin.dynsec.get_client("lonely")
    admin.dynsec.create_group("few")
    admin.dynsec.create_client("member", groups=(name for name in ["few"]))
    assert admin.dynsec.get_client("member")["groups"] == [{"groupname": "few"}]
    with pytest.raises(DynsecNotFound, match="getClient username 'nobody'"):
        admin.dynsec.modify_group("few", clients=["member", ("nobody", 3)])
    admin.dynsec.delete_client("member")
    admin.dynsec.delete_group("few")


@needs_engine
def test_a_client_that_was_added_can_do_what_its_role_allows(admin, make_app, secured):
    admin.dynsec_create_role("writer")
    admin.dynsec_add_role_acl("writer", "publishClientSend", "allowed/#", True)
    admin.dynsec_add_client("someone", "password", roles=["writer"])
    uri = f"mqtt://someone:password@127.0.0.1:{secured.port}/p"
    with MultiMQTT(make_app(MQTT_URI=uri)).running() as mqtt:
        mqtt.publish("allowed/x", "", qos=1).wait(10)
    assert "someone" in admin.dynsec.list_clients()
    admin.dynsec_remove_role_acl("writer", "publishClientSend", "allowed/#")
    admin.dynsec_delete_client("someone")
    admin.dynsec_delete_role("writer")
    assert "someone" not in admin.dynsec.list_clients()


@needs_engine
def test_what_the_plugin_refuses_is_raised(admin):
    with pytest.raises(DynsecNotFound):
        admin.dynsec_delete_client("nobody")
    admin.dynsec_create_role("twice")
    with pytest.raises(DynsecAlreadyExists) as refusal:
        admin.dynsec_create_role("twice")
    assert refusal.value.command == "createRole"
    admin.dynsec_delete_role("twice")
    with pytest.raises(DynsecError):
        admin.dynsec.execute([{"command": "noSuchCommand"}])


@needs_engine
@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ({"command": "getRole", "rolename": "nothing"}, DynsecNotFound),
        ({"command": "createRole", "rolename": "admin"}, DynsecAlreadyExists),
        ({"command": "createRole", "rolename": ""}, DynsecInvalidArgument),
        ({"command": "noSuchCommand"}, DynsecUnknownCommand),
    ],
)
def test_each_kind_of_failure_has_its_exception(admin, command, kind):
    with pytest.raises(kind) as failure:
        admin.dynsec.execute([command])
    assert failure.value.command == command["command"]


@needs_engine
def test_the_group_of_anonymous_clients_is_not_deleted(admin):
    admin.dynsec.create_group("strangers")
    admin.dynsec.set_anonymous_group("strangers")
    with pytest.raises(DynsecForbidden):
        admin.dynsec.delete_group("Strangers")


@needs_engine
def test_an_acl_must_say_whether_it_allows(admin):
    acl = {"command": "addRoleACL", "rolename": "admin", "acltype": "publishClientSend", "topic": "a"}
    with pytest.raises(DynsecInvalidArgument, match="'allow' must be true or false"):
        admin.dynsec.execute([acl])


@needs_engine
@pytest.mark.parametrize("allowed", [False, True])
def test_a_password_travels_unencrypted_only_when_that_is_allowed(make_app, allowed):
    mqtt = MultiMQTT(
        make_app(MQTT_URI="mqtt://192.0.2.1", MQTT_AUTOSTART="never", MQTT_DYNSEC_PLAIN_PASSWORDS=allowed)
    )
    dynsec = mqtt.dynsec
    assert dynsec._allow_plain_passwords is allowed
    if not allowed:
        with pytest.raises(DynsecInsecure) as failure:
            dynsec.create_client("someone", "correct horse")
        assert "horse" not in str(failure.value)


@needs_engine
def test_a_handler_may_ask_even_when_it_is_the_only_one(make_app, secured, arrivals):
    app = make_app(MQTT_URI=secured.uri(prefix="p"), MQTT_HANDLER_THREADS=1)
    mqtt = MultiMQTT(app)

    @mqtt.topic("ask")
    def ask(client, message):
        arrivals.append(client.dynsec.list_roles())

    with MultiMQTT(make_app(MQTT_URI=secured.uri(prefix="p"))).running() as administrator:
        administrator.dynsec.set_default_acl_access(publishClientSend=True, subscribe=True)
    with mqtt.running():
        mqtt.wait_subscribed(10)
        mqtt.publish("ask", "", qos=1).wait(10)
        assert "admin" in arrivals.wait_for(1)[0]
