"""Values of placeholders between topics and Python."""

import uuid

import pytest

from flask_multimqtt import _native
from tests.python.native.conftest import EngineError

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("pattern", "topic", "values"),
    [
        ("a/<int:x>", "a/42", (42,)),
        ("a/<int:x>", "a/-9223372036854775808", (-(2**63),)),
        ("a/<int:x>", f"a/{10**100}", (10**100,)),
        ("a/<float:x>", "a/2.5", (2.5,)),
        ("a/<float:x>", "a/1e3", (1000.0,)),
        ("a/<uuid:x>", f"a/{UUID}", (UUID,)),
        ("a/<x>", "a/ä€😀", ("ä€😀",)),
        ("a/<path:x>", "a/b/c", ("b/c",)),
        ("<a>/+/<b>", "1/2/3", ("1", "3")),
        ("a/#", "a/b", ()),
        ("a/<int:x>", "a/b", None),
        ("a/<x>", "b/c", None),
    ],
)
def test_captures_have_the_types_of_their_placeholders(pattern, topic, values):
    found = _native.Pattern(pattern).match(topic)
    assert found == values
    if found is not None:
        assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("pattern", "values", "topic"),
    [
        ("a/<int:x>", {"x": 42}, "a/42"),
        ("a/<int:x>", {"x": -(10**40)}, f"a/{-(10**40)}"),
        ("a/<int:x>", {"x": "7"}, "a/7"),
        ("a/<float:x>", {"x": 2.5}, "a/2.5"),
        ("a/<x>", {"x": 5}, "a/5"),
        ("a/<uuid:x>", {"x": UUID}, f"a/{UUID}"),
        ("a/<path:x>", {"x": "b/c"}, "a/b/c"),
        ("plain", {}, "plain"),
    ],
)
def test_topics_are_built_from_values(pattern, values, topic):
    assert _native.Pattern(pattern).topic_for(values) == topic


@pytest.mark.parametrize(
    ("pattern", "values", "name"),
    [
        ("a/<int:x>", {}, "bad_value"),
        ("a/<int:x>", {"x": 1, "y": 2}, "bad_value"),
        ("a/<int:x>", {"x": "b"}, "bad_value"),
        ("a/<x>", {"x": "b/c"}, "bad_value"),
        ("a/+", {}, "bad_pattern"),
    ],
)
def test_values_that_do_not_fit_are_refused(pattern, values, name):
    with pytest.raises(EngineError) as caught:
        _native.Pattern(pattern).topic_for(values)
    assert caught.value.name == name


@pytest.mark.parametrize("values", [{"x": None}, {"x": b"1"}, {1: "x"}, "x", 5], ids=repr)
def test_values_of_other_types_are_type_errors(values):
    with pytest.raises(TypeError):
        _native.Pattern("a/<x>").topic_for(values)


def test_patterns_show_their_parts():
    pattern = _native.Pattern("$share/workers/a/<int:x>/<y>")
    assert pattern.filter == "$share/workers/a/+/+"
    assert pattern.share_group == "workers"
    assert pattern.placeholders == (("x", "int"), ("y", "str"))


def test_a_wrong_pattern_is_a_failure():
    with pytest.raises(EngineError) as caught:
        _native.Pattern("a/<b")
    assert caught.value.name == "bad_pattern"
