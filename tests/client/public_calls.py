#!/usr/bin/env python3
"""Holds the public headers against the stress test: every public call has its place in it.

    public_calls.py include/multimqtt tests/client/every_call_test.cpp

A call is a member function of a public class, or a free function, named as "Client::publish". Constructors
and operators are none. A place is the name in quotes.
"""

import re
import sys
from pathlib import Path

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')
DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", re.MULTILINE)
SCOPE = re.compile(r"\b(namespace|class|struct|enum)\b(?:\s+class)?\s*([\w:]*)[^;(){}=]*$")
CALL = re.compile(r"(?<![\w:~.>])(\w+)\s*\(")
ACCESS = re.compile(r"\b(public|protected|private)\s*:(?!:)")
# What they declare runs in the compiler; `Client::topic` brings what is left of it to the program.
COMPILED_AWAY = {"pattern_grammar.hpp", "typed_pattern.hpp"}
NO_NAME = {
    "decltype",
    "explicit",
    "if",
    "noexcept",
    "operator",
    "requires",
    "return",
    "sizeof",
    "static_assert",
    "variant",
    "void",
    "while",
}


def calls_in(text: str) -> set[str]:
    """The calls that one header declares."""
    for pattern in (COMMENT, DIRECTIVE):
        text = pattern.sub("", text)
    text = TEXT.sub('""', text)
    found: set[str] = set()
    # Each scope: its kind, its name, and whether what stands in it is public.
    scopes: list[tuple[str, str, bool]] = []
    statement = ""
    parentheses = 0
    for character in text:
        if character in "()":
            parentheses += 1 if character == "(" else -1
        if parentheses == 0 and character in "{};":
            found |= calls_of(statement, scopes)
            if character == "{":
                scopes.append(scope_of(statement))
            elif character == "}" and scopes:
                scopes.pop()
            statement = ""
            continue
        statement += character
        if parentheses == 0 and character == ":" and scopes and (access := ACCESS.search(statement)):
            scopes[-1] = (*scopes[-1][:2], access.group(1) == "public")
            statement = ""
    return found


def scope_of(statement: str) -> tuple[str, str, bool]:
    """The scope that the brace after this text opens."""
    opened = SCOPE.search(statement)
    if opened is None:
        return ("body", "", False)
    kind, name = opened.groups()
    return (kind, name, kind in ("namespace", "struct"))


def calls_of(statement: str, scopes: list[tuple[str, str, bool]]) -> set[str]:
    """The call that this statement declares, if it does and is public."""
    if any(kind in ("body", "enum") or not public for kind, _, public in scopes):
        return set()
    if any(name in ("detail", "literals") for _, name, _ in scopes):
        return set()
    head = re.sub(r"\btemplate\s*<[^{}]*?>\s*(?=[\w\[])", "", statement)
    head = re.sub(r"\[\[\w+\]\]|\bexplicit\s*\([^)]*\)", "", head)
    call = CALL.search(head)
    if call is None or "=" in head[: call.start()] or re.search(r"\b(friend|using|concept|operator)\b", head):
        return set()
    classes = [name for kind, name, _ in scopes if kind in ("class", "struct")]
    name = call.group(1)
    if name in NO_NAME or name in classes:
        return set()
    return {"::".join([*classes, name])}


def main() -> int:
    """Names the calls without a place; 1 when there are some."""
    headers, test = Path(sys.argv[1]), Path(sys.argv[2])
    declared: dict[str, str] = {}
    for header in sorted(set(headers.glob("*.hpp")) - {headers / name for name in COMPILED_AWAY}):
        for call in calls_in(header.read_text(encoding="utf-8")):
            declared.setdefault(call, header.name)
    if "Client::publish" not in declared:
        print("the scan does not find Client::publish: it no longer understands the headers")
        return 1
    placed = set(re.findall(r'"((?:\w+::)*\w+)"', test.read_text(encoding="utf-8")))
    missing = sorted(set(declared) - placed)
    for call in missing:
        print(f"{declared[call]}: {call} has no place in {test.name}")
    print(f"{len(declared)} public calls, {len(missing)} without a place")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
