"""The page of the documents that shows the tables: docs/conformance.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.tables import VERSIONS, Statement

if TYPE_CHECKING:
    from tests.conformance.conformance import Conformance
    from tests.conformance.proofs import Proof

PAGE = Path("docs/conformance.md")

_HEAD = """\
# Conformance

<!-- Made by `./run docs` from tests/conformance; changes here are lost. -->

```cpp title="tests/session/publishing_test.cpp"
// v5 [MQTT-4.3.3-6]; v3.1.1 [MQTT-4.3.3-1].
TEST_P(PublishingTest, AResumedSessionSendsPubrelAgainAndNeverThePublish) {
```

Every numbered statement of MQTT is in a table, `tests/conformance/statements.toml`, in words of ours. Code
that keeps a statement cites it, and so does a test that fails when the code does not keep it.
`tests/conformance` holds the citations against the table: a statement that binds a client and is cited by no
code, or by no test, fails the check, and so does a number that the version does not have.
"""

_ROWS = """
| statement | what it asks for | kept in | proven by |
|---|---|---|---|
"""


def is_fresh(conformance: Conformance) -> bool:
    """Whether the page says what the tables and citations say."""
    path = conformance.root / PAGE
    return path.is_file() and path.read_text() == text_of(conformance)


def write(conformance: Conformance) -> None:
    """Makes the page anew."""
    path = conformance.root / PAGE
    path.parent.mkdir(exist_ok=True)
    path.write_text(text_of(conformance))


def text_of(conformance: Conformance) -> str:
    """The page as Markdown."""
    return "".join(
        [_HEAD, *_counts(conformance), *_not_supported(conformance), *_duties(conformance),
         *(part for version in VERSIONS for part in _statements(conformance, version))]
    )  # fmt: skip


def _counts(conformance: Conformance) -> Iterator[str]:
    yield "\n| version | statements | kept and proven | not supported | broker only, but used here | "
    yield "broker only |\n|---|---|---|---|---|---|\n"
    for version, name in VERSIONS.items():
        all_of = [one for one in conformance.statements.values() if one.version == version]
        kept = sum(one.binds_client and not one.not_supported for one in all_of)
        unsupported = sum(bool(one.not_supported) for one in all_of)
        used = sum(bool(one.here) for one in all_of)
        rest = len(all_of) - kept - unsupported - used
        yield f"| {name} | {len(all_of)} | {kept} | {unsupported} | {used} | {rest} |\n"


def _not_supported(conformance: Conformance) -> Iterator[str]:
    yield "\n## What is not supported\n\n| statement | what it asks for | why not |\n|---|---|---|\n"
    for one in conformance.statements.values():
        if one.not_supported:
            yield f"| {one.version} {one.number} | {_cell(one.says)} | {_cell(one.not_supported)} |\n"


def _duties(conformance: Conformance) -> Iterator[str]:
    yield "\n## What clients most often get wrong\n\n"
    yield "| duty | what it means here | statements | proven by |\n|---|---|---|---|\n"
    for duty in conformance.duties:
        statements = "<br>".join(duty.statements)
        tests = "<br>".join(_code(test) for test in duty.tests)
        yield f"| {_cell(duty.name)} | {_cell(duty.says)} | {statements} | {tests} |\n"


def _statements(conformance: Conformance, version: str) -> Iterator[str]:
    yield f"\n## The statements of {VERSIONS[version]}\n"
    all_of = [one for one in conformance.statements.values() if one.version == version]
    for chapter, ones in groupby(all_of, lambda one: one.section.rpartition(".")[0]):
        yield f"\n### {VERSIONS[version]}, section {chapter}\n{_ROWS}"
        for one in ones:
            yield _row(conformance, one)


def _row(conformance: Conformance, one: Statement) -> str:
    evidence = conformance.evidence[one.version, one.number]
    says = _cell(one.says) + (f" *{_cell(one.note)}*" if one.note else "")
    if one.not_supported:
        kept = f"not supported: {_cell(one.not_supported)}"
    elif not one.needs_citations:
        kept = "broker only"
    else:
        files = dict.fromkeys(_code(str(citation.path)) for citation in evidence.code)
        kept = (f"broker only; {_cell(one.here)}:<br>" if one.here else "") + "<br>".join(files)
    proofs = [_proof(proof) for proof in evidence.proofs] if one.needs_citations else []
    return f"| {one.number} | {says} | {kept} | {'<br>'.join(proofs)} |\n"


def _proof(proof: Proof) -> str:
    return f"{_code(proof.name)}, row {_code(proof.row)}" if proof.row else _code(proof.name)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text}`"
