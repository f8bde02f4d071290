"""The tables in `docs/reproduction/` are what the records beside them give."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from documents import PROJECT

from metabench.docs.marks import between
from metabench.docs.record import RECORDS, make_tables_of
from metabench.docs.record import kept as records
from metabench.docs.reproduction import PAGE, marks, record_pages, tables
from metabench.errors import MetabenchError
from metabench.files.runs import KEY
from metabench.files.whole import write_text

STUDIES = records(PROJECT)


def size(folder: Path) -> int:
    """The bytes of a record."""
    return sum(file.stat().st_size for file in folder.rglob("*"))


@pytest.fixture(params=STUDIES, ids=lambda folder: folder.name)
def kept(request) -> Path:
    """The folder of a record."""
    return request.param


def test_there_are_records() -> None:
    assert STUDIES


def test_a_record_s_tables_are_what_it_gives(kept, tmp_path) -> None:
    for file in kept.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    make_tables_of(tmp_path)
    made = {file.name: file.read_text() for file in (tmp_path / "tables").iterdir()}
    assert made == {file.name: file.read_text() for file in (kept / "tables").iterdir()}


def test_every_run_of_a_record_has_the_scores_of_all_its_episodes(kept) -> None:
    runs, scores = pd.read_csv(kept / "runs.csv"), pd.read_csv(kept / "scores.csv.gz")
    of_run = scores.groupby([*KEY, "mode"])["episode"].nunique()
    for row in runs[runs["status"] == "finished"].itertuples():
        where = tuple(getattr(row, name) for name in KEY)
        assert set(of_run[where]) == {row.episodes}


def test_a_record_is_small(kept) -> None:
    assert size(kept) < 4e6


def test_a_record_without_a_page_or_a_place_on_it_is_named(tmp_path) -> None:
    there = tmp_path / RECORDS / "one"
    shutil.copytree(min(STUDIES, key=size), there)
    begin, end = marks("one")
    (there / PAGE).unlink()
    with pytest.raises(MetabenchError, match=r"one/README\.md: no such file; write what"):
        record_pages(tmp_path)
    write_text(there / PAGE, "nothing\n")
    with pytest.raises(MetabenchError, match="no lines <!-- the record of one -->"):
        record_pages(tmp_path)
    write_text(there / PAGE, f"before\n{begin}old\n{end}after\n")
    made = f"before\n{begin}{tables(there)}{end}after\n"
    assert record_pages(tmp_path) == {there / PAGE: made}


def test_the_page_shows_what_was_run_and_nothing_else(kept) -> None:
    shown = between((kept / PAGE).read_text(encoding="utf-8"), *marks(kept.name))
    assert "| missing |" not in shown
    assert "no run" not in shown
    runs = pd.read_csv(kept / "runs.csv")
    assert all(f"\n| {title}" in shown for title in runs["title"])
