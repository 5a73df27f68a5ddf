"""Where the parts of this tree are, and how much of the machine to use."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
LOGS = BUILD / "logs"

#: What g++ needs for one file full of Boost templates.
_MEMORY_PER_JOB_BYTES = 1_500_000_000


def jobs() -> int:
    """How many compilers to run at once: one a processor, fewer when memory is short."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(processors, memory // _MEMORY_PER_JOB_BYTES))


def relative(path: Path) -> str:
    """`path` as a reader in the project folder would write it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def own_files(*suffixes: str) -> list[Path]:
    """The files with one of `suffixes` that git knows, or would know: ignored ones are left out."""
    listing = subprocess.run(
        # A folder that another user owns, as in a container, is no danger here.
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
    )
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name.endswith(suffixes)]
    else:
        # Not a clone but an unpacked archive: everything in the project's own folders.
        folders = [path for path in ROOT.iterdir() if path.is_dir() and path != BUILD and path.name[0] != "."]
        paths = [path for folder in folders for path in folder.rglob("*") if path.name.endswith(suffixes)]
        paths += [path for path in ROOT.iterdir() if path.name.endswith(suffixes)]
    return sorted(path for path in paths if path.is_file())


def digest(paths: Iterable[Path], *texts: str) -> str:
    """A fingerprint of the names and contents of `paths` (folders with all below) and of `texts`."""
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b"\0")
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(f"{relative(file)}\0{file.stat().st_size}\0".encode())
                total.update(file.read_bytes())
    return total.hexdigest()
