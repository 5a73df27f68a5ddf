"""The mutations fit the sources, the table shows what was found, and the tests that say so can fail."""

from __future__ import annotations

import sys
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.mutation import mutations
from tests.mutation.mutations import Mutation, MutationError
from tools import simulating

ROOT = Path(__file__).resolve().parents[2]
ENTRY = """\
[[mutation]]
name = "one"
class = "a class"
file = "src/session/a.cpp"
original = '''
ORIGINAL'''
mutated = '''
MUTATED'''
"""


def engine(root: Path, text: str) -> Path:
    (root / "src" / "session").mkdir(parents=True)
    (root / "src" / "wire").mkdir()
    (root / "src" / "session" / "a.cpp").write_text(text)
    return root


def one(original: str, mutated: str = "other", name: str = "one") -> Mutation:
    return Mutation(name, "a class", "src/session/a.cpp", original, mutated)


def test_every_mutation_fits_the_sources():
    found = mutations.read((ROOT / mutations.FILE).read_text())
    assert list(mutations.problems(found, ROOT)) == []
    assert len(found) >= 30


def test_the_page_says_how_each_mutation_was_found():
    shown = list(simulating.table_of(simulating.PAGE.read_text()))
    expected = [(one.name, one.kind) for one in mutations.read((ROOT / mutations.FILE).read_text())]
    assert [(one.name, one.kind) for one in shown] == expected, "run ./run simulate --mutations"
    assert [one.name for one in shown if not one.check or one.seed > simulating.SEEDS_PER_MUTATION] == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no reader of TOML to compare with")
def test_the_file_is_toml_and_read_as_such():
    import tomllib

    text = (ROOT / mutations.FILE).read_text()
    rows = tomllib.loads(text)["mutation"]
    fields = ("name", "class", "file", "original", "mutated")
    assert [astuple(one) for one in mutations.read(text)] == [
        tuple(row[key] for key in fields) for row in rows
    ]


@pytest.mark.parametrize(
    ("text", "count"), [("a();", 0), ("b(); b();", 2)], ids=["text_that_is_gone", "text_that_stands_twice"]
)
def test_a_mutation_that_no_longer_fits_is_noticed(tmp_path, text, count):
    (problem,) = mutations.problems([one("b();")], engine(tmp_path, text))
    assert f"stands {count} times" in problem


def test_two_mutations_of_one_place_are_noticed(tmp_path):
    root = engine(tmp_path, "a() + b()")
    (problem,) = mutations.problems([one("a() + b()"), one("b()", name="two")], root)
    assert "change the same place" in problem


def test_a_mutation_of_another_folder_is_noticed(tmp_path):
    stray = Mutation("one", "a class", "src/io/driver.cpp", "a", "b")
    (problem,) = mutations.problems([stray], engine(tmp_path, ""))
    assert "is no file of" in problem


@pytest.mark.parametrize(
    "text",
    [ENTRY + ENTRY, ENTRY + "colour = 'red'\n", ENTRY.replace("class", "kind")],
    ids=["same_name_twice", "stray_line", "wrong_key"],
)
def test_a_file_that_cannot_be_read_is_refused(text):
    with pytest.raises(MutationError):
        mutations.read(text)


def test_the_copy_has_a_switch_at_each_place(tmp_path):
    root = engine(tmp_path / "engine", "int x = f(1); g();\n")
    changes = [one("f(1)", "2"), one("g();", "h();", name="two")]
    mutations.mutate(changes, root, tmp_path / "copy")
    text = (tmp_path / "copy" / "session" / "a.cpp").read_text()
    assert "int x = (::multimqtt::mutation::active(1) ? (2) : (f(1)));" in text
    assert "if (::multimqtt::mutation::active(2)) { h(); } else { g(); }" in text
    assert (tmp_path / "copy" / "mutation" / "table.inc").read_text().count("a class") == 2
