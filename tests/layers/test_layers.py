"""The include table holds for this tree, and the test that says so can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.layers import layers

ROOT = Path(__file__).resolve().parents[2]


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_no_folder_includes_upwards_and_the_pure_folders_are_pure():
    assert [str(one) for one in layers.violations(ROOT)] == []


def test_the_table_names_every_folder_of_src():
    folders = {f"src/{path.name}" for path in (ROOT / "src").iterdir() if path.is_dir()}
    assert folders <= set(layers.MAY_INCLUDE)


@pytest.mark.parametrize(
    ("file", "included"),
    [
        ("src/wire/packet.hpp", "session/session.hpp"),
        ("src/values/topic.cpp", "wire/packet.hpp"),
        ("src/session/session.cpp", "io/stream.hpp"),
        ("src/routing/router.cpp", "session/session.hpp"),
        ("src/io/driver.cpp", "client/outbox.hpp"),
        ("src/dynsec/commands.cpp", "client/client_state.hpp"),
        ("include/multimqtt/client.hpp", "session/session.hpp"),
        ("bindings/bind_client.cpp", "client/outbox.hpp"),
        ("examples/cpp/publisher.cpp", "wire/packet.hpp"),
        ("tests/simulation/world.cpp", "wire/packet.hpp"),
        ("tests/simulation/model/broker.cpp", "wire/packet.hpp"),
        ("tests/simulation/model/broker.cpp", "session/session.hpp"),
    ],
    ids=lambda value: value.replace("/", "_").replace(".", "_"),
)
def test_an_upward_include_is_found(tmp_path, file, included):
    tree(tmp_path, {file: f'#pragma once\n#include "{included}"\n', f"src/{included}": ""})
    (found,) = layers.violations(tmp_path)
    assert (str(found.path), found.line) == (file, 2)
    assert included in found.text


def test_an_include_by_a_relative_path_is_found(tmp_path):
    tree(tmp_path, {"src/wire/packet.cpp": '#include "../io/stream.hpp"\n', "src/io/stream.hpp": ""})
    assert len(layers.violations(tmp_path)) == 1


def test_an_include_of_a_missing_file_is_judged_by_its_folder(tmp_path):
    tree(tmp_path, {"src/wire/packet.cpp": '#include "session/gone.hpp"\n'})
    assert len(layers.violations(tmp_path)) == 1


@pytest.mark.parametrize("included", ["multimqtt/result.hpp", "wire/packet.hpp", "session/queue.hpp"])
def test_a_downward_include_is_allowed(tmp_path, included):
    tree(tmp_path, {"src/session/session.cpp": f'#include "{included}"\n#include <vector>\n'})
    assert layers.violations(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("#include <boost/asio/buffer.hpp>", "Boost.Asio"),
        ("boost::asio::io_context context;", "Boost.Asio"),
        ("#include <sys/socket.h>", "a socket"),
        ("int link = ::socket(1, 2, 3);", "a socket"),
        ("#include <thread>", "a thread"),
        ("std::jthread runner;", "a thread"),
        ("std::mutex lock;", "a mutex"),
        ("std::shared_mutex lock;", "a mutex"),
        ("auto now = std::chrono::steady_clock::now();", "a clock"),
        ("clock_gettime(0, &spec);", "a clock"),
        ("std::random_device device;", "a random device"),
    ],
)
@pytest.mark.parametrize("folder", layers.PURE)
def test_an_impure_name_in_a_pure_folder_is_found(tmp_path, folder, code, name):
    tree(tmp_path, {f"{folder}/thing.cpp": f"\n{code}\n"})
    found = layers.violations(tmp_path)
    assert found, code
    assert {one.line for one in found} == {2}
    assert any(name in one.text for one in found)


@pytest.mark.parametrize(
    "code",
    [
        "// std::mutex would be wrong here",
        "/* steady_clock::now() */",
        'const char* text = "std::thread";',
        "std::chrono::steady_clock::time_point now;",
        "writer.write(bytes);",
        "std::lock_free_is_only_a_name x;",
    ],
)
def test_a_comment_a_text_or_a_time_point_is_no_impurity(tmp_path, code):
    tree(tmp_path, {"src/wire/packet.cpp": code})
    assert layers.violations(tmp_path) == []


def test_a_socket_in_io_and_asio_only_there_are_allowed(tmp_path):
    text = "#include <boost/asio.hpp>\nstd::mutex lock;\n"
    tree(tmp_path, {"src/io/stream.cpp": text, "include/multimqtt/client.hpp": text})
    assert [str(one.path) for one in layers.violations(tmp_path)] == ["include/multimqtt/client.hpp"]


@pytest.mark.parametrize("name", ["src/io/utils.hpp", "tests/common/x.py", "python/pkg/helpers.py"])
def test_a_name_that_says_nothing_is_found(tmp_path, name):
    tree(tmp_path, {name: ""})
    assert len(layers.violations(tmp_path)) == 1


def test_long_files_and_functions_are_reported(tmp_path):
    members = "    int x;\n" * 60
    body = "    step();\n" * 60
    tree(
        tmp_path,
        {
            "src/io/a.cpp": f"namespace x {{\nclass C {{}};\nvoid f(int a) const noexcept {{\n{body}}}\n}}\n",
            "src/io/b.cpp": "// line\n" * 501,
            "src/io/c.cpp": f"struct Table {{\n{members}}};\n",
        },
    )
    assert layers.long_parts(tmp_path) == [
        "src/io/b.cpp: 501 lines",
        "src/io/a.cpp:3: a function of 62 lines",
    ]


def test_the_program_says_where_and_fails(tmp_path, capsys):
    tree(tmp_path, {"src/wire/packet.cpp": '#include "io/stream.hpp"\n'})
    assert layers.main([str(tmp_path)]) == 1
    assert "src/wire/packet.cpp:1: src/wire may include only" in capsys.readouterr().out
    assert layers.main([str(tree(tmp_path / "empty", {"src/wire/a.hpp": ""}))]) == 0
