"""Virtual environments: which packages are in them, and this project, built for their Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.cpp_build import CCACHE_ENVIRONMENT
from tools.project import BUILD, ROOT, digest, jobs
from tools.steps import StepFailedError, run_step, say

#: The Pythons that the project supports.
SUPPORTED = ((3, 10), (3, 11), (3, 12), (3, 13), (3, 14))

_MAIN = ".venv"

_NATIVE_INPUTS = ("CMakeLists.txt", "pyproject.toml", "README.md", "bindings", "cmake", "include", "src")
_PYTHON_INPUTS = ("python",)

#: The flags of the preset dev, so that the compiler's cache serves both.
_QUICK = (
    "-C",
    "cmake.build-type=RelWithDebInfo",
    "-C",
    "cmake.define.CMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1",
)
_RELEASE = ("-C", "cmake.build-type=Release", "-C", "build-dir=build/python/release-{cache_tag}")


@dataclass(frozen=True)
class Environment:
    """A virtual environment in the project folder."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def has(self, name: str, value: str) -> bool:
        """Whether the note `name` holds `value`."""
        path = self.folder / "notes" / name
        return path.is_file() and path.read_text() == value

    def note(self, name: str, value: str) -> None:
        """Remembers that `name` was done with `value`, so that the next start does not do it again."""
        path = self.folder / "notes" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(value)


def main_environment(*groups: str) -> Environment:
    """`.venv`, with the dependency groups `groups`, made with the Python that runs `./run`."""
    return environment(_MAIN, found_base(), ("build", *groups))


def environment(name: str, python: Path, groups: Sequence[str]) -> Environment:
    """The environment `name`, made with `python`, holding the dependency groups of pyproject.toml.

    Other environments than the main one need that one first, for its pip.
    """
    made = Environment(ROOT / name)
    version = _version_text(python)
    if not made.has("python", version):
        shutil.rmtree(made.folder, ignore_errors=True)
        # One pip serves all environments, which saves most of the time that making one takes.
        flags = [] if name == _MAIN else ["--without-pip"]
        run_step(f"make {name} with Python {version.split()[0]}", [python, "-m", "venv", *flags, made.folder])
        if name == _MAIN:
            # The pip of older Pythons does not know dependency groups.
            _pip(made, f"update pip in {name}", "install", "--upgrade", "pip>=25.1")
        made.note("python", version)
    fingerprint = digest([ROOT / "pyproject.toml"])
    missing = [group for group in groups if not made.has(f"group-{group}", fingerprint)]
    if missing:
        flags = [flag for group in groups for flag in ("--group", group)]
        _pip(made, f"install {', '.join(missing)} packages in {name}", "install", *flags)
        for group in missing:
            made.note(f"group-{group}", fingerprint)
    return made


def install_editable(target: Environment) -> None:
    """Builds the module and installs the project so that changed Python files count at once."""
    fingerprint = digest(ROOT / name for name in _NATIVE_INPUTS)
    if target.has("project", fingerprint):
        return
    _require_bindings()
    flags = ("--no-build-isolation", "--no-deps", *_QUICK)
    _pip(
        target, f"build and install the module in {target.folder.name}", "install", *flags, "--editable", "."
    )
    target.note("project", fingerprint)


def install_wheel(target: Environment, *, release: bool = False) -> None:
    """Builds a wheel for the environment's Python, as users get it, and installs that.

    Environments of one Python share the wheel; `release` builds it with full optimisation.
    """
    fingerprint = digest((ROOT / name for name in (*_NATIVE_INPUTS, *_PYTHON_INPUTS)), str(release))
    if target.has("project", fingerprint):
        return
    _require_bindings()
    version = _version_text(target.python).split()[0]
    kind = "release" if release else "quick"
    folder = BUILD / "wheels" / f"{version}-{kind}-{fingerprint[:16]}"
    if not list(folder.glob("*.whl")):
        # With the same Python the main environment's build is there already, made with these very headers.
        main = Environment(ROOT / _MAIN)
        builder = main if main.has("python", _version_text(target.python)) else target
        for old in folder.parent.glob(f"{version}-{kind}-*"):
            shutil.rmtree(old)
        flags = _RELEASE if release else _QUICK
        _pip(
            builder,
            f"build the {kind} wheel for Python {version}",
            *("wheel", "--no-build-isolation", "--no-deps", *flags, "--wheel-dir", str(folder), "."),
        )
    (wheel,) = folder.glob("*.whl")
    title = f"install the wheel in {target.folder.name}"
    _pip(target, title, "install", "--no-deps", "--force-reinstall", str(wheel))
    target.note("project", fingerprint)


def found_pythons() -> dict[tuple[int, int], Path]:
    """The supported Pythons of this machine that can make an environment and build a module."""
    found: dict[tuple[int, int], Path] = {}
    for version in SUPPORTED:
        for candidate in _candidates(version):
            if _usable(candidate, version):
                found[version] = candidate
                break
    return found


def _candidates(version: tuple[int, int]) -> Iterator[Path]:
    name = "python{}.{}".format(*version)
    base = found_base()
    if sys.version_info[:2] == version:
        yield base
    home = Path.home()
    patterns = (
        (home / ".pyenv" / "versions", "{}.{}.*".format(*version)),
        (home / ".local" / "share" / "uv" / "python", "cpython-{}.{}.*".format(*version)),
    )
    for folder, pattern in patterns:
        for install in sorted(folder.glob(pattern), reverse=True):
            yield install / "bin" / name
    for folder_name in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder_name) / name


def _usable(python: Path, version: tuple[int, int]) -> bool:
    if not os.access(python, os.X_OK):
        return False
    probe = (
        "import ensurepip, os, sys, sysconfig, venv;"
        "header = os.path.join(sysconfig.get_path('include'), 'Python.h');"
        f"sys.exit(sys.version_info[:2] != {version!r} or not os.path.exists(header))"
    )
    return subprocess.run([python, "-c", probe], capture_output=True).returncode == 0


def found_base() -> Path:
    """The Python that runs `./run`, outside any environment."""
    # Inside an environment this is the Python that made it.
    return Path(getattr(sys, "_base_executable", "") or sys.executable)


def _version_text(python: Path) -> str:
    """The version and where it really is, such as "3.11.2 /usr/bin/python3.11"."""
    probe = "import platform, sys; print(platform.python_version(), sys.base_prefix)"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True)
    return done.stdout.strip()


def _pip(target: Environment, title: str, verb: str, *arguments: str) -> None:
    settings = {
        **CCACHE_ENVIRONMENT,
        "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs()),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        # Programs that the build finds by name come from the environment first.
        "PATH": f"{target.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    pip: list[str | Path] = [Environment(ROOT / _MAIN).python, "-m", "pip", "--python", target.python]
    run_step(title, [*pip, verb, *arguments], environment=settings)


def _require_bindings() -> None:
    if not (ROOT / "bindings" / "CMakeLists.txt").exists():
        say("  bindings/CMakeLists.txt is not there, so the Python module cannot be built.")
        raise StepFailedError("the Python module")
