"""The tables in `docs/reproduction/` are what the records beside them give."""

from pathlib import Path

import pandas as pd
import pytest
from documents import PROJECT

from metabench.docs.record import kept as records
from metabench.docs.record import make_tables_of
from metabench.run_files import KEY

STUDIES = records(PROJECT)


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
    assert sum(file.stat().st_size for file in kept.rglob("*")) < 4e6
