"""The record of the fuzzers adds up, and a corpus stays small."""

from __future__ import annotations

from dataclasses import replace

from tools import fuzz_corpus, fuzz_record, fuzzing, steps
from tools.fuzz_record import Run
from tools.report import Report

LOG = """\
INFO: Seed: 1
#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb
#500\tREDUCE cov: 40 ft: 70 corp: 9/90b lim: 4 exec/s: 0 rss: 31Mb L: 2/9 MS: 1 EraseBytes-
#2048\tDONE   cov: 41 ft: 72 corp: 10/95b lim: 17 exec/s: 0 rss: 33Mb
Done 2048 runs in 7 second(s)
stat::number_of_executed_units: 2048
"""

RUN = Run("decode", "abc", "2026-01-01T00:00:00+00:00", 10.0, 1_000, 41, 72, 10, found=False)


def test_a_log_of_libfuzzer_becomes_a_line_of_the_record(tmp_path):
    log = tmp_path / "log"
    log.write_text(LOG)
    run = fuzz_record.read_log("decode", "abc", log, 7.26, found=False)
    assert (run.executions, run.coverage, run.features, run.corpus) == (2048, 41, 72, 10)
    assert run.seconds == 7.3


def test_a_log_of_a_run_that_was_cut_off_counts_what_it_says(tmp_path):
    log = tmp_path / "log"
    log.write_text(LOG.split("#2048", maxsplit=1)[0])
    assert fuzz_record.read_log("decode", "abc", log, 1.0, found=True).executions == 500


def test_the_table_adds_up_and_names_what_was_found():
    lines = fuzz_record.table([RUN, RUN, replace(RUN, target="session", found=True)])
    assert lines[1].split() == ["decode", "2,000", "100", "41", "10", "20", "clean"]
    assert lines[2].split()[-2:] == ["1", "FOUND"]
    assert lines[3].split() == ["total", "3,000", "100", "30", "1", "FOUND"]


def test_the_record_tells_states_of_the_sources_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_record, "_RECORD", tmp_path / "record.jsonl")
    now = fuzz_record.source_state()
    for run in (RUN, replace(RUN, source=now, seconds=3590.0)):
        fuzz_record.append(run)
    text = "\n".join(fuzz_record.total_lines())
    assert f"The sources as they are ({now})" in text
    assert "All 2 states" in text
    assert "1.00 hours in runs that found nothing" in text


def test_every_corpus_is_small():
    for corpus in (fuzz_record.ROOT / "fuzz" / "corpus").iterdir():
        files, size = fuzz_corpus.size(corpus)
        assert 5 <= files <= fuzz_corpus.FILES_MAX, corpus
        assert size <= fuzz_corpus.BYTES_MAX, corpus


def test_the_inputs_that_reach_the_most_are_chosen_and_the_longest(tmp_path):
    inputs = {"small": b"a", "wide": b"bb", "useless": b"ccc", "long": b"d" * 50, "too-long": b"e" * 500}
    for name, content in inputs.items():
        (tmp_path / name).write_bytes(content)
    control = tmp_path / "control"
    control.write_text(
        "\n".join(
            [
                "5",
                "0",
                *(str(tmp_path / name) for name in inputs),
                "STARTED 0 1",
                "FT 0 1 2",
                "COV 0 7",
                "FT 1 3 4 5",
                "COV 1 8 9",
                "FT 3 6",
                "FT 4 10",
            ]
        )
    )
    found = fuzz_corpus._read_control(control)
    assert [entry.path.name for entry in fuzz_corpus._choose(found, 3, 100)] == ["wide", "small", "long"]


def test_a_finding_says_how_to_see_it_again_and_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fuzzing, "BUILD", tmp_path)
    monkeypatch.setattr(steps, "LOGS", tmp_path)
    monkeypatch.setattr(fuzz_record, "_RECORD", tmp_path / "record.jsonl")
    program = tmp_path / "fuzz_decode"
    found = tmp_path / "fuzz-found" / "decode" / "crash-1"
    program.write_text(f"#!/bin/sh\necho '#7 NEW    cov: 3 ft: 4 corp: 1/1b'\n: > {found}\nexit 77\n")
    program.chmod(0o755)
    report = Report()
    run = fuzzing._run_target(report, "decode", "abc", program, 1)
    assert run.found
    assert run.executions == 7
    assert fuzz_record.runs() == [run]
    assert f"{program} {found}" in capsys.readouterr().out
    assert report.show() == 1
