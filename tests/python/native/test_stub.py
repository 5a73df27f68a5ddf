"""The stub `_native.pyi` says what the module is: names, kinds of attributes, parameters and defaults."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import typing as t
from pathlib import Path

import pytest

import flask_multimqtt
from flask_multimqtt import _native
from tests.python.native.conftest import EngineError

STUB = ast.parse((Path(flask_multimqtt.__file__).parent / "_native.pyi").read_text())

# What every class of nanobind has, or Python adds.
_OF_EVERY_CLASS = set(dir(object)) | {"__module__", "__weakref__", "__dict__", "__slotnames__"}


def classes() -> dict[str, ast.ClassDef]:
    """Those of the module; a `TypedDict` is there for the types alone."""
    return {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef) and not node.bases}


def test_the_facts_of_a_connection_are_those_of_the_stub(client):
    [facts] = [node for node in STUB.body if isinstance(node, ast.ClassDef) and node.bases]
    types = {
        line.target.id: line.annotation.id
        for line in facts.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and isinstance(line.annotation, ast.Name)
    }
    assert {name: type(value).__name__ for name, value in client.connection().items()} == types


def functions(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def constants() -> set[str]:
    return {
        node.target.id
        for node in STUB.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id[0] != "_"
    }


def is_property(node: ast.FunctionDef) -> bool:
    return any(isinstance(found, ast.Name) and found.id == "property" for found in node.decorator_list)


def parameters(node: ast.FunctionDef) -> dict[str, str]:
    """The kind of each parameter by name, `self` left out."""
    arguments = node.args
    found = {argument.arg: "positional" for argument in (*arguments.posonlyargs, *arguments.args)}
    found.pop("self", None)
    return {**found, **{argument.arg: "keyword" for argument in arguments.kwonlyargs}}


def test_the_module_has_the_names_of_the_stub_and_no_others():
    named = {*classes(), *functions(STUB.body), *constants()}
    assert {name for name in vars(_native) if not name.startswith("__")} == named


def test_constants_have_the_values_of_the_stub():
    for node in STUB.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant):
            assert isinstance(node.target, ast.Name)
            assert getattr(_native, node.target.id) == node.value.value


@pytest.mark.parametrize("name", classes())
def test_a_class_has_the_members_of_the_stub_and_no_others(name):
    found = {member for member in vars(getattr(_native, name)) if not re.match(r"__|_nb_|@", member)}
    members = {member for member in functions(classes()[name].body) if not member.startswith("__")}
    assert found == members


@pytest.mark.parametrize("name", classes())
def test_a_class_is_final_when_the_stub_says_so(name):
    final = any(
        isinstance(found, ast.Name) and found.id == "final" for found in classes()[name].decorator_list
    )
    if final:
        with pytest.raises(TypeError):
            type("Derived", (getattr(_native, name),), {})
    else:
        type("Derived", (getattr(_native, name),), {"__slots__": ()})


@pytest.mark.parametrize("name", classes())
def test_properties_are_properties_and_methods_are_callable(name):
    for member, node in functions(classes()[name].body).items():
        found = getattr(getattr(_native, name), member)
        assert callable(found) != is_property(node), member


def methods_of_nanobind() -> t.Iterator[tuple[str, t.Any, ast.FunctionDef]]:
    for name, node in functions(STUB.body).items():
        yield name, getattr(_native, name), node
    for name, class_node in classes().items():
        for member, node in functions(class_node.body).items():
            yield f"{name}.{member}", getattr(getattr(_native, name), member), node


@pytest.mark.parametrize(
    ("function", "node"),
    [
        pytest.param(function, node, id=name)
        for name, function, node in methods_of_nanobind()
        if hasattr(function, "__nb_signature__")
    ],
)
def test_a_dispatched_function_has_the_parameters_of_the_stub(function, node):
    [(signature, *_)] = function.__nb_signature__
    text = re.sub(r"\\\d+", "None", signature)  # Defaults stand as numbered places.
    found = parameters(t.cast(ast.FunctionDef, ast.parse(f"{text}: ...").body[0]))
    if "fields" in found or "fields" in text:  # The constructor of Client takes what its stub spells out.
        return
    assert found == parameters(node)


# How the plain methods, which have no signature, are called: every parameter by position and by name.
CALLS = {
    "Client.publish": ("publish", {"topic": "a", "payload": "x", "qos": 0, "retain": False}),
    "Client.publish_many": ("publish_many", {"messages": [], "qos": 0, "retain": False}),
    "Client.take": ("take", {"messages_max": 1, "timeout_s": 0}),
    "Client.wait_connected": ("wait_connected", {"timeout_s": 0}),
    "Client.wait_subscribed": ("wait_subscribed", {"timeout_s": 0}),
    "Client.close": ("close", {"drain_s": 0}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_plain_method_takes_the_parameters_of_the_stub(make_client, name):
    method, arguments = CALLS[name]
    stub = parameters(functions(classes()["Client"].body)[method])
    assert [key for key, kind in stub.items() if kind == "positional"] == list(arguments)
    client = make_client()
    for call in (
        lambda: getattr(client, method)(**arguments),
        lambda: getattr(client, method)(*arguments.values()),
    ):
        with contextlib.suppress(EngineError):  # Such as the end of a wait.
            call()
    with pytest.raises(TypeError):
        getattr(client, method)(*arguments.values(), None)
    with pytest.raises(TypeError):
        getattr(client, method)(**arguments, unknown=1)


def test_the_client_takes_exactly_the_options_of_the_stub(make_client):
    options = parameters(functions(classes()["Client"].body)["__init__"])
    assert set(options.values()) == {"keyword"}
    for name in options:
        with pytest.raises((TypeError, Exception)) as refusal:
            make_client(**{name: object()})
        assert "unexpected argument" not in str(refusal.value), name
    with pytest.raises(TypeError, match="unexpected argument"):
        make_client(unknown=1)


def test_every_part_of_the_stub_is_documented_where_the_name_does_not_say_it():
    for name, node in functions(STUB.body).items():
        assert ast.get_docstring(node), name
    for name, node in classes().items():
        assert ast.get_docstring(node), name
    assert inspect.getdoc(_native)
