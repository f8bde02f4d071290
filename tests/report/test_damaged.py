"""What a report is made of may be cut, of another version or another study: a line says which."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from fake_study import STUDY

from metabench.cli import main
from metabench.study.file import as_written

WRITTEN = as_written(STUDY)

Where = dict[str, Path]
Damage = Callable[[bytes], bytes]


@pytest.fixture
def said(
    collected: Where, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, Damage], str]:
    """``said(name, damage)``: what `tables` says where that file of the report is damaged."""

    def after(name: str, damage: Damage) -> str:
        report = tmp_path / "report"
        shutil.copytree(collected["report"], report)
        study = shutil.copy(collected["study"], report)
        file = report / name
        file.write_bytes(damage(file.read_bytes()))
        assert main(["tables", "--study", str(study), "--report", str(report)]) == 1
        shown = capsys.readouterr().err
        assert shown.count("\n") == 1
        assert shown.startswith(f"metabench: error: {file}: ")
        return shown.removeprefix(f"metabench: error: {file}: ")

    return after


@pytest.mark.parametrize(
    ("name", "damage", "wrong"),
    [
        ("scores.csv.gz", lambda data: data[: len(data) // 2], "Compressed file ended before"),
        ("scores.csv.gz", lambda data: b"", "No columns to parse"),
        ("scores.csv.gz", lambda data: b"junk", "Not a gzipped file"),
        ("curves.csv.gz", lambda data: gzip.compress(b"a,b\n1,2\n"), "no column 'dataset'"),
        ("steps.csv", lambda data: data + b"1,2,\xff\n", "'utf-8' codec"),
        ("steps.csv", lambda data: data.replace(b",5,", b",five,"), "invalid literal"),
        ("runs.csv", lambda data: b"", "No columns to parse"),
        ("runs.csv", lambda data: data.replace(b",role", b",part", 1), "no column 'role'"),
    ],
)
def test_a_file_that_is_not_as_it_was_collected_is_named(
    said: Callable[[str, Damage], str], name: str, damage: Damage, wrong: str
) -> None:
    shown = said(name, damage)
    assert shown.startswith(f"damaged, or of another version: {wrong}")
    assert shown.endswith("; collect again\n")


def rows(change: Callable[[list[bytes]], list[bytes]]) -> Damage:
    """Damage to the lines of a compressed table, its heading apart."""

    def damage(data: bytes) -> bytes:
        heading, *lines = gzip.decompress(data).splitlines(keepends=True)
        return gzip.compress(b"".join([heading, *change(lines)]))

    return damage


@pytest.mark.parametrize(
    ("name", "damage", "wrong"),
    [
        ("scores.csv.gz", rows(lambda lines: [*lines, lines[0]]), "is there twice"),
        ("scores.csv.gz", rows(lambda lines: lines[1:]), "runs have other episodes than others"),
        ("scores.csv.gz", rows(lambda lines: lines[:0]), "has no scores"),
        (
            "scores.csv.gz",
            rows(lambda lines: [re.sub(rb"[^,]*,(\d\n)", rb",\1", lines[0]), *lines[1:]]),
            "0: no score",
        ),
        ("runs.csv", lambda data: data + data.splitlines(keepends=True)[1], "is there twice"),
        (
            "steps.csv",
            lambda data: data.replace(b",maml,", b",mine,", 1),
            "mine 0 is no finished run of runs.csv",
        ),
    ],
)
def test_tables_that_contradict_each_other_are_named(
    said: Callable[[str, Damage], str], name: str, damage: Damage, wrong: str
) -> None:
    assert wrong in said(name, damage)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (b"fake,", b"other,", "of study 'other', but 'fake' is reported"),
        (b",sinusoid,", b",waves,", "has runs on waves, which the grid of 'fake' has not"),
    ],
)
def test_runs_that_the_study_does_not_ask_for_are_refused(
    said: Callable[[str, Damage], str], old: bytes, new: bytes, wrong: str
) -> None:
    assert said("runs.csv", lambda data: data.replace(old, new)).startswith(wrong)


@pytest.mark.parametrize("command", ["tables", "figures", "page", "collect"])
@pytest.mark.parametrize(
    ("study", "wrong"),
    [
        ({**WRITTEN, "study": "A study"}, ": study: 'A study' is not right here"),
        ({"study": "fake", "seeds": [0]}, ": the key 'grid' is missing"),
        ({"grid": WRITTEN["grid"]}, ": the key 'study' is missing"),
        ({**WRITTEN, "grid": []}, ": grid: [] is not right here"),
        ({**WRITTEN, "grid": ["sinusoid"]}, ": grid[0]: 'sinusoid' is not right here"),
        (
            {**WRITTEN, "grid": [{"dataset": "sinusoid"}]},
            ": grid[0]: the key 'settings' is missing",
        ),
        (
            {**WRITTEN, "grid": [{**WRITTEN["grid"][0], "settings": [5]}]},
            ": grid[0].settings[0]: 5 is not right here; ways and shots",
        ),
    ],
)
def test_a_study_that_no_report_can_be_of_is_one_line(
    collected: Where,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    study: dict[str, object],
    wrong: str,
) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(study))
    folders = {
        **{"tables": ["report"], "figures": ["report", "results"], "page": ["report"]},
        **{"collect": ["results"]},
    }[command]
    given = [word for name in folders for word in (f"--{name}", str(collected[name]))]
    out = ["--out", str(tmp_path)] if command == "collect" else []
    assert main([command, "--study", str(file), *given, *out]) == 1
    assert capsys.readouterr().err.startswith(f"metabench: error: {file}{wrong}")
