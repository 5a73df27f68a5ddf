"""The verbs of `./run`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tools import checking, documentation, fuzzing, programs, simulating, testing
from tools.steps import StepFailedError, say

_Arguments = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Verb:
    """One word after `./run`."""

    summary: str
    work: Callable[[argparse.Namespace], int]
    add_arguments: _Arguments | None = None
    #: Whether all that follows belongs to the program that the verb starts.
    passes_on: bool = False


VERBS = {
    "demo": Verb("start the greenhouse: a broker, sensors and a Flask page", programs.demo, passes_on=True),
    "test": Verb("build and run all tests", testing.run, testing.add_arguments),
    "check": Verb("format, lint, types, conformance, documents", checking.run, checking.add_arguments),
    "fix": Verb("format everything in place", checking.fix),
    "bench": Verb("measure", programs.bench, passes_on=True),
    "fuzz": Verb("run each fuzzer for some seconds", fuzzing.run, fuzzing.add_arguments),
    "simulate": Verb("run the session in simulated worlds", simulating.run, simulating.add_arguments),
    "docs": Verb("make and check the documents, build their pages", documentation.run),
}


def main(arguments: list[str]) -> int:
    """Runs the verb that `arguments` begins with; returns the exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        _list_verbs()
        return 0
    name, *rest = arguments
    verb = VERBS.get(name)
    if verb is None:
        say(f"./run has no verb {name}.\n")
        _list_verbs()
        return 2
    parser = argparse.ArgumentParser(prog=f"./run {name}", description=verb.summary)
    if verb.passes_on:
        options = argparse.Namespace(arguments=rest)
    else:
        if verb.add_arguments:
            verb.add_arguments(parser)
        options = parser.parse_args(rest)
    try:
        return verb.work(options)
    except StepFailedError as failure:
        print(f"\n./run {name} stopped: {failure} failed.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _list_verbs() -> None:
    say("usage: ./run VERB [options]\n")
    for name, verb in VERBS.items():
        say(f"  {name:8} {verb.summary}")
    say("\nEach sets up what it needs first: Debian packages, .venv, builds. `./run VERB --help` says more.")
