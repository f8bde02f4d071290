"""A report whose runs differ in code, libraries or devices says so."""

from __future__ import annotations

from pathlib import Path

import fake_study
import pandas as pd

from metabench.files.whole import read_json, write_json
from metabench.report.mixed import mixed
from metabench.report.page import write_page
from metabench.report.tables import write_tables

ALIKE = pd.DataFrame(
    {
        "algorithm": ["maml", "maml", "protonet", "program"],
        "backbone": ["conv4-64", "mlp-40", "conv4-64", "none"],
        "code": ["a", "b", "c", None],  # another network, another algorithm, no digest
        "engine_code": ["e", "e", "e", None],
        "versions.torch": ["2.15.0", "2.15.0", "2.15.0", None],
        "device": ["A CPU", "A CPU", "A CPU", "A CPU"],
    }
)


def test_runs_that_differ_in_nothing_are_not_mixed() -> None:
    assert mixed(ALIKE) == []
    assert mixed(ALIKE[["algorithm"]]) == []


def test_each_thing_that_differs_is_a_sentence() -> None:
    other = ALIKE.iloc[:1].assign(code="z", engine_code="y", device="A GPU")
    other["versions.torch"] = "2.11.0"
    assert mixed(pd.concat([ALIKE, other])) == [
        "The runs are of 2 versions of metabench’s training code: e, y.",
        "The runs are of 2 versions of torch: 2.11.0, 2.15.0.",
        "The runs are of 2 devices: A CPU, A GPU.",
        "The runs of maml are of 2 versions of its code.",
    ]


def test_runs_that_were_tested_with_other_code_are_mixed() -> None:
    tested = ALIKE.assign(**{"evaluated.engine_code": ["e", "f", "e", None]})
    assert mixed(tested) == ["The runs are of 2 versions of metabench’s training code: e, f."]


def test_tables_and_the_page_say_it(fresh: dict[str, Path]) -> None:
    path = fresh["runs"] / "omniglot_challenge_small1/20w1s/maml/seed1/run.json"
    write_json(path, {**read_json(path), "device": "Another_CPU"})
    fake_study.collect(fresh)
    write_tables(fresh["report"], fake_study.STUDY)
    write_page(fresh["report"], fake_study.STUDY, fake_study.origin(fresh))
    tables = fresh["report"] / "tables"
    assert "2 devices: Another_CPU, " in (tables / "summary.md").read_text().splitlines()[-1]
    assert r"2 devices: Another\_CPU, " in (tables / "cost.tex").read_text()
    assert "<strong>Mixed:</strong>" in (fresh["report"] / "index.html").read_text()
