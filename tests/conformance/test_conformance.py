"""The table of statements is kept by this tree, and the check that says so can fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conformance import conformance, page
from tests.conformance.citations import citations
from tests.conformance.proofs import Proofs
from tests.conformance.tables import DUTIES, STATEMENTS, read_duties, read_statements

ROOT = Path(__file__).resolve().parents[2]

TABLE = """
[v5]
# 1.5 Text
"MQTT-1.5.4-1" = { binds = "both", says = "Text is text." }
"MQTT-1.5.4-2" = { binds = "server", says = "The broker looks." }
"MQTT-1.5.4-3" = { binds = "client", says = "Never.", not_supported = "we do not" }
["v3.1.1"]
"MQTT-1.5.3-1" = { binds = "server", says = "The broker cares.", here = "so do we" }
"""
DUTY = """
[[duty]]
name = "Text"
says = "It is text."
statements = ["v5 MQTT-1.5.4-1"]
tests = ["TextTest.IsText"]
"""
CODE = "// v5 [MQTT-1.5.4-1]; v3.1.1 [MQTT-1.5.3-1].\nint text();\n"
TEST = """\
// v5 [MQTT-1.5.4-1].
TEST(TextTest, IsText) {
    // v3.1.1 [MQTT-1.5.3-1]
    EXPECT_TRUE(text());
}
"""


@pytest.fixture
def tree(tmp_path):
    """A tree in which all is well; called with other files it says what is wrong then."""

    def write(files: dict[str, str] | None = None) -> list[str]:
        whole = {
            str(STATEMENTS): TABLE,
            str(DUTIES): DUTY,
            "src/values/text.cpp": CODE,
            "include/multimqtt/text.hpp": "",
            "tests/values/text_test.cpp": TEST,
            "tests/values/CMakeLists.txt": "multimqtt_test(values SOURCES\n  text_test.cpp\n)\n",
        }
        for name, text in {**whole, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # The page is made only where the tables and citations are right.
        conformance.main([str(tmp_path), "--write"])
        return conformance.violations(tmp_path)

    return write


def test_every_statement_is_kept_and_proven_and_the_page_says_so():
    assert conformance.violations(ROOT) == []


def test_the_tables_have_every_statement_and_duty():
    statements = read_statements(ROOT / STATEMENTS)
    counts = {version: sum(key[0] == version for key in statements) for version in ("v5", "v3.1.1")}
    assert counts == {"v5": 251, "v3.1.1": 141}
    assert len(read_duties(ROOT / DUTIES)) == 50


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no reader of TOML to compare with")
def test_the_tables_are_toml_and_read_as_such():
    import tomllib

    statements = tomllib.loads((ROOT / STATEMENTS).read_text())
    ours = read_statements(ROOT / STATEMENTS)
    assert [(version, number) for version in statements for number in statements[version]] == list(ours)
    for (version, number), one in ours.items():
        fields = statements[version][number]
        assert {key: getattr(one, key) for key in fields} == fields
    duties = tomllib.loads((ROOT / DUTIES).read_text())["duty"]
    assert [(one["name"], one["says"], one["statements"], one["tests"]) for one in duties] == [
        (one.name, one.says, list(one.statements), list(one.tests)) for one in read_duties(ROOT / DUTIES)
    ]


def test_a_tree_in_which_all_is_well_has_no_violation(tree):
    assert tree() == []


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"src/values/text.cpp": CODE.replace("1.5.4-1", "1.5.4-9")},
            "src/values/text.cpp:1: v5 [MQTT-1.5.4-9] is no statement of the table",
        ),
        (
            {"src/values/text.cpp": CODE.replace("v3.1.1", "v5")},
            "src/values/text.cpp:1: v5 [MQTT-1.5.3-1] is no statement of the table",
        ),
        (
            {"src/values/text.cpp": CODE + "\n// As [MQTT-1.5.4-1] has it.\n"},
            "src/values/text.cpp:4: [MQTT-1.5.4-1] does not say of which version",
        ),
        (
            {"include/multimqtt/text.hpp": "/// v5 [MQTT-1.5.4-2].\n"},
            "include/multimqtt/text.hpp:1: v5 [MQTT-1.5.4-2] is marked broker only",
        ),
        (
            {"include/multimqtt/text.hpp": "/// v5 [MQTT-1.5.4-1] to [MQTT-1.5.4-3].\n"},
            "include/multimqtt/text.hpp:1: v5 [MQTT-1.5.4-3] is marked not supported",
        ),
        (
            {"src/values/text.cpp": "// v3.1.1 [MQTT-1.5.3-1].\n"},
            f"{STATEMENTS}:4: no code cites v5 [MQTT-1.5.4-1]: Text is text.",
        ),
        (
            {"src/values/text.cpp": "// v5 [MQTT-1.5.4-1].\n"},
            f"{STATEMENTS}:8: no code cites v3.1.1 [MQTT-1.5.3-1]: The broker cares.",
        ),
        (
            {"tests/values/text_test.cpp": TEST.replace("// v5 [MQTT-1.5.4-1].\n", "")},
            f"{STATEMENTS}:4: no test cites v5 [MQTT-1.5.4-1]: Text is text.",
        ),
        (
            {"tests/values/text_test.cpp": TEST + "\n// v5 [MQTT-1.5.4-1]\nint helper();\n"},
            "tests/values/text_test.cpp:7: v5 [MQTT-1.5.4-1] is cited outside of any test",
        ),
        (
            {"tests/values/text_test.cpp": TEST.replace("IsText", "DISABLED_IsText")},
            f"{STATEMENTS}:4: no test cites v5 [MQTT-1.5.4-1]: Text is text.",
        ),
        (
            {"tests/values/CMakeLists.txt": "multimqtt_test(values SOURCES other_test.cpp )\n"},
            "tests/values/text_test.cpp:1: tests/values/CMakeLists.txt does not build these tests",
        ),
        (
            {"tests/values/broker.cpp": "// [MQTT-1.5.4-1]\n"},
            "tests/values/broker.cpp:1: [MQTT-1.5.4-1] does not say of which version",
        ),
        (
            {str(DUTIES): DUTY.replace("IsText", "IsBytes")},
            f"{DUTIES}:2: 'Text' is to be proven by TextTest.IsBytes, which does not exist",
        ),
        (
            {str(DUTIES): DUTY.replace("TextTest.IsText", "Rows/TextTest.IsText")},
            f"{DUTIES}:2: 'Text' is to be proven by Rows/TextTest.IsText, which does not exist",
        ),
        (
            {str(DUTIES): DUTY.replace("1.5.4-1", "1.5.4-7")},
            f"{DUTIES}:2: 'Text' stands for v5 MQTT-1.5.4-7, which is no statement of the table",
        ),
    ],
    ids=[
        "unknown_number",
        "number_of_the_other_version",
        "no_version",
        "broker_only",
        "not_supported_in_a_range",
        "kept_by_no_code",
        "used_by_no_code",
        "proven_by_no_test",
        "outside_of_any_test",
        "disabled_test",
        "test_that_is_not_built",
        "no_version_in_a_played_broker",
        "missing_test",
        "missing_rows",
        "duty_of_an_unknown_statement",
    ],
)
def test_what_is_wrong_is_found_where_it_is(tree, files, problem):
    assert problem in tree(files)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (TABLE.replace('"MQTT-1.5.4-2"', '"MQTT-1.5.4-1"'), "v5 [MQTT-1.5.4-1] stands in the table twice"),
        (TABLE.replace('"MQTT-1.5.4-2"', '"MQTT-1.5.4-4"'), "v5 [MQTT-1.5.4-2] is missing"),
        (TABLE.replace('"MQTT-1.5.4-2"', '"1.5.4-2"'), "1.5.4-2 is no number of a statement"),
        (TABLE.replace('"both"', '"all"'), "MQTT-1.5.4-1 needs binds"),
        (TABLE.replace("[v5]", "[v6]"), "v6 is none of v5, v3.1.1"),
        (TABLE.replace("not_supported", "unsupported"), "the fields of MQTT-1.5.4-3 cannot be read"),
        (TABLE.replace(' = { binds = "both"', ' { binds = "both"'), "this is no statement"),
        (TABLE.replace('"Text is text."', '"Text is text.", here = "x"'), "binds a client"),
        (TABLE.replace('"The broker looks."', '"It looks.", not_supported = "x"'), "binds the broker"),
    ],
    ids=["twice", "gap", "number", "binds", "version", "field", "form", "here", "not_supported"],
)
def test_a_table_that_is_not_in_order_is_refused(tree, table, problem):
    (found,) = tree({str(STATEMENTS): table})
    assert problem in found


@pytest.mark.parametrize(
    ("duties", "problem"),
    [
        (DUTY + DUTY, "the duty 'Text' stands in the table twice"),
        (DUTY.replace('says = "It is text."\n', ""), "the duty has no says"),
        (DUTY.replace('["TextTest.IsText"]', "[]"), "the duty 'Text' names no test"),
        (DUTY.replace('["TextTest.IsText"]', '["TextTest.IsText"'), "does not end"),
        (DUTY.replace('"Text"', "Text"), "the value of name cannot be read"),
    ],
    ids=["twice", "incomplete", "unproven", "endless", "unreadable"],
)
def test_duties_that_are_not_in_order_are_refused(tree, duties, problem):
    (found,) = tree({str(DUTIES): duties})
    assert problem in found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("// v5 [MQTT-1.1.1-1].", ["v5 [MQTT-1.1.1-1]"]),
        ("// v5 [MQTT-1.1.1-1], [MQTT-1.1.1-2]; v3.1.1 [MQTT-2.2.2-2].",
         ["v5 [MQTT-1.1.1-1]", "v5 [MQTT-1.1.1-2]", "v3.1.1 [MQTT-2.2.2-2]"]),
        ("// v5 and v3.1.1 [MQTT-1.1.1-1]", ["v5 [MQTT-1.1.1-1]", "v3.1.1 [MQTT-1.1.1-1]"]),
        ("// v5 [MQTT-1.1.1-8] to [MQTT-1.1.1-10].",
         ["v5 [MQTT-1.1.1-8]", "v5 [MQTT-1.1.1-9]", "v5 [MQTT-1.1.1-10]"]),
        ("/// Spec: v5 [MQTT-1.1.1-1],\n///       [MQTT-1.1.1-2] and [MQTT-1.1.1-3].",
         ["v5 [MQTT-1.1.1-1]", "v5 [MQTT-1.1.1-2]", "v5 [MQTT-1.1.1-3]"]),
        ("// because of v3.1.1\n// [MQTT-1.1.1-1].", ["v3.1.1 [MQTT-1.1.1-1]"]),
        ('"v5 [MQTT-1.1.1-1], "\n"[MQTT-1.1.1-2]"', ["v5 [MQTT-1.1.1-1]", "v5 [MQTT-1.1.1-2]"]),
        ("# v5 [MQTT-1.1.1-1],\n# [MQTT-1.1.1-2]", ["v5 [MQTT-1.1.1-1]", "v5 [MQTT-1.1.1-2]"]),
        ("// v5 [MQTT-1.1.1-1], and the quota [MQTT-1.1.1-2]", ["v5 [MQTT-1.1.1-1]", "[MQTT-1.1.1-2]"]),
        ("// v5, section 3, [MQTT-1.1.1-1]", ["[MQTT-1.1.1-1]"]),
        ("// v5 [MQTT-1.1.1-3] to [MQTT-1.1.2-5]",
         ["v5 [MQTT-1.1.1-3]", "v5 [MQTT-1.1.1-3 to MQTT-1.1.2-5]", "v5 [MQTT-1.1.2-5]"]),
        ("// v5.0 [MQTT-1.1.1-1]", ["[MQTT-1.1.1-1]"]),
    ],
    ids=["one", "both_versions", "same_numbers", "range", "next_line", "number_on_the_next_line", "literals",
         "python", "interrupted", "far_from_its_version", "range_over_sections", "other_version"],
)  # fmt: skip
def test_citations_are_read_by_their_grammar(text, found):
    assert [str(one) for one in citations(Path("x.cpp"), text)] == found


SUITE = """\
struct Row { const char* name; };
const Row kRows[] = {
    {"first", "MARK-1"},
    // MARK-2
    {"second"},
};
std::vector<Row> rows() {
    rows[0].name = "third";
    rows[0].value = 1;  // MARK-3
}
class RowTest : public testing::TestWithParam<Row> {};

// MARK-4, and
// more.
TEST_P(RowTest, Holds) {
    EXPECT_TRUE(true);  // MARK-5
}

INSTANTIATE_TEST_SUITE_P(Fixed, RowTest, testing::ValuesIn(kRows), name_of);
INSTANTIATE_TEST_SUITE_P(Made, RowTest, testing::ValuesIn(rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Inline, RowTest,
                         testing::Values(Row{"fourth"},  // MARK-6
                                         Row{"fifth"}));
// MARK-A
int helper();

// MARK-E
struct Looped {
    const char* name;  // MARK-F
};
// MARK-B
constexpr Looped kLooped[] = {
    {"sixth"},  // MARK-C
};
template <class Visit>
void for_each_row(const Visit& visit) {
    for (const Looped& row : kLooped) {
        visit(row);  // MARK-D
    }
}
TEST(LoopTest, GoesOverRows) {
    for_each_row([](const Row&) {});
}
"""


@pytest.mark.parametrize(
    ("mark", "proof"),
    [
        ("MARK-1", "RowTest, first"),
        ("MARK-2", "RowTest, second"),
        ("MARK-3", "RowTest, third"),
        ("MARK-4", "RowTest.Holds"),
        ("MARK-5", "RowTest.Holds"),
        ("MARK-6", "RowTest, fourth"),
        ("MARK-A", "None"),
        ("MARK-B", "LoopTest.GoesOverRows"),
        ("MARK-C", "LoopTest.GoesOverRows, sixth"),
        ("MARK-D", "LoopTest.GoesOverRows"),
        ("MARK-E", "LoopTest.GoesOverRows"),
        ("MARK-F", "LoopTest.GoesOverRows"),
    ],
)
def test_a_place_in_a_test_file_belongs_to_its_test(mark, proof):
    assert str(Proofs(Path("row_test.cpp"), SUITE).proof_of(SUITE.index(mark))) == proof


@pytest.mark.parametrize(
    ("test", "there"),
    [
        ("RowTest.Holds", True),
        ("Fixed/RowTest.Holds", True),
        ("Fixed/RowTest.Holds/first", True),
        ("RowTest.Breaks", False),
        ("OtherTest.Holds", False),
        ("Other/RowTest.Holds", False),
        ("LoopTest.GoesOverRows/sixth", True),
        ("LoopTest.GoesOverRows/seventh", False),
    ],
)
def test_a_test_is_known_by_its_full_name(test, there):
    assert Proofs(Path("row_test.cpp"), SUITE).has(test) is there


PYTHON = """\
# MARK-1
@mark
def test_one(
    x,
):
    pass  # MARK-2


def helper():  # MARK-3
    pass
"""


def test_python_tests_are_known_too():
    proofs = Proofs(Path("tests/python/test_x.py"), PYTHON)
    names = [str(proofs.proof_of(PYTHON.index(f"MARK-{index}"))) for index in (1, 2, 3)]
    assert names == ["tests/python/test_x.py::test_one"] * 2 + ["None"]
    assert proofs.has("tests/python/test_x.py::test_one")
    assert not proofs.has("tests/python/test_x.py::test_two")


def test_a_stale_page_is_found(tree, tmp_path):
    assert tree() == []
    path = tmp_path / page.PAGE
    path.write_text(path.read_text().replace("Text is text.", "Text was text."))
    (found,) = conformance.violations(tmp_path)
    assert "differs from the tables" in found


def test_the_page_shows_statement_code_test_and_reason(tree, tmp_path):
    tree()
    text = (tmp_path / page.PAGE).read_text()
    assert "| MQTT-1.5.4-1 | Text is text. | `src/values/text.cpp` | `TextTest.IsText` |" in text
    assert "| MQTT-1.5.4-2 | The broker looks. | broker only |  |" in text
    assert "| v5 MQTT-1.5.4-3 | Never. | we do not |" in text
    assert "broker only; so do we:<br>`src/values/text.cpp`" in text
    assert "| Text | It is text. | v5 MQTT-1.5.4-1 | `TextTest.IsText` |" in text


def test_the_program_says_where_and_fails(tree, tmp_path, capsys):
    tree({"src/values/text.cpp": "// [MQTT-1.5.4-1]\n"})
    capsys.readouterr()
    assert conformance.main([str(tmp_path)]) == 1
    assert "src/values/text.cpp:1: [MQTT-1.5.4-1] does not say" in capsys.readouterr().out
    assert tree() == []
    assert conformance.main([str(tmp_path)]) == 0
