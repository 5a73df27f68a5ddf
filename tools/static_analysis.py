"""clang-tidy over the library, two files at once, and never twice over the same text."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import cpp_build
from tools.project import BUILD, ROOT, digest, jobs, own_files, relative
from tools.steps import StepFailedError, say

_CHECKED = (ROOT / "src", ROOT / "examples" / "cpp")


def check_cpp(base: str | None) -> None:
    """Runs clang-tidy over each source of the library whose text, or any header, has changed.

    Args:
        base: A git revision; then only files that differ from it, and those beside a header that does.

    Raises:
        StepFailedError: clang-tidy found something; it has been printed.
    """
    cpp_build.configure("dev")
    headers = digest([ROOT / ".clang-tidy", *own_files(".hpp")])
    waiting = [source for source in _sources(base) if not _stamp(source).has(digest([source], headers))]
    say(f"- clang-tidy over {len(waiting)} files")
    with ThreadPoolExecutor(jobs()) as pool:
        outputs = list(pool.map(_check_one, waiting))
    failed = False
    for source, output in zip(waiting, outputs, strict=True):
        if output:
            say(output)
            failed = True
        else:
            _stamp(source).write(digest([source], headers))
    if failed:
        raise StepFailedError("clang-tidy")


def _sources(base: str | None) -> list[Path]:
    database = json.loads((BUILD / "dev" / "compile_commands.json").read_text())
    sources = sorted({Path(entry["file"]) for entry in database})
    sources = [path for path in sources if any(path.is_relative_to(folder) for folder in _CHECKED)]
    if base is None:
        return sources
    changed = {
        ROOT / name
        for name in [*_git("diff", "--name-only", base), *_git("ls-files", "--others", "--exclude-standard")]
    }
    folders = {path.parent for path in changed if path.suffix == ".hpp"}
    return [path for path in sources if path in changed or path.parent in folders]


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        say(f"  git {' '.join(arguments)}: {done.stderr.strip()}")
        raise StepFailedError("git")
    return done.stdout.splitlines()


def _check_one(source: Path) -> str:
    """What clang-tidy says about `source`; nothing when all is well."""
    done = subprocess.run(
        ["clang-tidy", "--quiet", "-p", str(BUILD / "dev"), str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return ""
    return done.stdout or f"{relative(source)}: clang-tidy failed:\n{done.stderr}"


class _Stamp:
    """Remembers with which text a source was found good."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, value: str) -> bool:
        return self._path.is_file() and self._path.read_text() == value

    def write(self, value: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(value)


def _stamp(source: Path) -> _Stamp:
    return _Stamp(BUILD / "clang-tidy" / relative(source))
