"""clang-tidy over the library, one file a processor, and never twice over the same text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import cpp_build
from tools.project import BUILD, ROOT, digest, jobs, relative
from tools.steps import StepFailedError, elapsed_shown, say

_CHECKED = (ROOT / "src", ROOT / "examples" / "cpp")
_INCLUDED_FROM = (ROOT / "include", ROOT / "src")
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)

#: Like the compiler's cache it is shared by all clones of a user.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "multimqtt" / "clang-tidy"


def check_cpp(base: str | None) -> None:
    """Runs clang-tidy over each source of the library that was not found good with this very text before.

    Args:
        base: A git revision; then only files that differ from it, and those beside a header that does.

    Raises:
        StepFailedError: clang-tidy found something; it has been printed.
    """
    cpp_build.configure("dev")
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True).stdout
    stamps = {source: _stamp(source, version) for source in _sources(base)}
    waiting = [source for source, stamp in stamps.items() if not stamp.exists()]
    say(f"- clang-tidy over {len(waiting)} of {len(stamps)} files; the others have not changed")
    with elapsed_shown(time.monotonic()), ThreadPoolExecutor(jobs()) as pool:
        outputs = list(pool.map(_check_one, waiting))
    _CACHE.mkdir(parents=True, exist_ok=True)
    failed = False
    for source, output in zip(waiting, outputs, strict=True):
        if output:
            say(output)
            failed = True
        else:
            stamps[source].touch()
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


def _stamp(source: Path, version: str) -> Path:
    """The file that is there when `source`, with all that it includes of ours, was found good."""
    files: dict[Path, None] = {}
    _add_with_includes(source, files)
    return _CACHE / digest([ROOT / ".clang-tidy", *files], version)


def _add_with_includes(source: Path, files: dict[Path, None]) -> None:
    if source in files or not source.is_file():
        return
    files[source] = None
    for name in _INCLUDE.findall(source.read_text()):
        for folder in (source.parent, *_INCLUDED_FROM):
            _add_with_includes(folder / name, files)
