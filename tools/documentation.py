"""`./run docs`: the page about conformance, links and code of the Markdown files, and the pages from docs/.

A fenced block whose title is a file of the project, such as

    ```python title="examples/readme/app.py"

must stand in that file line by line; so what the documents show is what the tests run.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tools.project import BUILD, ROOT, own_files, relative
from tools.python_environments import main_environment
from tools.report import Report
from tools.steps import StepFailedError, exclusive, run_step, say

#: What holds citations against the table of statements, and makes docs/conformance.md from both.
CONFORMANCE_MODULES = tuple(
    f"tests/conformance/{name}.py" for name in ("citations", "conformance", "page", "proofs", "tables")
)

_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?[^)\n]*\)|!\[[^\]\n]*\]\(\s*([^)\s]+)[^)\n]*\)")
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>```+|~~~+)(?P<info>[^\n]*)\n(?P<body>.*?)^[ \t]*(?P=mark)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'\btitle="([^"]+)"')
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)


def run(options: argparse.Namespace) -> int:
    report = Report()
    with exclusive():
        report.run("conformance", lambda: check_conformance("--write"))
        report.run("links and code", check)
        report.run("pages", _build_pages)
    return report.show()


def check() -> None:
    """Checks every Markdown file of the project.

    Raises:
        StepFailedError: A link leads nowhere or a block differs from its file; each has been printed.
    """
    files = own_files(".md")
    say(f"- links and code of {len(files)} Markdown files")
    problems = [problem for path in files for problem in problems_of(path)]
    for problem in problems:
        say(f"  {problem}")
    if problems:
        raise StepFailedError("documents")


def check_conformance(*options: str) -> None:
    """Holds the table of statements against code, tests and page; `--write` makes the page anew before.

    Raises:
        StepFailedError: A statement is not kept or not proven, or the page is stale.
    """
    run_step("conformance", [sys.executable, "-B", "-m", "tests.conformance.conformance", *options])


def problems_of(path: Path, root: Path = ROOT) -> list[str]:
    """What is wrong with one Markdown file, each as "file:line: problem"."""
    text = path.read_text()
    found = [*_wrong_blocks(text, root), *_dead_links(path, _FENCE.sub(_blank, text), root)]
    return [
        f"{relative(path)}:{text.count(chr(10), 0, offset) + 1}: {what}" for offset, what in sorted(found)
    ]


def _build_pages() -> None:
    if not (ROOT / "mkdocs.yml").exists():
        raise StepFailedError("mkdocs.yml is missing; pages")
    mkdocs = main_environment("docs").program("mkdocs")
    site = BUILD / "site"
    # Without it the theme prints a notice about a project of its own.
    quiet = {"NO_MKDOCS_2_WARNING": "true"}
    run_step("mkdocs", [mkdocs, "build", "--strict", "--site-dir", site], environment=quiet)
    say(f"  {relative(site / 'index.html')}")


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _dead_links(path: Path, text: str, root: Path) -> Iterator[tuple[int, str]]:
    without_code = re.sub(r"`[^`\n]*`", _blank, text)
    for match in _LINK.finditer(without_code):
        target = unquote(match.group(1) or match.group(2))
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # The web is not part of this tree.
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or not file.is_relative_to(root.resolve()):
            yield match.start(), f"the link {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file.read_text()):
            yield match.start(), f"{relative(file)} has no heading #{anchor}"


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub and MkDocs make from the headings."""
    anchors = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    for heading in _HEADING.findall(_FENCE.sub(_blank, text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip()
        anchors.add(slug.replace(" ", "-"))
        anchors.add(re.sub(r"[-\s]+", "-", slug))
    return anchors


def _wrong_blocks(text: str, root: Path) -> Iterator[tuple[int, str]]:
    for match in _FENCE.finditer(text):
        title = _TITLE.search(match["info"])
        if title is None or "/" not in title[1]:
            continue
        file = root / title[1]
        if not file.is_file():
            yield match.start(), f"the block shows {title[1]}, which does not exist"
        elif not _stands_in(match["body"], file.read_text()):
            yield match.start(), f"the block differs from {title[1]}"


def _stands_in(block: str, text: str) -> bool:
    """Whether the lines of `block` follow each other in `text`, at any one indentation."""
    wanted = [line.rstrip() for line in textwrap.dedent(block).strip("\n").splitlines()]
    lines = [line.rstrip() for line in text.splitlines()]
    for start in range(len(lines) - len(wanted) + 1):
        part = textwrap.dedent("\n".join(lines[start : start + len(wanted)])).splitlines()
        if part == wanted:
            return True
    return False
