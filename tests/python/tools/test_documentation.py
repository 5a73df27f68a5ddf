"""The document check finds what it is there to find."""

from __future__ import annotations

import pytest

from tools.documentation import problems_of

CODE = "import flask\n\n\ndef page():\n    first = 1\n    return first\n"


@pytest.fixture
def document(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "app.py").write_text(CODE)
    (tmp_path / "other.md").write_text("# One heading: `code` & more\n\n```sh\n# not a heading\n```\n")

    def write(text: str) -> list[str]:
        path = tmp_path / "page.md"
        path.write_text(text)
        return problems_of(path, tmp_path)

    return write


@pytest.mark.parametrize(
    "text",
    [
        "[file](other.md) [folder](examples) [web](https://example.org/x) [mail](mailto:a@example.org)",
        "[heading](other.md#one-heading-code--more)",
        "# Here\n\n[here](#here)",
        "`[code](nowhere.md)` is no link",
        "```\n[code](nowhere.md)\n```",
        '```python title="examples/app.py"\ndef page():\n    first = 1\n    return first\n```',
        '```python title="examples/app.py"\nfirst = 1\nreturn first\n```',
        '```python title="app.py"\nany = "text"\n```',
    ],
    ids=["links", "anchor", "own_anchor", "code_span", "code_block", "whole", "indented", "not_a_path"],
)
def test_a_right_document_has_no_problem(document, text):
    assert document(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("one\n\n[gone](gone.md)", ":3: the link gone.md leads nowhere"),
        ("![image](gone.png)", ":1: the link gone.png leads nowhere"),
        ("[up](../../../../etc/hostname)", "leads nowhere"),
        ("[x](other.md#not-a-heading)", "has no heading #not-a-heading"),
        ('```python title="examples/gone.py"\nx\n```', "examples/gone.py, which does not exist"),
        ('```python title="examples/app.py"\nfirst = 2\n```', "differs from examples/app.py"),
        ('```python title="examples/app.py"\nimport flask\nfirst = 1\n```', "differs from examples/app.py"),
    ],
    ids=["file", "image", "outside", "anchor", "missing_code", "other_code", "code_with_a_gap"],
)
def test_a_wrong_document_says_where_and_why(document, text, problem):
    (found,) = document(text)
    assert problem in found
