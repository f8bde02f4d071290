"""The table beside the papers has a row for each cell with a published number, and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_study
import numpy as np
import pandas as pd
import pytest

from metabench.report import published, reasons
from metabench.report.data import Report, read_report
from metabench.report.numbers import results_numbers
from metabench.report.tables.published import NO_SCALE, published_numbers, published_text

SMALL1 = "omniglot_challenge_small1"


@pytest.fixture
def report(collected: dict[str, Path]) -> Report:
    return read_report(collected["report"], fake_study.STUDY)


def papers(*rows: dict[str, Any]) -> pd.DataFrame:
    """Published rows of MAML on the made-up images, read and of the same network."""
    common = {
        **{"key": "a-paper", "algorithm": "maml", "dataset": SMALL1, "split": "", "way": 20},
        **{"shot": 1, "step": np.nan, "mode": "transductive", "queries": 5, "backbone": "conv4-64"},
        **{
            "augment": "",
            "metric": "accuracy",
            "value": 90.0,
            "ci95": 1.0,
            "paper": "A paper",
            "note": "",
        },
        "verified": "read",
    }
    return pd.DataFrame([common | row for row in rows], columns=published.COLUMNS)


def table(report: Report, rows: pd.DataFrame) -> pd.DataFrame:
    return published_numbers(report, results_numbers(report, rows), rows, reasons.load())


def test_the_nearest_of_several_is_taken_and_the_others_are_named(report: Report) -> None:
    found = table(
        report,
        papers(
            {"key": "wide", "backbone": "conv4-128", "value": 80.0},
            {"key": "same"},
            {"key": "elsewhere", "split": "another", "value": 70.0},
        ),
    )
    assert found["key"].tolist() == ["same"]
    assert found["others"].tolist() == ["80 (wide); 70 (elsewhere)"]
    assert found["mode"].tolist() == ["transductive"]


def test_a_mode_without_a_published_number_has_a_row_only_where_no_other_has(
    report: Report,
) -> None:
    both = papers({}, {"key": "alone", "mode": "inductive", "value": 85.0})
    each = table(report, both)
    assert each["key"].tolist() == ["a-paper", "alone"]
    assert each["others"].tolist() == ["", ""]  # each has a row of its own
    other = table(report, papers({"mode": "running"}))
    assert other["verdict"].tolist() == ["not run in full (50 %)"] * 2
    assert other["why"].str.startswith("another mode: running").all()


def test_a_paper_s_steps_stand_beside_ours_after_as_many(report: Report) -> None:
    found = table(report, published.load())
    maml = found[(found["dataset"] == "sinusoid") & (found["algorithm"] == "maml")]
    assert maml["step"].tolist() == [1, 5, 10]
    steps = report.steps.query("dataset == 'sinusoid' and algorithm == 'maml' and step == 1")
    assert maml["ours"].iloc[0] == pytest.approx(steps["mean"].mean())
    assert np.isnan(maml["ours"].iloc[1])  # step 5 was not recorded
    assert maml["published"].tolist() == [0.67, 0.38, 0.35]


def test_diverged_episodes_are_counted_and_not_left_out(report: Report) -> None:
    found = table(report, published.load())
    last = found[(found["dataset"] == "sinusoid") & (found["step"] == 10)].iloc[0]
    assert last["diverged_episodes"] == 2
    assert np.isinf(last["ours"])
    assert np.isinf(last["gap"])
    text = published_text(found[found["step"] == 10])["Ours ± 95 %"].iloc[0]
    assert "2 of 60 episodes diverged" in text
    assert "trimmed" in text


def test_a_cell_that_diverged_or_has_no_run_has_a_row_too(report: Report) -> None:
    found = table(report, papers({"algorithm": "reptile"}, {"algorithm": "maml"}))
    assert found.set_index("algorithm").loc["reptile", "verdict"] == "diverged"
    gone = Report(**{**vars(report), "runs": report.runs[report.runs["algorithm"] != "reptile"]})
    assert "no run" in table(gone, papers({"algorithm": "reptile"}))["verdict"].tolist()


def test_a_label_changes_nothing_of_what_stands_beside_a_paper(report: Report) -> None:
    """Number, verdict and known reasons are those of the algorithm, whatever it is called here."""
    new = {"maml": "maml--deep"}
    grid = tuple(
        replace(entry, algorithms=tuple(new.get(name, name) for name in entry.algorithms))
        for entry in fake_study.STUDY.grid
    )
    frames = {name: value for name, value in vars(report).items() if name != "study"}
    renamed = {name: frame.replace({"algorithm": new}) for name, frame in frames.items()}
    labelled = Report(study=replace(fake_study.STUDY, grid=grid), **renamed)
    rows = pd.concat([published.load(), papers({"metric": "error"})])
    plain, found = table(report, rows), table(labelled, rows)
    assert (plain["reasons"] != "").any()
    assert "maml--deep" in set(found["algorithm"])
    pd.testing.assert_frame_equal(found.replace({"algorithm": {"maml--deep": "maml"}}), plain)


def test_a_scale_that_only_the_paper_has_is_a_reason_of_a_difference(report: Report) -> None:
    scaled, plain = (
        {"key": "a-paper", "backbone": name} for name in ("conv4-64-scale", "conv4-64")
    )
    assert NO_SCALE in table(report, papers(scaled))["reasons"].item()
    assert NO_SCALE not in table(report, papers(plain))["reasons"].item()
    assert table(report, papers(scaled))["why"].str.contains("another backbone").sum() == 0


def test_an_error_of_a_paper_stands_beside_an_error_of_ours(report: Report) -> None:
    row = table(report, papers({"metric": "error", "value": 10.0})).iloc[0]
    mean = 100 * report.scores.query("algorithm == 'maml' and mode == 'transductive'")["score"]
    assert row["ours"] == pytest.approx(100 - mean.mean())
    assert row["gap"] == pytest.approx(90 - mean.mean())


def test_a_study_without_published_numbers_has_an_empty_table(report: Report) -> None:
    none = table(report, papers())
    assert none.empty
    assert list(published_text(none).columns)[:3] == ["Data set", "Setting", "Algorithm"]


def test_a_number_is_as_exact_as_its_last_digit(tmp_path: Path) -> None:
    file = tmp_path / "published.csv"
    texts = ["98.70", "98.7", "98"]
    papers(*({"value": text} for text in texts)).to_csv(file, index=False)
    assert published.load(tmp_path)["rounding"].tolist() == [0.005, 0.05, 0.5]
